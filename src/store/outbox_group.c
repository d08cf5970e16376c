/*
 * Single messages of several requests, stored and committed in one round trip: what costs is less the rows than the
 * statements, each with a process at either end that falls asleep and is woken.
 *
 * The statement is a block that the server prepares once for each number of messages. It takes the ids of a multi-row
 * INSERT to follow each other, and commits only when the last is found where it should be: InnoDB's ascend by a step or
 * more each, so none of them is elsewhere then.
 */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "store/outbox_entry.h"

enum {
	LOOK_VALUES = 3, DELIVERY_VALUES = 4,
	VALUES_MOST = OUTBOX_GROUP * (LOOK_VALUES + OUTBOX_MESSAGE_VALUES + DELIVERY_VALUES) + 1
};

static const char BEGIN[] =
	"BEGIN NOT ATOMIC"
	" DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);"
	" DECLARE v_first, v_step BIGINT UNSIGNED;"
	" DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;"
	" IF NOT EXISTS (SELECT 1 FROM unsubscribe WHERE ";
static const char INSERT_MESSAGES[] =
	") THEN START TRANSACTION;"
	" INSERT INTO message (" OUTBOX_MESSAGE_COLUMNS ", created_at) VALUES ";
static const char INSERT_DELIVERIES[] =
	"; SET v_first = LAST_INSERT_ID(), v_step = @@auto_increment_increment;"
	" INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at) VALUES ";
static const char END[] =
	"; IF (SELECT request_uuid FROM message WHERE id = v_first + %zu * v_step) = ?"
	" THEN SELECT v_first, v_step; COMMIT; ELSE ROLLBACK; SELECT NULL, v_step; END IF;"
	" ELSE SELECT NULL, v_step; END IF; END";

static void repeat(struct text *sql, const char *what, const char *between, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_puts(sql, i > 0 ? between : "");
		text_puts(sql, what);
	}
}

/* Made when it is first needed, and kept: the connection knows a statement by its address. */
static const char *statement(size_t n)
{
	static struct text made[OUTBOX_GROUP + 1];
	struct text *sql = &made[n];

	if (sql->len > 0)
		return sql->data;
	text_puts(sql, BEGIN);
	repeat(sql, "(client_id = ? AND channel = ? AND address = ?)", " OR ", n);
	text_puts(sql, INSERT_MESSAGES);
	repeat(sql, "(" OUTBOX_MESSAGE_MARKS ", v_now)", ", ", n);
	text_puts(sql, INSERT_DELIVERIES);
	for (size_t i = 0; i < n; i++)
		text_printf(sql, "%s(v_first + %zu * v_step, ?, ?, ?, 'queued', v_now, v_now + INTERVAL ? SECOND)",
		            i > 0 ? ", " : "", i);
	text_printf(sql, END, n - 1);
	return sql->data;
}

/* What it was not written for: messages on both ways, or that are not to be sent. */
static bool is_plain(const struct outbox_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct outbox_message *m = entries[i].message;

		if (entries[i].index != 0 || m->test_mode || (m->email_to == NULL) == (m->phone_to == NULL))
			return false;
	}
	return true;
}

static const char *recipient(const struct outbox_entry *e)
{
	return e->message->email_to ? e->message->email_to : e->message->phone_to;
}

static struct db_value way(const struct outbox_entry *e)
{
	return db_text(e->message->email_to ? "mail" : "sms");
}

/* The values in the order of the marks. Returns how many there are. */
static size_t bind(const struct outbox_entry *entries, size_t n, uint8_t uuids[][ID_UUID_SIZE], struct db_value *values)
{
	struct db_value *v = values;

	for (size_t i = 0; i < n; i++) {
		const struct outbox_entry *e = &entries[i];

		*v++ = db_u64(e->client_id);
		*v++ = way(e);
		*v++ = db_text(e->message->force_sending ? NULL : recipient(e));
	}
	for (size_t i = 0; i < n; i++, v += OUTBOX_MESSAGE_VALUES)
		outbox_message_values(&entries[i], v);
	for (size_t i = 0; i < n; i++) {
		const struct outbox_entry *e = &entries[i];

		id_uuid7(uuids[i]);
		*v++ = way(e);
		*v++ = db_bytes(uuids[i], ID_UUID_SIZE);
		*v++ = db_text(recipient(e));
		*v++ = db_i64(e->message->email_to ? e->lifetime.mail : e->lifetime.sms);
	}
	*v++ = db_bytes(entries[n - 1].uuid, ID_UUID_SIZE);
	return (size_t)(v - values);
}

enum db_status outbox_group_store(struct db *db, struct outbox_entry *entries, size_t n)
{
	uint8_t uuids[OUTBOX_GROUP][ID_UUID_SIZE];
	struct db_value values[VALUES_MOST];
	struct db_rows *rows;
	enum db_status status;
	bool stored;

	if (n > OUTBOX_GROUP || !is_plain(entries, n))
		return DB_NONE;
	status = db_one(db, statement(n), values, bind(entries, n, uuids, values), &rows);
	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	stored = !db_col_null(rows, 0);
	for (size_t i = 0; i < n && stored; i++) {
		entries[i].message->id = db_col_u64(rows, 0) + i * db_col_u64(rows, 1);
		entries[i].message->unsubscribed = false;
	}
	if (stored)
		FAULT("outbox.committing");
	status = db_rows_finish(rows);
	return status == DB_OK && !stored ? DB_NONE : status;
}
