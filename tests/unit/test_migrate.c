/*
 * Migrations, against a real MariaDB: each is applied once, a broken one is told, one that was cut short is run again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/migrate.h"
#include "dbtest.h"

static struct db *db;

static void setup(void)
{
	db = dbtest_open();
}

static void teardown(void)
{
	db_close(db);
}

/* The migrations were applied when the program began: once more is nothing; a broken one is told and not recorded. */
START_TEST(migrations)
{
	char dir[] = "/tmp/bailleur-sql.XXXXXX", path[64];
	FILE *file;
	int before = migrate_version(db);

	ck_assert_int_gt(before, 0);
	ck_assert_int_eq(migrate_run(db, getenv("BAILLEUR_TEST_SQL")), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/9001-good.sql", dir);
	file = fopen(path, "w");
	fputs("CREATE TABLE IF NOT EXISTS t_migrated (id INT PRIMARY KEY);\nINSERT INTO t_migrated VALUES (1);", file);
	fclose(file);
	ck_assert_int_eq(migrate_run(db, dir), 1);
	ck_assert_int_eq(migrate_run(db, dir), 0);
	ck_assert_int_eq(migrate_version(db), 9001);
	unlink(path);
	snprintf(path, sizeof path, "%s/9002-bad.sql", dir);
	file = fopen(path, "w");
	fputs("INSERT INTO t_migrated VALUES (2); INSERT INTO nowhere VALUES (1);", file);
	fclose(file);
	ck_assert_int_eq(migrate_run(db, dir), -1);
	ck_assert_int_eq(migrate_version(db), 9001);
	unlink(path);
	rmdir(dir);
	ck_assert_int_eq(migrate_run(db, "/nonexistent"), -1);
	ck_status(db_script(db, "DELETE FROM schema_migration WHERE version > 9000; DROP TABLE t_migrated"), DB_OK);
}
END_TEST

/* A migration that was cut short, even just before its end was recorded, is run again: none may mind. */
START_TEST(migrations_cut_short)
{
	int before = migrate_version(db);

	ck_status(db_script(db, "UPDATE schema_migration SET finished_at = NULL"), DB_OK);
	ck_assert_int_eq(migrate_version(db), 0);
	ck_assert_int_gt(migrate_run(db, getenv("BAILLEUR_TEST_SQL")), 1);
	ck_assert_int_eq(migrate_version(db), before);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/*
 * A migration may take longer than an answer otherwise may, and than a connection may be idle: the one that holds the
 * lock keeps it.
 */
START_TEST(migration_that_takes_long)
{
	struct settings hasty = *dbtest_settings();
	char dir[] = "/tmp/bailleur-sql.XXXXXX", path[64];
	struct db *slow;

	hasty.db_read_timeout = 1;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/9003-slow.sql", dir);
	write_file(path, "CREATE OR REPLACE TABLE t_slow AS SELECT 0 AS free_locks;"
	           "DO SLEEP(4);"
	           "UPDATE t_slow SET free_locks = (SELECT COUNT(*) FROM migration_lock WHERE id = 1) WHERE EXISTS"
	           " (SELECT 1 FROM migration_lock WHERE id = 1 FOR UPDATE SKIP LOCKED);");
	ck_status(db_script(db, "SET GLOBAL wait_timeout = 2"), DB_OK);
	slow = db_open(&hasty);
	ck_assert_int_eq(migrate_run(slow, dir), 1);
	ck_assert_int_eq(migrate_run(slow, dir), 0);
	ck_status(db_script(db, "SET GLOBAL wait_timeout = DEFAULT"), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT free_locks FROM t_slow", DB_NO_ARGS), 0);
	/* Afterwards an answer may take no longer than it ever may. */
	ck_assert_int_ne(db_script(slow, "DO SLEEP(4)"), DB_OK);
	db_close(slow);
	unlink(path);
	rmdir(dir);
	ck_status(db_script(db, "DELETE FROM schema_migration WHERE version > 9000; DROP TABLE t_slow"), DB_OK);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("migrate");
	TCase *tcase = tcase_create("migrate");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, migrations);
	tcase_add_test(tcase, migrations_cut_short);
	tcase_add_test(tcase, migration_that_takes_long);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
