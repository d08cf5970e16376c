/*
 * bailleur-robot: what happens by itself, started by cron or a timer: operations that recur, reminders of appointments, and
 * the removal of what has had its time. Running it twice, at once, or after any downtime does everything exactly once.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/jour.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/settings.h"
#include "db/db.h"
#include "rendezvous/reminder.h"
#include "store/idempotency.h"
#include "store/password_reset.h"
#include "store/recurrence.h"
#include "store/retention.h"

enum { PURGE_SIZE = 1000 };

struct robot {
	struct settings settings;
	struct db *db;
	struct pool *pool;
	int64_t now;
};

static int failed(const struct robot *robot, const char *what, enum db_status status)
{
	if (status == DB_OK)
		return 0;
	log_event(LOG_LEVEL_ERROR, what, "status", db_status_name(status), "database", db_error(robot->db), NULL);
	return -1;
}

static void tell(const char *what, uint64_t n)
{
	if (n > 0)
		log_event(LOG_LEVEL_INFO, what, "count", log_num((int64_t)n), NULL);
}

static int recur(struct robot *robot)
{
	uint64_t n = 0;
	enum db_status status = recurrence_run(robot->db, robot->pool, jour_of_time(robot->now / 1000), robot->now, &n);

	tell("operations-copied", n);
	return failed(robot, "recurrence", status);
}

static int remind(struct robot *robot)
{
	uint64_t n = 0;
	enum db_status status = reminder_run(robot->db, &robot->settings, robot->now, &n);

	tell("reminders-queued", n);
	return failed(robot, "reminders", status);
}

static int purge(struct robot *robot)
{
	uint64_t n = PURGE_SIZE, all = 0;
	enum db_status status = DB_OK;

	for (; n == PURGE_SIZE && status == DB_OK; all += n)
		status = idempotency_purge(robot->db, PURGE_SIZE, &n);
	tell("idempotency-keys-purged", all);
	if (failed(robot, "purge", status) != 0)
		return -1;
	return failed(robot, "password-links", password_reset_purge(robot->db));
}

static int retain(struct robot *robot)
{
	uint64_t n = PURGE_SIZE, all = 0;
	enum db_status status = DB_OK;

	if (robot->settings.keep_messages == 0)
		return 0;
	for (; n == PURGE_SIZE && status == DB_OK; all += n)
		status = retention_messages(robot->db, robot->now - robot->settings.keep_messages * 1000, PURGE_SIZE, &n);
	tell("messages-deleted", all);
	return failed(robot, "retention", status);
}

/* One thing that fails does not keep the others from being done. */
static int run(struct robot *robot)
{
	int (*const tasks[])(struct robot *) = {recur, remind, purge, retain};
	int result = 0;

	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
		if (tasks[i](robot) != 0)
			result = -1;
		pool_reset(robot->pool);
	}
	return result;
}

static void usage(FILE *to)
{
	fputs("usage: bailleur-robot [--config FILE] [--now TIME]\n\n"
	      "  -c, --config FILE   the configuration (" SYSCONFDIR "/bailleur/bailleur.conf)\n"
	      "      --now TIME      do as if it were this time (ISO 8601), for tests and for catching up\n"
	      "  -h, --help\n"
	      "  -V, --version\n", to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"now", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}
	};
	const char *config = SYSCONFDIR "/bailleur/bailleur.conf";
	struct robot robot = {.now = clock_now_ms()};
	int option, result;

	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		if (option == 'c') {
			config = optarg;
		} else if (option == 'n' && clock_parse_iso(optarg, &robot.now) != 0) {
			fprintf(stderr, "bailleur-robot: «%s» is no time in ISO 8601\n", optarg);
			return 2;
		} else if (option == 'h' || option == 'V') {
			option == 'h' ? usage(stdout) : (void)puts("bailleur-robot " VERSION);
			return EXIT_SUCCESS;
		} else if (option == '?') {
			usage(stderr);
			return 2;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return 2;
	}
	if (settings_load(&robot.settings, config, stderr) != 0)
		return EXIT_FAILURE;
	if (log_open("bailleur-robot", robot.settings.log_file[0] != '\0' ? robot.settings.log_file : NULL,
	             (enum log_level)robot.settings.log_level) != 0 || secret_init() != 0)
		return EXIT_FAILURE;
	robot.pool = pool_create();
	robot.db = db_open(&robot.settings);
	result = run(&robot);
	db_close(robot.db);
	pool_free(robot.pool);
	settings_free(&robot.settings);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
