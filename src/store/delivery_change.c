/*
 * How deliveries change: locked, changed and told in one transaction.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/delivery_change.h"

const char *delivery_channel_name(enum delivery_channel channel)
{
	return channel == DELIVERY_MAIL ? "mail" : "sms";
}

enum delivery_channel delivery_channel_parse(const char *name)
{
	return strcmp(name, "mail") == 0 ? DELIVERY_MAIL : DELIVERY_SMS;
}

const char *delivery_fit(struct pool *pool, const char *text, size_t max)
{
	size_t len, end = 0;
	char *copy;

	if (!text)
		return NULL;
	len = strlen(text);
	if (len <= max && text_is_utf8(text, len))
		return text;
	copy = pool_strndup(pool, text, len);
	for (size_t i = 0; i < len && !text_is_utf8(text, len); i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	for (size_t characters = 0; end < len; end++)
		if (((unsigned char)copy[end] & 0xC0) != 0x80 && characters++ == max)
			break;
	copy[end] = '\0';
	return copy;
}

/* The ids as a JSON array, which the server reads as a table: one statement, whatever their number. */
static void ids_json(struct text *text, const uint64_t *ids, size_t n)
{
	text_reserve(text, n * 12 + 3);
	text_putc(text, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text_putc(text, ',');
		text_u64(text, ids[i]);
	}
	text_putc(text, ']');
}

enum db_status delivery_lock(struct db *db, struct pool *pool, const uint64_t *ids, size_t n, const uint8_t *claim_id,
                             struct delivery_change *changes, int64_t *now_r)
{
	struct text text = {0};
	struct db_rows *rows;
	enum db_status status;

	memset(changes, 0, n * sizeof *changes);
	ids_json(&text, ids, n);
	status = db_query(db,
		"SELECT j.n, d.id, d.message_id, d.changes, d.state, d.channel, d.claim_id <=> ?, UTC_TIMESTAMP(3), d.error_message"
		" FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, id BIGINT UNSIGNED PATH '$')) j"
		" STRAIGHT_JOIN delivery d ON d.id = j.id FOR UPDATE",
		DB_ARGS(claim_id ? db_bytes(claim_id, ID_UUID_SIZE) : db_bytes("", 0), db_bytes(text.data, text.len)), &rows);
	text_free(&text);
	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK) {
		uint64_t i = db_col_u64(rows, 0);

		*now_r = db_col_time(rows, 7);
		if (i < 1 || i > n)
			continue;
		changes[i - 1] = (struct delivery_change){
			.found = true, .id = db_col_u64(rows, 1), .message_id = db_col_u64(rows, 2), .number = db_col_u64(rows, 3),
			.from = delivery_state_parse(db_col_text(rows, 4)), .channel = delivery_channel_parse(db_col_text(rows, 5)),
			.ours = db_col_bool(rows, 6), .error = db_col_dup(rows, 8, pool),
		};
		changes[i - 1].to = changes[i - 1].from;
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

enum { EVENT_COLUMNS = 5, CHANGE_COLUMNS = 9 };

enum db_status delivery_events(struct db *db, struct pool *pool, const char *sender,
                               const struct delivery_change *changes, size_t n)
{
	struct db_value *values = pool_alloc(pool, n * EVENT_COLUMNS * sizeof *values);
	size_t rows = 0;

	sender = delivery_fit(pool, sender, DELIVERY_SENDER_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct delivery_change *c = &changes[i];
		struct db_value *v = values + rows * EVENT_COLUMNS;

		if (!c->found || c->to == c->from)
			continue;
		v[0] = db_u64(c->id);
		v[1] = db_u64(c->number + 1);
		v[2] = db_text(delivery_state_name(c->to));
		v[3] = db_text(sender);
		v[4] = db_text(delivery_fit(pool, c->detail, DELIVERY_ERROR_MAX));
		rows++;
	}
	return db_bulk(db, "INSERT INTO delivery_event (delivery_id, number, at, state, sender, detail)"
	               " VALUES (?, ?, UTC_TIMESTAMP(3), ?, ?, ?)", values, EVENT_COLUMNS, rows);
}

static enum db_status change_rows(struct db *db, struct pool *pool, const struct delivery_change *changes, size_t n)
{
	struct db_value *values = pool_alloc(pool, n * CHANGE_COLUMNS * sizeof *values);
	size_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		const struct delivery_change *c = &changes[i];
		struct db_value *v = values + rows * CHANGE_COLUMNS;

		if (!c->found)
			continue;
		v[0] = db_text(delivery_state_name(c->to));
		v[1] = c->due_at ? db_time(c->due_at) : db_null();
		v[2] = db_u64(c->number + (c->to != c->from));
		v[3] = c->sent_at ? db_time(c->sent_at) : db_null();
		v[4] = db_text(delivery_fit(pool, c->error, DELIVERY_ERROR_MAX));
		v[5] = db_text(delivery_fit(pool, c->remote_id, DELIVERY_REMOTE_MAX));
		v[6] = db_text(c->encoding);
		v[7] = c->segments ? db_u64(c->segments < 255 ? c->segments : 255) : db_null();
		v[8] = db_u64(c->id);
		rows++;
	}
	return db_bulk(db,
		"UPDATE delivery SET state = ?, due_at = ?, changes = ?, sent_at = COALESCE(sent_at, ?), error_message = ?,"
		" remote_id = COALESCE(?, remote_id), sms_encoding = COALESCE(?, sms_encoding), segments = COALESCE(?, segments)"
		" WHERE id = ?", values, CHANGE_COLUMNS, rows);
}

/* A message has an error while one of its deliveries has ended badly. */
static enum db_status mark_messages(struct db *db, struct pool *pool, const struct delivery_change *changes, size_t n)
{
	struct db_value *values = pool_alloc(pool, n * sizeof *values);
	size_t rows = 0;

	for (size_t i = 0; i < n; i++)
		if (changes[i].found && changes[i].from != changes[i].to &&
		    (delivery_state_is_error(changes[i].from) || delivery_state_is_error(changes[i].to)))
			values[rows++] = db_u64(changes[i].message_id);
	return db_bulk(db,
		"UPDATE message m SET m.has_error = EXISTS (SELECT 1 FROM delivery d WHERE d.message_id = m.id"
		" AND d.state IN ('failed', 'expired', 'suppressed', 'unknown')) WHERE m.id = ?", values, 1, rows);
}

enum db_status delivery_apply(struct db *db, struct pool *pool, const char *sender, const struct delivery_change *changes,
                              size_t n)
{
	enum db_status status = change_rows(db, pool, changes, n);

	if (status == DB_OK)
		status = delivery_events(db, pool, sender, changes, n);
	if (status == DB_OK)
		status = mark_messages(db, pool, changes, n);
	return status;
}
