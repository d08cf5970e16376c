/*
 * What the tests that need a database share.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "db/migrate.h"
#include "dbtest.h"
#include "unit.h"

static struct settings settings;
static bool loaded;

const struct settings *dbtest_settings(void)
{
	if (!loaded && settings_load(&settings, getenv("BAILLEUR_TEST_CONF"), stderr) != 0)
		exit(99);
	loaded = true;
	return &settings;
}

struct db *dbtest_open(void)
{
	return db_open(dbtest_settings());
}

uint64_t dbtest_number(struct db *db, const char *sql, const struct db_value *args, size_t n_args)
{
	struct db_rows *rows;
	uint64_t number;

	ck_status(db_one(db, sql, args, n_args, &rows), DB_OK);
	number = db_col_u64(rows, 0);
	db_rows_end(rows);
	return number;
}

void dbtest_server(const char *command, const char *argument)
{
	char line[512];

	snprintf(line, sizeof line, "'%s/%s' %s", getenv("BAILLEUR_TEST_DB"), command, argument);
	ck_assert_int_eq(system(line), 0);
}

uint64_t dbtest_client(struct db *db)
{
	char name[SECRET_TEXT], key[SECRET_TEXT];
	struct client client = {.name = name, .auth_key = key, .rate = 60, .burst = 10};

	secret_random(name);
	secret_random(key);
	ck_status(client_add(db, &client), DB_OK);
	ck_assert_uint_gt(client.id, 0);
	return client.id;
}

int dbtest_main(char **argv, Suite *suite)
{
	struct db *db;
	int failed;

	if (!getenv("BAILLEUR_TEST_CONF")) {
		char *words[] = {(char *)WITH_MARIADB, argv[0], NULL};

		execv(words[0], words);
		perror(words[0]);
		return 99;
	}
	if (secret_init() != 0 ||
	    log_open("test", NULL, getenv("BAILLEUR_TEST_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR) != 0)
		return 99;
	db = dbtest_open();
	failed = migrate_run(db, getenv("BAILLEUR_TEST_SQL"));
	db_close(db);
	if (failed < 0)
		return 99;
	failed = unit_run(suite);
	if (loaded)
		settings_free(&settings);
	return failed;
}

pid_t dbtest_kill_at(struct db *db, const char *fault)
{
	uint64_t connection = dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS);
	char held[64];
	struct db *killer;
	pid_t pid;

	snprintf(held, sizeof held, "/tmp/dbtest-held.%d", (int)getpid());
	setenv("BAILLEUR_FAULT", fault, 1);
	setenv("BAILLEUR_FAULT_HOLD", held, 1);
	pid = fork();
	if (pid != 0)
		return pid;
	killer = dbtest_open();
	while (access(held, F_OK) != 0)
		usleep(1000);
	db_run(killer, "KILL ?", DB_ARGS(db_u64(connection)));
	unlink(held);
	_exit(0);
}

void dbtest_killed(pid_t killer)
{
	int status = -1;

#ifndef FAULT_POINTS
	kill(killer, SIGKILL);
#endif
	ck_assert_int_eq(waitpid(killer, &status, 0), killer);
#ifdef FAULT_POINTS
	ck_assert_int_eq(status, 0);
#endif
}
