/*
 * Recording what became of webhooks.
 */
#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "store/rows.h"
#include "store/webhook.h"

struct recording {
	const struct webhook_outcome *outcomes;
	size_t n;
	bool carefully;         /* what is not found is another's by now, and not only unknown yet */
};

/* A row that the claim does not hold any more is left alone. */
#define RECORD "UPDATE webhook_event FORCE INDEX (PRIMARY) SET state = ?, told = ?, due_at = COALESCE(?, due_at)," \
	" attempts = attempts - ?, last_status = COALESCE(?, last_status), error_message = ?, changed_at = " \
		"UTC_TIMESTAMP(3)" \
	" WHERE state = 'claimed' AND claim_id = ? AND id"

enum { RECORD_COLUMNS = 8, RECORD_KINDS = 4 };

static void record_values(const struct webhook_outcome *o, struct db_value v[RECORD_COLUMNS])
{
	bool queued = strcmp(o->state, "queued") == 0;

	v[0] = db_text(o->state);
	v[1] = db_bool(!queued);
	v[2] = queued ? db_time(o->retry_at) : db_null();
	v[3] = db_u64(o->released);
	v[4] = o->status != 0 ? db_u64(o->status) : db_null();
	v[5] = db_text(o->error);
	v[6] = db_bytes(o->claim_id, ID_UUID_SIZE);
	v[7] = db_u64(o->id);
}

static bool same_outcome(const struct webhook_outcome *a, const struct webhook_outcome *b)
{
	return memcmp(a->claim_id, b->claim_id, ID_UUID_SIZE) == 0 && strcmp(a->state, b->state) == 0 &&
	       a->retry_at == b->retry_at && a->released == b->released &&
	       a->status == b->status && (a->error == NULL) == (b->error == NULL) &&
	       (a->error == NULL || strcmp(a->error, b->error) == 0);
}

/* Records together those that ended as the first of `rest` did, and takes them out of it. */
static enum db_status record_alike(struct db *db, struct pool *pool, const struct webhook_outcome **rest, size_t *n,
                                   uint64_t *found_r)
{
	static const char *const sql[3] = ROWS_IN(RECORD " IN");
	const struct webhook_outcome *model = rest[0];
	uint64_t *ids = pool_alloc(pool, *n * sizeof *ids);
	struct db_value values[RECORD_COLUMNS];
	size_t alike = 0, kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (same_outcome(model, rest[i]))
			ids[alike++] = rest[i]->id;
		else
			rest[kept++] = rest[i];
	}
	*n = kept;
	record_values(model, values);
	return rows_run_in(db, sql, values, RECORD_COLUMNS - 1, ids, alike, found_r);
}

/* Was it posted and not taken? */
static bool has_failed(const struct webhook_outcome *o)
{
	return o->url != NULL && strcmp(o->state, "sent") != 0;
}

static void read_address(const struct db_rows *row, struct pool *pool, void *element)
{
	struct webhook_endpoint *w = element;

	w->client_id = db_col_u64(row, 0);
	w->url = db_col_dup(row, 1, pool);
}

/*
 * The endpoints that something failed at, as they are and stay until the end of the transaction: an address that is
 * set after it finds what has been recorded. Locked before the events, as when it is set.
 */
static enum db_status lock_failed(struct db *db, struct pool *pool, const struct recording *r,
                                  struct webhook_endpoint **endpoints_r, size_t *n_r)
{
	static const char *const sql[3] = ROWS_IN_TAIL(
		"SELECT client_id, url FROM webhook_endpoint FORCE INDEX (PRIMARY) WHERE client_id IN",
		" ORDER BY client_id FOR UPDATE");
	uint64_t *clients = pool_alloc(pool, r->n * sizeof *clients);
	size_t n = 0;

	*n_r = 0;
	for (size_t i = 0; i < r->n; i++)
		if (has_failed(&r->outcomes[i]) && (n == 0 || clients[n - 1] != r->outcomes[i].client_id))
			clients[n++] = r->outcomes[i].client_id;
	if (n == 0)
		return DB_OK;
	return rows_list_in(db, pool, sql, DB_NO_ARGS, clients, n, NULL, sizeof **endpoints_r, read_address,
	                    endpoints_r, n_r);
}

static bool was_replaced(const struct webhook_outcome *o, const struct webhook_endpoint *endpoints, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (endpoints[i].client_id == o->client_id)
			return strcmp(endpoints[i].url, o->url) != 0;
	return false;
}

/* As what there is to record: what failed at an address that has been replaced since is due at the new one at once. */
static enum db_status redirect(struct db *db, struct pool *pool, const struct recording *r,
                               const struct webhook_outcome **outcomes_r)
{
	struct webhook_endpoint *endpoints = NULL;
	struct webhook_outcome *outcomes;
	int64_t now = clock_now_ms();
	size_t n = 0;
	enum db_status status = lock_failed(db, pool, r, &endpoints, &n);

	*outcomes_r = r->outcomes;
	if (status != DB_OK || n == 0)
		return status;
	*outcomes_r = outcomes = pool_alloc(pool, r->n * sizeof *outcomes);
	memcpy(outcomes, r->outcomes, r->n * sizeof *outcomes);
	for (size_t i = 0; i < r->n; i++) {
		if (has_failed(&outcomes[i]) && was_replaced(&outcomes[i], endpoints, n)) {
			outcomes[i].state = "queued";
			outcomes[i].retry_at = now;
		}
	}
	return DB_OK;
}

/* What is common happens to many; after so many kinds, the rest is recorded one by one. */
static enum db_status record_events(struct db *db, struct pool *pool, const struct webhook_outcome *outcomes, size_t n,
                                    uint64_t *found_r)
{
	const struct webhook_outcome **rest = pool_alloc(pool, (n + 1) * sizeof *rest);
	struct db_value *values;
	enum db_status status = DB_OK;
	size_t left = n;
	uint64_t found;

	*found_r = 0;
	for (size_t i = 0; i < n; i++)
		rest[i] = &outcomes[i];
	for (int kind = 0; kind < RECORD_KINDS && left > 1 && status == DB_OK; kind++) {
		status = record_alike(db, pool, rest, &left, &found);
		*found_r += found;
	}
	if (status != DB_OK || left == 0)
		return status;
	values = pool_alloc(pool, left * RECORD_COLUMNS * sizeof *values);
	for (size_t i = 0; i < left; i++)
		record_values(rest[i], values + i * RECORD_COLUMNS);
	status = db_bulk(db, RECORD " = ?", values, RECORD_COLUMNS, left);
	*found_r += db_affected(db);
	return status;
}

/*
 * An address that has been replaced since says nothing of the new one. Other senders post there too, and what failed to
 * be recorded is recorded after what came later: in any order the longest rest holds, and nothing ends one early.
 */
static enum db_status record_endpoint(struct db *db, const struct webhook_outcome *o)
{
	switch (o->health) {
	case WEBHOOK_AS_IS:
		break;
	case WEBHOOK_WELL:
		return db_run(db,
		              "UPDATE webhook_endpoint SET failures = 0, retry_at = NULL WHERE client_id = ? AND url "
		              "= ? AND failures > 0 AND (retry_at IS NULL OR retry_at <= UTC_TIMESTAMP(3))",
		              DB_ARGS(db_u64(o->client_id), db_text(o->url)));
	case WEBHOOK_FAILED:
		return db_run(db,
		              "UPDATE webhook_endpoint SET failures = failures + 1, retry_at = IF(retry_at > ?, "
		              "retry_at, ?) WHERE client_id = ? AND url = ?",
		              DB_ARGS(db_time(o->retry_at), db_time(o->retry_at), db_u64(o->client_id),
		                      db_text(o->url)));
	case WEBHOOK_FAILED_TOO:
		return db_run(db,
		              "UPDATE webhook_endpoint SET retry_at = IF(retry_at > ?, retry_at, ?) WHERE "
		              "client_id = ? AND url = ?",
		              DB_ARGS(db_time(o->retry_at), db_time(o->retry_at), db_u64(o->client_id),
		                      db_text(o->url)));
	case WEBHOOK_GONE:
		return db_run(db, "UPDATE webhook_endpoint SET disabled_at = UTC_TIMESTAMP(3), disabled_why = "
		              "'the endpoint answered 410 Gone' WHERE client_id = ? AND url = ?",
		              DB_ARGS(db_u64(o->client_id), db_text(o->url)));
	}
	return DB_OK;
}

static enum db_status record(struct db *db, void *arg)
{
	const struct recording *r = arg;
	const struct webhook_outcome *outcomes;
	struct pool *pool = pool_create();
	uint64_t found = 0;
	enum db_status status = redirect(db, pool, r, &outcomes);

	if (status == DB_OK)
		status = record_events(db, pool, outcomes, r->n, &found);
	pool_free(pool);
	if (status == DB_OK && found < r->n && !r->carefully && db_is_cluster(db))
		return DB_NONE;
	for (size_t i = 0; i < r->n && status == DB_OK; i++)
		status = record_endpoint(db, &r->outcomes[i]);
	return status;
}

enum db_status webhook_record(struct db *db, const struct webhook_outcome *outcomes, size_t n)
{
	struct recording recording = {outcomes, n, false};
	enum db_status status = db_transaction(db, record, &recording);

	/* Run again, it finds the rows as they were, or recorded, or claimed again since under another id: all is well. */
	for (unsigned again = 0; again < 3 && (status == DB_UNCERTAIN || status == DB_NONE); again++) {
		/* The claim was made on another connection, maybe to a server that is ahead of this one's. */
		if (status == DB_NONE && (status = db_catch_up(db)) != DB_OK)
			return status;
		recording.carefully = status == DB_OK;
		status = db_transaction(db, record, &recording);
	}
	return status;
}

enum { EXPIRE_AT_ONCE = ROWS_IN_MAX };

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

#define HAS_EXPIRED \
	"NOT told AND expires_at <= UTC_TIMESTAMP(3) AND (state = 'queued' OR lease_until <= UTC_TIMESTAMP(3))"

/*
 * Some of one client's. Looked up without locks: a sender may be claiming others of them; then taken if it still is so.
 */
static enum db_status expire_some(struct db *db, struct pool *pool, uint64_t client, uint64_t *n_r, bool *more_r)
{
	static const char *const sql[3] = ROWS_IN(
		"UPDATE webhook_event FORCE INDEX (PRIMARY) SET state = 'expired', told = TRUE,"
		" error_message = COALESCE(error_message, 'expired'), changed_at = UTC_TIMESTAMP(3) WHERE " HAS_EXPIRED
		" AND id IN");
	uint64_t *ids = NULL;
	size_t n = 0;
	enum db_status status = rows_list(db, pool,
		"SELECT id FROM webhook_event FORCE INDEX (client_due) WHERE client_id = ? AND " HAS_EXPIRED " LIMIT ?",
		DB_ARGS(db_u64(client), db_u64(EXPIRE_AT_ONCE)), sizeof *ids, read_id, &ids, &n);

	*n_r = 0;
	*more_r = status == DB_OK && n == EXPIRE_AT_ONCE;
	return status == DB_OK && n > 0 ? rows_run_in(db, sql, DB_NO_ARGS, ids, n, n_r) : status;
}

enum db_status webhook_expire(struct db *db, uint64_t *n_r)
{
	struct pool *pool = pool_create(), *each = pool_create();
	uint64_t *clients = NULL, some = 0;
	size_t n = 0;
	enum db_status status = rows_list(db, pool, "SELECT client_id FROM webhook_endpoint ORDER BY client_id",
	                                  DB_NO_ARGS, sizeof *clients, read_id, &clients, &n);

	*n_r = 0;
	for (size_t i = 0; i < n && status == DB_OK; i++) {
		bool more = true;

		for (; more && status == DB_OK; pool_reset(each)) {
			status = expire_some(db, each, clients[i], &some, &more);
			*n_r += status == DB_OK ? some : 0;
		}
	}
	pool_free(each);
	pool_free(pool);
	return status;
}
