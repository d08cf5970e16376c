/*
 * The FastCGI application: reads its options and configuration, then lets the master run the workers.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/app.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "documents/letter.h"
#include "http/prefork.h"
#include "http/worker.h"
#include "pages/page.h"
#include "routes.h"

enum { WORKERS_MAX = 1024 };

struct options {
	const char *config;
	const char *listen;
	const char *group;
	uint64_t workers;               /* 0: as configured */
	bool check_config;
};

/* What the workers inherit. */
struct program {
	const struct options *options;
	struct settings *settings;
	struct app app;
	int listen_fd;
};

static void usage(FILE *out)
{
	fprintf(out,
	        "usage: bailleur-api [--config FILE] [--listen ADDRESS] [--group GROUP] [--workers N]\n"
	        "       bailleur-api [--config FILE] --check-config\n"
	        "\n"
	        "  -c, --config FILE      the configuration file (" SYSCONFDIR "/bailleur/bailleur.conf)\n"
	        "  -k, --check-config     say whether the configuration is right, and end\n"
	        "  -l, --listen ADDRESS   make the FastCGI socket: a path, or host:port; without it the\n"
	        "                         socket is the one systemd or spawn-fcgi gave\n"
	        "  -g, --group GROUP      the group that may connect to the path\n"
	        "  -w, --workers N        the number of workers, instead of the configured one\n"
	        "  -V, --version          the version\n"
	        "  -h, --help             this text\n");
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
		{"listen", required_argument, NULL, 'l'}, {"group", required_argument, NULL, 'g'},
		{"workers", required_argument, NULL, 'w'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:kl:g:w:Vh", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check_config = true;
			break;
		case 'l':
			options->listen = optarg;
			break;
		case 'g':
			options->group = optarg;
			break;
		case 'w':
			if (text_to_u64(optarg, 1, WORKERS_MAX, &options->workers) == 0)
				break;
			fprintf(stderr, "bailleur-api: --workers must be a number from 1 to %d\n", WORKERS_MAX);
			return EXIT_FAILURE;
		case 'V':
			puts("bailleur-api " VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr);
	return EXIT_FAILURE;
}

/* Started without standard descriptors, the next one opened would take their place and receive what is meant for them. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static struct settings *load(const char *path, FILE *err)
{
	struct settings *settings = mem_alloc(sizeof(*settings));

	if (settings_load(settings, path, err) == 0)
		return settings;
	free(settings);
	return NULL;
}

static void unload(struct settings *settings)
{
	settings_free(settings);
	free(settings);
}

static int open_log(const struct settings *settings)
{
	const char *path = settings->log_file[0] != '\0' ? settings->log_file : NULL;

	return log_open("bailleur-api", path, (enum log_level)settings->log_level);
}

/* Puts the program and the master in the state that the settings ask for. */
static void apply(struct program *program, struct prefork *prefork, struct settings *settings)
{
	const struct options *options = program->options;

	program->settings = settings;
	prefork->workers = (unsigned)(options->workers != 0 ? options->workers : (uint64_t)settings->workers);
	prefork->request_deadline = settings->request_deadline;
	prefork->stop_timeout = settings->stop_timeout;
	app_share(&program->app, settings, prefork);
}

/* What is wrong with the file goes to the log, each complaint an event. */
static void log_complaints(char *text)
{
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		log_event(LOG_LEVEL_ERROR, "configuration", "wrong", line, NULL);
}

static int reload(struct prefork *prefork, void *arg)
{
	struct program *program = arg;
	struct settings *settings, *old = program->settings;
	char *complaints = NULL;
	size_t size;
	FILE *err = open_memstream(&complaints, &size);

	if (err == NULL)
		return -1;
	settings = load(program->options->config, err);
	fclose(err);
	if (settings == NULL) {
		log_complaints(complaints);
		log_event(LOG_LEVEL_ERROR, "not-reloaded", "file", program->options->config, NULL);
		free(complaints);
		return -1;
	}
	free(complaints);
	if (page_load(settings->templates) != 0 || letter_load(settings->templates) != 0)
		log_event(LOG_LEVEL_ERROR, "templates-kept", "directory", settings->templates, NULL);
	if (open_log(settings) != 0)
		log_event(LOG_LEVEL_ERROR, "log-open", "path", settings->log_file, "error", strerror(errno), NULL);
	apply(program, prefork, settings);
	unload(old);
	return 0;
}

static int work(struct prefork *prefork, struct worker_slot *slot, void *arg)
{
	struct program *program = arg;
	struct worker_config config = {
		.body_max = (size_t)program->settings->body_max,
		.router = &routes_router,
		.app = &program->app,
	};
	int status;

	app_start(&program->app);
	status = worker_serve(prefork->listen_fd, slot, &config);
	app_stop(&program->app);
	return status;
}

static int run(struct program *program)
{
	const struct options *options = program->options;
	struct prefork prefork = {.worker = work, .reload = reload, .arg = program};

	apply(program, &prefork, program->settings);
	prefork.listen_fd = prefork_listen(options->listen, options->group);
	if (prefork.listen_fd < 0) {
		fprintf(stderr, "bailleur-api: no socket to listen at; see the log\n");
		return EXIT_FAILURE;
	}
	if (page_load(program->settings->templates) != 0 || letter_load(program->settings->templates) != 0) {
		fprintf(stderr, "bailleur-api: a template is missing or wrong; see the log\n");
		return EXIT_FAILURE;
	}
	return prefork_run(&prefork);
}

int main(int argc, char **argv)
{
	struct options options = {.config = SYSCONFDIR "/bailleur/bailleur.conf"};
	struct program program = {.options = &options};
	int status = parse_options(&options, argc, argv);

	if (status >= 0)
		return status;
	fill_standard_fds();
	program.settings = load(options.config, stderr);
	if (program.settings == NULL)
		return EXIT_FAILURE;
	if (options.check_config) {
		printf("%s: right\n", options.config);
		status = EXIT_SUCCESS;
	} else if (secret_init() != 0) {
		fprintf(stderr, "bailleur-api: libsodium does not start\n");
		status = EXIT_FAILURE;
	} else if (open_log(program.settings) != 0) {
		fprintf(stderr, "bailleur-api: %s: %s\n", program.settings->log_file, strerror(errno));
		status = EXIT_FAILURE;
	} else {
		status = run(&program);
	}
	unload(program.settings);
	return status;
}
