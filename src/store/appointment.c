/*
 * Appointments.
 */
#include "store/appointment.h"

#include <string.h>

#include "store/delivery_change.h"
#include "store/rows.h"

#define COLUMNS "id, client_id, status, channel, start_at, end_at, location, reminder_delay, reminder_channel, " \
	"reminder_sent, first_name, last_name, email, phone, variables, created_at, updated_at, reminder_message_id, " \
		"change_uuid"

static void read_appointment(const struct db_rows *row, struct pool *pool, void *element)
{
	struct appointment *a = element;

	*a = (struct appointment){
		.id = db_col_u64(row, 0),
		.client_id = db_col_u64(row, 1),
		.status = db_col_dup(row, 2, pool),
		.channel = db_col_dup(row, 3, pool),
		.start_at = db_col_time(row, 4),
		.end_at = db_col_time(row, 5),
		.location = db_col_dup(row, 6, pool),
		.reminder_delay = (uint32_t)db_col_u64(row, 7),
		.reminder_channel = db_col_dup(row, 8, pool),
		.reminder_sent = db_col_bool(row, 9),
		.first_name = db_col_dup(row, 10, pool),
		.last_name = db_col_dup(row, 11, pool),
		.email = db_col_dup(row, 12, pool),
		.phone = db_col_dup(row, 13, pool),
		.variables = db_col_dup(row, 14, pool),
		.created_at = db_col_time(row, 15),
		.updated_at = db_col_time(row, 16),
		.reminder_message = db_col_u64(row, 17)
	};
	if (db_col_size(row, 18) == sizeof a->change)
		memcpy(a->change, db_col_text(row, 18), sizeof a->change);
}

/* When the reminder is due: not for a cancelled appointment, not twice. */
static struct db_value reminder_due(const struct appointment *a)
{
	if (a->reminder_sent || strcmp(a->reminder_channel, "disabled") == 0 || strcmp(a->status, "cancelled") == 0)
		return db_null();
	return db_time(a->start_at - (int64_t)a->reminder_delay * 3600 * 1000);
}

enum db_status appointment_add(struct db *db, uint64_t client, const uint8_t request_uuid[16], uint32_t index,
                               struct appointment *a)
{
	enum db_status status = db_run(db,
		"INSERT INTO appointment (client_id, request_uuid, request_index, status, channel, start_at, end_at, "
		"location, reminder_delay, reminder_channel, reminder_due_at, first_name, last_name, email, phone, "
		"variables, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(db_u64(client), db_bytes(request_uuid, 16), db_u64(index), db_text(a->status),
		        db_text(a->channel), db_time(a->start_at), db_time(a->end_at), db_text(a->location),
		        db_u64(a->reminder_delay), db_text(a->reminder_channel), reminder_due(a),
		        db_text(a->first_name), db_text(a->last_name), db_text(a->email), db_text(a->phone),
		        db_text(a->variables), db_time(a->created_at), db_time(a->updated_at)));

	if (status == DB_OK)
		a->id = db_insert_id(db);
	return status;
}

enum db_status appointment_lock(struct db *db, struct pool *pool, uint64_t client, uint64_t id, struct appointment *r)
{
	return rows_one(db, pool, "SELECT " COLUMNS " FROM appointment WHERE client_id = ? AND id = ? FOR UPDATE",
	                DB_ARGS(db_u64(client), db_u64(id)), read_appointment, r);
}

enum db_status appointment_update(struct db *db, uint64_t client, const struct appointment *a)
{
	return rows_found(db, db_run(db,
		"UPDATE appointment SET status = ?, channel = ?, start_at = ?, end_at = ?, location = ?, "
		"reminder_delay = ?, reminder_channel = ?, reminder_due_at = ?, reminder_sent = ?, first_name = ?, "
		"last_name = ?, email = ?, phone = ?, variables = ?, updated_at = ?, change_uuid = ? WHERE client_id "
		"= ? AND id = ?",
		DB_ARGS(db_text(a->status), db_text(a->channel), db_time(a->start_at), db_time(a->end_at),
		        db_text(a->location), db_u64(a->reminder_delay), db_text(a->reminder_channel), reminder_due(a),
		        db_bool(a->reminder_sent), db_text(a->first_name), db_text(a->last_name), db_text(a->email),
		        db_text(a->phone), db_text(a->variables), db_time(a->updated_at),
		        db_bytes(a->change, sizeof a->change), db_u64(client), db_u64(a->id))));
}

enum db_status appointment_list(struct db *db, struct pool *pool, uint64_t client, const struct appointment_filter *f,
                                struct appointment **list_r, size_t *n_r)
{
	struct appointment before = {0};
	size_t room = ROWS_PAGE_ROOM;
	enum db_status status;

	if (f->before_id != 0) {
		status = rows_one(db, pool, "SELECT " COLUMNS " FROM appointment WHERE client_id = ? AND id = ?",
		                  DB_ARGS(db_u64(client), db_u64(f->before_id)), read_appointment, &before);
		if (status != DB_OK)
			return status;
	}
	return rows_list_within(db, pool,
	                 "SELECT " COLUMNS " FROM appointment WHERE client_id = ? AND (? IS NULL OR status = ?)"
	                 " AND (? IS NULL OR start_at >= ?) AND (? IS NULL OR start_at <= ?) AND (? = 0 OR id < ?)"
	                 " ORDER BY id DESC LIMIT ? OFFSET ?",
	                 DB_ARGS(db_u64(client), db_text(f->status), db_text(f->status), rows_bind_instant(f->from),
	                         rows_bind_instant(f->from), rows_bind_instant(f->until), rows_bind_instant(f->until),
	                         db_u64(f->before_id), db_u64(f->before_id), db_u64(f->limit), db_u64(f->offset)),
	                 &room, sizeof **list_r, read_appointment, list_r, n_r);
}

enum { WAYS = 2 };      /* mail and SMS */

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

/* Has its sender not begun to transmit it? One that holds it asks again before it does. */
static bool is_here(const struct delivery_change *change)
{
	return change->found && (change->from == DELIVERY_QUEUED || change->from == DELIVERY_CLAIMED);
}

/* Has it left, or may it have? */
static bool may_have_left(const struct delivery_change *change)
{
	return delivery_state_has_left(change->from) || change->from == DELIVERY_TRANSMITTING ||
	       change->from == DELIVERY_UNKNOWN;
}

enum db_status appointment_take_back(struct db *db, struct pool *pool, const struct appointment *a, bool in_part,
                                     bool *whole_r)
{
	struct delivery_change changes[WAYS];
	uint64_t *ids = NULL;
	size_t n = 0, here = 0, left = 0;
	int64_t now = 0;
	enum db_status status = rows_list(db, pool, "SELECT id FROM delivery WHERE message_id = ? ORDER BY id LIMIT ?",
	                                  DB_ARGS(db_u64(a->reminder_message), db_u64(WAYS)), sizeof *ids, read_id,
	                                  &ids, &n);

	*whole_r = false;
	if (status != DB_OK || n == 0)
		return status;
	status = delivery_lock(db, pool, ids, n, NULL, changes, &now);
	for (size_t i = 0; i < n && status == DB_OK; i++) {
		here += is_here(&changes[i]);
		left += may_have_left(&changes[i]);
	}
	*whole_r = status == DB_OK && left == 0;
	if (status != DB_OK || here == 0 || (left > 0 && !in_part))
		return status;
	for (size_t i = 0; i < n; i++) {
		changes[i].found = is_here(&changes[i]);
		changes[i].to = DELIVERY_SUPPRESSED;
		changes[i].due_at = 0;
		changes[i].error = changes[i].detail = "appointment changed";
	}
	return delivery_apply(db, pool, "api", changes, n);
}

static void read_due(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(struct appointment_due *)element = (struct appointment_due){.at = db_col_time(row, 0),
	                                                              .id = db_col_u64(row, 1)};
}

enum db_status appointment_reminders(struct db *db, struct pool *pool, int64_t now, struct appointment_due after,
                                     uint32_t limit, struct appointment_due **list_r, size_t *n_r)
{
	bool first = after.id == 0;

	return rows_list(db, pool, "SELECT reminder_due_at, id FROM appointment WHERE reminder_due_at <= ? AND (? OR "
	                 "reminder_due_at > ? OR (reminder_due_at = ? AND id > ?)) ORDER BY reminder_due_at, id "
	                 "LIMIT ?",
	                 DB_ARGS(db_time(now), db_bool(first), db_time(after.at), db_time(after.at), db_u64(after.id),
	                         db_u64(limit)), sizeof **list_r, read_due, list_r, n_r);
}

enum db_status appointment_lock_reminder(struct db *db, struct pool *pool, uint64_t id, int64_t now,
                                         struct appointment *r)
{
	return rows_one(db, pool,
	                "SELECT " COLUMNS " FROM appointment WHERE id = ? AND reminder_due_at <= ? FOR UPDATE",
	                DB_ARGS(db_u64(id), db_time(now)), read_appointment, r);
}

enum db_status appointment_reminded(struct db *db, const struct appointment *a, uint64_t message, int64_t now)
{
	enum db_status status = db_run(db,
		"UPDATE appointment SET reminder_sent = ?, reminder_message_id = COALESCE(?, reminder_message_id), "
		"reminder_due_at = NULL, updated_at = ? WHERE id = ?",
		DB_ARGS(db_bool(message != 0), message != 0 ? db_u64(message) : db_null(), db_time(now),
		        db_u64(a->id)));

	return status != DB_OK || message == 0 ? status :
	       db_run(db, "INSERT INTO reminder (message_id, start_at) VALUES (?, ?)",
	              DB_ARGS(db_u64(message), db_time(a->start_at)));
}

enum db_status appointment_withdraw_reminder(struct db *db, const struct appointment *a)
{
	return db_run(db, "UPDATE reminder SET withdrawn = TRUE WHERE message_id = ?",
	              DB_ARGS(db_u64(a->reminder_message)));
}
