/*
 * The connection: which hosts, with what session, and when it is given up.
 *
 * The connector's own host list moves on only when the TCP connect fails; here every host is tried in turn, with
 * timeouts, and must answer a probe: a Galera node that is not synced, or a replica that is read-only, is passed over.
 */
#include <errmsg.h>
#include <mysqld_error.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/settings.h"
#include "base/text.h"
#include "db/internal.h"

static const char session_sql[] =
	"SET SESSION time_zone = '+00:00', autocommit = 1, sql_auto_is_null = 0, innodb_lock_wait_timeout = 10,"
	" tx_isolation = 'READ-COMMITTED',"
	" sql_mode = "
	"'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'";

/* One word of [database] hosts: host, host:port, [v6]:port, or the path of a socket. */
static void add_host(struct db *db, const char *word, size_t len)
{
	struct db_host *host = &db->hosts[db->n_hosts];
	char *copy, *port;
	uint64_t number;

	if (len == 0 || db->n_hosts == DB_HOSTS_MAX)
		return;
	copy = mem_alloc(len + 1);
	memcpy(copy, word, len);
	copy[len] = '\0';
	*host = (struct db_host){0};
	if (copy[0] == '/') {
		host->socket = copy;
	} else {
		host->host = copy;
		port = copy[0] == '[' ? strchr(copy, ']') : strchr(copy, ':');
		if (port && copy[0] == '[') {
			memmove(copy, copy + 1, strlen(copy));
			port--;
			*port++ = '\0';
		}
		if (port && *port == ':') {
			*port = '\0';
			if (text_to_u64(port + 1, 1, 65535, &number) == 0)
				host->port = (unsigned)number;
		}
	}
	db->n_hosts++;
}

struct db *db_open(const struct settings *settings)
{
	struct db *db = mem_alloc(sizeof *db);
	const char *at = settings->db_hosts ? settings->db_hosts : "";

	mysql_library_init(0, NULL, NULL);      /* now: at its first use it would be done by several threads at once */
	memset(db, 0, sizeof *db);
	db->settings = settings;
	while (*at) {
		size_t len = strcspn(at, ", \t");

		add_host(db, at, len);
		at += len;
		at += strspn(at, ", \t");
	}
	if (db->n_hosts == 0)
		db->n_hosts = 1;        /* all as [client] says */
	return db;
}

void db_set_lock_wait(struct db *db, unsigned seconds)
{
	db->lock_wait = seconds;
	db_disconnect(db);
}

void db_set_statement_time(struct db *db, unsigned milliseconds)
{
	db->statement_time = milliseconds;
	db_disconnect(db);
}

void db_set_patient(struct db *db, bool patient)
{
	db->patient = patient;
	db_disconnect(db);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	db_disconnect(db);
	free(db->missing);
	for (size_t i = 0; i < db->n_hosts; i++) {
		free(db->hosts[i].host);
		free(db->hosts[i].socket);
	}
	free(db);
}

void db_disconnect(struct db *db)
{
	db_statements_close(db);
	if (db->mysql)
		mysql_close(db->mysql);
	db->mysql = NULL;
}

static void set_options(const struct db *db, MYSQL *mysql)
{
	const struct settings *settings = db->settings;
	unsigned connect_timeout = (unsigned)settings->db_connect_timeout;
	unsigned read_timeout = (unsigned)settings->db_read_timeout;
	unsigned write_timeout = (unsigned)settings->db_write_timeout;
	my_bool off = 0, on = 1;

	mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, settings_connector_file(settings));
	mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, "client");
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
	if (!db->patient)
		mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write_timeout);
	mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);        /* it may resend on a fresh session */
	mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &on);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* Does this server take reads and writes now? Two statements, since wsrep_ready is a status, not a variable. */
static bool probe(struct db *db, MYSQL *mysql)
{
	static const char sql[] = "SELECT @@global.read_only = 0 AND (@@wsrep_on = 0 OR EXISTS ("
		"SELECT 1 FROM information_schema.global_status WHERE variable_name = 'wsrep_ready' AND variable_value "
		"= 'ON')), @@wsrep_on";
	MYSQL_RES *result;
	MYSQL_ROW row;
	bool healthy = false;

	if (mysql_real_query(mysql, sql, sizeof sql - 1) != 0 || !(result = mysql_store_result(mysql)))
		return false;
	row = mysql_fetch_row(result);
	healthy = row && row[0] && row[0][0] == '1';
	db->cluster = row && row[1] && row[1][0] == '1';
	mysql_free_result(result);
	return healthy;
}

/* Rows are locked in InnoDB, tables and the whole server by others: by ALTER TABLE, a backup. */
static int set_session(const struct db *db, MYSQL *mysql)
{
	struct text sql = {0};
	int result;

	text_puts(&sql, session_sql);
	if (db->lock_wait > 0)
		text_printf(&sql, ", innodb_lock_wait_timeout = %u, lock_wait_timeout = %u", db->lock_wait, db->lock_wait);
	if (db->patient)
		text_puts(&sql, ", wait_timeout = 31536000, idle_transaction_timeout = 0, max_statement_time = 0");
	if (db->statement_time > 0)
		text_printf(&sql, ", max_statement_time = %u.%03u", db->statement_time / 1000, db->statement_time % 1000);
	result = mysql_real_query(mysql, sql.data, sql.len);
	text_free(&sql);
	return result;
}

static enum db_status connect_to(struct db *db, const struct db_host *host)
{
	MYSQL *mysql = mysql_init(NULL);
	enum db_status status;

	if (!mysql)
		return db_misuse(db, "mysql_init failed");
	set_options(db, mysql);
	if (!mysql_real_connect(mysql, host->host, NULL, NULL, db->database, host->port, host->socket,
	                        CLIENT_REMEMBER_OPTIONS | CLIENT_FOUND_ROWS) ||
	    set_session(db, mysql) != 0)
		goto err0;
	if (!probe(db, mysql)) {
		if (mysql_errno(mysql) != 0)
			goto err0;
		status = db_failed(db, CR_CONNECTION_ERROR, "this server is read-only or not ready", false);
		goto err1;
	}
	db->mysql = mysql;
	return DB_OK;

err0:
	if (mysql_errno(mysql) == ER_BAD_DB_ERROR && mysql->options.db && !db->missing)
		db->missing = mem_strdup(mysql->options.db);
	status = db_failed(db, mysql_errno(mysql), mysql_error(mysql), false);
err1:
	mysql_close(mysql);
	return status;
}

/* An idle connection has nothing to say: if there is something to read, it is its end. */
static bool has_ended(MYSQL *mysql)
{
	struct pollfd fd = {.fd = mysql_get_socket(mysql), .events = POLLIN};

	return poll(&fd, 1, 0) != 0;
}

enum db_status db_ready(struct db *db)
{
	enum db_status status = DB_OK;

	if (db->in_transaction)
		return db->broken;
	if (db->mysql && has_ended(db->mysql))
		db_disconnect(db);
	if (db->mysql)
		return DB_OK;
	for (size_t i = 0; i < db->n_hosts; i++) {
		size_t n = (db->host + i) % db->n_hosts;

		status = connect_to(db, &db->hosts[n]);
		if (status == DB_OK) {
			db->host = n;
			return DB_OK;
		}
	}
	return status;
}

enum db_status db_others(struct db *db, uint64_t *n_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND db = DATABASE()"
		" AND user = SUBSTRING_INDEX(USER(), '@', 1)", DB_NO_ARGS, &rows);

	if (status != DB_OK)
		return status;
	*n_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

bool db_is_cluster(const struct db *db)
{
	return db->n_hosts > 1 || db->cluster;
}

enum db_status db_catch_up(struct db *db)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1", DB_NO_ARGS, &rows);

	if (status == DB_OK)
		db_rows_end(rows);
	return status;
}

enum db_status db_plain(struct db *db, const char *sql, size_t len)
{
	MYSQL_RES *result;

	if (mysql_real_query(db->mysql, sql, len) != 0)
		return db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), true);
	result = mysql_store_result(db->mysql);
	if (result)
		mysql_free_result(result);
	else if (mysql_errno(db->mysql) != 0)
		return db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), true);
	return DB_OK;
}

enum db_status db_ping(struct db *db)
{
	enum db_status status = db_ready(db);

	if (status == DB_OK && !probe(db, db->mysql)) {
		unsigned code = mysql_errno(db->mysql);

		status = code ? db_failed(db, code, mysql_error(db->mysql), false)
		              : db_failed(db, CR_CONNECTION_ERROR, "this server is read-only or not ready", false);
	}
	return status;
}
