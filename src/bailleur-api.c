/*
 * The FastCGI application: reads its options and configuration, then lets the master run the workers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/app.h"
#include "base/log.h"
#include "base/program.h"
#include "base/text.h"
#include "communication/send_group.h"
#include "documents/drawing.h"
#include "documents/letter.h"
#include "gestion/at_once.h"
#include "http/express.h"
#include "http/prefork.h"
#include "http/worker.h"
#include "pages/page.h"
#include "routes.h"

enum { WORKERS_MAX = 1024 };

struct options {
	const char *listen;
	const char *group;
	uint64_t workers;               /* 0: as configured */
	bool check_config;
};

/* What the workers inherit. */
struct service {
	const struct program *program;
	const struct options *options;
	struct settings *settings;
	struct app app;
};

static const char USAGE[] =
	"usage: bailleur-api [--config FILE] [--listen ADDRESS] [--group GROUP] [--workers N]\n"
	"       bailleur-api [--config FILE] --check-config\n"
	"\n"
	"  -c, --config FILE      the configuration file (" PROGRAM_CONFIG ")\n"
	"  -k, --check-config     say whether the configuration is right, and end\n"
	"  -l, --listen ADDRESS   make the FastCGI socket: a path, or host:port; without it the\n"
	"                         socket is the one systemd or spawn-fcgi gave\n"
	"  -g, --group GROUP      the group that may connect to the path\n"
	"  -w, --workers N        the number of workers, instead of the configured one\n"
	"  -V, --version          the version\n"
	"  -h, --help             this text\n";

static const struct option OPTIONS[] = {
	{"check-config", no_argument, NULL, 'k'}, {"listen", required_argument, NULL, 'l'},
	{"group", required_argument, NULL, 'g'}, {"workers", required_argument, NULL, 'w'},
	PROGRAM_OPTIONS, {0},
};

static int take_option(void *arg, int option, const char *value)
{
	struct options *options = arg;

	switch (option) {
	case 'k':
		options->check_config = true;
		break;
	case 'l':
		options->listen = value;
		break;
	case 'g':
		options->group = value;
		break;
	default:
		if (text_to_u64(value, 1, WORKERS_MAX, &options->workers) == 0)
			break;
		fprintf(stderr, "bailleur-api: --workers must be a number from 1 to %d\n", WORKERS_MAX);
		return EXIT_FAILURE;
	}
	return 0;
}

/*
 * Started without standard descriptors, the next one opened would take their place and receive what is meant for them.
 */
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

/* Puts the service and the master in the state that the settings ask for. */
static void apply(struct service *service, struct prefork *prefork, struct settings *settings)
{
	const struct options *options = service->options;

	service->settings = settings;
	prefork->crew.processes[CREW_WORKER] = (unsigned)(options->workers != 0 ? options->workers
	                                                                        : (uint64_t)settings->workers);
	prefork->crew.processes[CREW_EXPRESS] = (unsigned)settings->express;
	prefork->crew.processes[CREW_SHUTTLE] = (unsigned)settings->shuttle;
	prefork->request_deadline = settings->request_deadline;
	prefork->stop_timeout = settings->stop_timeout;
	app_share(&service->app, settings, prefork);
}

/* What is wrong with the file goes to the log, each complaint an event. */
static void log_complaints(char *text)
{
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		log_event(LOG_LEVEL_ERROR, "configuration", "wrong", line, NULL);
}

static int reload(struct prefork *prefork, void *arg)
{
	struct service *service = arg;
	struct settings *settings, *old = service->settings;
	char *complaints = NULL;
	size_t size;
	FILE *err = open_memstream(&complaints, &size);

	if (err == NULL)
		return -1;
	settings = load(service->program->config, err);
	fclose(err);
	if (settings == NULL) {
		log_complaints(complaints);
		log_event(LOG_LEVEL_ERROR, "not-reloaded", "file", service->program->config, NULL);
		free(complaints);
		return -1;
	}
	free(complaints);
	if (page_load(settings->templates) != 0 || letter_load(settings->templates) != 0)
		log_event(LOG_LEVEL_ERROR, "templates-kept", "directory", settings->templates, NULL);
	if (program_log(service->program, settings) != 0)
		log_event(LOG_LEVEL_ERROR, "log-open", "path", settings->log_file, "error", strerror(errno), NULL);
	apply(service, prefork, settings);
	unload(old);
	return 0;
}

enum { STATEMENT_MS = 250 };            /* of an express: for a statement that a worker may take its time for */

/* The loop of an express must not wait for a database that workers, and its own desk, can wait for. */
static void be_impatient(struct app *app)
{
	static struct settings settings;

	settings = *app->settings;
	settings.db_connect_timeout = settings.db_read_timeout = settings.db_write_timeout = 1;
	db_close(app->db);
	app->db = db_open(&settings);
	db_set_statement_time(app->db, STATEMENT_MS);
}

static void be_patient(struct app *app)
{
	db_close(app->db);
	app->db = db_open(app->settings);
}

static int work(struct prefork *prefork, struct worker_slot *slot, void *arg)
{
	struct service *service = arg;
	struct worker_config config = {
		.body_max = (size_t)service->settings->body_max,
		.router = &routes_router,
		.app = &service->app,
		.crew = &prefork->crew,
		.answer_at_once = slot->kind == CREW_SHUTTLE ? at_once_find : at_once_answer,
		.together = slot->kind == CREW_SHUTTLE ? &send_together : NULL,
		.be_patient = be_patient,
	};
	int status;

	app_start(&service->app);
	if (slot->kind != CREW_WORKER)
		be_impatient(&service->app);
	status = slot->kind != CREW_WORKER ? express_serve(slot, &config)
	                                   : worker_serve(prefork->listen_fd, slot, &config);
	drawing_end();
	app_stop(&service->app);
	return status;
}

static int run(struct service *service)
{
	const struct options *options = service->options;
	struct prefork prefork = {.worker = work, .reload = reload, .arg = service};

	apply(service, &prefork, service->settings);
	prefork.listen_fd = prefork_listen(options->listen, options->group);
	if (prefork.listen_fd < 0) {
		fprintf(stderr, "bailleur-api: no socket to listen at; see the log\n");
		return EXIT_FAILURE;
	}
	if (page_load(service->settings->templates) != 0 || letter_load(service->settings->templates) != 0) {
		fprintf(stderr, "bailleur-api: a template is missing or wrong; see the log\n");
		return EXIT_FAILURE;
	}
	return prefork_run(&prefork);
}

int main(int argc, char **argv)
{
	struct program program = {"bailleur-api", USAGE, EXIT_FAILURE, PROGRAM_CONFIG};
	struct options options = {0};
	struct service service = {.program = &program, .options = &options};
	int status = program_line(&program, argc, argv, OPTIONS, PROGRAM_LETTERS "kl:g:w:", take_option, &options);

	if (status >= 0)
		return status;
	fill_standard_fds();
	service.settings = load(program.config, stderr);
	if (service.settings == NULL)
		return EXIT_FAILURE;
	if (options.check_config) {
		printf("%s: right\n", program.config);
		status = EXIT_SUCCESS;
	} else {
		status = program_start(&program, service.settings) == 0 ? run(&service) : EXIT_FAILURE;
	}
	unload(service.settings);
	return status;
}
