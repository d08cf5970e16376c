/*
 * Old messages.
 */
#include "store/retention.h"

#include "store/rows.h"

struct retention {
	struct pool *pool;
	int64_t before;
	uint32_t limit;
	uint64_t *ids;
	size_t n;
};

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

static enum db_status delete_all(struct db *db, const struct retention *r, const char *sql)
{
	struct db_value *values = pool_alloc(r->pool, (r->n + 1) * sizeof *values);

	for (size_t i = 0; i < r->n; i++)
		values[i] = db_u64(r->ids[i]);
	return db_bulk(db, sql, values, 1, r->n);
}

/* What refers to a message goes before it. */
static enum db_status delete_messages(struct db *db, void *arg)
{
	struct retention *r = arg;
	enum db_status status = rows_list(db, r->pool,
		"SELECT m.id FROM message m WHERE m.created_at < ? AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_id = m.id"
		" AND d.state IN ('queued', 'claimed', 'transmitting', 'unknown')) AND NOT EXISTS (SELECT 1 FROM tenant_mail t WHERE"
		" t.message_id = m.id) ORDER BY m.id LIMIT ? FOR UPDATE SKIP LOCKED",
		DB_ARGS(db_time(r->before), db_u64(r->limit)), sizeof *r->ids, read_id, &r->ids, &r->n);

	if (status != DB_OK || r->n == 0)
		return status;
	if ((status = delete_all(db, r, "DELETE e FROM delivery_event e JOIN delivery d ON d.id = e.delivery_id"
	                         " WHERE d.message_id = ?")) != DB_OK ||
	    (status = delete_all(db, r, "DELETE FROM delivery WHERE message_id = ?")) != DB_OK ||
	    (status = delete_all(db, r, "DELETE FROM message_attachment WHERE message_id = ?")) != DB_OK)
		return status;
	return delete_all(db, r, "DELETE FROM message WHERE id = ?");
}

enum db_status retention_messages(struct db *db, int64_t before, uint32_t limit, uint64_t *n_r)
{
	struct retention r = {.pool = pool_create(), .before = before, .limit = limit};
	enum db_status status = db_transaction(db, delete_messages, &r);

	*n_r = status == DB_OK ? r.n : 0;
	pool_free(r.pool);
	return status;
}
