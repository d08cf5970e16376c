/*
 * What a failure means to a caller, and how it is told in the log.
 */
#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "db/internal.h"

/* Codes that the headers of Connector/C do not name. */
enum {
	SERVER_CHECK_FAILED = 4025,     /* ER_CONSTRAINT_FAILED */
	SERVER_KILLED = 1927,           /* ER_CONNECTION_KILLED */
	SERVER_IDLE_TIMEOUT = 4031,     /* ER_CLIENT_INTERACTION_TIMEOUT */
	SERVER_STATEMENT_TIMEOUT = 1969 /* ER_STATEMENT_TIMEOUT */
};

static const char *const names[] = {
	[DB_OK] = "ok", [DB_NONE] = "none", [DB_DUPLICATE] = "duplicate", [DB_BUSY] = "busy",
	[DB_CONFLICT] = "conflict", [DB_LOST] = "lost", [DB_UNCERTAIN] = "uncertain", [DB_REFUSED] = "refused",
	[DB_BUG] = "bug",
};

const char *db_status_name(enum db_status status)
{
	return (size_t)status < sizeof names / sizeof *names ? names[status] : "?";
}

enum db_status db_classify(unsigned code, bool sent)
{
	switch (code) {
	case 0:
		return DB_OK;
	case ER_DUP_ENTRY:
	case ER_DUP_ENTRY_WITH_KEY_NAME:
		return DB_DUPLICATE;
	case ER_LOCK_WAIT_TIMEOUT:
	case SERVER_STATEMENT_TIMEOUT:
		return DB_BUSY;
	case ER_LOCK_DEADLOCK:
		return DB_CONFLICT;
	/* The server did not take the command: nothing was done. */
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_UNKNOWN_HOST:
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_HANDSHAKE_ERR:
	case ER_BAD_DB_ERROR:
	case ER_CON_COUNT_ERROR:
	case ER_TOO_MANY_USER_CONNECTIONS:
	case ER_UNKNOWN_COM_ERROR:      /* Galera: not prepared for application use */
	case ER_OPTION_PREVENTS_STATEMENT:      /* read-only: no longer the primary */
	case SERVER_IDLE_TIMEOUT:
		return DB_LOST;
	/* It may have. */
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case CR_MALFORMED_PACKET:
	case ER_SERVER_SHUTDOWN:
	case ER_QUERY_INTERRUPTED:
	case SERVER_KILLED:
		return sent ? DB_UNCERTAIN : DB_LOST;
	case ER_BAD_NULL_ERROR:
	case ER_DATA_TOO_LONG:
	case ER_WARN_DATA_OUT_OF_RANGE:
	case WARN_DATA_TRUNCATED:
	case ER_TRUNCATED_WRONG_VALUE:
	case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
	case ER_NO_REFERENCED_ROW:
	case ER_NO_REFERENCED_ROW_2:
	case ER_ROW_IS_REFERENCED:
	case ER_ROW_IS_REFERENCED_2:
	case ER_NET_PACKET_TOO_LARGE:
	case CR_NET_PACKET_TOO_LARGE:
	case SERVER_CHECK_FAILED:
		return DB_REFUSED;
	default:
		return DB_BUG;
	}
}

/* Client bytes may stand in the server's messages about data, so those are told by their number alone. */
static void tell(const struct db *db, enum db_status status)
{
	if (status == DB_LOST || status == DB_UNCERTAIN)
		log_event(LOG_LEVEL_WARN, "db-connection", "status", db_status_name(status), "code", log_num(db->code),
		          "msg", db->error, NULL);
	else if (status == DB_BUG)
		log_event(LOG_LEVEL_ERROR, "db-bug", "code", log_num(db->code), "msg", db->error, NULL);
	else if (status == DB_REFUSED)
		log_event(LOG_LEVEL_WARN, "db-refused", "code", log_num(db->code), NULL);
	else
		log_event(LOG_LEVEL_DEBUG, "db", "status", db_status_name(status), "code", log_num(db->code), NULL);
}

enum db_status db_failed(struct db *db, unsigned code, const char *message, bool sent)
{
	enum db_status status;

	if (code == 0)                  /* a failure all the same */
		code = CR_SERVER_LOST;
	status = db_classify(code, sent && !db->in_transaction);
	db->code = code;
	snprintf(db->error, sizeof db->error, "%s", message);
	tell(db, status);
	if (status == DB_LOST || status == DB_UNCERTAIN)
		db_disconnect(db);
	if (db->in_transaction && (status == DB_LOST || status == DB_CONFLICT))
		db->broken = status;
	return status;
}

enum db_status db_statement_failed(struct db *db, MYSQL_STMT *stmt, bool sent)
{
	unsigned code = mysql_stmt_errno(stmt);

	if (code != 0 || db->mysql == NULL)
		return db_failed(db, code, mysql_stmt_error(stmt), sent);
	return db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), sent);
}

enum db_status db_misuse(struct db *db, const char *message)
{
	return db_failed(db, CR_UNKNOWN_ERROR, message, false);
}

const char *db_error(const struct db *db)
{
	return db->error;
}
