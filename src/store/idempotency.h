/*
 * Idempotency-Key: the first answer to a key, kept for 24 hours in the same transaction as what it created.
 */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include <stdint.h>

#include "base/secret.h"
#include "db/db.h"

enum { IDEMPOTENCY_HOURS = 24 };

enum idempotency_state {
	IDEMPOTENCY_NEW,        /* ours now; idempotency_keep() before the commit */
	IDEMPOTENCY_REPLAY,     /* same key, same request: answer *answer_r */
	IDEMPOTENCY_MISMATCH,   /* same key, another request: 422 */
	IDEMPOTENCY_RUNNING     /* the first request with this key has not finished: 409 */
};

struct idempotency_answer {
	unsigned status;
	const char *body;       /* in the pool */
	size_t len;
};

/*
 * Inside an open transaction: takes the key for one owner (as in access/once.h), without waiting for another
 * transaction that holds it. request_hash: BLAKE2b of method, path and all parameters.
 */
enum db_status idempotency_begin(struct db *db, struct pool *pool, const char *owner, const char *key,
                                 const uint8_t request_hash[SECRET_HASH], enum idempotency_state *state_r,
                                 struct idempotency_answer *answer_r);

/* Keeps the answer; same transaction. */
enum db_status idempotency_keep(struct db *db, const char *owner, const char *key, unsigned status, const char *body,
                                size_t len);

/* Deletes expired keys, at most `limit`. */
enum db_status idempotency_purge(struct db *db, uint32_t limit, uint64_t *n_r);

#endif
