/*
 * Old messages, and events that have been told.
 */
#include "store/retention.h"

#include "store/rows.h"

enum { AT_ONCE = 1000 };

struct retention {
	struct pool *pool;
	int64_t before;
	uint64_t after;                 /* the last message looked at */
	uint32_t limit;
	uint64_t deleted;
	bool more;
};

struct numbers {
	uint64_t *at;
	size_t n;
};

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

/*
 * The first number, in a table that grows by time, that is to be kept: what is old comes before it, so that neither
 * finding it nor deleting ever reads, let alone locks, what is new.
 */
static enum db_status first_kept(struct db *db, struct pool *pool, const char *sql, int64_t before, uint64_t *id_r)
{
	enum db_status status = rows_one(db, pool, sql, DB_ARGS(db_time(before)), read_id, id_r);

	if (status == DB_NONE)
		*id_r = INT64_MAX;
	return status == DB_NONE ? DB_OK : status;
}

static enum db_status delete_all(struct db *db, struct pool *pool, const char *sql, struct numbers numbers)
{
	struct db_value *values = pool_alloc(pool, (numbers.n + 1) * sizeof *values);

	for (size_t i = 0; i < numbers.n; i++)
		values[i] = db_u64(numbers.at[i]);
	return numbers.n == 0 ? DB_OK : db_bulk(db, sql, values, 1, numbers.n);
}

static void list_json(struct text *text, struct numbers numbers)
{
	text_putc(text, '[');
	for (size_t i = 0; i < numbers.n; i++) {
		if (i > 0)
			text_putc(text, ',');
		text_u64(text, numbers.at[i]);
	}
	text_putc(text, ']');
}

struct resting {
	uint64_t id, message;
	bool at_rest;
};

static void read_resting(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(struct resting *)element = (struct resting){db_col_u64(row, 0), db_col_u64(row, 1), db_col_bool(row, 2)};
}

/*
 * Locks the deliveries of the messages, and takes out those messages of which an operator's resend has woken one
 * meanwhile. Both lists come in the order of messages.
 */
static enum db_status lock_deliveries(struct db *db, struct pool *pool, struct numbers *messages,
                                      struct numbers *deliveries)
{
	struct text json = {0};
	struct resting *list = NULL;
	size_t n = 0, kept = 0, next = 0;
	enum db_status status;

	list_json(&json, *messages);
	status = rows_list(db, pool,
	                   "SELECT d.id, d.message_id, d.state NOT IN ('queued', 'claimed', 'transmitting', 'unknown') "
	                   "FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, id BIGINT UNSIGNED PATH '$')) j "
	                   "STRAIGHT_JOIN delivery d ON d.message_id = j.id ORDER BY j.n FOR UPDATE",
	                   DB_ARGS(db_bytes(json.data, json.len)), sizeof *list, read_resting, &list, &n);
	text_free(&json);
	deliveries->at = pool_alloc(pool, (n + 1) * sizeof *deliveries->at);
	deliveries->n = 0;
	for (size_t i = 0; status == DB_OK && i < messages->n; i++) {
		size_t first = next;
		bool at_rest = true;

		for (; next < n && list[next].message == messages->at[i]; next++)
			at_rest = at_rest && list[next].at_rest;
		if (!at_rest)
			continue;
		messages->at[kept++] = messages->at[i];
		for (; first < next; first++)
			deliveries->at[deliveries->n++] = list[first].id;
	}
	messages->n = kept;
	return status;
}

/* What refers to a message goes before it. What is old is looked up without locks; then what is deleted is locked. */
static enum db_status delete_messages(struct db *db, void *arg)
{
	struct retention *r = arg;
	struct numbers messages = {0}, deliveries = {0};
	uint64_t end = 0;
	enum db_status status = first_kept(db, r->pool,
	                                   "SELECT id FROM message WHERE created_at >= ? ORDER BY id LIMIT 1",
	                                   r->before, &end);

	r->deleted = 0;
	r->more = false;
	if (status == DB_OK)
		status = rows_list(db, r->pool,
			"SELECT m.id FROM message m WHERE m.id > ? AND m.id < ? AND NOT EXISTS (SELECT 1 FROM delivery "
			"d WHERE d.message_id = m.id AND d.state IN ('queued', 'claimed', 'transmitting', 'unknown')) "
			"AND NOT EXISTS (SELECT 1 FROM tenant_mail t WHERE t.message_id = m.id) ORDER BY m.id LIMIT ?",
			DB_ARGS(db_u64(r->after), db_u64(end), db_u64(r->limit)), sizeof *messages.at, read_id,
			&messages.at, &messages.n);
	if (status != DB_OK || messages.n == 0)
		return status;
	r->more = messages.n == r->limit;
	end = messages.at[messages.n - 1];
	if ((status = lock_deliveries(db, r->pool, &messages, &deliveries)) != DB_OK ||
	    (status = delete_all(db, r->pool, "DELETE FROM delivery_event WHERE delivery_id = ?",
	                         deliveries)) != DB_OK ||
	    (status = delete_all(db, r->pool, "DELETE FROM delivery WHERE id = ?", deliveries)) != DB_OK ||
	    (status = delete_all(db, r->pool, "DELETE FROM message_attachment WHERE message_id = ?",
	                         messages)) != DB_OK ||
	    (status = delete_all(db, r->pool, "DELETE FROM message WHERE id = ?", messages)) != DB_OK)
		return status;
	r->after = end;
	r->deleted = messages.n;
	return DB_OK;
}

static enum db_status delete_events(struct db *db, void *arg)
{
	struct retention *r = arg;
	struct numbers events = {0};
	uint64_t end = 0;
	enum db_status status = first_kept(db, r->pool,
	                                   "SELECT id FROM webhook_event WHERE created_at >= ? ORDER BY id LIMIT 1",
	                                   r->before, &end);

	r->deleted = 0;
	r->more = false;
	if (status == DB_OK)
		status = rows_list(db, r->pool,
		                   "SELECT id FROM webhook_event WHERE id > ? AND id < ? AND state IN ('sent', "
		                   "'failed', 'expired') ORDER BY id LIMIT ?",
		                   DB_ARGS(db_u64(r->after), db_u64(end), db_u64(r->limit)), sizeof *events.at, read_id,
		                   &events.at, &events.n);
	if (status != DB_OK || events.n == 0)
		return status;
	/* A replay that came between has woken it. */
	status = delete_all(db, r->pool,
	                    "DELETE FROM webhook_event WHERE id = ? AND state IN ('sent', 'failed', 'expired')",
	                    events);
	if (status != DB_OK)
		return status;
	r->more = events.n == r->limit;
	r->after = events.at[events.n - 1];
	r->deleted = events.n;
	return DB_OK;
}

/* By transactions of moderate size, until nothing is left. */
static enum db_status run(struct db *db, enum db_status (*work)(struct db *, void *), int64_t before, uint64_t *n_r)
{
	struct retention r = {.pool = pool_create(), .before = before, .limit = AT_ONCE, .more = true};
	enum db_status status = DB_OK;

	*n_r = 0;
	while (status == DB_OK && r.more) {
		pool_reset(r.pool);
		status = db_transaction(db, work, &r);
		if (status == DB_OK)
			*n_r += r.deleted;
	}
	pool_free(r.pool);
	return status;
}

enum db_status retention_messages(struct db *db, int64_t before, uint64_t *n_r)
{
	return run(db, delete_messages, before, n_r);
}

enum db_status retention_webhooks(struct db *db, int64_t before, uint64_t *n_r)
{
	return run(db, delete_events, before, n_r);
}
