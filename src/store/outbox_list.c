/*
 * Following messages: the listing and the counts by state.
 *
 * A listing must cost the same however many rows there are. Each combination of the two flags is a range of its own in
 * the index, already in the order wanted, so it reads at most four ranges from their newest end (the LIMIT of one that
 * the filter leaves out is 0), merges what they give, and only then fetches whole rows.
 */
#include <string.h>

#include "store/outbox.h"
#include "store/rows.h"

#define RANGE(index, which, test, error) \
	"(SELECT id, created_at FROM message FORCE INDEX (" index ")" \
	" WHERE client_id = ?" which " AND test_mode = " #test " AND has_error = " #error \
	" AND created_at >= ? AND created_at <= ? AND (created_at < ? OR id < ?)" \
	" ORDER BY created_at DESC, id DESC LIMIT ?)"

#define COLUMNS \
	"m.id, m.channel, m.email, m.phone, m.email_subject, m.email_content, m.sms_content, m.identifier1," \
	" m.identifier2, m.email_originator, m.sms_originator, m.logo_url, m.force_sending, m.unsubscribe_link," \
	" m.test_mode, m.has_error, m.created_at, e.state, e.sent_at, e.error_message," \
	" s.state, s.sent_at, s.error_message"

#define DELIVERIES \
	" LEFT JOIN delivery e ON e.message_id = m.id AND e.channel = 'mail'" \
	" LEFT JOIN delivery s ON s.message_id = m.id AND s.channel = 'sms'"

#define LISTING(index, which) \
	"SELECT " COLUMNS " FROM (" RANGE(index, which, 0, 0) " UNION ALL " RANGE(index, which, 0, 1) " UNION ALL " \
	RANGE(index, which, 1, 0) " UNION ALL " RANGE(index, which, 1, 1) \
	" ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?) page" \
	" STRAIGHT_JOIN message m ON m.id = page.id" DELIVERIES " ORDER BY page.created_at DESC, page.id DESC"

static const char list_all[] = LISTING("listing", "");
static const char list_1[] = LISTING("listing_identifier1", " AND identifier1 = ?");
static const char list_2[] = LISTING("listing_identifier2", " AND identifier2 = ?");
static const char list_both[] =
	LISTING("listing_identifier1, listing_identifier2", " AND identifier1 = ? AND identifier2 = ?");

#define STATUS(which) \
	"SELECT e.state, s.state, COUNT(*) FROM message m" DELIVERIES \
	" WHERE m.client_id = ?" which " GROUP BY e.state, s.state"

static const char status_1[] = STATUS(" AND m.identifier1 = ?");
static const char status_2[] = STATUS(" AND m.identifier2 = ?");
static const char status_both[] = STATUS(" AND m.identifier1 = ? AND m.identifier2 = ?");

enum { RANGES = 4, MAX_ARGS = RANGES * 8 + 2 };

/* Where a page begins: everything before this moment and, within it, before this id. */
struct cursor {
	int64_t created_at;
	uint64_t id;
};

static enum db_status find_cursor(struct db *db, uint64_t client_id, uint64_t before_id, struct cursor *cursor)
{
	struct db_rows *rows;
	enum db_status status;

	*cursor = (struct cursor){INT64_MAX, UINT64_MAX};
	if (before_id == 0)
		return DB_OK;
	status = db_one(db, "SELECT created_at FROM message WHERE id = ? AND client_id = ?",
	                DB_ARGS(db_u64(before_id), db_u64(client_id)), &rows);
	if (status != DB_OK)
		return status;
	*cursor = (struct cursor){db_col_time(rows, 0), before_id};
	db_rows_end(rows);
	return DB_OK;
}

static bool wanted(enum outbox_flag flag, bool value)
{
	return flag == OUTBOX_ANY || (flag == OUTBOX_YES) == value;
}

/* Nobody reads that far, and no sum of the two overflows. */
static uint64_t reach(const struct outbox_filter *filter)
{
	uint64_t most = UINT32_MAX;

	return filter->offset > most - filter->limit ? most : filter->offset + filter->limit;
}

static size_t list_args(uint64_t client_id, const struct outbox_filter *filter, const struct cursor *cursor,
                        struct db_value args[MAX_ARGS])
{
	int64_t until = filter->until && filter->until < cursor->created_at ? filter->until : cursor->created_at;
	size_t n = 0;

	for (int range = 0; range < RANGES; range++) {
		bool take = wanted(filter->test_mode, range & 2) && wanted(filter->with_error, range & 1);

		args[n++] = db_u64(client_id);
		if (filter->identifier1)
			args[n++] = db_text(filter->identifier1);
		if (filter->identifier2)
			args[n++] = db_text(filter->identifier2);
		args[n++] = db_time(filter->from);
		args[n++] = db_time(until);
		args[n++] = db_time(cursor->created_at);
		args[n++] = db_u64(cursor->id);
		args[n++] = db_u64(take ? reach(filter) : 0);
	}
	args[n++] = db_u64(filter->limit);
	args[n++] = db_u64(filter->offset);
	return n;
}

static const char *list_sql(const struct outbox_filter *filter)
{
	if (filter->identifier1)
		return filter->identifier2 ? list_both : list_1;
	return filter->identifier2 ? list_2 : list_all;
}

/*
 * State, time and error of a message from its one or two deliveries, which begin at column `first`, three columns
 * each.
 */
static void read_deliveries(const struct db_rows *rows, unsigned first, struct pool *pool, struct outbox_listed *listed)
{
	enum delivery_state states[2];
	int64_t sent_at = 0;
	bool all_left = true;
	size_t n = 0;

	for (unsigned column = first; column < first + 6; column += 3) {
		if (db_col_null(rows, column))
			continue;
		states[n] = delivery_state_parse(db_col_text(rows, column));
		all_left = all_left && delivery_state_has_left(states[n]);
		n++;
		if (db_col_time(rows, column + 1) > sent_at)
			sent_at = db_col_time(rows, column + 1);
		if (!listed->error_message)
			listed->error_message = db_col_dup(rows, column + 2, pool);
	}
	listed->state = n > 0 ? delivery_state_of_message(states, n) : DELIVERY_UNKNOWN;
	listed->sent_at = n > 0 && all_left ? sent_at : 0;
}

static void read_listed(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct outbox_listed *listed = element;

	*listed = (struct outbox_listed){
		.message = {
			.id = db_col_u64(rows, 0), .channel = channel_parse(db_col_text(rows, 1)),
			.email = db_col_dup(rows, 2, pool), .phone = db_col_dup(rows, 3, pool),
			.email_subject = db_col_dup(rows, 4, pool), .email_content = db_col_dup(rows, 5, pool),
			.sms_content = db_col_dup(rows, 6, pool), .identifier1 = db_col_dup(rows, 7, pool),
			.identifier2 = db_col_dup(rows, 8, pool), .email_originator = db_col_dup(rows, 9, pool),
			.sms_originator = db_col_dup(rows, 10, pool), .logo_url = db_col_dup(rows, 11, pool),
			.force_sending = db_col_bool(rows, 12), .unsubscribe_link = db_col_bool(rows, 13),
			.test_mode = db_col_bool(rows, 14),
		},
		.has_error = db_col_bool(rows, 15), .created_at = db_col_time(rows, 16),
	};
	read_deliveries(rows, 17, pool, listed);
}

enum db_status outbox_list(struct db *db, struct pool *pool, uint64_t client_id, const struct outbox_filter *filter,
                           struct outbox_listed **listed_r, size_t *n_r)
{
	struct db_value args[MAX_ARGS];
	struct cursor cursor;
	size_t room = ROWS_PAGE_ROOM;
	enum db_status status = find_cursor(db, client_id, filter->before_id, &cursor);

	if (status != DB_OK)
		return status;
	return rows_list_within(db, pool, list_sql(filter), args, list_args(client_id, filter, &cursor, args), &room,
	                        sizeof **listed_r, read_listed, listed_r, n_r);
}

enum db_status outbox_find(struct db *db, struct pool *pool, uint64_t id, struct outbox_listed *listed_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT " COLUMNS " FROM message m" DELIVERIES " WHERE m.id = ?",
	                               DB_ARGS(db_u64(id)), &rows);

	if (status != DB_OK)
		return status;
	read_listed(rows, pool, listed_r);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status outbox_status(struct db *db, uint64_t client_id, const char *identifier1, const char *identifier2,
                             uint64_t counts_r[DELIVERY_STATES])
{
	struct db_value args[3] = {db_u64(client_id)};
	struct db_rows *rows;
	size_t n = 1;
	enum db_status status;

	memset(counts_r, 0, DELIVERY_STATES * sizeof *counts_r);
	if (identifier1)
		args[n++] = db_text(identifier1);
	if (identifier2)
		args[n++] = db_text(identifier2);
	if (n == 1)
		return DB_BUG;
	status = db_query(db, n == 3 ? status_both : identifier1 ? status_1 : status_2, args, n, &rows);
	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK) {
		enum delivery_state states[2];
		size_t found = 0;

		for (unsigned column = 0; column < 2; column++)
			if (!db_col_null(rows, column))
				states[found++] = delivery_state_parse(db_col_text(rows, column));
		if (found > 0)
			counts_r[delivery_state_of_message(states, found)] += db_col_u64(rows, 2);
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}
