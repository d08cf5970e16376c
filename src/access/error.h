/*
 * The error forms: of Communication and of everything that has none of its own, {"status":N,"message":"…"}; of Gestion,
 * {"result":false,"code":N,"message":"…"}.
 */
#ifndef ACCESS_ERROR_H
#define ACCESS_ERROR_H

#include "db/db.h"
#include "http/request.h"

/* Answers `status` with `message`. */
void error_answer(struct request *request, unsigned status, const char *message);

/* Answers 400 `invalid <name>`. */
void error_invalid(struct request *request, const char *name);

/* The codes of Gestion (API document; contract of its clients). */
enum gestion_code {
	GESTION_OK = 0,
	GESTION_UNKNOWN_USER = -1,
	GESTION_WRONG_PASSWORD = -2,
	GESTION_FREE_ACCESS = -3,
	GESTION_BAD_ID = -10,           /* missing or invalid id in the path; another landlord's too */
	GESTION_NO_EMAIL = -15,
	GESTION_FIELDS = -21,
	GESTION_DATES = -23             /* departure not after entry */
};

/* Answers HTTP `status` with Gestion's `code` and `message`. Business errors are 200: old clients read nothing else. */
void error_gestion(struct request *request, unsigned status, int code, const char *message);

/*
 * The same where the code is the HTTP status, with the French message that fits it; `detail` is what the router says.
 */
void error_gestion_http(struct request *request, unsigned status, const char *detail);

/* As error_database(), in Gestion's form. */
void error_gestion_database(struct request *request, struct db *db, enum db_status status, const char *what);

/* Logs what the database did to the step named `what`, and answers 500. */
void error_database(struct request *request, struct db *db, enum db_status status, const char *what);

#endif
