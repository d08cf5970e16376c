/*
 * Operations that go on by themselves.
 */
#include "store/recurrence.h"

#include "base/fault.h"
#include "base/log.h"
#include "store/user.h"

enum { USERS_AT_ONCE = 500 };

struct recurring {
	struct oid id;
	jour date;
	int day;                        /* of the month it belongs to */
};

struct run {
	struct pool *pool;
	uint64_t user;
	jour today;
	int64_t now_ms;
	uint64_t made;
	bool changed;
};

static jour next_date(const struct recurring *r)
{
	return jour_add_months(r->date, 1, r->day);
}

static void read_recurring(const struct db_rows *row, struct pool *pool, void *element)
{
	struct recurring *r = element;

	(void)pool;
	r->id = rows_oid(row, 0);
	r->date = rows_jour(row, 1);
	r->day = db_col_null(row, 2) ? jour_civil(r->date).day : (int)db_col_i64(row, 2);
}

static enum db_status set_recurring(struct db *db, const struct run *run, const struct oid *id, bool recurring)
{
	return db_run(db, "UPDATE operation SET auto = ?, date_last_modified = ? WHERE user_id = ? AND id = ? AND auto "
	              "<> ?",
	              DB_ARGS(db_bool(recurring), db_time(run->now_ms), db_u64(run->user), rows_bind_oid(id),
	                      db_bool(recurring)));
}

static enum db_status insert_copy(struct db *db, struct run *run, struct recurring *r)
{
	struct oid id = oid_new();
	jour next = next_date(r);
	enum db_status status = db_run(db,
		"INSERT INTO operation (id, user_id, immeuble_id, locataire_id, type_id, montant, montant_teom, "
		"operation_date, date_debut, date_fin, description, paid, auto, robot, emprunt_idx, copied_from, "
		"recur_day, date_created, attributes) SELECT ?, user_id, immeuble_id, locataire_id, type_id, montant, "
		"montant_teom, ?, date_debut, date_fin, description, 0, 1, 1, emprunt_idx, id, ?, ?, attributes FROM "
		"operation WHERE user_id = ? AND id = ?",
		DB_ARGS(rows_bind_oid(&id), rows_bind_jour(run->pool, next), db_i64(r->day), db_time(run->now_ms),
		        db_u64(run->user), rows_bind_oid(&r->id)));

	if (status == DB_OK)
		status = set_recurring(db, run, &r->id, false);
	r->id = id;
	r->date = next;
	run->made++;
	return status;
}

/*
 * It has been copied before and was made to recur again, by its owner or by an app that saved what it knew of before
 * the copy. Where the copy is next month's, nothing is made twice: the series goes on from there. Another copy is of
 * the operation's former date, and is let go.
 */
static enum db_status go_on(struct db *db, struct run *run, struct recurring *r, const struct recurring *copy)
{
	enum db_status status;

	if (jour_first_of_month(copy->date) != jour_first_of_month(next_date(r))) {
		status = db_run(db, "UPDATE operation SET copied_from = NULL WHERE user_id = ? AND id = ?",
		                DB_ARGS(db_u64(run->user), rows_bind_oid(&copy->id)));
		return status == DB_OK ? insert_copy(db, run, r) : status;
	}
	status = set_recurring(db, run, &r->id, false);
	if (status == DB_OK)
		status = set_recurring(db, run, &copy->id, true);
	*r = *copy;
	return status;
}

/* Next month's copy, and the end of the original's recurrence. `r` becomes the copy. */
static enum db_status step(struct db *db, struct run *run, struct recurring *r)
{
	struct recurring copy;
	enum db_status status = rows_one(db, run->pool,
		"SELECT id, operation_date, recur_day FROM operation WHERE user_id = ? AND copied_from = ? FOR UPDATE",
		DB_ARGS(db_u64(run->user), rows_bind_oid(&r->id)), read_recurring, &copy);

	run->changed = true;
	if (status == DB_NONE)
		return insert_copy(db, run, r);
	return status == DB_OK ? go_on(db, run, r, &copy) : status;
}

/* One landlord, in one transaction. */
static enum db_status copy_all(struct db *db, void *arg)
{
	struct run *run = arg;
	struct recurring *list = NULL;
	size_t n = 0;
	enum db_status status = user_touch_operations(db, run->user);

	run->made = 0;
	run->changed = false;
	if (status == DB_OK)
		status = rows_list(db, run->pool,
		                   "SELECT id, operation_date, recur_day FROM operation WHERE auto = 1 AND user_id = ? "
		                   "AND operation_date <= ? ORDER BY seq FOR UPDATE",
		                   DB_ARGS(db_u64(run->user), rows_bind_jour(run->pool, run->today - 28)), sizeof *list,
		                   read_recurring, &list, &n);
	for (size_t i = 0; i < n && status == DB_OK; i++)
		while (status == DB_OK && next_date(&list[i]) <= run->today) {
			status = step(db, run, &list[i]);
			FAULT("robot.copied");
		}
	/* Nothing to do yet: the version need not have changed. */
	return status == DB_OK && !run->changed ? DB_NONE : status;
}

static void read_user(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

/* An uncertain commit is settled by running again: what was copied is not recurring any more. */
static enum db_status run_user(struct db *db, struct run *run)
{
	enum db_status status = DB_UNCERTAIN;

	for (int i = 0; i < 3 && status == DB_UNCERTAIN; i++)
		status = db_transaction(db, copy_all, run);
	return status == DB_NONE ? DB_OK : status;
}

/* One landlord's trouble is told, and keeps nobody else waiting. */
static enum db_status run_each(struct db *db, struct run *run, const uint64_t *users, size_t n, uint64_t *made_r)
{
	enum db_status status, result = DB_OK;

	for (size_t i = 0; i < n; i++) {
		run->user = users[i];
		status = run_user(db, run);
		if (status == DB_LOST)
			return status;
		if (status == DB_OK) {
			*made_r += run->made;
			continue;
		}
		log_event(LOG_LEVEL_ERROR, "recurrence", "user", log_num((int64_t)users[i]), "status",
		          db_status_name(status),
		          "database", db_error(db), NULL);
		result = status;
	}
	return result;
}

enum db_status recurrence_run(struct db *db, jour today, int64_t now_ms, uint64_t *made_r)
{
	struct run run = {.pool = pool_create(), .today = today, .now_ms = now_ms};
	uint64_t after = 0, *users = NULL;
	size_t n = USERS_AT_ONCE;
	enum db_status status = DB_OK, result = DB_OK;

	*made_r = 0;
	while (status != DB_LOST && n == USERS_AT_ONCE) {
		pool_reset(run.pool);
		status = rows_list(db, run.pool,
		                   "SELECT DISTINCT user_id FROM operation WHERE auto = 1 AND operation_date <= ? AND "
		                   "user_id > ? ORDER BY user_id LIMIT ?", DB_ARGS(rows_bind_jour(run.pool, today - 28),
		                                                                   db_u64(after),
		                                                                   db_u64(USERS_AT_ONCE)),
		                   sizeof *users, read_user, &users, &n);
		if (status != DB_OK)
			result = status;
		if (status != DB_OK || n == 0)
			break;
		after = users[n - 1];
		status = run_each(db, &run, users, n, made_r);
		if (status != DB_OK)
			result = status;
	}
	pool_free(run.pool);
	return result;
}
