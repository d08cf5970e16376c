/*
 * Single lines, web addresses, and masked addresses.
 */
#include "domain/line.h"
#include "domain/mask.h"
#include "unit.h"

static const struct { const char *line; bool clean; } LINES[] = {
	{"", true}, {"Avis d'échéance n° 12", true}, {"emoji 🏠, guillemets « » et tiret —", true}, {"a\nb", false},
	{"a\rb", false}, {"\r\nBcc: x@y.fr", false}, {"tab\there", false}, {"bell\a", false}, {"del\x7f", false},
	{"nel\xc2\x85", false}, {"c1\xc2\x9f", false}, {"no-break\xc2\xa0space", true}, {"line\xe2\x80\xa8", false},
	{"paragraph\xe2\x80\xa9", false}, {"quote\xe2\x80\x99", true}, {"%0A stays text", true},
};

START_TEST(lines)
{
	ck_assert_int_eq(line_is_clean(LINES[_i].line), LINES[_i].clean);
}
END_TEST

static const struct { const char *url; bool good; } URLS[] = {
	{"https://exemple.fr/logo.png", true}, {"http://exemple.fr", true}, {"HTTPS://EXEMPLE.FR/a?b=c&d#e", true},
	{"https://exemple.fr:8443/logo", true}, {"https://exemple.fr/été.png", true}, {"https://exemple.fr/a@b", true},
	{"https://192.0.2.1/x", true}, {"", false}, {"exemple.fr/logo.png", false}, {"//exemple.fr/logo.png", false},
	{"ftp://exemple.fr/l", false}, {"javascript:alert(1)", false}, {"data:image/png;base64,AAAA", false},
	{"https://", false}, {"https:///logo", false}, {"https://?a", false}, {"https://:80/", false},
	{"https://user@exemple.fr/", false}, {"https://u:p@exemple.fr/", false}, {"https://exemple.fr/a b", false},
	{"https://exemple.fr/\"onload=x", false}, {"https://exemple.fr/<x>", false},
	{"https://exemple.fr/\r\nX: y", false},
	{"https://exemple.fr/`", false}, {"https://exemple.fr\\@evil", false}, {"https://.fr/", false},
	{"https://-a.fr/", false}, {" https://exemple.fr/", false},
};

START_TEST(urls)
{
	ck_assert_msg(line_is_web_url(URLS[_i].url) == URLS[_i].good, "%s", URLS[_i].url);
}
END_TEST

static const struct { const char *address, *masked; } EMAILS[] = {
	{"jean.dupont@exemple.fr", "j•••@e•••.fr"}, {"a@b.fr", "a•••@b•••.fr"},
	{"jean@mail.exemple.co.uk", "j•••@m•••.uk"},
	{"\"jean@dupont\"@exemple.fr",
	 "\"•••@e•••.fr"}, {"été@exemple.fr", "é•••@e•••.fr"}, {"jean@localhost", "j•••@•••"},
	{"jean", "•••"}, {"@exemple.fr", "•••@e•••.fr"}, {"jean@", "j•••@•••"}, {"jean@.fr", "j•••@•••"},
};

START_TEST(emails)
{
	struct pool *pool = pool_create();

	ck_assert_str_eq(mask_email(pool, EMAILS[_i].address), EMAILS[_i].masked);
	pool_free(pool);
}
END_TEST

static const struct { const char *number, *masked; } PHONES[] = {
	{"+33602030405", "•• •• •• •• 05"}, {"+4915112345678", "•• •• •• •• 78"}, {"12345", "•• •• •• •• ••"},
	{"", "•• •• •• •• ••"},
};

START_TEST(phones)
{
	struct pool *pool = pool_create();

	ck_assert_str_eq(mask_phone(pool, PHONES[_i].number), PHONES[_i].masked);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line");
	TCase *tcase = tcase_create("line");

	tcase_add_loop_test(tcase, lines, 0, COUNT(LINES));
	tcase_add_loop_test(tcase, urls, 0, COUNT(URLS));
	tcase_add_loop_test(tcase, emails, 0, COUNT(EMAILS));
	tcase_add_loop_test(tcase, phones, 0, COUNT(PHONES));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
