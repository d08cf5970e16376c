/*
 * The operator's tool: main, command line, and the table of commands. What the commands do is in ctl_*.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/program.h"
#include "base/secret.h"
#include "ctl.h"
#include "db/migrate.h"

static int ctl_config(struct ctl *ctl);
static int ctl_migrate(struct ctl *ctl);

static const struct ctl_command commands[] = {
	{{"config"}, "", "write a configuration file to begin with", 0, 0, 0, ctl_config, true},
	{{"migrate"}, "", "bring the database's schema up to date", 0, 0, 0, ctl_migrate, false},
	{{"client", "add"}, "NAME [--rate N] [--burst N]", "make an API client; shows its secret once", 1, 1,
	 CTL_RATE | CTL_BURST, ctl_client_add, false},
	{{"client", "list"}, "", "show the API clients", 0, 0, 0, ctl_client_list, false},
	{{"client", "disable"}, "NAME", "refuse an API client's requests", 1, 1, 0, ctl_client_disable, false},
	{{"client", "enable"}, "NAME", "accept them again", 1, 1, 0, ctl_client_enable, false},
	{{"client", "rotate"}, "NAME", "give an API client a new secret", 1, 1, 0, ctl_client_rotate, false},
	{{"client", "webhook"}, "NAME URL", "post changes of its appointments there; shows the secret that signs them",
	 2, 2, 0, ctl_client_webhook, false},
	{{"webhook", "list"}, "", "show where changes are posted, and how it goes", 0, 0, 0, ctl_webhook_list, false},
	{{"webhook", "events"}, "CLIENT", "show the last changes of a client's appointments", 1, 1, 0,
	 ctl_webhook_events, false},
	{{"webhook", "replay"}, "CLIENT [EVENT]", "post again one event, or all that failed or expired", 1, 2, 0,
	 ctl_webhook_replay, false},
	{{"webhook", "rotate"}, "CLIENT", "sign with a new secret, and with the old one beside it", 1, 1, 0,
	 ctl_webhook_rotate, false},
	{{"webhook", "disable"}, "CLIENT", "post nothing more; setting the URL enables it again", 1, 1, 0,
	 ctl_webhook_disable, false},
	{{"queue"}, "[--unknown]", "count deliveries by channel and state, with their ages, or list the unknown ones",
	 0, 0, CTL_UNKNOWN, ctl_queue, false},
	{{"why"}, "ID", "tell the story of one message", 1, 1, 0, ctl_why, false},
	{{"resend"}, "ID | --unknown | --failed [--yes]", "queue again what did not arrive, or may not have", 0, 1,
	 CTL_UNKNOWN | CTL_IS_FAILED | CTL_YES, ctl_resend, false},
	{{"hold"}, "[--until TIME] [--yes]", "after a backup was put back: send nothing that may have been sent",
	 0, 0, CTL_UNTIL | CTL_YES, ctl_hold, false},
	{{"suppress", "list"}, "CLIENT [--channel email|sms]", "show who gets nothing from a client", 1, 1, CTL_CHANNEL,
	 ctl_suppress_list, false},
	{{"suppress", "add"}, "CLIENT [--channel email|sms] ADDRESS", "stop messages of a client to an address", 2, 2,
	 CTL_CHANNEL, ctl_suppress_add, false},
	{{"suppress", "remove"}, "CLIENT [--channel email|sms] ADDRESS", "allow them again", 2, 2, CTL_CHANNEL,
	 ctl_suppress_remove, false},
	{{"user", "add"}, "USERNAME [--email ADDRESS] [--first-name NAME] [--last-name NAME]",
	 "make a landlord's account; the password comes on standard input", 1, 1,
	 CTL_EMAIL | CTL_FIRST_NAME | CTL_LAST_NAME, ctl_user_add, false},
	{{"user", "passwd"}, "USERNAME", "give a landlord the password that comes on standard input", 1, 1, 0,
	 ctl_user_passwd, false},
	{{"user", "premium"}, "USERNAME [OFFER UNTIL]", "set the premium period, or end it", 1, 3, 0, ctl_user_premium,
	 false},
	{{"user", "list"}, "", "show the landlords", 0, 0, 0, ctl_user_list, false},
	{{"devkey", "add"}, "NAME", "make a key for an app's X-API-KEY; shows it once", 1, 1, 0, ctl_devkey_add, false},
	{{"devkey", "list"}, "", "show the keys", 0, 0, 0, ctl_devkey_list, false},
	{{"devkey", "disable"}, "NAME", "refuse a key's requests", 1, 1, 0, ctl_devkey_disable, false},
	{{"devkey", "enable"}, "NAME", "accept them again", 1, 1, 0, ctl_devkey_enable, false},
	{{"portfolio", "import"}, "FILE|-", "take a landlord and all he owns from JSON", 1, 1, 0, ctl_portfolio_import,
	 false},
	{{"portfolio", "export"}, "USERNAME", "give it back", 1, 1, 0, ctl_portfolio_export, false},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0], RATE_MAX = 1000000 };

/* Those of single commands have the values of enum ctl_option, which no character has. */
static const struct option options[] = {
	PROGRAM_OPTIONS,
	{"json", no_argument, NULL, 'j'},
	{"rate", required_argument, NULL, CTL_RATE},
	{"burst", required_argument, NULL, CTL_BURST},
	{"channel", required_argument, NULL, CTL_CHANNEL},
	{"unknown", no_argument, NULL, CTL_UNKNOWN},
	{"failed", no_argument, NULL, CTL_IS_FAILED},
	{"yes", no_argument, NULL, CTL_YES},
	{"until", required_argument, NULL, CTL_UNTIL},
	{"email", required_argument, NULL, CTL_EMAIL},
	{"first-name", required_argument, NULL, CTL_FIRST_NAME},
	{"last-name", required_argument, NULL, CTL_LAST_NAME},
	{NULL, 0, NULL, 0},
};

__attribute__((format(printf, 1, 0)))
static void complain(const char *format, va_list args)
{
	struct text message = {0};
	char *line = NULL;

	if (vasprintf(&line, format, args) < 0)
		return;
	text_puts(&message, "bailleurctl: ");
	ctl_put_safe(&message, line);
	text_putc(&message, '\n');
	fputs(message.data, stderr);
	text_free(&message);
	free(line);
}

int ctl_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return CTL_FAILED;
}

int ctl_misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return CTL_USAGE;
}

int ctl_db_failed(const struct ctl *ctl, enum db_status status, const char *doing)
{
	switch (status) {
	case DB_LOST:
		return ctl_fail("cannot %s: no database answers (%s)", doing, db_error(ctl->db));
	case DB_UNCERTAIN:
		return ctl_fail("cannot tell whether it was done to %s: the connection broke; look before trying again",
		                doing);
	case DB_BUSY:
	case DB_CONFLICT:
		return ctl_fail("cannot %s now: others hold the rows (%s); try again", doing, db_error(ctl->db));
	default:
		return ctl_fail("cannot %s: %s: %s", doing, db_status_name(status), db_error(ctl->db));
	}
}

int ctl_flush(struct ctl *ctl)
{
	if (ctl->out.len > 0)
		fwrite(ctl->out.data, 1, ctl->out.len, stdout);
	text_clear(&ctl->out);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		ctl_fail("cannot write the output: %s", strerror(errno));
		return -1;
	}
	return 0;
}

const char *ctl_channel_name(enum delivery_channel channel)
{
	return channel == DELIVERY_MAIL ? "email" : "sms";
}

/* Straight to standard output: it is a file, and never JSON. */
static int ctl_config(struct ctl *ctl)
{
	if (ctl->want_json)
		return ctl_misuse("config writes a configuration file, not JSON");
	puts("# Configuration of bailleur, see bailleur.conf(5). What is commented out is as by default.\n\n"
	     "# Read by the MariaDB connector, as by any of MariaDB's programs.\n"
	     "[client]\n#socket = /run/mysqld/mysqld.sock\nuser = bailleur\n#password =\ndatabase = bailleur\n");
	settings_describe(stdout);
	return ctl_flush(ctl) == 0 ? CTL_OK : CTL_FAILED;
}

static int ctl_migrate(struct ctl *ctl)
{
	const char *directory = getenv("BAILLEUR_SQL"), *remedy;
	int applied, version;

	if (directory == NULL || *directory == '\0')
		directory = PKGDATADIR "/sql";
	applied = migrate_run(ctl->db, directory);
	remedy = migrate_remedy(ctl->db);
	if (applied < 0)
		return ctl_fail("the migrations of %s could not be applied%s%s", directory, remedy != NULL ? ": " : "",
		                remedy != NULL ? remedy : "");
	version = migrate_version(ctl->db);
	if (version < 0)
		return ctl_fail("cannot read the schema's version: %s", db_error(ctl->db));
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ki64(&ctl->json, "applied", applied);
		json_ki64(&ctl->json, "version", version);
		json_object_end(&ctl->json);
	} else {
		text_printf(&ctl->out, "%d applied, the schema is at version %d\n", applied, version);
	}
	return CTL_OK;
}

static void usage(FILE *to)
{
	fputs("usage: bailleurctl [--config FILE] [--json] COMMAND …\n\n", to);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct ctl_command *command = &commands[i];

		fprintf(to, "  %s%s%s%s%s\n        %s\n", command->words[0], command->words[1] != NULL ? " " : "",
		        command->words[1] != NULL ? command->words[1] : "", *command->synopsis != '\0' ? " " : "",
		        command->synopsis, command->purpose);
	}
	fputs("\nThe exit status is 0, or 1 when the command failed, or 2 when it made no sense. See bailleurctl(8).\n",
	      to);
}

/* What the command line says before a command is known. */
struct line {
	const char *config;
	bool help, version;
};

static int read_number(const char *name, const char *given, uint32_t *value_r)
{
	uint64_t value;

	if (text_to_u64(given, 1, RATE_MAX, &value) != 0)
		return ctl_misuse("--%s takes a number from 1 to %d", name, RATE_MAX);
	*value_r = (uint32_t)value;
	return CTL_OK;
}

static int read_time(const char *name, const char *given, int64_t *ms_r)
{
	if (clock_parse_iso(given, ms_r) != 0)
		return ctl_misuse("--%s takes a time in ISO 8601, as 2030-06-14T12:00:00+02:00", name);
	return CTL_OK;
}

static int read_channel(const char *given, enum delivery_channel *channel_r)
{
	if (strcmp(given, "email") != 0 && strcmp(given, "sms") != 0)
		return ctl_misuse("--channel takes email or sms");
	*channel_r = *given == 'e' ? DELIVERY_MAIL : DELIVERY_SMS;
	return CTL_OK;
}

static int read_option(struct ctl *ctl, struct line *line, int option, const char *value)
{
	switch (option) {
	case 'c':
		line->config = value;
		return CTL_OK;
	case 'j':
		ctl->want_json = true;
		return CTL_OK;
	case 'h':
		line->help = true;
		return CTL_OK;
	case 'V':
		line->version = true;
		return CTL_OK;
	case '?':
		fputs("bailleurctl: see bailleurctl --help\n", stderr);
		return CTL_USAGE;
	}
	ctl->given |= (unsigned)option;
	if (option == CTL_RATE)
		return read_number("rate", value, &ctl->rate);
	if (option == CTL_BURST)
		return read_number("burst", value, &ctl->burst);
	if (option == CTL_CHANNEL)
		return read_channel(value, &ctl->channel);
	if (option == CTL_UNTIL)
		return read_time("until", value, &ctl->until);
	if (option == CTL_EMAIL)
		ctl->email = value;
	else if (option == CTL_FIRST_NAME)
		ctl->first_name = value;
	else if (option == CTL_LAST_NAME)
		ctl->last_name = value;
	return CTL_OK;
}

static int read_line(struct ctl *ctl, struct line *line, int argc, char **argv)
{
	int option, exit_status = CTL_OK;

	while (exit_status == CTL_OK && (option = getopt_long(argc, argv, PROGRAM_LETTERS "j", options, NULL)) != -1)
		exit_status = read_option(ctl, line, option, optarg);
	ctl->args = (const char *const *)argv + optind;
	ctl->n_args = (size_t)(argc - optind);
	return exit_status;
}

/* Finds the command that the arguments begin with and takes its words off them; NULL after saying what is wrong. */
static const struct ctl_command *find_command(struct ctl *ctl)
{
	bool first_known = false;

	for (size_t i = 0; i < N_COMMANDS && ctl->n_args > 0; i++) {
		const struct ctl_command *command = &commands[i];
		size_t words = command->words[1] != NULL ? 2 : 1;

		if (strcmp(ctl->args[0], command->words[0]) != 0)
			continue;
		first_known = true;
		if (words == 2 && (ctl->n_args < 2 || strcmp(ctl->args[1], command->words[1]) != 0))
			continue;
		ctl->args += words;
		ctl->n_args -= words;
		return command;
	}
	if (ctl->n_args == 0)
		usage(stderr);
	else if (first_known)
		ctl_misuse("%s what? See bailleurctl --help", ctl->args[0]);
	else
		ctl_misuse("«%s» is not a command. See bailleurctl --help", ctl->args[0]);
	return NULL;
}

static int check_line(const struct ctl *ctl, const struct ctl_command *command)
{
	const char *second = command->words[1] != NULL ? command->words[1] : "";

	if (ctl->n_args < command->min_args || ctl->n_args > command->max_args)
		return ctl_misuse("usage: bailleurctl %s%s%s %s", command->words[0], *second != '\0' ? " " : "", second,
		                  command->synopsis);
	for (const struct option *option = options; option->name != NULL; option++)
		if (option->val >= CTL_RATE && (ctl->given & ~command->options & (unsigned)option->val))
			return ctl_misuse("--%s means nothing to %s%s%s", option->name, command->words[0],
			                  *second != '\0' ? " " : "", second);
	return CTL_OK;
}

/* Configuration and database around the command; writes what it had to say. */
static int run_command(struct ctl *ctl, const struct ctl_command *command, const char *config)
{
	int exit_status = CTL_FAILED;

	if (settings_load(&ctl->settings, config, stderr) != 0)
		return CTL_FAILED;
	if (log_open("bailleurctl", NULL, LOG_LEVEL_ERROR) != 0 || secret_init() != 0) {
		ctl_fail("cannot start");
		goto err0;
	}
	ctl->pool = pool_create();
	ctl->db = db_open(&ctl->settings);
	json_out_init(&ctl->json, &ctl->out);
	exit_status = command->run(ctl);
	if (exit_status == CTL_OK && (ctl->want_json || ctl->out.len > 0)) {
		if (ctl->want_json)
			text_putc(&ctl->out, '\n');
		if (ctl_flush(ctl) != 0)
			exit_status = CTL_FAILED;
	}
	text_free(&ctl->out);
	db_close(ctl->db);
	pool_free(ctl->pool);
err0:
	settings_free(&ctl->settings);
	return exit_status;
}

int main(int argc, char **argv)
{
	struct line line = {.config = PROGRAM_CONFIG};
	const struct ctl_command *command;
	struct ctl ctl = {0};

	if (read_line(&ctl, &line, argc, argv) != CTL_OK)
		return CTL_USAGE;
	if (line.help || line.version) {
		if (line.help)
			usage(stdout);
		else
			puts("bailleurctl " VERSION);
		return ctl_flush(&ctl) == 0 ? CTL_OK : CTL_FAILED;
	}
	command = find_command(&ctl);
	if (command == NULL || check_line(&ctl, command) != CTL_OK)
		return CTL_USAGE;
	return command->alone ? command->run(&ctl) : run_command(&ctl, command, line.config);
}
