/*
 * The error form of Communication and of everything that has none of its own: {"status":N,"message":"…"}.
 */
#ifndef ACCESS_ERROR_H
#define ACCESS_ERROR_H

#include "db/db.h"
#include "http/request.h"

/* Answers `status` with `message`. */
void error_answer(struct request *request, unsigned status, const char *message);

/* Answers 400 `invalid <name>`. */
void error_invalid(struct request *request, const char *name);

/* Logs what the database did to the step named `what`, and answers 500. */
void error_database(struct request *request, struct db *db, enum db_status status, const char *what);

#endif
