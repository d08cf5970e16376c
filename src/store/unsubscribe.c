/*
 * Who no longer wants messages of a client. The column compares addresses without regard to letter case.
 */
#include "store/ascii.h"
#include "store/unsubscribe.h"

static struct db_value channel_value(enum delivery_channel channel)
{
	return db_text(channel == DELIVERY_MAIL ? "mail" : "sms");
}

enum db_status unsubscribe_add(struct db *db, uint64_t client_id, enum delivery_channel channel, const char *address)
{
	if (!store_is_ascii(address))
		return DB_REFUSED;
	return db_run_again(db, "INSERT INTO unsubscribe (client_id, channel, address, created_at)"
	                    " VALUES (?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE id = id",
	                    DB_ARGS(db_u64(client_id), channel_value(channel), db_text(address)));
}

enum db_status unsubscribe_remove(struct db *db, uint64_t client_id, enum delivery_channel channel, const char *address)
{
	enum db_status status;

	if (!store_is_ascii(address))
		return DB_NONE;
	status = db_run_again(db, "DELETE FROM unsubscribe WHERE client_id = ? AND channel = ? AND address = ?",
	                      DB_ARGS(db_u64(client_id), channel_value(channel), db_text(address)));
	return status == DB_OK && db_affected(db) == 0 ? DB_NONE : status;
}

enum db_status unsubscribe_list(struct db *db, struct pool *pool, uint64_t client_id,
                                const struct unsubscribe_filter *filter, struct unsubscribe **list_r, size_t *n_r)
{
	struct unsubscribe *list = pool_alloc(pool, (filter->limit + 1) * sizeof *list);
	struct db_rows *rows;
	size_t n = 0;
	enum db_status status = db_query(db,
		"SELECT id, address, created_at FROM unsubscribe FORCE INDEX (listing)"
		" WHERE client_id = ? AND channel = ? AND created_at >= ? AND created_at <= ?"
		" ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
		DB_ARGS(db_u64(client_id), channel_value(filter->channel), db_time(filter->from),
		        db_time(filter->until ? filter->until : INT64_MAX), db_u64(filter->limit),
		        db_u64(filter->offset)),
		&rows);

	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK)
		list[n++] = (struct unsubscribe){
			.id = db_col_u64(rows, 0), .channel = filter->channel, .address = db_col_dup(rows, 1, pool),
			.created_at = db_col_time(rows, 2),
		};
	db_rows_end(rows);
	*list_r = list;
	*n_r = n;
	return status == DB_NONE ? DB_OK : status;
}
