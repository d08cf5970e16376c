/*
 * Writes that happen once: the transaction that does the work also takes the request's Idempotency-Key and keeps the
 * answer.
 */
#ifndef ACCESS_ONCE_H
#define ACCESS_ONCE_H

#include <stdbool.h>

#include "db/db.h"
#include "http/request.h"

struct once {
	struct db *db;
	struct request *request;
	const char *owner;      /* whose keys: "c<client id>", "u<user id>" or, of an application, "k<hash of its key>" */
	/*
	 * Runs in the transaction, perhaps several times: writes, and answers the request. DB_OK: done, keep the
	 * answer; DB_NONE: answered, nothing was created, roll back.
	 */
	enum db_status (*work)(struct db *db, void *arg);
	void *arg;
	void (*error)(struct request *request, unsigned status, const char *message);
};

/* Is the request's key absent, or 1 to 255 printable ASCII characters? */
bool once_key_is_valid(const struct request *request);

/*
 * Runs the work; replays the kept answer of an earlier request with the same key and content; answers 409 while that
 * one runs and 422 when its content was another. A commit whose outcome is not known is settled by running again: with
 * a key, it is there or it is not; without one, the work must write under identifiers chosen before, so that
 * DB_DUPLICATE at the second run means that the first was committed. DB_OK: the request is answered.
 */
enum db_status once_run(struct once *once);

#endif
