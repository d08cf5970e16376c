/*
 * MariaDB for the store: one connection a process, prepared statements, bound values, transactions with retries.
 *
 * The only directory that includes mysql.h. SQL text is a literal beside the store function that runs it; values are
 * only ever bound. Sessions are UTC, strict mode, utf8mb4, autocommit; automatic reconnection is off.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct settings;
struct db;
struct db_rows;

/* How a statement or transaction ended. DB_OK is 0. */
enum db_status {
	DB_OK = 0,      /* done; for db_next(): there is a row */
	DB_NONE,        /* no row (db_next() at the end, db_one() without a match) */
	DB_DUPLICATE,   /* a UNIQUE or PRIMARY KEY refused it (1062) */
	DB_BUSY,        /* a lock was not free in time, or NOWAIT found it taken (1205) */
	DB_CONFLICT,    /* deadlock or Galera certification (1213): the whole transaction must run again */
	DB_LOST,        /* no server, or the connection broke before anything was committed */
	DB_UNCERTAIN,   /* the connection broke during a commit, or during a write in autocommit: may or may not be
	                 * done */
	DB_REFUSED,     /* a constraint refused the data (CHECK, foreign key, too long, NULL) */
	DB_BUG          /* anything else: wrong SQL, wrong bind */
};

const char *db_status_name(enum db_status status);

/*
 * Prepares a connection from [client] of the configuration file and [database]; connects at first use, looping over the
 * hosts. Never fails. Free with db_close().
 */
struct db *db_open(const struct settings *settings);
void db_close(struct db *db);           /* accepts NULL */

/*
 * How long a statement may wait for any lock before it ends with DB_BUSY. If this is not called: 10 seconds for that of
 * a row, and for that of a table as long as the server says.
 */
void db_set_lock_wait(struct db *db, unsigned seconds);

/*
 * How long a statement may take, or wait for anything, before the server ends it, which is DB_BUSY; if this is not
 * called, as long as it takes.
 */
void db_set_statement_time(struct db *db, unsigned milliseconds);

/* Is a server there and healthy (a probing SELECT)? */
enum db_status db_ping(struct db *db);

/* How many other connections of the same user are in the database, as far as this server knows. */
enum db_status db_others(struct db *db, uint64_t *n_r);

/* May another connection be one to another server, which is ahead of this one's or behind? */
bool db_is_cluster(const struct db *db);

/* Waits until this server knows what has been committed by way of others; outside a transaction. */
enum db_status db_catch_up(struct db *db);

/* A bound value. Text and bytes are borrowed until the call returns. */
struct db_value {
	enum { DB_V_NULL, DB_V_U64, DB_V_I64, DB_V_TEXT, DB_V_BYTES, DB_V_TIME } type;
	union {
		uint64_t u64;
		int64_t i64;    /* DB_V_TIME: milliseconds since the epoch, for a DATETIME(3) column in UTC */
		struct { const char *at; size_t len; } bytes;
	};
};

static inline struct db_value db_null(void) { return (struct db_value){.type = DB_V_NULL}; }
static inline struct db_value db_u64(uint64_t v) { return (struct db_value){.type = DB_V_U64, .u64 = v}; }
static inline struct db_value db_i64(int64_t v) { return (struct db_value){.type = DB_V_I64, .i64 = v}; }
static inline struct db_value db_bool(bool v) { return (struct db_value){.type = DB_V_U64, .u64 = v}; }
static inline struct db_value db_time(int64_t ms) { return (struct db_value){.type = DB_V_TIME, .i64 = ms}; }
static inline struct db_value db_bytes(const void *at, size_t len)
{
	return (struct db_value){.type = DB_V_BYTES, .bytes = {at, len}};
}
struct db_value db_text(const char *s);          /* NULL binds NULL; "" is not NULL */

/* The arguments of a statement: db_run(db, SQL, DB_ARGS(db_u64(id), db_text(name))); DB_NO_ARGS when there are none. */
#define DB_ARGS(...) \
	(const struct db_value[]){__VA_ARGS__}, sizeof (const struct db_value[]){__VA_ARGS__} / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0

/*
 * INSERT, UPDATE, DELETE, CALL without a result. `sql` is a literal: statements are prepared once a connection and kept
 * by its address.
 */
enum db_status db_run(struct db *db, const char *sql, const struct db_value *args, size_t n_args);

/* Rows that the last db_run()/db_bulk() added, removed or found to change, be they as wanted already. */
uint64_t db_affected(const struct db *db);
uint64_t db_insert_id(const struct db *db);

/*
 * The same statement for many rows in one round trip (array binding). `values` holds n_rows rows of n_columns values,
 * one after the other; a column has the same type in every row but may be NULL in some.
 */
enum db_status db_bulk(struct db *db, const char *sql, const struct db_value *values, size_t n_columns, size_t n_rows);

/* A query. On DB_OK read with db_next() until it does not answer DB_OK, then db_rows_end(). */
enum db_status db_query(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                        struct db_rows **rows_r);

/*
 * The same, row by row as the server sends them instead of all of them at once: for what may be too long to be held.
 * Nothing else may be asked on this connection before db_rows_end(), which throws away what has not been read.
 */
enum db_status db_query_long(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                             struct db_rows **rows_r);
enum db_status db_next(struct db_rows *rows);
void db_rows_end(struct db_rows *rows);          /* accepts NULL */

/*
 * The same for a block of statements that goes on after its rows, to a COMMIT for one: waits for its end and tells how
 * it ended.
 */
enum db_status db_rows_finish(struct db_rows *rows);

/* A query of at most one row: DB_OK and *rows_r stands on it, or DB_NONE (nothing to end). */
enum db_status db_one(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                      struct db_rows **rows_r);

/* Columns of the current row, counted from 0. A NULL reads as 0, false, NULL; tell it apart with db_col_null(). */
bool db_col_null(const struct db_rows *rows, unsigned column);
uint64_t db_col_u64(const struct db_rows *rows, unsigned column);
int64_t db_col_i64(const struct db_rows *rows, unsigned column);
bool db_col_bool(const struct db_rows *rows, unsigned column);
int64_t db_col_time(const struct db_rows *rows, unsigned column);        /* DATETIME(n) in UTC as milliseconds */
const char *db_col_text(const struct db_rows *rows, unsigned column);    /* NUL-terminated, until the next db_next() */
size_t db_col_size(const struct db_rows *rows, unsigned column);
size_t db_row_size(const struct db_rows *rows);                           /* bytes of text in all columns */
char *db_col_dup(const struct db_rows *rows, unsigned column, struct pool *pool);

/*
 * For a reader of the current row that finds in it what cannot be: db_next() and db_rows_status() answer DB_BUG from
 * then on. db_rows_status() is for who reads a single row and asks for no next.
 */
void db_row_is_wrong(const struct db_rows *rows, const char *why);
enum db_status db_rows_status(const struct db_rows *rows);

/*
 * Runs body(db, arg) in a transaction and commits. The body returns DB_OK to commit; anything else rolls back and is
 * returned. DB_CONFLICT, and DB_LOST before the commit was sent, run the whole body again on a clean transaction, a
 * bounded number of times with a growing, jittered pause: the body must be repeatable (set its outputs anew).
 * DB_UNCERTAIN is returned as it is: the caller settles it by a key it wrote.
 */
enum db_status db_transaction(struct db *db, enum db_status (*body)(struct db *db, void *arg), void *arg);

/*
 * Runs body(db, arg), which only reads, and sees the database as it is at the beginning, whoever writes meanwhile: no
 * writer waits for it, and it waits for none. On a server of a cluster that is as this server has it. Run again, on
 * another moment, as db_transaction() does; never DB_UNCERTAIN. A write in it is DB_BUG.
 */
enum db_status db_snapshot(struct db *db, enum db_status (*body)(struct db *db, void *arg), void *arg);

/* Is a transaction open, that is, does one of the two above run a body now? */
bool db_in_transaction(const struct db *db);

/*
 * A single statement that is safe to repeat (idempotent by its own WHERE or key): run again after DB_CONFLICT, DB_LOST
 * or DB_UNCERTAIN, bounded as above.
 */
enum db_status db_run_again(struct db *db, const char *sql, const struct db_value *args, size_t n_args);

/*
 * Waits before attempt number `attempt` + 1 (from 0), as the two above do: a growing, jittered pause below 1/4 second.
 */
void db_wait(unsigned attempt);
enum { DB_ATTEMPTS = 8 };

/* Runs a script of several statements separated by ';' (migrations only). DELIMITER lines are understood. */
enum db_status db_script(struct db *db, const char *script);

/* The server's message of the last failure, for the log; never for an answer. */
const char *db_error(const struct db *db);

#endif
