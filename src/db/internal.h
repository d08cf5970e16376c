/*
 * What the files of db/ share and nobody else sees: the connection, its prepared statements, how failures are told.
 */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <mysql.h>

#include "db/db.h"

enum { DB_STATEMENT_BUCKETS = 64, DB_HOSTS_MAX = 16 };

struct db_statement;

struct db {
	const struct settings *settings;
	struct db_host {
		char *host;             /* NULL: as [client] says */
		char *socket;           /* a path instead of a host */
		unsigned port;          /* 0: as [client] says */
	} hosts[DB_HOSTS_MAX];
	size_t n_hosts;
	size_t host;                    /* tried first: the one that answered last */
	bool cluster;                   /* that one is a node of a cluster */
	const char *database;           /* instead of the one in [client]; NULL: that one */
	char *missing;                  /* the database that [client] names, when the server has none of that name */
	unsigned lock_wait;             /* seconds; 0: as session_sql says */
	unsigned statement_time;        /* milliseconds; 0: without end */
	bool patient;                   /* waits for an answer without end, and may be idle for as long */
	MYSQL *mysql;                   /* NULL: not connected */
	struct db_statement *statements[DB_STATEMENT_BUCKETS];
	bool in_transaction;
	enum db_status broken;          /* why the open transaction can no longer be committed; DB_OK: it can */
	uint64_t affected;
	uint64_t insert_id;
	unsigned code;                  /* of the last failure */
	char error[512];
};

/* Connects if needed (never inside a transaction, whose work would be lost in silence). */
enum db_status db_ready(struct db *db);

/* Gives the connection up; statements with open rows stay readable until db_rows_end(). */
void db_disconnect(struct db *db);

/*
 * From its next statement on, waits for an answer however long it takes, and may be idle, within a transaction too, for
 * a year; or as the settings and the server say again. For migrations, never within a transaction.
 */
void db_set_patient(struct db *db, bool patient);

/* What a server or client error code means. `sent`: a write in autocommit may have reached the server. */
enum db_status db_classify(unsigned code, bool sent);

/* Records and logs a failure, drops a broken connection, marks the open transaction; returns the status. */
enum db_status db_failed(struct db *db, unsigned code, const char *message, bool sent);

/*
 * Likewise, what a statement says; it may have left the saying to its connection, as it does for rows that come one by
 * one.
 */
enum db_status db_statement_failed(struct db *db, MYSQL_STMT *stmt, bool sent);

/* A failure that is the program's own. */
enum db_status db_misuse(struct db *db, const char *message);

/* Runs one statement without parameters, discarding results. */
enum db_status db_plain(struct db *db, const char *sql, size_t len);

/* Prepares (or finds) a statement and binds the arguments. */
enum db_status db_statement_get(struct db *db, const char *sql, struct db_statement **statement_r);
enum db_status db_statement_bind(struct db *db, struct db_statement *statement, const struct db_value *args, size_t n);
void db_statements_close(struct db *db);

/* Does it read only, so that it may be sent twice? */
bool db_reads_only(const char *sql);

/* The pause before attempt `attempt` + 1, in milliseconds, jittered. */
unsigned db_pause(unsigned attempt);

enum { DB_TIME_TEXT = 32 };

/* Milliseconds since the epoch as a DATETIME(3) literal in UTC, years 1 to 9999; returns its length. */
size_t db_time_text(int64_t ms, char out[DB_TIME_TEXT]);

/* One column of a result. */
struct db_column {
	enum { DB_C_INTEGER, DB_C_TIME, DB_C_TEXT } type;
	my_bool is_null;
	my_bool truncated;
	bool is_unsigned;
	unsigned long length;
	uint64_t integer;
	MYSQL_TIME time;
	char *text;                     /* NUL-terminated, `capacity` bytes */
	unsigned long capacity;
};

/* A result being read; part of its statement. */
struct db_rows {
	struct db_statement *statement;
	struct db_column *columns;
	MYSQL_BIND *bind;
	unsigned n_columns;
	unsigned allocated;
};

struct db_statement {
	struct db_statement *next;      /* same bucket */
	struct db *db;
	const char *key;                /* address of the literal */
	char *text;                     /* its copy: an address alone might be used again for another text */
	MYSQL_STMT *stmt;
	unsigned n_params;
	MYSQL_BIND *params;
	unsigned long *lengths;
	my_bool *nulls;
	uint64_t *integers;
	char (*times)[DB_TIME_TEXT];
	struct db_rows rows;
	bool reading;                   /* rows are open */
	bool wrong;                     /* a row of them was found to be */
	bool orphan;                    /* its connection is gone; freed when its rows end */
};

void db_statement_free(struct db_statement *statement);
void db_rows_free(struct db_rows *rows);

#endif
