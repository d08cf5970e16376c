/*
 * The sender: reads its options and configuration, then sends what is due.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "delivery/courier.h"
#include "delivery/webhooks.h"

enum { EXIT_USAGE = 2 };

struct options {
	bool once, drain, dry_run;
};

static const char USAGE[] =
	"usage: bailleur-sender [--config FILE] [--once | --drain | --dry-run]\n"
	"\n"
	"  -c, --config FILE  the configuration file (" PROGRAM_CONFIG ")\n"
	"  -1, --once         claim once for each channel, send that, and end\n"
	"  -d, --drain        go on until nothing is due (what it does without an option)\n"
	"  -n, --dry-run      say what is due; send and change nothing\n"
	"  -V, --version      the version\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, whatever became of each message; 1 not possible (no database, wrong\n"
	"configuration, an outcome that could not be recorded); 2 wrong use.\n";

static int take_option(void *arg, int option, const char *value)
{
	struct options *options = arg;

	(void)value;
	if (option == '1')
		options->once = true;
	else if (option == 'd')
		options->drain = true;
	else
		options->dry_run = true;
	return 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(struct program *program, struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"once", no_argument, NULL, '1'}, {"drain", no_argument, NULL, 'd'},
		{"dry-run", no_argument, NULL, 'n'}, PROGRAM_OPTIONS, {0},
	};
	int status = program_line(program, argc, argv, known, PROGRAM_LETTERS "1dn", take_option, options);

	if (status < 0 && options->once + options->drain + options->dry_run > 1)
		return program_misused(program);
	return status;
}

/* The signals that ask for an end, as a descriptor; a connection that closes must not end the program. */
static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Webhooks are posted by a process of its own, which ends with this one. Returns its id, and a descriptor that its end
 * makes readable: that of a pipe which only it could write to. -1 after logging.
 */
static pid_t start_webhooks(const struct settings *settings, const struct options *options, int *end_r)
{
	int ends[2] = {-1, -1};
	pid_t parent = getpid(), pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
	struct db *db;
	int signals, result = -1;

	if (pid < 0)
		log_event(LOG_LEVEL_ERROR, "fork", "error", strerror(errno), NULL);
	if (pid != 0) {
		close(ends[1]);
		*end_r = ends[0];
		return pid;
	}
	close(ends[0]);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signals = take_signals();
	db = db_open(settings);
	if (signals >= 0 && getppid() == parent)
		result = webhooks_run(settings, db, options->once, signals);
	db_close(db);
	exit(result == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Waits for it; a signal that comes meanwhile is for it. */
static int end_webhooks(pid_t pid, int end, int signals)
{
	int status = 0;
	struct pollfd wanted[] = {{.fd = signals, .events = POLLIN}, {.fd = end, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (poll(wanted, 2, -1) < 0 || wanted[1].revents == 0)
		if (read(signals, &info, sizeof info) > 0)
			kill(pid, SIGTERM);
	close(end);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? 0 : -1;
}

/* The process for webhooks comes first: it takes nothing along that this one uses. */
static int send_all(const struct settings *settings, const struct options *options, int signals)
{
	int end = -1;
	pid_t webhooks = start_webhooks(settings, options, &end);
	struct courier_options courier = {
		.once = options->once, .progress = !options->once && isatty(STDERR_FILENO), .signals = signals,
		.companion = webhooks > 0 ? webhooks : 0,
	};
	struct db *db = db_open(settings);
	int result = courier_run(settings, db, &courier);

	db_close(db);
	if (webhooks < 0 || end_webhooks(webhooks, end, signals) != 0)
		result = -1;
	return result;
}

static int look(const struct settings *settings)
{
	struct db *db = db_open(settings);
	int result = courier_look(db);

	db_close(db);
	return result;
}

static int run(const struct settings *settings, const struct options *options)
{
	int signals;

	if (options->dry_run)
		return look(settings);
	signals = take_signals();
	if (signals < 0) {
		log_event(LOG_LEVEL_ERROR, "signalfd", "error", strerror(errno), NULL);
		return -1;
	}
	return send_all(settings, options, signals);
}

int main(int argc, char **argv)
{
	struct program program = {"bailleur-sender", USAGE, EXIT_USAGE, PROGRAM_CONFIG};
	struct options options = {0};
	struct settings settings;
	int status = parse_options(&program, &options, argc, argv);

	if (status >= 0)
		return status;
	if (settings_load(&settings, program.config, stderr) != 0)
		return EXIT_FAILURE;
	status = program_start(&program, &settings) == 0 && run(&settings, &options) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	settings_free(&settings);
	return status;
}
