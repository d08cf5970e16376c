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
		"SELECT j.n, d.id, d.message_id, d.changes, d.state, d.channel, d.claim_id <=> ?, UTC_TIMESTAMP(3),"
		" d.error_message, d.due_at FROM JSON_TABLE(?, '$[*]'"
		" COLUMNS (n FOR ORDINALITY, id BIGINT UNSIGNED PATH '$')) j"
		" STRAIGHT_JOIN delivery d ON d.id = j.id FOR UPDATE",
		DB_ARGS(claim_id ? db_bytes(claim_id, ID_UUID_SIZE) : db_bytes("", 0), db_bytes(text.data, text.len)),
		&rows);
	text_free(&text);
	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK) {
		uint64_t i = db_col_u64(rows, 0);

		*now_r = db_col_time(rows, 7);
		if (i < 1 || i > n)
			continue;
		changes[i - 1] = (struct delivery_change){
			.found = true, .id = db_col_u64(rows, 1), .message_id = db_col_u64(rows, 2),
			.number = db_col_u64(rows, 3), .from = delivery_state_parse(db_col_text(rows, 4)),
			.channel = delivery_channel_parse(db_col_text(rows, 5)), .ours = db_col_bool(rows, 6),
			.error = db_col_dup(rows, 8, pool), .due_at = db_col_time(rows, 9),
		};
		changes[i - 1].to = changes[i - 1].from;
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

enum db_status delivery_change_in(struct db *db, const char *const sql[3], const struct db_value *args, size_t n_args,
                                  const uint64_t *ids, size_t n)
{
	uint64_t affected;
	enum db_status status = rows_run_in(db, sql, args, n_args, ids, n, &affected);

	return status == DB_OK && affected != n ? DB_BUG : status;
}

enum { EVENT_COLUMNS = 5, CHANGE_COLUMNS = 4 + DELIVERY_TOLD + 1 };

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

#define CHANGE "UPDATE delivery SET state = ?, due_at = ?, changes = changes + ?, sent_at = COALESCE(sent_at, ?)," \
	" error_message = ?, remote_id = COALESCE(?, remote_id), sms_encoding = COALESCE(?, sms_encoding)," \
	" segments = COALESCE(?, segments) WHERE id"

void delivery_particulars(struct delivery_change *change, const struct delivery_outcome *outcome)
{
	change->remote_id = outcome->remote_id;
	if (outcome->has_sms) {
		change->encoding = outcome->ucs2 ? "ucs2" : "gsm7";
		change->segments = outcome->segments;
	}
}

void delivery_told(struct pool *pool, const struct delivery_change *change, struct db_value v[DELIVERY_TOLD])
{
	v[0] = db_text(delivery_fit(pool, change->error, DELIVERY_ERROR_MAX));
	v[1] = db_text(delivery_fit(pool, change->remote_id, DELIVERY_REMOTE_MAX));
	v[2] = db_text(change->encoding);
	v[3] = change->segments ? db_u64(change->segments < 255 ? change->segments : 255) : db_null();
}

static void change_values(struct pool *pool, const struct delivery_change *c, struct db_value v[CHANGE_COLUMNS])
{
	v[0] = db_text(delivery_state_name(c->to));
	v[1] = c->due_at ? db_time(c->due_at) : db_null();
	v[2] = db_u64(c->to != c->from);
	v[3] = c->sent_at ? db_time(c->sent_at) : db_null();
	delivery_told(pool, c, v + 4);
	v[4 + DELIVERY_TOLD] = db_u64(c->id);
}

bool delivery_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Does the same happen to both? */
static bool same_change(const struct delivery_change *a, const struct delivery_change *b)
{
	return a->to == b->to && a->from != a->to && b->from != b->to && a->due_at == b->due_at &&
	       a->sent_at == b->sent_at && a->segments == b->segments &&
	       delivery_same_text(a->error, b->error) && delivery_same_text(a->remote_id, b->remote_id) &&
	       delivery_same_text(a->encoding, b->encoding);
}

/* Changes together those to which the same happens as to the first of `rest`, and takes them out of it. */
static enum db_status change_alike(struct db *db, struct pool *pool, const struct delivery_change **rest, size_t *n)
{
	static const char *const sql[3] = ROWS_IN(CHANGE " IN");
	const struct delivery_change *model = rest[0];
	uint64_t *ids = pool_alloc(pool, *n * sizeof *ids);
	struct db_value values[CHANGE_COLUMNS];
	size_t alike = 0, kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (same_change(model, rest[i]))
			ids[alike++] = rest[i]->id;
		else
			rest[kept++] = rest[i];
	}
	if (alike == 0)
		return DB_OK;
	*n = kept;
	change_values(pool, model, values);
	return delivery_change_in(db, sql, values, CHANGE_COLUMNS - 1, ids, alike);
}

static enum db_status change_one_by_one(struct db *db, struct pool *pool, const struct delivery_change **rest, size_t n)
{
	struct db_value *values = pool_alloc(pool, n * CHANGE_COLUMNS * sizeof *values);

	for (size_t i = 0; i < n; i++)
		change_values(pool, rest[i], values + i * CHANGE_COLUMNS);
	return db_bulk(db, CHANGE " = ?", values, CHANGE_COLUMNS, n);
}

enum { GROUPS = 4 };    /* what is common happens to many; after so many kinds, the rest is taken one by one */

static enum db_status change_rows(struct db *db, struct pool *pool, const struct delivery_change *changes, size_t n)
{
	const struct delivery_change **rest = pool_alloc(pool, (n + 1) * sizeof *rest);
	enum db_status status = DB_OK;
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (changes[i].found)
			rest[left++] = &changes[i];
	for (int group = 0; group < GROUPS && left > 1 && status == DB_OK; group++)
		status = change_alike(db, pool, rest, &left);
	return status == DB_OK ? change_one_by_one(db, pool, rest, left) : status;
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

enum db_status delivery_apply(struct db *db, struct pool *pool, const char *sender,
                              const struct delivery_change *changes, size_t n)
{
	enum db_status status = change_rows(db, pool, changes, n);

	if (status == DB_OK)
		status = delivery_events(db, pool, sender, changes, n);
	if (status == DB_OK)
		status = mark_messages(db, pool, changes, n);
	return status;
}
