/*
 * Mails: fields and bodies are what the standards ask, whatever the values are. That a mail reads back as it was
 * meant is checked from outside, with another program's parser, in the end-to-end tests.
 */
#include <stdlib.h>
#include <string.h>

#include "documents/mail.h"
#include "documents/mime.h"
#include "domain/line.h"
#include "unit.h"

static const uint8_t UUID[ID_UUID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static const struct {
	const char *value, *expected;
} FIELDS[] = {
	{"", "Subject: \r\n"},
	{"Bonjour", "Subject: Bonjour\r\n"},
	{"Quittance de loyer", "Subject: Quittance de loyer\r\n"},
	{"Réponse", "Subject: =?UTF-8?Q?R=C3=A9ponse?=\r\n"},
	{"a\r\nBcc: x@y.fr", "Subject: =?UTF-8?Q?a__Bcc=3A_x=40y=2Efr?=\r\n"},
	{"a\nb", "Subject: a b\r\n"},
	{"=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\r\n"},
	{" a", "Subject: =?UTF-8?Q?_a?=\r\n"},
	{"a ", "Subject: =?UTF-8?Q?a_?=\r\n"},
	{"日本語", "Subject: =?UTF-8?B?5pel5pys6Kqe?=\r\n"},
	{"\xff", "Subject: ?\r\n"},
	{"\x7f\x01", "Subject: =?UTF-8?Q?__?=\r\n"},
	{"one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
	 "Subject: one two three four five six seven eight nine ten eleven twelve\r\n thirteen fourteen\r\n"},
};

START_TEST(fields)
{
	struct text out = {0};

	mime_field(&out, "Subject", FIELDS[_i].value);
	ck_assert_str_eq(out.data, FIELDS[_i].expected);
	text_free(&out);
}
END_TEST

static const struct {
	const char *display, *expected;
} MAILBOXES[] = {
	{NULL, "From: <a@b.fr>\r\n"},
	{"", "From: <a@b.fr>\r\n"},
	{"Ville de Paris", "From: \"Ville de Paris\" <a@b.fr>\r\n"},
	{"a\"b\\c", "From: \"a\\\"b\\\\c\" <a@b.fr>\r\n"},
	{"x\" <evil@y.fr>, \"", "From: \"x\\\" <evil@y.fr>, \\\"\" <a@b.fr>\r\n"},
	{"Régie <x@y.fr>", "From: =?UTF-8?B?UsOpZ2llIDx4QHkuZnI+?= <a@b.fr>\r\n"},
	{"a\r\nTo: z@y.fr", "From: =?UTF-8?Q?a__To=3A_z=40y=2Efr?= <a@b.fr>\r\n"},
};

START_TEST(mailboxes)
{
	struct text out = {0};

	mime_field_mailbox(&out, "From", MAILBOXES[_i].display, "a@b.fr");
	ck_assert_str_eq(out.data, MAILBOXES[_i].expected);
	text_free(&out);
}
END_TEST

START_TEST(date)
{
	struct text out = {0};

	mime_field_date(&out, 880127706000);
	ck_assert_str_eq(out.data, "Date: Fri, 21 Nov 1997 15:55:06 +0000\r\n");
	text_free(&out);
}
END_TEST

static const struct {
	const char *body, *expected;
} BODIES[] = {
	{"", "quoted-printable\r\n\r\n"},
	{"Bonjour", "quoted-printable\r\n\r\nBonjour\r\n"},
	{"a\nb\rc\r\nd\n", "quoted-printable\r\n\r\na\r\nb\r\nc\r\nd\r\n"},
	{".\n..\n.x", "quoted-printable\r\n\r\n=2E\r\n=2E.\r\n=2Ex\r\n"},
	{"\n.\n", "quoted-printable\r\n\r\n\r\n=2E\r\n"},
	{"From here\nFrom\nx From y", "quoted-printable\r\n\r\n=46rom here\r\nFrom\r\nx From y\r\n"},
	{"space \ntab\t\nend ", "quoted-printable\r\n\r\nspace=20\r\ntab=09\r\nend=20\r\n"},
	{"un café, deux=trois", "quoted-printable\r\n\r\nun caf=C3=A9, deux=3Dtrois\r\n"},
	{"\x01z", "quoted-printable\r\n\r\n=01z\r\n"},
	{"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
	 "quoted-printable\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789012=\r\n"
	 "345678901234567890\r\n"},
	{"日本", "base64\r\n\r\n5pel5pys\r\n"},
	{"é\né", "base64\r\n\r\nw6kNCsOp\r\n"},
};

START_TEST(bodies)
{
	static const char name[] = "Content-Transfer-Encoding: ";
	struct text out = {0};

	mime_body(&out, BODIES[_i].body, strlen(BODIES[_i].body));
	ck_assert_uint_ge(out.len, sizeof name - 1);
	ck_assert_int_eq(strncmp(out.data, name, sizeof name - 1), 0);
	ck_assert_str_eq(out.data + sizeof name - 1, BODIES[_i].expected);
	text_free(&out);
}
END_TEST

/*
 * Every line ends with CRLF and nothing else holds CR or LF; ASCII; at most 998 characters; no line begins with a
 * dot.
 */
static void check_wire(const struct text *text)
{
	size_t column = 0;

	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		ck_assert_msg(c < 0x7f && (c >= ' ' || c == '\r' || c == '\n' || c == '\t'), "byte %02x at %zu", c, i);
		ck_assert_msg(column > 0 || c != '.', "a line begins with a dot at %zu", i);
		ck_assert_uint_le(column, 998);
		if (c == '\r')
			ck_assert_msg(text->data[i + 1] == '\n', "bare CR at %zu", i);
		if (c == '\n')
			ck_assert_msg(i > 0 && text->data[i - 1] == '\r', "bare LF at %zu", i);
		column = c == '\n' ? 0 : column + 1;
	}
	ck_assert_uint_eq(column, 0);
}

static const char *const HOSTILE[] = {
	"", " ", "\r\n", "a\r\nBcc: evil@example.org\r\n\r\nbody", "a\nb", "a\rb", "\r\n.\r\nMAIL FROM:<x>\r\n",
	"\n.\n", ".", "..",
	"=?UTF-8?Q?x?=", "\"", "\\", "<>", "<script>alert(1)</script>", "'\" onload=\"x", "{{sender}}",
	"{{{content_html}}}",
	"--=_01020304-0506-0708-090a-0b0c0d0e0f10--\r\n", "\xf0\x9f\x8f\xa0 \xf0\x9f\x94\x91", "\x01\x02\x1f\x7f",
	"%0A%0d",
	"é", "\xff\xfe", "\xc3", "javascript:alert(1)", "http://", "https://x.fr/?a=\"><b>", "\t",
	"\xe2\x80\xa8\xe2\x80\xae",
	"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
};

static char base_url[] = "https://bailleur.test:8080/x", templates[] = "", mail_from[] = "noreply@bailleur.example",
	mail_from_name[] = "Bailleur";
static struct settings SETTINGS = {
	.base_url = base_url, .templates = templates, .mail_from = mail_from, .mail_from_name = mail_from_name,
};

static unsigned count(const char *in, const char *what)
{
	unsigned n = 0;

	for (const char *at = in; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* The same hostile value in every slot a client fills: the header still has its own fields and no others. */
START_TEST(hostile)
{
	static const char *const names[] = {"\r\nFrom: ", "\r\nTo: ", "\r\nSubject: ", "\r\nMessage-ID: ",
	                                    "\r\nMIME-Version: "};
	const char *value = HOSTILE[_i];
	struct mail_kit *kit = mail_kit_create(&SETTINGS);
	struct pool *pool = pool_create();
	struct text out = {0};
	struct mail mail = {
		.uuid = UUID, .date = 880127706000, .to = "a@b.fr", .sender = value, .client = value,
		.subject = value, .content = value,
		.logo_url = value, .unsubscribe_url = "https://bailleur.test/u/x", .unsubscribe_link = true,
	};
	const char *body, *html;

	ck_assert_ptr_nonnull(kit);
	mail_build(kit, pool, &mail, &out);
	check_wire(&out);
	body = strstr(out.data, "\r\n\r\n");
	ck_assert_ptr_nonnull(body);
	html = strstr(body, "text/html");
	ck_assert_ptr_nonnull(html);
	out.data[body - out.data] = '\0';
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_uint_eq(count(out.data, names[i]), 1);
	ck_assert_uint_eq(count(out.data, "\r\n") - count(out.data, "\r\n "), 9);
	ck_assert_uint_eq(count(body + 1, "--=_01020304-0506-0708-090a-0b0c0d0e0f10\r\n"), 2);
	ck_assert_uint_eq(count(body + 1, "--=_01020304-0506-0708-090a-0b0c0d0e0f10--\r\n"), 1);
	ck_assert_uint_eq(count(html, "<script"), 0);
	ck_assert_uint_eq(count(html, "onload=3D\""), 0);
	ck_assert_uint_eq(count(html, "<img"), strncmp(value, "http", 4) == 0 ? 1 : 0);
	text_free(&out);
	pool_free(pool);
	mail_kit_free(kit);
}
END_TEST

static const struct {
	const char *base_url, *mail_from, *expected;
} IDS[] = {
	{"https://bailleur.test:8080/x", "a@b.fr", "<01020304-0506-0708-090a-0b0c0d0e0f10@bailleur.test>"},
	{"https://bailleur.test", "a@b.fr", "<01020304-0506-0708-090a-0b0c0d0e0f10@bailleur.test>"},
	{"http://127.0.0.1:8080", "a@b.fr", "<01020304-0506-0708-090a-0b0c0d0e0f10@b.fr>"},
	{"http://localhost/", "bailleur", "<01020304-0506-0708-090a-0b0c0d0e0f10@localhost>"},
};

START_TEST(message_id)
{
	struct settings settings = SETTINGS;
	struct pool *pool = pool_create();
	struct mail mail = {.uuid = UUID, .to = "a@b.fr", .subject = "s", .content = "c"};
	struct text out = {0};
	struct mail_kit *kit;

	settings.base_url = (char *)(uintptr_t)IDS[_i].base_url;
	settings.mail_from = (char *)(uintptr_t)IDS[_i].mail_from;
	kit = mail_kit_create(&settings);
	mail_build(kit, pool, &mail, &out);
	ck_assert_msg(strstr(out.data, IDS[_i].expected) != NULL, "%s", out.data);
	ck_assert_ptr_null(strstr(out.data, "List-Unsubscribe"));
	text_free(&out);
	mail_kit_free(kit);
	pool_free(pool);
}
END_TEST

static const struct {
	const char *content, *html;
} LINKS[] = {
	{"https://x.fr/a?b=1&c=2.", "<a href=\"https://x.fr/a?b=1&amp;c=2\">https://x.fr/a?b=1&amp;c=2</a>.\r\n"},
	{"(http://x.fr/é)", "(<a href=\"http://x.fr/é\">http://x.fr/é</a>)\r\n"},
	{"hhttp://", "hhttp://\r\n"},
	{"http://a\nh", "<a href=\"http://a\">http://a</a><br>\r\nh\r\n"},
	{"Https://x.fr, HTTP://Y.FR", "<a href=\"Https://x.fr\">Https://x.fr</a>, <a href=\"HTTP://Y.FR\">HTTP://Y.FR</a>"},
	{"HTTPS:// HTTP:// H", "HTTPS:// HTTP:// H\r\n"},
};

/* Undoes quoted-printable, enough for this test. */
static void decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (strncmp(s, "=\r\n", 3) == 0)
			s += 2;
		else if (*s == '=')
			*to++ = (char)strtol((char[]){s[1], s[2], 0}, NULL, 16), s += 2;
		else
			*to++ = *s;
	}
	*to = '\0';
}

/* Who is said to write: the message's originator, or the configured name, or else the client. */
static const struct {
	const char *sender;
	char from_name[10];
	const char *said;
} SAID[] = {
	{"Ville", "Bailleur", "de la part de Ville.\r\n"},
	{"", "Bailleur", "de la part de Bailleur.\r\n"},
	{NULL, "Bailleur", "de la part de Bailleur.\r\n"},
	{NULL, "", "de la part de Client.\r\n"},
	{"", "", "de la part de Client.\r\n"},
};

START_TEST(who_is_said_to_write)
{
	struct settings settings = SETTINGS;
	struct pool *pool = pool_create();
	struct mail mail = {.uuid = UUID, .to = "a@b.fr", .sender = SAID[_i].sender, .client = "Client",
	                    .subject = "s", .content = "c", .unsubscribe_url = "https://b.fr/u/x",
	                    .unsubscribe_link = true};
	char from_name[sizeof SAID[0].from_name];
	struct text out = {0};
	struct mail_kit *kit;

	memcpy(from_name, SAID[_i].from_name, sizeof from_name);
	settings.mail_from_name = from_name;
	kit = mail_kit_create(&settings);
	mail_build(kit, pool, &mail, &out);
	ck_assert_msg(strstr(out.data, SAID[_i].said) != NULL, "%s", out.data);
	ck_assert_ptr_null(strstr(out.data, "From: \"Client\""));
	text_free(&out);
	mail_kit_free(kit);
	pool_free(pool);
}
END_TEST

START_TEST(links)
{
	struct mail_kit *kit = mail_kit_create(&SETTINGS);
	struct pool *pool = pool_create();
	struct mail mail = {.uuid = UUID, .to = "a@b.fr", .subject = "s", .content = LINKS[_i].content};
	struct text out = {0};
	char *html;

	mail_build(kit, pool, &mail, &out);
	html = strstr(out.data, "text/html");
	ck_assert_ptr_nonnull(html);
	html = strstr(html, "\r\n\r\n");
	decode(html);
	ck_assert_msg(strstr(html, LINKS[_i].html) != NULL, "%s", html);
	text_free(&out);
	mail_kit_free(kit);
	pool_free(pool);
}
END_TEST

static const char *const LOGOS[] = {
	"https://exemple.fr/L.png", "http://exemple.fr/L.png", "HTTPS://exemple.fr/L.png", "Http://exemple.fr/L.png",
};

/* Whatever was accepted as a logo is shown as it was given. */
START_TEST(logos)
{
	struct mail_kit *kit = mail_kit_create(&SETTINGS);
	struct pool *pool = pool_create();
	struct mail mail = {.uuid = UUID, .to = "a@b.fr", .subject = "s", .content = "c", .logo_url = LOGOS[_i]};
	struct text out = {0};
	char *html;

	ck_assert(line_is_web_url(LOGOS[_i]));
	mail_build(kit, pool, &mail, &out);
	html = strstr(strstr(out.data, "text/html"), "\r\n\r\n");
	decode(html);
	ck_assert_msg(strstr(html, pool_printf(pool, "<img src=\"%s\"", LOGOS[_i])) != NULL, "%s", html);
	text_free(&out);
	mail_kit_free(kit);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail");
	TCase *tc = tcase_create("mail");

	if (getenv("BAILLEUR_TEMPLATES") == NULL)
		setenv("BAILLEUR_TEMPLATES", TEMPLATES_OF_TESTS, 1);
	tcase_add_loop_test(tc, fields, 0, COUNT(FIELDS));
	tcase_add_loop_test(tc, mailboxes, 0, COUNT(MAILBOXES));
	tcase_add_test(tc, date);
	tcase_add_loop_test(tc, bodies, 0, COUNT(BODIES));
	tcase_add_loop_test(tc, hostile, 0, COUNT(HOSTILE));
	tcase_add_loop_test(tc, message_id, 0, COUNT(IDS));
	tcase_add_loop_test(tc, who_is_said_to_write, 0, COUNT(SAID));
	tcase_add_loop_test(tc, links, 0, COUNT(LINKS));
	tcase_add_loop_test(tc, logos, 0, COUNT(LOGOS));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
