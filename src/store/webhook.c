/*
 * Webhooks: endpoints and events.
 */
#include "store/webhook.h"

#include <string.h>

#include "base/fault.h"
#include "store/rows.h"

struct setting {
	uint64_t client;
	const char *url;
	const uint8_t *secret;
	size_t len;
};

/* What waited for the former address to get well need not wait any more. */
static enum db_status set_url(struct db *db, void *arg)
{
	const struct setting *s = arg;
	enum db_status status = db_run(db, "INSERT INTO webhook_endpoint (client_id, url, secret) VALUES (?, ?, ?) "
	                               "ON DUPLICATE KEY UPDATE url = VALUES(url), disabled_at = NULL, disabled_why = NULL, "
	                               "failures = 0, retry_at = NULL",
	                               DB_ARGS(db_u64(s->client), db_text(s->url), db_bytes(s->secret, s->len)));

	return status != DB_OK ? status :
	       db_run(db, "UPDATE webhook_event SET due_at = UTC_TIMESTAMP(3) WHERE client_id = ? AND state = 'queued' AND "
	              "due_at > UTC_TIMESTAMP(3)", DB_ARGS(db_u64(s->client)));
}

enum db_status webhook_set_url(struct db *db, uint64_t client, const char *url, const uint8_t *secret, size_t len)
{
	struct setting setting = {client, url, secret, len};
	enum db_status status = db_transaction(db, set_url, &setting);

	return status == DB_UNCERTAIN ? db_transaction(db, set_url, &setting) : status;
}

enum db_status webhook_rotate(struct db *db, uint64_t client, const uint8_t *secret, size_t len)
{
	return rows_found(db, db_run(db, "UPDATE webhook_endpoint SET old_secret = secret, secret = ? WHERE client_id = ?",
	                             DB_ARGS(db_bytes(secret, len), db_u64(client))));
}

enum db_status webhook_disable(struct db *db, uint64_t client, const char *why)
{
	return rows_found(db, db_run_again(db, "UPDATE webhook_endpoint SET disabled_at = UTC_TIMESTAMP(3), disabled_why = ? "
	                                   "WHERE client_id = ?", DB_ARGS(db_text(why), db_u64(client))));
}

#define ENDPOINT_COLUMNS "w.client_id, c.name, w.url, w.secret, w.old_secret, w.disabled_at IS NOT NULL, w.disabled_why, " \
	"w.failures, w.retry_at, (SELECT COUNT(*) FROM webhook_event e WHERE e.client_id = w.client_id AND " \
	"e.state IN ('queued', 'claimed'))"
#define ENDPOINT_FROM " FROM webhook_endpoint w JOIN api_client c ON c.id = w.client_id"

static size_t read_secret(const struct db_rows *row, unsigned column, uint8_t secret[WEBHOOK_SECRET_MAX])
{
	size_t len = db_col_size(row, column);

	if (len > WEBHOOK_SECRET_MAX)
		return 0;
	if (len > 0)
		memcpy(secret, db_col_text(row, column), len);
	return len;
}

static void read_endpoint(const struct db_rows *row, struct pool *pool, void *element)
{
	struct webhook_endpoint *w = element;

	w->client_id = db_col_u64(row, 0);
	w->client_name = db_col_dup(row, 1, pool);
	w->url = db_col_dup(row, 2, pool);
	w->secret_len = read_secret(row, 3, w->secret);
	w->old_secret_len = read_secret(row, 4, w->old_secret);
	w->disabled = db_col_bool(row, 5);
	w->disabled_why = db_col_dup(row, 6, pool);
	w->failures = (uint32_t)db_col_u64(row, 7);
	w->retry_at = db_col_time(row, 8);
	w->waiting = db_col_u64(row, 9);
}

enum db_status webhook_endpoint_get(struct db *db, struct pool *pool, uint64_t client, struct webhook_endpoint *r)
{
	return rows_one(db, pool, "SELECT w.client_id, '', w.url, w.secret, w.old_secret, w.disabled_at IS NOT NULL, "
	                "w.disabled_why, w.failures, w.retry_at, 0 FROM webhook_endpoint w WHERE w.client_id = ?",
	                DB_ARGS(db_u64(client)), read_endpoint, r);
}

enum db_status webhook_endpoints(struct db *db, struct pool *pool, struct webhook_endpoint **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " ENDPOINT_COLUMNS ENDPOINT_FROM " ORDER BY w.client_id", DB_NO_ARGS,
	                 sizeof **list_r, read_endpoint, list_r, n_r);
}

enum db_status webhook_add(struct db *db, uint64_t client, uint64_t appointment, const char *body, int64_t now,
                           int64_t lifetime)
{
	uint8_t uuid[ID_UUID_SIZE];

	id_uuid7(uuid);
	return db_run(db, "INSERT INTO webhook_event (client_id, appointment_id, uuid, body, due_at, expires_at, created_at) "
	              "SELECT client_id, ?, ?, ?, ?, ?, ? FROM webhook_endpoint WHERE client_id = ?",
	              DB_ARGS(db_u64(appointment), db_bytes(uuid, sizeof uuid), db_text(body), db_time(now),
	                      db_time(now + lifetime * 1000), db_time(now), db_u64(client)));
}

#define EVENT_COLUMNS "e.id, e.client_id, e.appointment_id, e.uuid, e.body, e.state, e.attempts, e.created_at, " \
	"e.expires_at, e.last_status, e.error_message"

static void read_event(const struct db_rows *row, struct pool *pool, void *element)
{
	struct webhook_event *e = element;

	*e = (struct webhook_event){
		.id = db_col_u64(row, 0),
		.client_id = db_col_u64(row, 1),
		.appointment_id = db_col_u64(row, 2),
		.body = db_col_dup(row, 4, pool),
		.state = db_col_dup(row, 5, pool),
		.attempt = (unsigned)db_col_u64(row, 6),
		.created_at = db_col_time(row, 7),
		.expires_at = db_col_time(row, 8),
		.last_status = (unsigned)db_col_u64(row, 9),
		.error = db_col_dup(row, 10, pool)
	};
	if (db_col_size(row, 3) == ID_UUID_SIZE)
		memcpy(e->uuid, db_col_text(row, 3), ID_UUID_SIZE);
}

struct claim {
	struct pool *pool;
	const uint8_t *claim_id;
	uint32_t size;
	int64_t lease;
	struct webhook_event *events;
	size_t n;
};

/* Each row only while it still is due. */
static enum db_status take(struct db *db, const struct claim *c, const struct webhook_event *due, size_t n)
{
	enum { COLUMNS = 3 };
	struct db_value *values = pool_alloc(c->pool, n * COLUMNS * sizeof *values);

	for (size_t i = 0; i < n; i++) {
		values[i * COLUMNS] = db_i64(c->lease);
		values[i * COLUMNS + 1] = db_bytes(c->claim_id, ID_UUID_SIZE);
		values[i * COLUMNS + 2] = db_u64(due[i].id);
	}
	return db_bulk(db, "UPDATE webhook_event SET due_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, state = 'claimed', "
	               "claim_id = ?, attempts = attempts + 1 WHERE id = ? AND state IN ('queued', 'claimed') AND "
	               "due_at <= UTC_TIMESTAMP(3)", values, COLUMNS, n);
}

/*
 * Inside a transaction. What is due is looked up without locks, since a lock skipped in the test of order would let a later
 * event overtake; each row is then taken only while it still is due, so that two senders never take the same one. Clients
 * take turns: behind one's backlog nobody waits.
 */
static enum db_status claim_due(struct db *db, void *arg)
{
	struct claim *c = arg;
	struct webhook_event *due = NULL;
	size_t n_due = 0;
	enum db_status status = rows_list(db, c->pool,
		"SELECT " EVENT_COLUMNS " FROM (SELECT d.id, ROW_NUMBER() OVER (PARTITION BY d.client_id ORDER BY d.due_at, d.id) turn"
		" FROM webhook_event d FORCE INDEX (due) WHERE d.state IN ('queued', 'claimed') AND d.due_at <= UTC_TIMESTAMP(3) AND"
		" d.client_id IN (SELECT w.client_id FROM webhook_endpoint w WHERE w.disabled_at IS NULL AND (w.retry_at IS NULL OR"
		" w.retry_at <= UTC_TIMESTAMP(3))) AND NOT EXISTS (SELECT 1 FROM webhook_event p WHERE"
		" p.appointment_id = d.appointment_id AND p.state IN ('queued', 'claimed') AND p.id < d.id)) q"
		" JOIN webhook_event e ON e.id = q.id ORDER BY q.turn, q.id LIMIT ?",
		DB_ARGS(db_u64(c->size)), sizeof *due, read_event, &due, &n_due);

	c->n = 0;
	c->events = NULL;
	if (status != DB_OK || n_due == 0)
		return status;
	status = take(db, c, due, n_due);
	/* What another sender took meanwhile does not carry our claim. */
	return status != DB_OK ? status :
	       rows_list(db, c->pool, "SELECT " EVENT_COLUMNS " FROM webhook_event e FORCE INDEX (due) WHERE e.state = 'claimed' "
	                 "AND e.claim_id = ? ORDER BY e.id", DB_ARGS(db_bytes(c->claim_id, ID_UUID_SIZE)), sizeof *c->events,
	                 read_event, &c->events, &c->n);
}

enum db_status webhook_claim(struct db *db, struct pool *pool, const uint8_t claim_id[ID_UUID_SIZE], uint32_t size,
                             int64_t lease, struct webhook_event **list_r, size_t *n_r)
{
	struct claim claim = {.pool = pool, .claim_id = claim_id, .size = size, .lease = lease};
	enum db_status status = db_transaction(db, claim_due, &claim);

	*n_r = 0;
	if (status != DB_OK)            /* uncertain too: should it be ours, it is due again after the lease */
		return status;
	*list_r = claim.events;
	*n_r = claim.n;
	if (claim.n > 0)
		FAULT("webhook.claimed");
	return DB_OK;
}

struct recording {
	const uint8_t *claim_id;
	const struct webhook_outcome *outcomes;
	size_t n;
};

/* All rows in one statement; one that the claim does not hold any more is left alone. */
static enum db_status record_events(struct db *db, struct pool *pool, const struct recording *r)
{
	enum { COLUMNS = 8 };
	struct db_value *values = pool_alloc(pool, r->n * COLUMNS * sizeof *values);

	for (size_t i = 0; i < r->n; i++) {
		const struct webhook_outcome *o = &r->outcomes[i];
		struct db_value *v = values + i * COLUMNS;
		bool queued = strcmp(o->state, "queued") == 0;

		v[0] = db_text(o->state);
		v[1] = queued ? db_time(o->retry_at) : db_null();
		v[2] = db_u64(o->released);
		v[3] = o->status != 0 ? db_u64(o->status) : db_null();
		v[4] = db_text(o->error);
		v[5] = db_bool(strcmp(o->state, "sent") == 0);
		v[6] = db_u64(o->id);
		v[7] = db_bytes(r->claim_id, ID_UUID_SIZE);
	}
	return db_bulk(db, "UPDATE webhook_event SET state = ?, due_at = ?, attempts = attempts - ?, last_status = COALESCE(?, "
	               "last_status), error_message = ?, sent_at = IF(?, UTC_TIMESTAMP(3), sent_at) WHERE id = ? AND "
	               "state = 'claimed' AND claim_id = ?", values, COLUMNS, r->n);
}

/* An address that has been replaced since says nothing of the new one. */
static enum db_status record_endpoint(struct db *db, const struct webhook_outcome *o)
{
	switch (o->health) {
	case WEBHOOK_AS_IS:
		break;
	case WEBHOOK_WELL:
		return db_run(db, "UPDATE webhook_endpoint SET failures = 0, retry_at = NULL WHERE client_id = ? AND url = ? "
		              "AND failures > 0", DB_ARGS(db_u64(o->client_id), db_text(o->url)));
	case WEBHOOK_FAILED:
		return db_run(db, "UPDATE webhook_endpoint SET failures = failures + 1, retry_at = ? WHERE client_id = ? AND "
		              "url = ?", DB_ARGS(db_time(o->retry_at), db_u64(o->client_id), db_text(o->url)));
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
	struct pool *pool = pool_create();
	enum db_status status = record_events(db, pool, r);

	pool_free(pool);
	for (size_t i = 0; i < r->n && status == DB_OK; i++)
		status = record_endpoint(db, &r->outcomes[i]);
	return status;
}

enum db_status webhook_record(struct db *db, const uint8_t claim_id[ID_UUID_SIZE], const struct webhook_outcome *outcomes,
                              size_t n)
{
	struct recording recording = {claim_id, outcomes, n};
	enum db_status status = db_transaction(db, record, &recording);

	/* Run again, it finds the rows as it left them, or recorded: both are well. */
	return status == DB_UNCERTAIN ? db_transaction(db, record, &recording) : status;
}

enum db_status webhook_list(struct db *db, struct pool *pool, uint64_t client, const char *state, uint32_t limit,
                            struct webhook_event **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " EVENT_COLUMNS " FROM webhook_event e WHERE (? = 0 OR e.client_id = ?) AND "
	                 "(? IS NULL OR e.state = ?) ORDER BY e.id DESC LIMIT ?",
	                 DB_ARGS(db_u64(client), db_u64(client), db_text(state), db_text(state), db_u64(limit)),
	                 sizeof **list_r, read_event, list_r, n_r);
}

enum db_status webhook_replay(struct db *db, uint64_t client, uint64_t event, int64_t now, int64_t lifetime, uint64_t *n_r)
{
	enum db_status status = db_run_again(db,
		"UPDATE webhook_event SET state = 'queued', due_at = ?, expires_at = ?, error_message = NULL WHERE client_id = ? AND"
		" IF(? = 0, state IN ('failed', 'expired'), id = ? AND state IN ('sent', 'failed', 'expired'))",
		DB_ARGS(db_time(now), db_time(now + lifetime * 1000), db_u64(client), db_u64(event), db_u64(event)));

	*n_r = status == DB_OK ? db_affected(db) : 0;
	return status;
}
