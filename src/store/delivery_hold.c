/*
 * After a backup was put back: what its queue shows as not sent may have been sent since it was made. And the list of
 * the deliveries of which nobody knows.
 */
#include <string.h>

#include "store/delivery_change.h"

enum { HOLD_SIZE = 500, TRIES = 3 };

/* One place of one channel's queue, a part at a time: what is held leaves it. */
struct hold {
	const char *channel, *place;
	size_t looked, moved;
};

static enum db_status first_ids(struct db *db, struct hold *h, uint64_t ids[HOLD_SIZE])
{
	struct db_rows *rows;
	enum db_status status = db_query(db, "SELECT id FROM delivery FORCE INDEX (due_in_place) WHERE channel = ?"
	                                 " AND place = ? ORDER BY due_at, id LIMIT ?",
	                                 DB_ARGS(db_text(h->channel), db_text(h->place), db_u64(HOLD_SIZE)), &rows);

	h->looked = 0;
	if (status != DB_OK)
		return status;
	while (h->looked < HOLD_SIZE && (status = db_next(rows)) == DB_OK)
		ids[h->looked++] = db_col_u64(rows, 0);
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

/* Its claim stays in its row: a sender that had it after all may still say what became of it. */
static void choose(struct hold *h, struct delivery_change *c)
{
	c->found = c->found && (c->from == DELIVERY_QUEUED || c->from == DELIVERY_CLAIMED ||
	                        c->from == DELIVERY_TRANSMITTING);
	c->to = DELIVERY_UNKNOWN;
	c->due_at = 0;
	c->error = "whether it was delivered is not known";
	c->detail = "held by an operator: it may have been sent already";
	h->moved += c->found;
}

static enum db_status hold(struct db *db, void *arg)
{
	struct hold *h = arg;
	struct pool *pool = pool_create();
	struct delivery_change *changes = pool_alloc(pool, HOLD_SIZE * sizeof *changes);
	uint64_t ids[HOLD_SIZE];
	int64_t now;
	enum db_status status = first_ids(db, h, ids);

	h->moved = 0;
	if (status == DB_OK)
		status = delivery_lock(db, pool, ids, h->looked, NULL, changes, &now);
	for (size_t i = 0; i < h->looked && status == DB_OK; i++)
		choose(h, &changes[i]);
	if (status == DB_OK)
		status = delivery_apply(db, pool, "operator", changes, h->looked);
	pool_free(pool);
	return status;
}

static enum db_status hold_place(struct db *db, struct hold *h, uint64_t *held_r)
{
	enum db_status status;

	do {
		status = DB_UNCERTAIN;
		for (int i = 0; i < TRIES && status == DB_UNCERTAIN; i++)
			status = db_transaction(db, hold, h);
		if (status == DB_OK)
			*held_r += h->moved;
	} while (status == DB_OK && h->looked == HOLD_SIZE && h->moved > 0);
	return status;
}

enum db_status delivery_hold(struct db *db, uint64_t *held_r)
{
	static const char *const places[] = {"queued", "held"};
	enum db_status status = DB_OK;

	*held_r = 0;
	for (int channel = DELIVERY_MAIL; channel <= DELIVERY_SMS; channel++)
		for (size_t i = 0; i < sizeof places / sizeof *places && status == DB_OK; i++) {
			struct hold h = {.channel = delivery_channel_name((enum delivery_channel)channel),
			                 .place = places[i]};

			status = hold_place(db, &h, held_r);
		}
	return status;
}

/*
 * More than can have been given since any backup, beyond what would be next: a table may have no row since it was told
 * so the time before.
 */
#define SKIP(table) "SET @bailleur_next = 1000000000 + GREATEST((SELECT COALESCE(MAX(id), 0) FROM " table ")," \
	" (SELECT AUTO_INCREMENT FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '" \
	table "'));" \
	"EXECUTE IMMEDIATE CONCAT('ALTER TABLE " table " AUTO_INCREMENT = ', @bailleur_next);"

enum db_status delivery_skip_ids(struct db *db)
{
	return db_script(db, SKIP("message") SKIP("delivery") SKIP("appointment"));
}

static void read_doubt(const struct db_rows *row, struct pool *pool, void *element)
{
	struct delivery_doubt *doubt = element;

	*doubt = (struct delivery_doubt){
		.id = db_col_u64(row, 0), .message_id = db_col_u64(row, 1), .client_name = db_col_dup(row, 2, pool),
		.channel = delivery_channel_parse(db_col_text(row, 3)), .recipient = db_col_dup(row, 5, pool),
		.created_at = db_col_time(row, 6), .since = db_col_time(row, 7),
	};
	if (db_col_size(row, 4) == ID_UUID_SIZE)
		id_uuid_text((const uint8_t *)db_col_text(row, 4), doubt->uuid);
}

enum db_status delivery_doubts(struct db *db, struct pool *pool, enum delivery_channel channel, uint64_t after,
                               uint32_t limit, struct delivery_doubt **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT d.id, d.message_id, c.name, d.channel, d.uuid, d.recipient, m.created_at, v.at"
	                 " FROM delivery d FORCE INDEX (due_in_place) JOIN message m ON m.id = d.message_id"
	                 " JOIN api_client c ON c.id = m.client_id LEFT JOIN delivery_event v ON v.delivery_id = d.id"
	                 " AND v.number = d.changes WHERE d.channel = ? AND d.place = 'unknown' AND d.due_at IS NULL"
	                 " AND d.id > ? ORDER BY d.id LIMIT ?",
	                 DB_ARGS(db_text(delivery_channel_name(channel)), db_u64(after), db_u64(limit)),
	                 sizeof **list_r, read_doubt, list_r, n_r);
}
