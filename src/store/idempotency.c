/*
 * Idempotency-Key. The key's row is inserted first in the transaction that does the work: while it is open, its lock
 * tells a second request that the first is running; once committed, the row holds the answer; rolled back, it never
 * was.
 */
#include <string.h>

#include "store/idempotency.h"

static enum db_status take(struct db *db, const char *owner, const uint8_t key[SECRET_HASH],
                           const uint8_t request_hash[SECRET_HASH])
{
	return db_run(db,
		"SET STATEMENT innodb_lock_wait_timeout = 0 FOR"
		" INSERT INTO idempotency_key (owner, key_hash, request_hash, expires_at)"
		" VALUES (?, ?, ?, UTC_TIMESTAMP(3) + INTERVAL ? HOUR)",
		DB_ARGS(db_text(owner), db_bytes(key, SECRET_HASH), db_bytes(request_hash, SECRET_HASH),
		        db_u64(IDEMPOTENCY_HOURS)));
}

/* The key has been used before, long ago: it is ours as if it were new. */
static enum db_status take_over(struct db *db, const char *owner, const uint8_t key[SECRET_HASH],
                                const uint8_t request_hash[SECRET_HASH])
{
	return db_run(db,
		"SET STATEMENT innodb_lock_wait_timeout = 0 FOR"
		" UPDATE idempotency_key SET request_hash = ?, status = NULL, body = NULL,"
		" expires_at = UTC_TIMESTAMP(3) + INTERVAL ? HOUR WHERE owner = ? AND key_hash = ?",
		DB_ARGS(db_bytes(request_hash, SECRET_HASH), db_u64(IDEMPOTENCY_HOURS), db_text(owner),
		        db_bytes(key, SECRET_HASH)));
}

/* What the row says; *expired_r: nothing any more. */
static enum db_status look(struct db *db, struct pool *pool, const char *owner, const uint8_t key[SECRET_HASH],
                           const uint8_t request_hash[SECRET_HASH], enum idempotency_state *state_r,
                           struct idempotency_answer *answer_r, bool *expired_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db,
		"SELECT request_hash, status, body, expires_at <= UTC_TIMESTAMP(3) FROM idempotency_key"
		" WHERE owner = ? AND key_hash = ?", DB_ARGS(db_text(owner), db_bytes(key, SECRET_HASH)), &rows);

	if (status != DB_OK)
		return status;
	*expired_r = db_col_bool(rows, 3);
	if (db_col_size(rows, 0) != SECRET_HASH || memcmp(db_col_text(rows, 0), request_hash, SECRET_HASH) != 0)
		*state_r = IDEMPOTENCY_MISMATCH;
	else if (db_col_null(rows, 1))
		*state_r = IDEMPOTENCY_RUNNING;
	else
		*state_r = IDEMPOTENCY_REPLAY;
	if (*state_r == IDEMPOTENCY_REPLAY)
		*answer_r = (struct idempotency_answer){
			.status = (unsigned)db_col_u64(rows, 1), .body = db_col_dup(rows, 2, pool),
			.len = db_col_size(rows, 2),
		};
	db_rows_end(rows);
	return DB_OK;
}

enum db_status idempotency_begin(struct db *db, struct pool *pool, const char *owner, const char *key,
                                 const uint8_t request_hash[SECRET_HASH], enum idempotency_state *state_r,
                                 struct idempotency_answer *answer_r)
{
	uint8_t hash[SECRET_HASH];
	bool expired = false;
	enum db_status status;

	if (!db_in_transaction(db))
		return DB_BUG;
	secret_hash(key, hash);
	*state_r = IDEMPOTENCY_NEW;
	status = take(db, owner, hash, request_hash);
	if (status == DB_DUPLICATE) {
		status = look(db, pool, owner, hash, request_hash, state_r, answer_r, &expired);
		if (status == DB_NONE)          /* purged between the two */
			status = DB_BUSY;
	}
	if (status == DB_OK && expired) {
		*state_r = IDEMPOTENCY_NEW;
		status = take_over(db, owner, hash, request_hash);
	}
	if (status == DB_BUSY) {
		*state_r = IDEMPOTENCY_RUNNING;
		status = DB_OK;
	}
	return status;
}

enum db_status idempotency_keep(struct db *db, const char *owner, const char *key, unsigned status, const char *body,
                                size_t len)
{
	uint8_t hash[SECRET_HASH];
	enum db_status result;

	secret_hash(key, hash);
	result = db_run(db, "UPDATE idempotency_key SET status = ?, body = ? WHERE owner = ? AND key_hash = ?",
	                DB_ARGS(db_u64(status), db_bytes(body, len), db_text(owner), db_bytes(hash, sizeof hash)));
	return result == DB_OK && db_affected(db) != 1 ? DB_BUG : result;
}

enum db_status idempotency_purge(struct db *db, uint32_t limit, uint64_t *n_r)
{
	enum db_status status = db_run_again(db,
		"DELETE FROM idempotency_key WHERE expires_at <= UTC_TIMESTAMP(3) ORDER BY expires_at LIMIT ?",
		DB_ARGS(db_u64(limit)));

	*n_r = status == DB_OK ? db_affected(db) : 0;
	return status;
}
