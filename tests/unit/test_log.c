/*
 * The log: one line an event whatever the bytes, never more than one write, and its file opened again.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "unit.h"

static char directory[] = "/tmp/test_log.XXXXXX";
static char path[64], moved[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(moved, sizeof(moved), "%s/log.1", directory);
	ck_assert_int_eq(log_open("test", path, LOG_LEVEL_INFO), 0);
}

static void teardown(void)
{
	log_open("test", NULL, LOG_LEVEL_INFO);
	unlink(path);
	unlink(moved);
	rmdir(directory);
}

/* What the file holds, freed by the caller. */
static char *contents(const char *of)
{
	struct text text = {0};
	FILE *file = fopen(of, "r");
	int c;

	ck_assert_ptr_nonnull(file);
	text_reserve(&text, 0);
	while ((c = getc(file)) != EOF)
		text_putc(&text, (char)c);
	fclose(file);
	return text.data;
}

/* Checks time, level and process of the one line there is; returns what follows. */
static char *after_head(char *line, const char *level)
{
	char head[64];
	size_t len;

	for (const char *form = "dddd-dd-ddTdd:dd:dd.dddZ "; *form != '\0'; form++, line++)
		ck_assert(*form == 'd' ? isdigit((unsigned char)*line) : *form == *line);
	len = (size_t)snprintf(head, sizeof(head), "%s test[%ld] ", level, (long)getpid());
	ck_assert_mem_eq(line, head, len);
	return line + len;
}

static const struct {
	const char *value;
	const char *written;
} values[] = {
	{ "plain", "plain" }, { "a/b:c.d-e_f", "a/b:c.d-e_f" }, { "", "\"\"" }, { "two words", "\"two words\"" },
	{ "a=b", "\"a=b\"" }, { "say \"hi\"", "\"say \\\"hi\\\"\"" }, { "back\\slash", "\"back\\\\slash\"" },
	{ "line\nlevel=error", "\"line\\nlevel=error\"" }, { "\r\n", "\"\\x0d\\n\"" }, { "\t", "\"\\x09\"" },
	{ "\x1b[31m", "\"\\x1b[31m\"" }, { "\x7F", "\"\\x7f\"" }, { "é", "\"\\xc3\\xa9\"" },
	{ "\xC2\x9B", "\"\\xc2\\x9b\"" },
	{ "\xFF", "\"\\xff\"" }, { "\xE2\x80\xAE", "\"\\xe2\\x80\\xae\"" }
};

START_TEST(escapes)
{
	char *log, expected[128];

	log_event(LOG_LEVEL_WARN, "something", "key", values[_i].value, "last", "1", NULL);
	log = contents(path);
	snprintf(expected, sizeof(expected), "something key=%s last=1\n", values[_i].written);
	ck_assert_str_eq(after_head(log, "warn"), expected);
	free(log);
}
END_TEST

START_TEST(levels)
{
	char *log;

	log_event(LOG_LEVEL_DEBUG, "quiet", NULL);
	log_event(LOG_LEVEL_INFO, "heard", NULL);
	log = contents(path);
	ck_assert_str_eq(after_head(log, "info"), "heard\n");
	free(log);
}
END_TEST

START_TEST(request_id)
{
	char *log;

	log_set_request("abc-1");
	log_msg(LOG_LEVEL_ERROR, "trouble", "%d of %s\n", 3, "four");
	log_set_request(NULL);
	log = contents(path);
	ck_assert_str_eq(after_head(log, "error"), "trouble id=abc-1 msg=\"3 of four\\n\"\n");
	unlink(path);
	log_reopen();
	log_event(LOG_LEVEL_ERROR, "after", NULL);
	free(log);
	log = contents(path);
	ck_assert_str_eq(after_head(log, "error"), "after\n");
	free(log);
}
END_TEST

/* Too long a line is cut, says so, and is still one line with its quotes closed. */
START_TEST(cut)
{
	static const char fills[] = { 'x', ' ', '\n', '"' };

	for (size_t len = 3900; len < 4200; len++) {
		char *value = malloc(len + 1), *log;
		size_t n, quotes = 0;

		memset(value, fills[_i], len);
		value[len] = '\0';
		unlink(path);
		log_reopen();
		log_event(LOG_LEVEL_ERROR, "long", "value", value, NULL);
		log = contents(path);
		n = strlen(log);
		ck_assert_uint_le(n, 4096);
		ck_assert_ptr_eq(strchr(log, '\n'), log + n - 1);
		for (size_t i = 0; i < n; i++)
			quotes += log[i] == '"' && log[i - 1] != '\\';
		ck_assert_uint_eq(quotes % 2, 0);
		ck_assert((strstr(log, " cut=1\n") == NULL) == (n < 4089 && strlen(after_head(log, "error")) >= len));
		free(log);
		free(value);
	}
}
END_TEST

START_TEST(reopened)
{
	char *log;

	log_event(LOG_LEVEL_INFO, "one", NULL);
	ck_assert_int_eq(rename(path, moved), 0);
	log_event(LOG_LEVEL_INFO, "two", NULL);
	log_reopen();
	log_event(LOG_LEVEL_INFO, "three", NULL);
	log = contents(moved);
	ck_assert_ptr_nonnull(strstr(log, " one\n"));
	ck_assert_ptr_nonnull(strstr(log, " two\n"));
	free(log);
	log = contents(path);
	ck_assert_str_eq(after_head(log, "info"), "three\n");
	free(log);
}
END_TEST

/* A new file that cannot be had leaves the old one in use. */
START_TEST(reopening_fails)
{
	char *log;

	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	log_reopen();
	log_event(LOG_LEVEL_INFO, "still", NULL);
	log = contents(moved);
	ck_assert_ptr_nonnull(strstr(log, "log-reopen"));
	ck_assert_ptr_nonnull(strstr(log, " still\n"));
	free(log);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(cannot_open)
{
	ck_assert_int_eq(log_open("test", "/nonexistent/directory/log", LOG_LEVEL_INFO), -1);
}
END_TEST

/* Nobody else may read it, and no child inherits it. */
START_TEST(private)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07, 0);
}
END_TEST

START_TEST(numbers)
{
	const char *first = log_num(INT64_MIN), *second = log_num(0);

	for (int i = 0; i < 6; i++)
		log_num(i);
	ck_assert_str_eq(first, "-9223372036854775808");
	ck_assert_str_eq(second, "0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, escapes, 0, COUNT(values));
	tcase_add_test(tc, levels);
	tcase_add_test(tc, request_id);
	tcase_add_loop_test(tc, cut, 0, 4);
	tcase_add_test(tc, reopened);
	tcase_add_test(tc, reopening_fails);
	tcase_add_test(tc, cannot_open);
	tcase_add_test(tc, private);
	tcase_add_test(tc, numbers);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
