/*
 * Replies of SMTP servers: read whole, however they arrive in pieces, and judged; and what may be said to one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/smtp_reply.h"
#include "delivery/smtp_text.h"
#include "unit.h"

static const struct {
	const char *bytes;
	int result;
	unsigned code;
	const char *text;       /* NULL: not compared */
	const char *left;       /* what stays in the buffer */
} REPLIES[] = {
	{"250 ok\r\n", 1, 250, "250 ok", ""},
	{"250 ok\n", 1, 250, "250 ok", ""},
	{"250\r\n", 1, 250, "250", ""},
	{"354 go\r\n250 next\r\n", 1, 354, "354 go", "250 next\r\n"},
	{"250-one\r\n250-two\r\n250 three\r\nmore", 1, 250, "250 one two three", "more"},
	{"550-5.7.1 no\r\n550 5.7.1 really\r\n", 1, 550, "550 5.7.1 no 5.7.1 really", ""},
	{"250-\r\n250 x\r\n", 1, 250, NULL, ""},
	{"", 0, 0, NULL, ""},
	{"25", 0, 0, NULL, "25"},
	{"250 ok\r", 0, 0, NULL, "250 ok\r"},
	{"250-one\r\n250-two\r\n", 0, 0, NULL, "250-one\r\n250-two\r\n"},
	{"hello\r\n", -1, 0, NULL, NULL},
	{"\r\n", -1, 0, NULL, NULL},
	{"25\r\n", -1, 0, NULL, NULL},
	{"2500 ok\r\n", -1, 0, NULL, NULL},
	{"150 ok\r\n", -1, 0, NULL, NULL},
	{"650 ok\r\n", -1, 0, NULL, NULL},
	{"2x0 ok\r\n", -1, 0, NULL, NULL},
	{"250-one\r\n550 two\r\n", -1, 0, NULL, NULL},
	{"HTTP/1.1 400 Bad Request\r\n", -1, 0, NULL, NULL},
};

START_TEST(replies)
{
	struct text in = {0};
	struct smtp_reply reply;

	text_puts(&in, REPLIES[_i].bytes);
	ck_assert_int_eq(smtp_reply_take(&in, &reply), REPLIES[_i].result);
	if (REPLIES[_i].result == 1)
		ck_assert_uint_eq(reply.code, REPLIES[_i].code);
	if (REPLIES[_i].text != NULL)
		ck_assert_str_eq(reply.text, REPLIES[_i].text);
	if (REPLIES[_i].left != NULL)
		ck_assert_str_eq(in.data, REPLIES[_i].left);
	text_free(&in);
}
END_TEST

/* Byte by byte it is the same. */
START_TEST(pieces)
{
	static const char bytes[] = "250-mail.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
	struct text in = {0};
	struct smtp_reply reply;

	for (size_t i = 0; i < sizeof bytes - 1; i++) {
		text_putc(&in, bytes[i]);
		ck_assert_int_eq(smtp_reply_take(&in, &reply), i == sizeof bytes - 2 ? 1 : 0);
	}
	ck_assert_str_eq(reply.text, "250 mail.test PIPELINING 8BITMIME");
	text_free(&in);
}
END_TEST

/* A NUL in a line, a line without end, a reply without end: refused or cut, never beyond the buffer. */
START_TEST(hostile)
{
	struct text in = {0};
	struct smtp_reply reply;

	text_add(&in, "250 a\0b\r\n", 9);
	ck_assert_int_eq(smtp_reply_take(&in, &reply), -1);
	text_clear(&in);
	for (unsigned i = 0; i < 100; i++)
		text_puts(&in, "250-0123456789012345678901234567890123456789\r\n");
	text_puts(&in, "250 end\r\n");
	ck_assert_int_eq(smtp_reply_take(&in, &reply), 1);
	ck_assert_uint_eq(strlen(reply.text), SMTP_REPLY_TEXT);
	text_clear(&in);
	for (unsigned i = 0; i <= SMTP_REPLY_MAX; i++)
		text_putc(&in, '2');
	ck_assert_int_eq(smtp_reply_take(&in, &reply), -1);
	text_free(&in);
}
END_TEST

static const struct {
	unsigned code, expected;
	enum smtp_verdict verdict;
} VERDICTS[] = {
	{250, 2, SMTP_YES}, {251, 2, SMTP_YES}, {354, 354, SMTP_YES}, {250, 354, SMTP_UNCLEAR}, {354, 2, SMTP_UNCLEAR},
	{421, 2, SMTP_LATER}, {450, 2, SMTP_LATER}, {452, 354, SMTP_LATER}, {499, 2, SMTP_LATER},
	{500, 2, SMTP_NEVER}, {550, 2, SMTP_NEVER}, {552, 354, SMTP_NEVER}, {554, 2, SMTP_NEVER}, {599, 2, SMTP_NEVER},
	{530, 2, SMTP_LATER}, {535, 2, SMTP_LATER}, {538, 2, SMTP_LATER}, {334, 2, SMTP_UNCLEAR},
};

START_TEST(verdicts)
{
	struct smtp_reply reply = {.code = VERDICTS[_i].code};

	ck_assert_int_eq(smtp_reply_judge(&reply, VERDICTS[_i].expected), VERDICTS[_i].verdict);
}
END_TEST

static const struct {
	const char *text, *id;
} IDS[] = {
	{"250 2.0.0 Ok: queued as 4F2B1C0DE", "4F2B1C0DE"},
	{"250 Ok: queued as 4Xz-9.a_b;", "4Xz-9.a_b"},
	{"250 ok", NULL},
	{"250 queued as ", NULL},
	{"250 queued as 0123456789012345678901234567890123456789", NULL},
};

START_TEST(queue_ids)
{
	struct smtp_reply reply = {.code = 250};
	char id[32] = "-";

	snprintf(reply.text, sizeof reply.text, "%s", IDS[_i].text);
	ck_assert(smtp_reply_queue_id(&reply, id, sizeof id) == (IDS[_i].id != NULL));
	ck_assert_str_eq(id, IDS[_i].id != NULL ? IDS[_i].id : "-");
}
END_TEST

static const struct {
	const char *address;
	bool path;
} PATHS[] = {
	{"a@b.fr", true}, {"a+b.c-d@xn--e-fsa.fr", true}, {"\"a b\"@c.fr", true}, {"", false},
	{"a@b.fr\r\nRCPT TO:<x@y.fr>", false},
	{"a@b.fr\n", false}, {"a@b.fr>", false}, {"<a@b.fr", false}, {"a b@c.fr", false}, {"\xc3\xa9@b.fr", false},
	{"\"a\r\nb\"@c.fr", false}, {"a\x7f@b.fr", false}, {"\t@b.fr", false},
};

START_TEST(paths)
{
	ck_assert(smtp_is_path(PATHS[_i].address) == PATHS[_i].path);
}
END_TEST

static const struct {
	const char *bytes, *stuffed;
} STUFFED[] = {
	{"", ""}, {"a\r\n", "a\r\n"}, {".", ".."}, {".\r\n", "..\r\n"}, {"a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"},
	{"a.\r\nb\r\n", "a.\r\nb\r\n"}, {"\r\n.\r\n.\r\n..\r\n", "\r\n..\r\n..\r\n...\r\n"}, {"a\r\n.", "a\r\n.."},
};

START_TEST(stuffed)
{
	struct text text = {0};

	text_puts(&text, STUFFED[_i].bytes);
	smtp_stuff_dots(&text);
	ck_assert_str_eq(text.data, STUFFED[_i].stuffed);
	ck_assert_uint_eq(text.len, strlen(STUFFED[_i].stuffed));
	text_free(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp_reply");
	TCase *tc = tcase_create("smtp_reply");

	tcase_add_loop_test(tc, replies, 0, COUNT(REPLIES));
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, hostile);
	tcase_add_loop_test(tc, verdicts, 0, COUNT(VERDICTS));
	tcase_add_loop_test(tc, queue_ids, 0, COUNT(IDS));
	tcase_add_loop_test(tc, paths, 0, COUNT(PATHS));
	tcase_add_loop_test(tc, stuffed, 0, COUNT(STUFFED));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
