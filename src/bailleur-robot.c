/*
 * bailleur-robot: what happens by itself, started by cron or a timer: operations that recur, reminders of appointments,
 * webhooks that were not told in time, and the removal of what has had its time. Running it twice, at once, or after
 * any downtime does everything exactly once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/jour.h"
#include "base/log.h"
#include "base/program.h"
#include "db/db.h"
#include "rendezvous/reminder.h"
#include "store/idempotency.h"
#include "store/password_reset.h"
#include "store/recurrence.h"
#include "store/retention.h"
#include "store/webhook.h"

enum { PURGE_SIZE = 1000, EXIT_USAGE = 2 };

struct robot {
	struct settings settings;
	struct db *db;
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
	enum db_status status = recurrence_run(robot->db, jour_of_time(robot->now / 1000), robot->now, &n);

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

static int expire(struct robot *robot)
{
	uint64_t n = 0;
	enum db_status status = webhook_expire(robot->db, &n);

	tell("webhook-events-expired", n);
	return failed(robot, "expiry", status);
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
	int64_t before = robot->now - robot->settings.keep_messages * 1000;
	uint64_t messages = 0, events = 0;
	enum db_status status;
	int result;

	if (robot->settings.keep_messages == 0)
		return 0;
	status = retention_messages(robot->db, before, &messages);
	tell("messages-deleted", messages);
	result = failed(robot, "retention", status);
	status = retention_webhooks(robot->db, before, &events);
	tell("webhook-events-deleted", events);
	return failed(robot, "retention-webhooks", status) != 0 ? -1 : result;
}

/* One thing that fails does not keep the others from being done. */
static int run(struct robot *robot)
{
	int (*const tasks[])(struct robot *) = {recur, remind, expire, purge, retain};
	int result = 0;

	robot->db = db_open(&robot->settings);
	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
		if (tasks[i](robot) != 0)
			result = -1;
	db_close(robot->db);
	return result;
}

static const char USAGE[] =
	"usage: bailleur-robot [--config FILE] [--now TIME]\n\n"
	"  -c, --config FILE   the configuration (" PROGRAM_CONFIG ")\n"
	"      --now TIME      do as if it were this time (ISO 8601), for tests and for catching up\n"
	"  -h, --help\n"
	"  -V, --version\n";

/* The one option of its own is --now. */
static int take_option(void *arg, int option, const char *value)
{
	struct robot *robot = arg;

	(void)option;
	if (clock_parse_iso(value, &robot->now) == 0)
		return 0;
	fprintf(stderr, "bailleur-robot: «%s» is no time in ISO 8601\n", value);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"now", required_argument, NULL, 'n'}, PROGRAM_OPTIONS, {0}};
	struct program program = {"bailleur-robot", USAGE, EXIT_USAGE, PROGRAM_CONFIG};
	struct robot robot = {.now = clock_now_ms()};
	int status = program_line(&program, argc, argv, options, PROGRAM_LETTERS, take_option, &robot);

	if (status >= 0)
		return status;
	if (settings_load(&robot.settings, program.config, stderr) != 0)
		return EXIT_FAILURE;
	status = program_start(&program, &robot.settings) == 0 && run(&robot) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	settings_free(&robot.settings);
	return status;
}
