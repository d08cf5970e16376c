/*
 * Webhooks: endpoints and events.
 */
#include "store/webhook.h"

#include <string.h>

#include "store/rows.h"
#include "store/webhook_row.h"

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
	                               "ON DUPLICATE KEY UPDATE url = VALUES(url), disabled_at = NULL, disabled_why = "
	                               "NULL, failures = 0, retry_at = NULL",
	                               DB_ARGS(db_u64(s->client), db_text(s->url), db_bytes(s->secret, s->len)));

	return status != DB_OK ? status :
	       db_run(db, "UPDATE webhook_event SET due_at = UTC_TIMESTAMP(3) WHERE client_id = ? AND NOT told AND "
	              "state = 'queued' AND due_at > UTC_TIMESTAMP(3)", DB_ARGS(db_u64(s->client)));
}

enum db_status webhook_set_url(struct db *db, uint64_t client, const char *url, const uint8_t *secret, size_t len)
{
	struct setting setting = {client, url, secret, len};
	enum db_status status = db_transaction(db, set_url, &setting);

	return status == DB_UNCERTAIN ? db_transaction(db, set_url, &setting) : status;
}

enum db_status webhook_rotate(struct db *db, uint64_t client, const uint8_t *secret, size_t len)
{
	return rows_found(db,
	                  db_run(db, "UPDATE webhook_endpoint SET old_secret = secret, secret = ? WHERE client_id = ?",
	                             DB_ARGS(db_bytes(secret, len), db_u64(client))));
}

enum db_status webhook_disable(struct db *db, uint64_t client, const char *why)
{
	return rows_found(db,
	                  db_run_again(db,
	                                   "UPDATE webhook_endpoint SET disabled_at = UTC_TIMESTAMP(3), disabled_why "
	                                   "= ? WHERE client_id = ?", DB_ARGS(db_text(why), db_u64(client))));
}

#define ENDPOINT_COLUMNS "w.client_id, c.name, w.url, w.secret, w.old_secret, w.disabled_at IS NOT NULL, " \
	"w.disabled_why, " \
	"w.failures, w.retry_at, (SELECT COUNT(*) FROM webhook_event e WHERE e.client_id = w.client_id AND " \
	"NOT e.told)"
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

void webhook_read_endpoint(const struct db_rows *row, struct pool *pool, void *element)
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
	                DB_ARGS(db_u64(client)), webhook_read_endpoint, r);
}

enum db_status webhook_endpoints(struct db *db, struct pool *pool, struct webhook_endpoint **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " ENDPOINT_COLUMNS ENDPOINT_FROM " ORDER BY w.client_id", DB_NO_ARGS,
	                 sizeof **list_r, webhook_read_endpoint, list_r, n_r);
}

enum db_status webhook_add(struct db *db, uint64_t client, uint64_t appointment, const char *body, int64_t now,
                           int64_t lifetime)
{
	uint8_t uuid[ID_UUID_SIZE];

	id_uuid7(uuid);
	return db_run(db,
	              "INSERT INTO webhook_event (client_id, appointment_id, uuid, body, due_at, expires_at, "
	              "created_at, changed_at) SELECT client_id, ?, ?, ?, ?, ?, ?, ? FROM webhook_endpoint WHERE "
	              "client_id = ?",
	              DB_ARGS(db_u64(appointment), db_bytes(uuid, sizeof uuid), db_text(body), db_time(now),
	                      db_time(now + lifetime * 1000), db_time(now), db_time(now), db_u64(client)));
}

void webhook_read_event(const struct db_rows *row, struct pool *pool, void *element)
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
		.error = db_col_dup(row, 10, pool),
		.due_at = db_col_time(row, 11)
	};
	if (db_col_size(row, 3) == ID_UUID_SIZE)
		memcpy(e->uuid, db_col_text(row, 3), ID_UUID_SIZE);
}

enum db_status webhook_list(struct db *db, struct pool *pool, uint64_t client, const char *state, uint32_t limit,
                            struct webhook_event **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT " WEBHOOK_EVENT_COLUMNS " FROM webhook_event e WHERE (? = 0 OR e.client_id = ?) AND "
	                 "(? IS NULL OR e.state = ?) ORDER BY e.id DESC LIMIT ?",
	                 DB_ARGS(db_u64(client), db_u64(client), db_text(state), db_text(state), db_u64(limit)),
	                 sizeof **list_r, webhook_read_event, list_r, n_r);
}

enum db_status webhook_replay(struct db *db, uint64_t client, uint64_t event, int64_t now, int64_t lifetime,
                              uint64_t *n_r)
{
	enum db_status status = db_run_again(db,
		"UPDATE webhook_event SET state = 'queued', told = FALSE, due_at = ?, expires_at = ?, error_message = "
		"NULL, changed_at = UTC_TIMESTAMP(3) WHERE client_id = ? AND"
		" IF(? = 0, state IN ('failed', 'expired'), id = ? AND state IN ('sent', 'failed', 'expired'))",
		DB_ARGS(db_time(now), db_time(now + lifetime * 1000), db_u64(client), db_u64(event), db_u64(event)));

	*n_r = status == DB_OK ? db_affected(db) : 0;
	return status;
}
