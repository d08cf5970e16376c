/*
 * The configuration: the table of all options, and the reading of one value by its row.
 *
 * What must hold between options is in settings_check.c.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/settings.h"
#include "base/settings_table.h"
#include "base/text.h"

#define AT(field) offsetof(struct settings, field)

enum { NO_ID = -1, KB = 1024, MB = 1024 * 1024, MINUTE = 60, HOUR = 3600, DAY = 86400 };

static const struct settings_choice log_levels[] = {
	{ "error", LOG_LEVEL_ERROR }, { "warn", LOG_LEVEL_WARN }, { "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG }, { 0 }
};
static const struct settings_choice mail_transports[] = {
	{ "file", TRANSPORT_FILE }, { "smtp", TRANSPORT_SMTP }, { 0 }
};
static const struct settings_choice sms_transports[] = {
	{ "file", TRANSPORT_FILE }, { "kannel", TRANSPORT_KANNEL }, { "http", TRANSPORT_HTTP }, { 0 }
};
static const struct settings_choice tls_modes[] = {
	{ "none", TLS_NONE }, { "starttls", TLS_STARTTLS }, { "implicit", TLS_IMPLICIT }, { 0 }
};
static const struct settings_choice http_methods[] = { { "GET", 0 }, { "POST", 0 }, { 0 } };

/* Numbers, durations (seconds) and sizes (bytes) within min..max; a string's min..max is its length. */
const struct settings_option settings_options[] = {
	{ "bailleur", "base_url", SETTINGS_STRING, AT(base_url), "", 8, 512,
	  "Where this service is reached, as https://host without a final slash: the links in mails and pages start "
	  "with it.", NULL, NO_ID },
	{ "bailleur", "secret", SETTINGS_STRING, AT(secret), "", 32, 1024,
	  "At least 32 characters nobody can guess: signs unsubscribe links and delivery-report URLs. When it changes, "
	  "links already sent stop working.", NULL, NO_ID },
	{ "bailleur", "templates", SETTINGS_STRING, AT(templates), "", 0, 4095,
	  "A directory searched for mail and page templates before the installed ones.", NULL, NO_ID },
	{ "bailleur", "log_file", SETTINGS_STRING, AT(log_file), "", 0, 4095,
	  "The file to log to; standard error when empty. Opened again on SIGHUP.", NULL, NO_ID },
	{ "bailleur", "log_level", SETTINGS_CHOICE, AT(log_level), "info", 0, 0,
	  "The least important events that are logged.", log_levels, NO_ID },

	{ "database", "hosts", SETTINGS_STRING, AT(db_hosts), "", 0, 4095,
	  "The database servers, host[:port], separated by commas, tried in this order; when empty, what [client] "
	  "says.", NULL, NO_ID },
	{ "database", "connect_timeout", SETTINGS_DURATION, AT(db_connect_timeout), "5s", 1, HOUR,
	  "How long connecting to one of them may take.", NULL, NO_ID },
	{ "database", "read_timeout", SETTINGS_DURATION, AT(db_read_timeout), "20s", 1, HOUR,
	  "How long an answer of the database may take.", NULL, NO_ID },
	{ "database", "write_timeout", SETTINGS_DURATION, AT(db_write_timeout), "20s", 1, HOUR,
	  "How long sending it a statement may take.", NULL, NO_ID },

	{ "api", "workers", SETTINGS_NUMBER, AT(workers), "16", 1, 1024,
	  "Processes that answer requests. More than processors, since they wait for commits.", NULL, NO_ID },
	{ "api", "express", SETTINGS_NUMBER, AT(express), "2", 0, 64,
	  "Processes besides the workers that give landlords the answers that are known already.", NULL, NO_ID },
	{ "api", "shuttle", SETTINGS_NUMBER, AT(shuttle), "1", 0, 64,
	  "Processes besides the workers that store single messages of many clients together.", NULL, NO_ID },
	{ "api", "request_deadline", SETTINGS_DURATION, AT(request_deadline), "30s", 1, HOUR,
	  "A process busy for longer with one request is ended and replaced.", NULL, NO_ID },
	{ "api", "stop_timeout", SETTINGS_DURATION, AT(stop_timeout), "30s", 1, HOUR,
	  "How long requests in progress may take to finish at a stop or a reload.", NULL, NO_ID },
	{ "api", "body_max", SETTINGS_SIZE, AT(body_max), "4M", KB, 64 * MB,
	  "The largest body of a request. Keep nginx's client_max_body_size the same.", NULL, NO_ID },

	{ "sender", "expire_webhook", SETTINGS_DURATION, AT(expire_webhook), "3d", MINUTE, 30 * DAY,
	  "How long the change of an appointment is posted to a client that does not take it.", NULL, NO_ID },
	{ "webhook", "connections", SETTINGS_NUMBER, AT(webhook_connections), "16", 1, 256,
	  "How many webhooks are posted at once.", NULL, NO_ID },
	{ "webhook", "timeout", SETTINGS_DURATION, AT(webhook_timeout), "15s", 1, 10 * MINUTE,
	  "How long a client may take to answer a webhook.", NULL, NO_ID },
	{ "webhook", "retry_first", SETTINGS_DURATION, AT(webhook_retry_first), "5s", 1, DAY,
	  "The delay after a client's first failure; it doubles with each one.", NULL, NO_ID },
	{ "webhook", "retry_max", SETTINGS_DURATION, AT(webhook_retry_max), "12h", 1, 7 * DAY,
	  "The longest delay between two attempts.", NULL, NO_ID },
	{ "webhook", "allow_private", SETTINGS_BOOL, AT(webhook_allow_private), "no", 0, 0,
	  "Post to loopback, private and link-local addresses too, and over plain HTTP.", NULL, NO_ID },
	{ "webhook", "ca_file", SETTINGS_STRING, AT(webhook_ca_file), "", 0, 4095,
	  "Certificates trusted instead of the system's, for clients with an authority of their own.", NULL, NO_ID },

	{ "robot", "keep_messages", SETTINGS_DURATION, AT(keep_messages), "0s", 0, 3650 * DAY,
	  "Delete messages and webhook events at rest and older than this; 0 keeps them for ever.", NULL, NO_ID },

	{ "gestion", "premium_only", SETTINGS_BOOL, AT(premium_only), "no", 0, 0,
	  "Serve only landlords whose premium period runs.", NULL, NO_ID },
	{ "gestion", "maps_key", SETTINGS_STRING, AT(maps_key), "", 0, 255,
	  "The key of the map images that the answers link to.", NULL, NO_ID },

	{ "sender", "mail_transport", SETTINGS_CHOICE_TEXT, AT(mail_transport), "file", 0, 0,
	  "How e-mails leave: as files below spool, or by SMTP.", mail_transports, AT(mail_transport_id) },
	{ "sender", "sms_transport", SETTINGS_CHOICE_TEXT, AT(sms_transport), "file", 0, 0,
	  "How SMS leave: as files below spool, through Kannel's sendsms, or through any other HTTP gateway.",
	  sms_transports, AT(sms_transport_id) },
	{ "sender", "spool", SETTINGS_STRING, AT(spool), "/var/spool/bailleur", 0, 4095,
	  "The directory the file transports write below.", NULL, NO_ID },
	{ "sender", "claim_size", SETTINGS_NUMBER, AT(claim_size), "500", 1, 10000,
	  "Deliveries claimed at once.", NULL, NO_ID },
	{ "sender", "lease", SETTINGS_DURATION, AT(lease), "10m", 10, DAY,
	  "How long a claim holds: after it, what a sender that died had claimed but not begun to transmit is due "
	  "again. Must be longer than the timeouts of the transports.", NULL, NO_ID },
	{ "sender", "retry_first", SETTINGS_DURATION, AT(retry_first), "60s", 1, DAY,
	  "The delay before the first retry of a temporary failure; it doubles from one to the next.", NULL, NO_ID },
	{ "sender", "retry_max", SETTINGS_DURATION, AT(retry_max), "6h", 1, 7 * DAY,
	  "The longest delay between two retries.", NULL, NO_ID },
	{ "sender", "expire_mail", SETTINGS_DURATION, AT(expire_mail), "3d", MINUTE, 30 * DAY,
	  "How long an e-mail is tried before it counts as expired.", NULL, NO_ID },
	{ "sender", "expire_sms", SETTINGS_DURATION, AT(expire_sms), "1d", MINUTE, 30 * DAY,
	  "How long an SMS is tried before it counts as expired.", NULL, NO_ID },

	{ "smtp", "host", SETTINGS_STRING, AT(smtp_host), "", 0, 255,
	  "The mail server that takes the e-mails.", NULL, NO_ID },
	{ "smtp", "port", SETTINGS_NUMBER, AT(smtp_port), "0", 0, 65535,
	  "Its port; 0 is the customary one: 25 without TLS, 587 with starttls, 465 with implicit.", NULL, NO_ID },
	{ "smtp", "tls", SETTINGS_CHOICE, AT(smtp_tls), "starttls", 0, 0,
	  "none; starttls, which the server must then offer; implicit: TLS from the first byte.", tls_modes, NO_ID },
	{ "smtp", "verify", SETTINGS_BOOL, AT(smtp_verify), "yes", 0, 0,
	  "Whether the server's certificate must be valid for its name.", NULL, NO_ID },
	{ "smtp", "ca_file", SETTINGS_STRING, AT(smtp_ca_file), "", 0, 4095,
	  "Certificates to check it against, in PEM; those of the system when empty.", NULL, NO_ID },
	{ "smtp", "user", SETTINGS_STRING, AT(smtp_user), "", 0, 255,
	  "The user to authenticate as; none when empty.", NULL, NO_ID },
	{ "smtp", "password", SETTINGS_STRING, AT(smtp_password), "", 0, 255,
	  "That user's password.", NULL, NO_ID },
	{ "smtp", "helo", SETTINGS_STRING, AT(smtp_helo), "", 0, 255,
	  "The name given in EHLO; this machine's when empty.", NULL, NO_ID },
	{ "smtp", "mail_from", SETTINGS_STRING, AT(mail_from), "bailleur@localhost", 3, 254,
	  "The sender's address, of the envelope and of the From header. Must be set for SMTP.", NULL, NO_ID },
	{ "smtp", "mail_from_name", SETTINGS_STRING, AT(mail_from_name), "", 0, 255,
	  "The name beside it, when a message names no originator.", NULL, NO_ID },
	{ "smtp", "connections", SETTINGS_NUMBER, AT(smtp_connections), "8", 1, 256,
	  "Connections to the mail server at once.", NULL, NO_ID },
	{ "smtp", "timeout", SETTINGS_DURATION, AT(smtp_timeout), "120s", 1, HOUR,
	  "How long one e-mail's transmission may take.", NULL, NO_ID },

	{ "sms", "url", SETTINGS_STRING, AT(sms_url), "", 0, 4095,
	  "Kannel's sendsms, http://host:port/cgi-bin/sendsms; for http, a template of the URL.", NULL, NO_ID },
	{ "sms", "user", SETTINGS_STRING, AT(sms_user), "", 0, 255,
	  "The user at the gateway.", NULL, NO_ID },
	{ "sms", "password", SETTINGS_STRING, AT(sms_password), "", 0, 255,
	  "That user's password.", NULL, NO_ID },
	{ "sms", "sender", SETTINGS_STRING, AT(sms_sender), "", 0, 16,
	  "The originator of messages that name none: up to 11 letters and digits, or a number.", NULL, NO_ID },
	{ "sms", "method", SETTINGS_CHOICE_TEXT, AT(sms_method), "POST", 0, 0,
	  "For http: the method of the request.", http_methods, NO_ID },
	{ "sms", "headers", SETTINGS_STRING, AT(sms_headers), "", 0, 4095,
	  "For http: headers of the request, Name: value, separated by |.", NULL, NO_ID },
	{ "sms", "body", SETTINGS_STRING, AT(sms_body), "", 0, 16384,
	  "For http: a template of the request's body.", NULL, NO_ID },
	{ "sms", "success", SETTINGS_STRING, AT(sms_success), "200,201,202", 3, 255,
	  "For http: the statuses that mean accepted, separated by commas.", NULL, NO_ID },
	{ "sms", "reports", SETTINGS_BOOL, AT(sms_reports), "yes", 0, 0,
	  "Whether delivery reports are asked for.", NULL, NO_ID },
	{ "sms", "connections", SETTINGS_NUMBER, AT(sms_connections), "8", 1, 256,
	  "Connections to the gateway at once.", NULL, NO_ID },
	{ "sms", "timeout", SETTINGS_DURATION, AT(sms_timeout), "30s", 1, HOUR,
	  "How long one request to the gateway may take.", NULL, NO_ID },
};
const size_t settings_n_options = sizeof(settings_options) / sizeof(settings_options[0]);

/* The numbers a unit stands for; the first is what no unit means. */
struct unit {
	const char *name;
	int64_t value;
};

static const struct unit no_units[] = { { "", 1 }, { 0 } };
static const struct unit duration_units[] = {
	{ "", 1 }, { "s", 1 }, { "m", MINUTE }, { "h", HOUR }, { "d", DAY }, { 0 }
};
static const struct unit size_units[] = { { "", 1 }, { "k", KB }, { "K", KB }, { "M", MB }, { 0 } };

/* Writes `seconds` or `bytes` in the largest unit that divides it. */
static void write_number(FILE *out, int64_t value, const struct unit *units)
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name != NULL; unit++)
		if (value != 0 && value % unit->value == 0 && unit->value >= best->value &&
		    strcmp(unit->name, "K") != 0)
			best = unit;
	fprintf(out, "%" PRId64 "%s", value / best->value, best->name);
}

static const struct unit *units_of(const struct settings_option *option)
{
	if (option->type == SETTINGS_DURATION)
		return duration_units;
	return option->type == SETTINGS_SIZE ? size_units : no_units;
}

static int bad_number(const struct ini *ini, const struct settings_option *option)
{
	const struct unit *units = units_of(option);
	int64_t values[] = { option->min, option->max };
	char text[2][32];

	for (int i = 0; i < 2; i++) {
		FILE *out = fmemopen(text[i], sizeof(text[i]), "w");

		text[i][0] = '\0';
		if (out == NULL)
			continue;
		write_number(out, values[i], units);
		fclose(out);
	}
	return ini_error(ini, "[%s] %s must be %s from %s to %s", option->group, option->name,
	                 option->type == SETTINGS_DURATION ? "a duration (s, m, h, d)" :
	                 option->type == SETTINGS_SIZE ? "a size (k, M)" : "a number", text[0], text[1]);
}

static int set_number(const struct ini *ini, const struct settings_option *option, int64_t *to, const char *value)
{
	const struct unit *unit = units_of(option);
	char digits[24];
	size_t len = strspn(value, "0123456789");
	int64_t number;

	if (len == 0 || len >= sizeof(digits))
		return bad_number(ini, option);
	memcpy(digits, value, len);
	digits[len] = '\0';
	while (unit->name != NULL && strcmp(unit->name, value + len) != 0)
		unit++;
	if (unit->name == NULL || text_to_i64(digits, 0, INT64_MAX, &number) != 0 ||
	    __builtin_mul_overflow(number, unit->value, &number) || number < option->min || number > option->max)
		return bad_number(ini, option);
	*to = number;
	return 0;
}

static int set_string(const struct ini *ini, const struct settings_option *option, char **to, const char *value)
{
	size_t len = text_codepoints(value, strlen(value));

	if (*value != '\0' && (int64_t)len < option->min)
		return ini_error(ini, "[%s] %s must have at least %" PRId64 " characters", option->group, option->name,
		                 option->min);
	if ((int64_t)len > option->max)
		return ini_error(ini, "[%s] %s must have at most %" PRId64 " characters", option->group, option->name,
		                 option->max);
	free(*to);
	*to = mem_strdup(value);
	return 0;
}

static void write_choices(FILE *out, const struct settings_choice *choices)
{
	for (const struct settings_choice *choice = choices; choice->name != NULL; choice++)
		fprintf(out, "%s%s", choice == choices ? "" : choice[1].name == NULL ? " or " : ", ", choice->name);
}

static int set_choice(const struct ini *ini, const struct settings_option *option, const char *value, int *to)
{
	char list[128] = "";
	FILE *out;

	for (const struct settings_choice *choice = option->choices; choice->name != NULL; choice++) {
		if (strcmp(choice->name, value) == 0) {
			*to = choice->value;
			return 0;
		}
	}
	out = fmemopen(list, sizeof(list), "w");
	if (out != NULL) {
		write_choices(out, option->choices);
		fclose(out);
	}
	return ini_error(ini, "[%s] %s must be %s", option->group, option->name, list);
}

static int set_bool(const struct ini *ini, const struct settings_option *option, bool *to, const char *value)
{
	static const struct settings_choice words[] = {
		{ "yes", true }, { "no", false }, { "true", true }, { "false", false }, { "on", true },
		{ "off", false }, { "1", true }, { "0", false }, { 0 }
	};

	for (const struct settings_choice *word = words; word->name != NULL; word++) {
		if (text_same_ascii(word->name, value)) {
			*to = word->value != 0;
			return 0;
		}
	}
	return ini_error(ini, "[%s] %s must be yes or no", option->group, option->name);
}

static int set_option(const struct ini *ini, const struct settings_option *option, struct settings *settings,
                      const char *value)
{
	char *to = (char *)settings + option->target;
	int id;

	switch (option->type) {
	case SETTINGS_STRING:
		return set_string(ini, option, (char **)(void *)to, value);
	case SETTINGS_NUMBER:
	case SETTINGS_DURATION:
	case SETTINGS_SIZE:
		return set_number(ini, option, (int64_t *)(void *)to, value);
	case SETTINGS_BOOL:
		return set_bool(ini, option, (bool *)to, value);
	case SETTINGS_CHOICE:
		return set_choice(ini, option, value, (int *)(void *)to);
	case SETTINGS_CHOICE_TEXT:
		if (set_choice(ini, option, value, &id) != 0)
			return -1;
		if (option->id_target != NO_ID)
			*(int *)(void *)((char *)settings + option->id_target) = id;
		free(*(char **)(void *)to);
		*(char **)(void *)to = mem_strdup(value);
		return 0;
	}
	abort();
}

struct loading {
	struct settings *settings;
	unsigned lines[sizeof(settings_options) / sizeof(settings_options[0])];         /* 0: not given */
};

/* The groups MySQL's and MariaDB's own programs read: the file may hold them, and they are theirs. */
static bool is_foreign(const char *group)
{
	static const char *const beginnings[] = { "client", "mysql", "mariadb", "server", "galera", "embedded" };

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(group, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static int on_group(struct ini *ini, void *arg, const char *group)
{
	(void)arg;
	for (size_t i = 0; i < settings_n_options; i++)
		if (strcmp(settings_options[i].group, group) == 0)
			return 1;
	return is_foreign(group) ? 0 : ini_error(ini, "unknown group [%s]", group);
}

static int on_option(struct ini *ini, void *arg, const char *group, const char *name, const char *value)
{
	struct loading *loading = arg;

	for (size_t i = 0; i < settings_n_options; i++) {
		const struct settings_option *option = &settings_options[i];

		if (strcmp(option->group, group) != 0 || strcmp(option->name, name) != 0)
			continue;
		if (loading->lines[i] != 0)
			return ini_error(ini, "[%s] %s was given already, in line %u", group, name, loading->lines[i]);
		loading->lines[i] = ini->line;
		return set_option(ini, option, loading->settings, value);
	}
	return ini_error(ini, "[%s] has no option %s", group, name);
}

/* The defaults go the way of any value, so that a wrong one shows in the first test. */
static int set_defaults(const struct ini *ini, struct settings *settings)
{
	for (size_t i = 0; i < settings_n_options; i++)
		if (set_option(ini, &settings_options[i], settings, settings_options[i].fallback) != 0)
			return -1;
	return 0;
}

int settings_load(struct settings *settings, const char *path, FILE *err)
{
	static const struct ini_reader reader = { on_group, on_option };
	struct loading loading = { .settings = settings };
	struct ini defaults = { .path = "(defaults)", .err = err };

	*settings = (struct settings){ .file = mem_strdup(path) };
	(void)snapshot_take(&settings->snapshot, path); /* if it cannot be read, that is said below */
	if (set_defaults(&defaults, settings) != 0 ||
	    ini_read(path, settings_connector_file(settings), err, &reader, &loading) != 0 ||
	    settings_check(settings, path, loading.lines, err) != 0)
		goto err0;
	return 0;

err0:
	settings_free(settings);
	return -1;
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings_n_options; i++) {
		const struct settings_option *option = &settings_options[i];

		if (option->type == SETTINGS_STRING || option->type == SETTINGS_CHOICE_TEXT)
			free(*(char **)(void *)((char *)settings + option->target));
	}
	free(settings->file);
	snapshot_drop(&settings->snapshot);
	*settings = (struct settings){0};
}

const char *settings_connector_file(const struct settings *settings)
{
	return settings->snapshot.path[0] != '\0' ? settings->snapshot.path : settings->file;
}

static void describe_bounds(FILE *out, const struct settings_option *option)
{
	const struct unit *units = units_of(option);

	if (option->choices != NULL) {
		fprintf(out, "# One of: ");
		write_choices(out, option->choices);
	} else if (option->type == SETTINGS_BOOL) {
		fprintf(out, "# One of: yes or no");
	} else if (option->type != SETTINGS_STRING) {
		fprintf(out, "# From ");
		write_number(out, option->min, units);
		fprintf(out, " to ");
		write_number(out, option->max, units);
	} else {
		return;
	}
	fprintf(out, ".\n");
}

/* Words, folded into comment lines of at most 100 columns. */
static void describe_meaning(FILE *out, const char *meaning)
{
	enum { COLUMNS = 100 };
	size_t column = 0;

	while (*meaning != '\0') {
		size_t word = strcspn(meaning, " ");

		if (column > 0 && column + 1 + word > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column == 0 ? "# " : " ", (int)word, meaning);
		meaning += word + (meaning[word] == ' ');
	}
	fputc('\n', out);
}

void settings_describe(FILE *out)
{
	const char *group = "";

	for (size_t i = 0; i < settings_n_options; i++) {
		const struct settings_option *option = &settings_options[i];

		if (strcmp(group, option->group) != 0)
			fprintf(out, "%s[%s]\n", *group != '\0' ? "\n" : "", option->group);
		group = option->group;
		fputc('\n', out);
		describe_meaning(out, option->meaning);
		describe_bounds(out, option);
		fprintf(out, "#%s = %s\n", option->name, option->fallback);
	}
}
