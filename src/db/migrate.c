/*
 * Applies numbered migrations. MariaDB commits at every CREATE or ALTER, so a migration that is cut short stays
 * recorded as begun and is run again: migrations are written so that this is harmless (IF NOT EXISTS, OR REPLACE).
 */
#include <dirent.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "db/internal.h"
#include "db/migrate.h"

enum { LOCK_TRIES = 8640 };             /* of 10 seconds each, the session's lock timeout: a day */

struct run {
	struct db *db;
	const char *directory;
	int applied;
};

static const char tables[] =
	"CREATE TABLE IF NOT EXISTS schema_migration (version INT UNSIGNED NOT NULL PRIMARY KEY,"
	" name VARCHAR(255) NOT NULL, started_at DATETIME(3) NOT NULL, finished_at DATETIME(3) NULL)"
	" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='migrations applied';"
	"CREATE TABLE IF NOT EXISTS migration_lock (id TINYINT UNSIGNED NOT NULL PRIMARY KEY)"
	" ENGINE=InnoDB COMMENT='its one row is locked by a running migration';"
	"INSERT IGNORE INTO migration_lock VALUES (1);";

/* The whole file, NUL added; NULL after logging why. The caller frees. */
static char *read_file(const char *path)
{
	struct text text = {0};
	char part[8192];
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file) {
		log_event(LOG_LEVEL_ERROR, "migrate", "file", path, "error", strerror(errno), NULL);
		return NULL;
	}
	text_reserve(&text, sizeof part);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		text_add(&text, part, n);
	if (ferror(file) || !text.data || memchr(text.data, '\0', text.len)) {
		log_event(LOG_LEVEL_ERROR, "migrate", "file", path, "error", "unreadable, or not text", NULL);
		text_free(&text);
	}
	fclose(file);
	return text.data;
}

/* The number of a file NNNN-name.sql; 0 when it is not one. */
static unsigned version_of(const char *name)
{
	size_t len = strlen(name);
	char digits[5];
	uint64_t version = 0;

	if (len < 10 || name[4] != '-' || strcmp(name + len - 4, ".sql") != 0)
		return 0;
	memcpy(digits, name, 4);
	digits[4] = '\0';
	return text_to_u64(digits, 1, 9999, &version) == 0 ? (unsigned)version : 0;
}

static int is_migration(const struct dirent *entry)
{
	return version_of(entry->d_name) != 0;
}

static enum db_status is_applied(struct db *db, unsigned version, bool *applied_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db,
		"SELECT 1 FROM schema_migration WHERE version = ? AND finished_at IS NOT NULL",
		DB_ARGS(db_u64(version)), &rows);

	*applied_r = status == DB_OK;
	if (status == DB_OK)
		db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

static enum db_status apply(struct run *run, const char *name)
{
	struct text path = {0};
	char *script = NULL;
	unsigned version = version_of(name);
	bool applied;
	enum db_status status = is_applied(run->db, version, &applied);

	if (status != DB_OK || applied)
		return status;
	text_printf(&path, "%s/%s", run->directory, name);
	status = DB_BUG;
	if (!(script = read_file(path.data)))
		goto err0;
	status = db_run(run->db,
		"INSERT INTO schema_migration (version, name, started_at) VALUES (?, ?, UTC_TIMESTAMP(3))"
		" ON DUPLICATE KEY UPDATE name = VALUE(name), started_at = VALUE(started_at)",
		DB_ARGS(db_u64(version), db_text(name)));
	if (status == DB_OK)
		status = db_script(run->db, script);
	if (status == DB_OK)
		status = db_run(run->db, "UPDATE schema_migration SET finished_at = UTC_TIMESTAMP(3) WHERE version = ?",
		                DB_ARGS(db_u64(version)));
	if (status != DB_OK) {
		log_event(LOG_LEVEL_ERROR, "migrate", "file", path.data, "error", db_error(run->db), NULL);
		goto err0;
	}
	log_event(LOG_LEVEL_INFO, "migrated", "file", name, NULL);
	run->applied++;
err0:
	free(script);
	text_free(&path);
	return status;
}

static enum db_status apply_all(struct run *run)
{
	struct dirent **entries;
	int n = scandir(run->directory, &entries, is_migration, alphasort);
	enum db_status status = DB_OK;
	unsigned last = 0;

	if (n < 0) {
		log_event(LOG_LEVEL_ERROR, "migrate", "directory", run->directory, "error", strerror(errno), NULL);
		return DB_BUG;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (status == DB_OK && version_of(name) == last) {
			log_event(LOG_LEVEL_ERROR, "migrate", "file", name, "error",
			          "its number is taken by another file", NULL);
			status = DB_BUG;
		}
		last = version_of(name);
		if (status == DB_OK)
			status = apply(run, name);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/*
 * On a connection of its own, since every CREATE on the other one commits there: holds the lock while the work goes
 * on.
 */
static enum db_status locked(struct db *lock, void *arg)
{
	enum db_status status = DB_BUSY;
	struct db_rows *rows;

	for (int i = 0; i < LOCK_TRIES && status == DB_BUSY; i++)
		status = db_one(lock, "SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE", DB_NO_ARGS, &rows);
	if (status != DB_OK)
		return status;
	db_rows_end(rows);
	return apply_all(arg);
}

/* The database's name comes from [client], through the connector: quoted as an identifier. */
static enum db_status create_database(struct db *db)
{
	struct text sql = {0};
	enum db_status status;

	text_puts(&sql, "CREATE DATABASE IF NOT EXISTS `");
	for (const char *c = db->missing; *c; c++) {
		if (*c == '`')
			text_putc(&sql, '`');
		text_putc(&sql, *c);
	}
	text_puts(&sql, "` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
	db->database = "information_schema";
	status = db_ready(db);
	if (status == DB_OK)
		status = db_plain(db, sql.data, sql.len);
	db_disconnect(db);
	db->database = NULL;
	text_free(&sql);
	return status;
}

int migrate_run(struct db *db, const char *directory)
{
	struct run run = {.db = db, .directory = directory};
	struct db *lock;
	enum db_status status;

	db_set_patient(db, true);
	status = db_ready(db);
	if (status != DB_OK && db->missing)
		status = create_database(db);
	if (status == DB_OK)
		status = db_script(db, tables);
	if (status == DB_OK) {
		lock = db_open(db->settings);
		db_set_patient(lock, true);
		status = db_transaction(lock, locked, &run);
		db_close(lock);
	}
	db_set_patient(db, false);
	if (status != DB_OK) {
		log_event(LOG_LEVEL_ERROR, "migrate", "status", db_status_name(status), "error", db_error(db), NULL);
		return -1;
	}
	return run.applied;
}

const char *migrate_remedy(const struct db *db)
{
	switch (db->code) {
	case ER_BINLOG_CREATE_ROUTINE_NEED_SUPER:
		return "the server has a binary log, as in a cluster: its administrator must let others make triggers, by "
		       "log_bin_trust_function_creators = 1 in the configuration of every server";
	case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
		return "an account that is known by its Unix user is open to that user alone: "
		       "runuser -u bailleur -- bailleurctl migrate";
	default:
		return NULL;
	}
}

int migrate_version(struct db *db)
{
	struct db_rows *rows;
	int version;

	if (db_one(db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
	           " AND table_name = 'schema_migration'", DB_NO_ARGS, &rows) != DB_OK)
		return -1;
	version = (int)db_col_u64(rows, 0);
	db_rows_end(rows);
	if (version == 0)
		return 0;
	if (db_one(db, "SELECT COALESCE(MAX(version), 0) FROM schema_migration WHERE finished_at IS NOT NULL",
	           DB_NO_ARGS, &rows) != DB_OK)
		return -1;
	version = (int)db_col_u64(rows, 0);
	db_rows_end(rows);
	return version;
}
