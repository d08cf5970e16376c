/*
 * What must hold of the configuration beyond each option's own bounds. Found at the start, by `--check-config`, rather
 * than by the first message that cannot leave.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/ini.h"
#include "base/settings_table.h"
#include "base/text.h"

struct check {
	const struct settings *settings;
	const char *path;
	const unsigned *lines;
	FILE *err;
};

/* The error, at the line of that option when it was given; always -1. */
static int wrong(const struct check *check, const char *group, const char *name, const char *what)
{
	struct ini ini = { .path = check->path, .err = check->err };

	for (size_t i = 0; i < settings_n_options; i++)
		if (strcmp(settings_options[i].group, group) == 0 && strcmp(settings_options[i].name, name) == 0)
			ini.line = check->lines[i];
	return ini_error(&ini, "[%s] %s %s", group, name, what);
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* The host and what follows, or NULL when it is no http(s) URL or holds white space. */
static const char *after_scheme(const char *url)
{
	const char *rest = begins(url, "https://") ? url + 8 : begins(url, "http://") ? url + 7 : NULL;

	if (rest == NULL || *rest == '\0' || strchr("/:?#@", *rest) != NULL || strpbrk(url, " \t\"<>\\") != NULL)
		return NULL;
	return rest;
}

static int check_bailleur(const struct check *check)
{
	const struct settings *settings = check->settings;
	const char *rest = after_scheme(settings->base_url);

	if (*settings->base_url == '\0')
		return wrong(check, "bailleur", "base_url", "is missing");
	if (rest == NULL || strpbrk(rest, "?#@") != NULL)
		return wrong(check, "bailleur", "base_url", "must be http://host or https://host");
	if (rest[strlen(rest) - 1] == '/')
		return wrong(check, "bailleur", "base_url", "must not end with a slash");
	if (*settings->secret == '\0')
		return wrong(check, "bailleur", "secret", "is missing: set at least 32 characters nobody can guess");
	return 0;
}

/* host or host:port, separated by commas; an IPv6 address is written [::1]. */
static bool is_host_list(const char *hosts)
{
	while (*hosts != '\0') {
		size_t len = strcspn(hosts, ",");
		const char *port = hosts[0] == '[' ? memchr(hosts, ']', len) : hosts - 1;
		char digits[8];
		uint64_t number;

		if (len == 0 || port == NULL || strcspn(hosts, " \t/@") < len)
			return false;
		port = memchr(port + 1, ':', len - (size_t)(port + 1 - hosts));
		if (port != NULL) {
			size_t n = len - (size_t)(port + 1 - hosts);

			if (port == hosts || n == 0 || n >= sizeof(digits))
				return false;
			memcpy(digits, port + 1, n);
			digits[n] = '\0';
			if (text_to_u64(digits, 1, 65535, &number) != 0)
				return false;
		}
		hosts += len;
		if (*hosts == ',' && *++hosts == '\0')
			return false;
	}
	return true;
}

static int check_database(const struct check *check)
{
	if (!is_host_list(check->settings->db_hosts))
		return wrong(check, "database", "hosts", "must be host[:port], separated by commas without spaces");
	return 0;
}

static int check_sender(const struct check *check)
{
	const struct settings *settings = check->settings;

	if (settings->lease <= settings->smtp_timeout || settings->lease <= settings->sms_timeout)
		return wrong(check, "sender", "lease", "must be longer than [smtp] timeout and [sms] timeout");
	if (settings->retry_first > settings->retry_max)
		return wrong(check, "sender", "retry_first", "must not be longer than retry_max");
	if (*settings->spool == '\0' &&
	    (settings->mail_transport_id == TRANSPORT_FILE || settings->sms_transport_id == TRANSPORT_FILE))
		return wrong(check, "sender", "spool", "is needed for the transport file");
	return 0;
}

/* Printable ASCII around one @; what SMTP can carry in full is domain/address.h's to say. */
static bool looks_like_address(const char *address)
{
	const char *at = strchr(address, '@');

	if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return false;
	for (; *address != '\0'; address++)
		if (*address <= ' ' || *address > '~' || strchr("<>\"(),;:\\[]", *address) != NULL)
			return false;
	return true;
}

static int check_smtp(const struct check *check)
{
	const struct settings *settings = check->settings;

	if (!looks_like_address(settings->mail_from))
		return wrong(check, "smtp", "mail_from", "must be an e-mail address");
	if ((*settings->smtp_user == '\0') != (*settings->smtp_password == '\0'))
		return wrong(check, "smtp", *settings->smtp_user == '\0' ? "password" : "user",
		             "is given without the other of user and password");
	if (strpbrk(settings->smtp_host, " \t/@") != NULL)
		return wrong(check, "smtp", "host", "must be a host name or an address");
	if (strpbrk(settings->smtp_helo, " \t") != NULL)
		return wrong(check, "smtp", "helo", "must be a host name");
	if (settings->mail_transport_id != TRANSPORT_SMTP)
		return 0;
	if (*settings->smtp_host == '\0')
		return wrong(check, "smtp", "host", "is missing, and [sender] mail_transport is smtp");
	if (strcmp(settings->mail_from, "bailleur@localhost") == 0)
		return wrong(check, "smtp", "mail_from", "must be set, since [sender] mail_transport is smtp");
	return 0;
}

/* `200,202` */
static bool is_status_list(const char *list)
{
	for (;;) {
		if (strspn(list, "0123456789") != 3 || list[0] < '1' || list[0] > '5')
			return false;
		list += 3;
		if (*list == '\0')
			return true;
		if (*list++ != ',')
			return false;
	}
}

/* `Name: value|Name: value` */
static bool is_header_list(const char *list)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	while (*list != '\0') {
		size_t name = strspn(list, token);

		if (name == 0 || list[name] != ':')
			return false;
		list += strcspn(list, "|");
		if (*list == '|' && *++list == '\0')
			return false;
	}
	return true;
}

static int check_sms(const struct check *check)
{
	const struct settings *settings = check->settings;

	if (!is_status_list(settings->sms_success))
		return wrong(check, "sms", "success", "must be HTTP statuses separated by commas, as 200,202");
	if (!is_header_list(settings->sms_headers))
		return wrong(check, "sms", "headers", "must be Name: value, separated by |");
	if (settings->sms_transport_id == TRANSPORT_FILE)
		return 0;
	if (*settings->sms_url == '\0')
		return wrong(check, "sms", "url", "is missing, and [sender] sms_transport is not file");
	if (after_scheme(settings->sms_url) == NULL)
		return wrong(check, "sms", "url", "must be an http:// or https:// URL");
	return 0;
}

static int64_t customary_port(int tls)
{
	return tls == TLS_NONE ? 25 : tls == TLS_STARTTLS ? 587 : 465;
}

int settings_check(struct settings *settings, const char *path, const unsigned *lines, FILE *err)
{
	const struct check check = { settings, path, lines, err };

	if (check_bailleur(&check) != 0 || check_database(&check) != 0 || check_sender(&check) != 0 ||
	    check_smtp(&check) != 0 || check_sms(&check) != 0)
		return -1;
	if (settings->smtp_port == 0)
		settings->smtp_port = customary_port(settings->smtp_tls);
	return 0;
}
