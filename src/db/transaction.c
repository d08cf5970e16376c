/*
 * Transactions: run, committed, and run again when the server threw them back before acknowledging them.
 */
#include <errmsg.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/fault.h"
#include "base/log.h"
#include "db/internal.h"

enum { PAUSE_FIRST_MS = 4, PAUSE_MAX_MS = 250 };

unsigned db_pause(unsigned attempt)
{
	unsigned pause = attempt < 10 ? (unsigned)PAUSE_FIRST_MS << attempt : PAUSE_MAX_MS, noise = 0;

	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	if (getrandom(&noise, sizeof noise, GRND_NONBLOCK) != (ssize_t)sizeof noise)
		noise = (unsigned)clock();
	return pause / 2 + noise % (pause / 2 + 1);
}

void db_wait(unsigned attempt)
{
	unsigned ms = db_pause(attempt);
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

/* How a transaction begins, and which it is. */
enum kind { WRITING, SNAPSHOT };
static const char *const first_sql[][2] = {
	[WRITING] = {"START TRANSACTION"},
	[SNAPSHOT] = {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",        /* of the next one only */
	              "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"}
};

static enum db_status begin(struct db *db, enum kind kind)
{
	enum db_status status = db_ready(db);

	for (size_t i = 0; i < 2 && first_sql[kind][i] != NULL && status == DB_OK; i++)
		status = db_plain(db, first_sql[kind][i], strlen(first_sql[kind][i]));
	if (status == DB_UNCERTAIN)
		status = DB_LOST;
	db->broken = DB_OK;
	db->in_transaction = status == DB_OK;
	return status;
}

static void rollback(struct db *db)
{
	static const char sql[] = "ROLLBACK";

	if (db->mysql && mysql_real_query(db->mysql, sql, sizeof sql - 1) != 0)
		db_disconnect(db);      /* the server rolls back what its connection leaves behind */
	db->in_transaction = false;
	db->broken = DB_OK;
}

/* From here on a broken connection leaves it open whether the work is done, unless the server never got the command. */
static enum db_status commit(struct db *db)
{
	static const char sql[] = "COMMIT";
	enum db_status status = DB_OK;

	FAULT("db.before_commit");
	db->in_transaction = false;
	if (mysql_real_query(db->mysql, sql, sizeof sql - 1) != 0) {
		status = db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), true);
		if (status != DB_UNCERTAIN && status != DB_LOST)
			rollback(db);
	}
	if (status == DB_OK)
		FAULT("db.after_commit");
	return status;
}

typedef enum db_status body_fn(struct db *db, void *arg);

static enum db_status run_once(struct db *db, enum kind kind, body_fn *body, void *arg)
{
	enum db_status status = begin(db, kind);

	if (status != DB_OK)
		return status;
	status = body(db, arg);
	if (db->broken != DB_OK)        /* even if the body took no notice: the server has rolled it back */
		status = db->broken;
	if (status == DB_OK && kind == WRITING)
		return commit(db);
	rollback(db);
	return status;
}

static enum db_status run(struct db *db, enum kind kind, body_fn *body, void *arg)
{
	enum db_status status;

	if (db->in_transaction)
		return db_misuse(db, "a transaction within a transaction");
	for (unsigned attempt = 0;; attempt++) {
		status = run_once(db, kind, body, arg);
		if ((status != DB_CONFLICT && status != DB_LOST) || attempt + 1 == DB_ATTEMPTS)
			break;
		db_wait(attempt);
	}
	if (status == DB_CONFLICT)
		log_event(LOG_LEVEL_WARN, "db-conflict", "attempts", log_num(DB_ATTEMPTS), NULL);
	return status;
}

enum db_status db_transaction(struct db *db, body_fn *body, void *arg)
{
	return run(db, WRITING, body, arg);
}

enum db_status db_snapshot(struct db *db, body_fn *body, void *arg)
{
	return run(db, SNAPSHOT, body, arg);
}

enum db_status db_run_again(struct db *db, const char *sql, const struct db_value *args, size_t n_args)
{
	for (unsigned attempt = 0;; attempt++) {
		enum db_status status = db_run(db, sql, args, n_args);

		if ((status != DB_CONFLICT && status != DB_LOST && status != DB_UNCERTAIN) || db->in_transaction ||
		    attempt + 1 == DB_ATTEMPTS)
			return status;
		db_wait(attempt);
	}
}

bool db_in_transaction(const struct db *db)
{
	return db->in_transaction;
}
