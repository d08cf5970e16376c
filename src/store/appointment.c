/*
 * Appointments.
 */
#include "store/appointment.h"

#include <string.h>

#include "store/rows.h"

#define COLUMNS "id, client_id, status, channel, start_at, end_at, location, reminder_delay, reminder_channel, " \
	"reminder_sent, first_name, last_name, email, phone, variables, created_at, updated_at"

static void read_appointment(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct appointment *)element = (struct appointment){
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
		.updated_at = db_col_time(row, 16)
	};
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
		"INSERT INTO appointment (client_id, request_uuid, request_index, status, channel, start_at, end_at, location,"
		" reminder_delay, reminder_channel, reminder_due_at, first_name, last_name, email, phone, variables, created_at,"
		" updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(db_u64(client), db_bytes(request_uuid, 16), db_u64(index), db_text(a->status), db_text(a->channel),
		        db_time(a->start_at), db_time(a->end_at), db_text(a->location), db_u64(a->reminder_delay),
		        db_text(a->reminder_channel), reminder_due(a), db_text(a->first_name), db_text(a->last_name),
		        db_text(a->email), db_text(a->phone), db_text(a->variables), db_time(a->created_at),
		        db_time(a->updated_at)));

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
		"UPDATE appointment SET status = ?, channel = ?, start_at = ?, end_at = ?, location = ?, reminder_delay = ?,"
		" reminder_channel = ?, reminder_due_at = ?, reminder_sent = ?, first_name = ?, last_name = ?, email = ?, phone = ?,"
		" variables = ?, updated_at = ? WHERE client_id = ? AND id = ?",
		DB_ARGS(db_text(a->status), db_text(a->channel), db_time(a->start_at), db_time(a->end_at), db_text(a->location),
		        db_u64(a->reminder_delay), db_text(a->reminder_channel), reminder_due(a), db_bool(a->reminder_sent),
		        db_text(a->first_name), db_text(a->last_name), db_text(a->email), db_text(a->phone), db_text(a->variables),
		        db_time(a->updated_at), db_u64(client), db_u64(a->id))));
}

enum db_status appointment_list(struct db *db, struct pool *pool, uint64_t client, const struct appointment_filter *f,
                                struct appointment **list_r, size_t *n_r)
{
	struct appointment before = {0};
	enum db_status status;

	if (f->before_id != 0) {
		status = rows_one(db, pool, "SELECT " COLUMNS " FROM appointment WHERE client_id = ? AND id = ?",
		                  DB_ARGS(db_u64(client), db_u64(f->before_id)), read_appointment, &before);
		if (status != DB_OK)
			return status;
	}
	return rows_list(db, pool, "SELECT " COLUMNS " FROM appointment WHERE client_id = ? AND (? IS NULL OR status = ?)"
	                 " AND (? IS NULL OR start_at >= ?) AND (? IS NULL OR start_at <= ?) AND (? = 0 OR id < ?)"
	                 " ORDER BY id DESC LIMIT ? OFFSET ?",
	                 DB_ARGS(db_u64(client), db_text(f->status), db_text(f->status), rows_bind_instant(f->from),
	                         rows_bind_instant(f->from), rows_bind_instant(f->until), rows_bind_instant(f->until),
	                         db_u64(f->before_id), db_u64(f->before_id), db_u64(f->limit), db_u64(f->offset)),
	                 sizeof **list_r, read_appointment, list_r, n_r);
}

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

enum db_status appointment_reminders(struct db *db, struct pool *pool, int64_t now, uint32_t limit, uint64_t **ids_r,
                                     size_t *n_r)
{
	return rows_list(db, pool, "SELECT id FROM appointment WHERE reminder_due_at <= ? ORDER BY reminder_due_at LIMIT ?",
	                 DB_ARGS(db_time(now), db_u64(limit)), sizeof **ids_r, read_id, ids_r, n_r);
}

enum db_status appointment_lock_reminder(struct db *db, struct pool *pool, uint64_t id, int64_t now, struct appointment *r)
{
	return rows_one(db, pool, "SELECT " COLUMNS " FROM appointment WHERE id = ? AND reminder_due_at <= ? FOR UPDATE",
	                DB_ARGS(db_u64(id), db_time(now)), read_appointment, r);
}

enum db_status appointment_reminded(struct db *db, uint64_t id, bool sent, int64_t now)
{
	return db_run(db, "UPDATE appointment SET reminder_sent = ?, reminder_due_at = NULL, updated_at = ? WHERE id = ?",
	              DB_ARGS(db_bool(sent), db_time(now), db_u64(id)));
}
