/*
 * What the tests that need a database share: a private server around the whole program, and connections to it.
 */
#ifndef TESTS_DBTEST_H
#define TESTS_DBTEST_H

#include <check.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/settings.h"
#include "db/db.h"
#include "store/client.h"

/* Runs the suite, under with-mariadb unless that has been done, on a database with every migration. The exit status. */
int dbtest_main(char **argv, Suite *suite);

/* The configuration, loaded once. */
const struct settings *dbtest_settings(void);

/* A connection of its own. Close with db_close(). */
struct db *dbtest_open(void);

/* One number from a query; fails the test when there is none. */
uint64_t dbtest_number(struct db *db, const char *sql, const struct db_value *args, size_t n_args);

/* Runs the server's `start` or `stop` with an argument ("" for none). */
void dbtest_server(const char *command, const char *argument);

/*
 * Starts a process that kills this connection, at the server, while its owner is held at the fault point; to be waited
 * for with dbtest_killed(), which fails the test if it never came to that in a build with fault points.
 */
pid_t dbtest_kill_at(struct db *db, const char *fault);
void dbtest_killed(pid_t killer);

/* A fresh client with a name and key of its own; its id. */
uint64_t dbtest_client(struct db *db);

#define ck_status(status, expected) \
	do { \
		enum db_status status_ = (status); \
		ck_assert_msg(status_ == (expected), "%s: %s, expected %s", #status, db_status_name(status_), \
		              db_status_name(expected)); \
	} while (0)

#endif
