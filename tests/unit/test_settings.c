/*
 * The configuration file: what each value becomes, and what stops the start, with its line.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "unit.h"

/* The three lines without which no configuration is whole. */
#define BASE "[bailleur]\nbase_url = https://messages.example.fr\nsecret = 0123456789abcdef0123456789abcdef\n"

static char path[] = "/tmp/test_settings.XXXXXX";

static void setup(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void teardown(void)
{
	unlink(path);
}

/* Loads a file of these bytes. The errors, without the file's path, are left in `errors`. */
static int load(const char *bytes, size_t len, struct settings *settings, char errors[512])
{
	FILE *file = fopen(path, "w"), *err = fmemopen(errors, 512, "w");
	size_t prefix = strlen(path);
	int result;

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(err);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
	errors[0] = '\0';
	result = settings_load(settings, path, err);
	fclose(err);
	if (result != 0) {
		ck_assert_mem_eq(errors, path, prefix);
		memmove(errors, errors + prefix, strlen(errors + prefix) + 1);
	}
	return result;
}

START_TEST(defaults)
{
	struct settings settings;
	char errors[512];

	ck_assert_msg(load(BASE, strlen(BASE), &settings, errors) == 0, "%s", errors);
	ck_assert_str_eq(errors, "");
	ck_assert_str_eq(settings.file, path);
	ck_assert_str_eq(settings.base_url, "https://messages.example.fr");
	ck_assert_str_eq(settings.secret, "0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(settings.templates, "");
	ck_assert_str_eq(settings.log_file, "");
	ck_assert_int_eq(settings.log_level, LOG_LEVEL_INFO);
	ck_assert_str_eq(settings.db_hosts, "");
	ck_assert_int_eq(settings.workers, 16);
	ck_assert_int_eq(settings.request_deadline, 30);
	ck_assert_int_eq(settings.stop_timeout, 30);
	ck_assert_int_eq(settings.body_max, 4 * 1024 * 1024);
	ck_assert_str_eq(settings.mail_transport, "file");
	ck_assert_int_eq(settings.mail_transport_id, TRANSPORT_FILE);
	ck_assert_str_eq(settings.sms_transport, "file");
	ck_assert_int_eq(settings.sms_transport_id, TRANSPORT_FILE);
	ck_assert_int_eq(settings.claim_size, 500);
	ck_assert_int_eq(settings.lease, 600);
	ck_assert_int_eq(settings.retry_first, 60);
	ck_assert_int_eq(settings.retry_max, 6 * 3600);
	ck_assert_int_eq(settings.expire_mail, 3 * 86400);
	ck_assert_int_eq(settings.expire_sms, 86400);
	ck_assert_int_eq(settings.smtp_port, 587);
	ck_assert_int_eq(settings.smtp_tls, TLS_STARTTLS);
	ck_assert(settings.smtp_verify);
	ck_assert_int_eq(settings.smtp_connections, 8);
	ck_assert_int_eq(settings.smtp_timeout, 120);
	ck_assert_str_eq(settings.sms_method, "POST");
	ck_assert(settings.sms_reports);
	ck_assert_int_eq(settings.sms_connections, 8);
	ck_assert_int_eq(settings.sms_timeout, 30);
	settings_free(&settings);
	ck_assert_ptr_null(settings.file);
	settings_free(&settings);
}
END_TEST

/* The connector reads the file again whenever it connects. */
START_TEST(changed_since)
{
	static const char before[] = BASE "[client]\ndatabase=before\n", after[] = BASE "[client]\ndatabase=after\n";
	struct settings settings, later;
	char errors[512], read[1024] = "";
	FILE *file;

	ck_assert_int_eq(load(before, strlen(before), &settings, errors), 0);
	ck_assert_int_eq(load(after, strlen(after), &later, errors), 0);
	file = fopen(settings_connector_file(&settings), "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(read, 1, sizeof read, file), strlen(before));
	fclose(file);
	ck_assert_str_eq(read, before);
	settings_free(&settings);
	settings_free(&later);
}
END_TEST

START_TEST(all_given)
{
	static const char file[] =
		"# a comment\n; another\n\n"
		"[client]\nuser = root\nskip-ssl\nanything goes = here # and here\n"
		"[mysqld]\nskip-networking\n[mariadb-10.11]\nx\n[mysqldump]\nquick\n[client-server]\n"
		"[ bailleur ]\n\tbase_url\t=  http://127.0.0.1:8080/sub  \r\nsecret=\"a secret with # and ; and ' "
		"inside it...\"\ntemplates = /etc/bailleur/templates\nlog_file = '/var/log/bailleur.log'\nlog_level = "
		"debug\n[database]\nhosts = db1,db2:3307,[2001:db8::1]:3306,[::1]\nconnect_timeout = 2\nread_timeout = "
		"1m\nwrite_timeout=1h\n[api]\nworkers = 1024\nrequest_deadline = 5s\nstop_timeout = 2m\nbody_max = "
		"2048k\n[sender]\nmail_transport = smtp\nsms_transport = http\nspool =\nclaim_size = 1\nlease = "
		"1d\nretry_first = 2m\nretry_max = 1h\nexpire_mail = 5d\nexpire_sms = 3h\n"
		"[smtp]\nhost = mail.example.fr\nport = 2525\ntls = implicit\nverify = no\nca_file = /etc/ca.pem\nuser "
		"= été\npassword = \"a#b;c = 'd'\"\nhelo = api.example.fr\nmail_from = ne-pas-repondre@example.fr\n"
		"mail_from_name = Régie Dupont & fils\nconnections = 256\ntimeout = 60\n"
		"[sms]\nurl = https://sms.example.fr/send?to={to}\nuser = u\npassword = p\nsender = MAIRIE\nmethod = "
		"GET\nheaders = Authorization: Bearer abc|X-Two: 2\nbody = '{\"to\":\"{to}\"}'\nsuccess = "
		"200,201\nreports = OFF\nconnections = 1\ntimeout = 5m\n"
		"[bailleur]\n# a group may come twice";
	struct settings settings;
	char errors[512];

	ck_assert_msg(load(file, strlen(file), &settings, errors) == 0, "%s", errors);
	ck_assert_str_eq(settings.base_url, "http://127.0.0.1:8080/sub");
	ck_assert_str_eq(settings.secret, "a secret with # and ; and ' inside it...");
	ck_assert_str_eq(settings.templates, "/etc/bailleur/templates");
	ck_assert_str_eq(settings.log_file, "/var/log/bailleur.log");
	ck_assert_int_eq(settings.log_level, LOG_LEVEL_DEBUG);
	ck_assert_str_eq(settings.db_hosts, "db1,db2:3307,[2001:db8::1]:3306,[::1]");
	ck_assert_int_eq(settings.db_connect_timeout, 2);
	ck_assert_int_eq(settings.db_read_timeout, 60);
	ck_assert_int_eq(settings.db_write_timeout, 3600);
	ck_assert_int_eq(settings.workers, 1024);
	ck_assert_int_eq(settings.request_deadline, 5);
	ck_assert_int_eq(settings.stop_timeout, 120);
	ck_assert_int_eq(settings.body_max, 2 * 1024 * 1024);
	ck_assert_int_eq(settings.mail_transport_id, TRANSPORT_SMTP);
	ck_assert_str_eq(settings.mail_transport, "smtp");
	ck_assert_int_eq(settings.sms_transport_id, TRANSPORT_HTTP);
	ck_assert_str_eq(settings.spool, "");
	ck_assert_int_eq(settings.claim_size, 1);
	ck_assert_int_eq(settings.lease, 86400);
	ck_assert_int_eq(settings.retry_first, 120);
	ck_assert_int_eq(settings.retry_max, 3600);
	ck_assert_int_eq(settings.expire_mail, 5 * 86400);
	ck_assert_int_eq(settings.expire_sms, 3 * 3600);
	ck_assert_str_eq(settings.smtp_host, "mail.example.fr");
	ck_assert_int_eq(settings.smtp_port, 2525);
	ck_assert_int_eq(settings.smtp_tls, TLS_IMPLICIT);
	ck_assert(!settings.smtp_verify);
	ck_assert_str_eq(settings.smtp_ca_file, "/etc/ca.pem");
	ck_assert_str_eq(settings.smtp_user, "été");
	ck_assert_str_eq(settings.smtp_password, "a#b;c = 'd'");
	ck_assert_str_eq(settings.smtp_helo, "api.example.fr");
	ck_assert_str_eq(settings.mail_from, "ne-pas-repondre@example.fr");
	ck_assert_str_eq(settings.mail_from_name, "Régie Dupont & fils");
	ck_assert_int_eq(settings.smtp_connections, 256);
	ck_assert_int_eq(settings.smtp_timeout, 60);
	ck_assert_str_eq(settings.sms_url, "https://sms.example.fr/send?to={to}");
	ck_assert_str_eq(settings.sms_user, "u");
	ck_assert_str_eq(settings.sms_password, "p");
	ck_assert_str_eq(settings.sms_sender, "MAIRIE");
	ck_assert_str_eq(settings.sms_method, "GET");
	ck_assert_str_eq(settings.sms_headers, "Authorization: Bearer abc|X-Two: 2");
	ck_assert_str_eq(settings.sms_body, "{\"to\":\"{to}\"}");
	ck_assert_str_eq(settings.sms_success, "200,201");
	ck_assert(!settings.sms_reports);
	ck_assert_int_eq(settings.sms_connections, 1);
	ck_assert_int_eq(settings.sms_timeout, 300);
	settings_free(&settings);
}
END_TEST

#define BAD(text, error) { text, sizeof(text) - 1, error }

/* The error's beginning; the file's path stands before it. BASE ends line 3. */
static const struct {
	const char *file;
	size_t len;
	const char *error;
} bad[] = {
	/* lines that are not one */
	BAD(BASE "nonsense\n", ":4: neither [group] nor name = value"),
	BAD(BASE "= 1\n", ":4: no name before ="),
	BAD("workers = 1\n" BASE, ":1: an option before any [group]"),
	BAD(BASE "[api\nworkers = 1\n", ":4: a group is written [name]"),
	BAD(BASE "[]\n", ":4: a group is written [name]"),
	BAD(BASE "[api] workers = 1\n", ":4: a group is written [name]"),
	BAD(BASE "[a b]\n", ":4: a group is written [name]"),
	BAD(BASE "[[api]]\n", ":4: a group is written [name]"),
	BAD(BASE "!include /etc/other\n", ":4: no other file can be included"),
	BAD(BASE "[client]\n !includedir /etc/other\n", ":5: no other file can be included"),
	BAD(BASE "log_file = a\0b\n", ":4: not UTF-8 text"),
	BAD(BASE "log_file = \xE9t\xE9\n", ":4: not UTF-8 text"),
	BAD(BASE "log_file = a\x1b[0m\n", ":4: a control character"),
	BAD(BASE "log_file = a\rb\n", ":4: a control character"),
	BAD("\xEF\xBB\xBF" BASE, ":1: "),
	/* unknown names */
	BAD(BASE "[apu]\nworkers = 1\n", ":4: unknown group [apu]"),
	BAD(BASE "[API]\nworkers = 1\n", ":4: unknown group [API]"),
	BAD(BASE "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
	    ":4: unknown group"),
	BAD(BASE "[api]\nworker = 1\n", ":5: [api] has no option worker"),
	BAD(BASE "[api]\nWorkers = 1\n", ":5: [api] has no option Workers"),
	BAD(BASE "[api]\nhost = 1\n", ":5: [api] has no option host"),
	BAD(BASE "[smtp]\nsmtp_host = 1\n", ":5: [smtp] has no option smtp_host"),
	/* twice */
	BAD(BASE "[api]\nworkers = 1\n\nworkers = 1\n", ":7: [api] workers was given already, in line 5"),
	BAD(BASE "[api]\nworkers = 1\n[sms]\n[api]\nworkers = 2\n", ":8: [api] workers was given already, in line 5"),
	/* quotes and comments */
	BAD(BASE "log_file = \"abc\n", ":4: the quotes do not match"),
	BAD(BASE "log_file = 'abc\"\n", ":4: the quotes do not match"),
	BAD(BASE "log_file = \"a\"b\"\n", ":4: the quotes do not match"),
	BAD(BASE "log_file = \"a\" # why\n", ":4: the quotes do not match"),
	BAD(BASE "log_file = \"\n", ":4: the quotes do not match"),
	BAD(BASE "log_file = /tmp/x # why\n", ":4: a comment takes a line of its own"),
	BAD(BASE "log_file = /tmp/x ;why\n", ":4: a comment takes a line of its own"),
	BAD(BASE "log_file = # none\n", ":4: a comment takes a line of its own"),
	/* numbers */
	BAD(BASE "[api]\nworkers = 0\n", ":5: [api] workers must be a number from 1 to 1024"),
	BAD(BASE "[api]\nworkers = 1025\n", ":5: [api] workers must be a number from 1 to 1024"),
	BAD(BASE "[api]\nworkers =\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = -1\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = +1\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = 4.5\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = 0x10\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = 4s\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = many\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = 99999999999999999999\n", ":5: [api] workers must be a number"),
	BAD(BASE "[api]\nworkers = 9999999999999999999999999999999\n", ":5: [api] workers must be a number"),
	BAD(BASE "[smtp]\nport = 65536\n", ":5: [smtp] port must be a number from 0 to 65535"),
	/* durations and sizes */
	BAD(BASE "[api]\nrequest_deadline = 0\n",
	    ":5: [api] request_deadline must be a duration (s, m, h, d) from 1s to 1h"),
	BAD(BASE "[api]\nrequest_deadline = 61m\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[api]\nrequest_deadline = 5 s\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[api]\nrequest_deadline = 5S\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[api]\nrequest_deadline = 5ms\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[api]\nrequest_deadline = 5w\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[api]\nrequest_deadline = s\n", ":5: [api] request_deadline must be a duration"),
	BAD(BASE "[sender]\nlease = 9223372036854775807d\n",
	    ":5: [sender] lease must be a duration (s, m, h, d) from 10s to 1d"),
	BAD(BASE "[sender]\nexpire_mail = 31d\n",
	    ":5: [sender] expire_mail must be a duration (s, m, h, d) from 1m to 30d"),
	BAD(BASE "[api]\nbody_max = 1023\n", ":5: [api] body_max must be a size (k, M) from 1k to 64M"),
	BAD(BASE "[api]\nbody_max = 65M\n", ":5: [api] body_max must be a size"),
	BAD(BASE "[api]\nbody_max = 1G\n", ":5: [api] body_max must be a size"),
	BAD(BASE "[api]\nbody_max = 4MB\n", ":5: [api] body_max must be a size"),
	/* words */
	BAD(BASE "log_level = verbose\n", ":4: [bailleur] log_level must be error, warn, info or debug"),
	BAD(BASE "log_level =\n", ":4: [bailleur] log_level must be"),
	BAD(BASE "[sender]\nmail_transport = kannel\n", ":5: [sender] mail_transport must be file or smtp"),
	BAD(BASE "[sender]\nsms_transport = smtp\n", ":5: [sender] sms_transport must be file, kannel or http"),
	BAD(BASE "[smtp]\ntls = yes\n", ":5: [smtp] tls must be none, starttls or implicit"),
	BAD(BASE "[smtp]\nverify = maybe\n", ":5: [smtp] verify must be yes or no"),
	BAD(BASE "[smtp]\nverify =\n", ":5: [smtp] verify must be yes or no"),
	BAD(BASE "[sms]\nmethod = get\n", ":5: [sms] method must be GET or POST"),
	/* what is missing, or does not go together */
	BAD("", ": [bailleur] base_url is missing"),
	BAD("[client]\n", ": [bailleur] base_url is missing"),
	BAD("[bailleur]\nbase_url = https://a.fr\n", ": [bailleur] secret is missing"),
	BAD("[bailleur]\nbase_url = https://a.fr\nsecret =\n", ":3: [bailleur] secret is missing"),
	BAD("[bailleur]\nsecret = 0123456789abcdef0123456789abcde\n",
	    ":2: [bailleur] secret must have at least 32 characters"),
	BAD("[bailleur]\nbase_url = https://a.fr/\nsecret = 0123456789abcdef0123456789abcdef\n",
	    ":2: [bailleur] base_url must not end with a slash"),
	BAD("[bailleur]\nbase_url = ftp://a.fr\n", ":2: [bailleur] base_url must be http://host or https://host"),
	BAD("[bailleur]\nbase_url = messages.example.fr\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https:///x\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://a.fr?x\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://a.fr#x\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://u:p@a.fr\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://a b.fr\n", ":2: [bailleur] base_url must be http"),
	BAD("[bailleur]\nbase_url = https://a.fr/<x>\n", ":2: [bailleur] base_url must be http"),
	BAD(BASE "[database]\nhosts = a,,b\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a,\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a, b\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a:\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = :3306\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a:0\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a:65536\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a:b\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = [::1\n", ":5: [database] hosts must be"),
	BAD(BASE "[database]\nhosts = a,[::1]:99999\n", ":5: [database] hosts must be"),
	BAD(BASE "[sender]\nlease = 120s\n", ":5: [sender] lease must be longer than [smtp] timeout"),
	BAD(BASE "[sms]\ntimeout = 20m\n", ": [sender] lease must be longer than [smtp] timeout"),
	BAD(BASE "[sender]\nretry_first = 2h\nretry_max = 1h\n",
	    ":5: [sender] retry_first must not be longer than retry_max"),
	BAD(BASE "[sender]\nspool =\n", ":5: [sender] spool is needed for the transport file"),
	BAD(BASE "[sender]\nmail_transport = smtp\n[smtp]\nmail_from = a@b.fr\n", ": [smtp] host is missing, and"),
	BAD(BASE "[sender]\nmail_transport = smtp\n[smtp]\nhost = m\n", ": [smtp] mail_from must be set"),
	BAD(BASE "[smtp]\nhost = a b\n", ":5: [smtp] host must be"),
	BAD(BASE "[smtp]\nhelo = a b\n", ":5: [smtp] helo must be"),
	BAD(BASE "[smtp]\nuser = a\n", ":5: [smtp] user is given without"),
	BAD(BASE "[smtp]\npassword = a\n", ":5: [smtp] password is given without"),
	BAD(BASE "[smtp]\nmail_from = nobody\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[smtp]\nmail_from =\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[smtp]\nmail_from = a@b@c\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[smtp]\nmail_from = @b.fr\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[smtp]\nmail_from = Nom <a@b.fr>\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[smtp]\nmail_from = été@b.fr\n", ":5: [smtp] mail_from must be an e-mail address"),
	BAD(BASE "[sender]\nsms_transport = kannel\n", ": [sms] url is missing, and"),
	BAD(BASE "[sender]\nsms_transport = http\n[sms]\nurl = gopher://x\n", ":7: [sms] url must be an http"),
	BAD(BASE "[sms]\nsuccess = 200,\n", ":5: [sms] success must be HTTP statuses"),
	BAD(BASE "[sms]\nsuccess = 200, 202\n", ":5: [sms] success must be HTTP statuses"),
	BAD(BASE "[sms]\nsuccess = 2xx\n", ":5: [sms] success must be HTTP statuses"),
	BAD(BASE "[sms]\nsuccess = 999\n", ":5: [sms] success must be HTTP statuses"),
	BAD(BASE "[sms]\nsuccess = 20\n", ":5: [sms] success must have at least 3 characters"),
	BAD(BASE "[sms]\nheaders = nonsense\n", ":5: [sms] headers must be"),
	BAD(BASE "[sms]\nheaders = A: b|\n", ":5: [sms] headers must be"),
	BAD(BASE "[sms]\nheaders = A b: c\n", ":5: [sms] headers must be"),
	BAD(BASE "[sms]\nsender = aaaaaaaaaaaaaaaaa\n", ":5: [sms] sender must have at most 16 characters")
};

START_TEST(refuses)
{
	struct settings settings;
	char errors[512];

	ck_assert_msg(load(bad[_i].file, bad[_i].len, &settings, errors) == -1, "accepted:\n%s", bad[_i].file);
	ck_assert_msg(strncmp(errors, bad[_i].error, strlen(bad[_i].error)) == 0, "%s\nsays: %s\nnot:  %s",
	              bad[_i].file, errors, bad[_i].error);
	/* One line. */
	ck_assert_ptr_eq(strchr(errors, '\n'), errors + strlen(errors) - 1);
}
END_TEST

START_TEST(no_file)
{
	struct settings settings;
	char errors[512] = "";
	FILE *err = fmemopen(errors, sizeof(errors), "w");

	ck_assert_int_eq(settings_load(&settings, "/nonexistent/bailleur.conf", err), -1);
	fclose(err);
	ck_assert_str_eq(errors, "/nonexistent/bailleur.conf: No such file or directory\n");
}
END_TEST

static const struct {
	const char *tls;
	const char *port;
	int expected;
} ports[] = {
	{ "none", "0", 25 }, { "starttls", "0", 587 }, { "implicit", "0", 465 }, { "none", "2525", 2525 },
		{ "implicit", "25", 25 }
};

START_TEST(customary_ports)
{
	struct settings settings;
	char file[512], errors[512];

	snprintf(file, sizeof(file), BASE "[smtp]\ntls = %s\nport = %s\n", ports[_i].tls, ports[_i].port);
	ck_assert_int_eq(load(file, strlen(file), &settings, errors), 0);
	ck_assert_int_eq(settings.smtp_port, ports[_i].expected);
	settings_free(&settings);
}
END_TEST

/* The described file, its options uncommented and the two that have no default filled in, is a configuration. */
START_TEST(describes)
{
	struct text file = {0};
	struct settings settings;
	char *described = NULL, *next, errors[512];
	const char *line;
	size_t size, options = 0, comments = 0;
	FILE *out = open_memstream(&described, &size);

	ck_assert_ptr_nonnull(out);
	settings_describe(out);
	fclose(out);
	for (char *at = described; at != NULL; at = next) {
		line = at;
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		ck_assert_uint_le(strlen(line), 120);
		if (strncmp(line, "#base_url", 9) == 0)
			line = "#base_url = https://a.fr";
		else if (strncmp(line, "#secret", 7) == 0)
			line = "#secret = 0123456789abcdef0123456789abcdef";
		options += line[0] == '#' && line[1] != ' ';
		comments += line[0] == '#' && line[1] == ' ';
		text_puts(&file, line[0] == '#' && line[1] != ' ' ? line + 1 : line);
		text_putc(&file, '\n');
	}
	ck_assert_uint_ge(options, 40);
	ck_assert_uint_ge(comments, options);
	ck_assert_msg(load(file.data, file.len, &settings, errors) == 0, "%s\n%s", errors, file.data);
	ck_assert_int_eq(settings.workers, 16);
	ck_assert_str_eq(settings.sms_success, "200,201,202");
	settings_free(&settings);
	text_free(&file);
	free(described);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tc = tcase_create("settings");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, changed_since);
	tcase_add_test(tc, all_given);
	tcase_add_loop_test(tc, refuses, 0, COUNT(bad));
	tcase_add_test(tc, no_file);
	tcase_add_loop_test(tc, customary_ports, 0, COUNT(ports));
	tcase_add_test(tc, describes);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
