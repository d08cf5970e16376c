/*
 * E-mail addresses: what SMTP can carry, and all that must never reach it.
 */
#include <string.h>

#include "domain/address.h"
#include "unit.h"

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LOCAL64 LABEL63 "a"

static const struct {
	const char *given;
	const char *expected;
} good[] = {
	{ "a@b.fr", "a@b.fr" }, { "Jean.Dupont@Example.FR", "Jean.Dupont@example.fr" },
	{ "user+tag@example.com", "user+tag@example.com" },
	{ "o'brien@example.ie", "o'brien@example.ie" },
	{ "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com" },
	{ "1234@example.com", "1234@example.com" }, { "-@example.com", "-@example.com" }, { "a@1.fr", "a@1.fr" },
	{ "a@1a.2b.c3", "a@1a.2b.c3" }, { "a@a-b.fr", "a@a-b.fr" }, { "a@a--b.fr", "a@a--b.fr" },
	{ "a@mail.example.co.uk", "a@mail.example.co.uk" },
	{ "a@xn--caf-dma.fr", "a@xn--caf-dma.fr" }, { "a@example.xn--p1ai", "a@example.xn--p1ai" },
	{ "a@b.museum", "a@b.museum" },
	{ "a@3com.com", "a@3com.com" }, { "a@1.2.3.4a", "a@1.2.3.4a" },
	{ LOCAL64 "@example.com", LOCAL64 "@example.com" }, { "a@" LABEL63 ".fr", "a@" LABEL63 ".fr" },
	{ "\"a\"@example.com", "\"a\"@example.com" }, { "\"a@b\"@example.com", "\"a@b\"@example.com" },
	{ "\"a..b\"@example.com", "\"a..b\"@example.com" }, { "\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com" },
	{ "\"a,b;c\"@example.com", "\"a,b;c\"@example.com" },
	/* international domains */
	{ "a@café.fr", "a@xn--caf-dma.fr" }, { "a@CAFÉ.FR", "a@xn--caf-dma.fr" },
		{ "a@münchen.de", "a@xn--mnchen-3ya.de" },
	{ "a@straße.de", "a@xn--strae-oqa.de" }, { "a@пример.рф", "a@xn--e1afmkfd.xn--p1ai" },
	{ "a@例え.jp", "a@xn--r8jz45g.jp" },
	{ "a@cafe\xCC\x81.fr", "a@xn--caf-dma.fr" }, { "A@Été.Example", "A@xn--t-9fab.example" }
};

START_TEST(accepts)
{
	struct pool *pool = pool_create();
	const char *address = address_email(pool, good[_i].given);

	ck_assert_msg(address != NULL, "%s was refused", good[_i].given);
	ck_assert_str_eq(address, good[_i].expected);
	/* What comes out is ASCII that goes back in unchanged. */
	ck_assert_str_eq(address_email(pool, address), address);
	pool_free(pool);
}
END_TEST

static const char *const bad[] = {
	NULL, "", "@", "a", "a@", "@b.fr", "a@b", "a@localhost", "b.fr", "a.b.fr", "a@b@c.fr", "a@@b.fr", "a b@c.fr",
	"a@b c.fr",
	/* white space, line ends, control characters: what would end an SMTP command */
	" a@b.fr", "a@b.fr ", "a @b.fr", "a@ b.fr", "\ta@b.fr", "a@b.fr\n", "a@b.fr\r\n", "a\n@b.fr",
		"a\r\nBCC:x@y.fr@b.fr",
	"a@b.fr\r\nRCPT TO:<x@y.fr>", "a@b.fr>\r\nDATA", "a@b.\nfr", "a\x01@b.fr", "a\x7F@b.fr", "a@b\x0b.fr",
	"a@b.fr\x1f",
	"\"a\nb\"@c.fr", "\"a\r\n\"@c.fr", "\"a b\"@c.fr", "\"a\tb\"@c.fr", "\"a\\\nb\"@c.fr", "\"a\x01\"@c.fr",
	/* more than an address */
	"<a@b.fr>", "Jean <a@b.fr>", "a@b.fr,c@d.fr", "a@b.fr;c@d.fr", "a@b.fr c@d.fr", "(x)a@b.fr", "a(x)@b.fr",
		"a@b.fr(x)",
	"a@(x)b.fr", "mailto:a@b.fr", "a@b.fr>", "<a@b.fr", "a@b.fr SIZE=1", "@x.fr:a@b.fr", "x.fr!a",
	"undisclosed-recipients:;",
	/* local part */
	"\"\"@b.fr", ".a@b.fr", "a.@b.fr", "a..b@c.fr", ".@b.fr", "a\\b@c.fr", "a[b@c.fr", "a:b@c.fr", "a,b@c.fr",
		"a\"b\"@c.fr",
	"\"a\"b@c.fr", "\"a@c.fr", "\"a\"", "\"a\"@", "\"a\\\"@c.fr", "\"", "\"a\"\"b\"@c.fr", "\"a\".b@c.fr",
	LOCAL64 "a@b.fr",
	"\"" LOCAL64 "\"@b.fr", "é@b.fr", "jérôme@example.fr", "\"é\"@b.fr", "a\xC2\xA0@b.fr", "\xEF\xBC\xA1@b.fr",
	"a\xE2\x80\x8B@b.fr",
	/* domain */
	"a@.fr", "a@b..fr", "a@b.fr.", "a@.b.fr", "a@-b.fr", "a@b-.fr", "a@b.-fr", "a@b.fr-", "a@b_c.fr", "a@b!.fr",
		"a@b.fr/x",
	"a@127.0.0.1", "a@1.2", "a@b.123", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@b.fr:25", "a@" LABEL63 "a.fr", "a@b,fr",
	"a@b%2Efr",
	"a@\"b\".fr", "a@b\\.fr", "a@b.fr@", "a@b.fr?subject=x", "a@b..", "a@..",
	/* international domains that are none, and bytes that are no text */
	"a@\xE9.fr", "a@caf\xC3.fr", "a@\xC0\xAF.fr", "a@\xED\xA0\x80.fr", "a@é", "a@é.", "a@.é", "a@é..fr", "a@é b.fr",
		"a@é\n.fr",
	"a@é_b.fr", "a@é@b.fr", "a@-é.fr", "a@é-.fr", "a@é.123", "a@\xE2\x80\xAE" "fr.com", "a@\xF0\x9F\x98\x80.123",
	"a@é>.fr",
	"a@é／b.fr", "a@é℀b.fr", "a@é＠b.fr", "a@é　b.fr", "a@é＞.fr", "a@é＿b.fr", "a@é" "\xC2\xA0" "b.fr", "a@／.fr",
	"a@℀.fr"
};

START_TEST(refuses)
{
	struct pool *pool = pool_create();

	ck_assert_msg(address_email(pool, bad[_i]) == NULL, "%s was accepted", bad[_i]);
	pool_free(pool);
}
END_TEST

/* An address of `total` bytes: 64 of local part, then labels. */
static void make_address(char *address, size_t total)
{
	memset(address, 'a', total);
	address[total] = '\0';
	address[64] = '@';
	for (size_t dot = 64 + 60; dot + 3 < total; dot += 60)
		address[dot] = '.';
	address[total - 3] = '.';
}

START_TEST(total_length)
{
	struct pool *pool = pool_create();
	char address[300], *large = mem_alloc(1000001);

	make_address(address, 254);
	ck_assert_str_eq(address_email(pool, address), address);
	make_address(address, 255);
	ck_assert_ptr_null(address_email(pool, address));
	memset(large, 'a', 1000000);
	large[1] = '@';
	ck_assert_ptr_null(address_email(pool, large));
	free(large);
	pool_free(pool);
}
END_TEST

/* No byte but those of the table above is taken in a local part. */
START_TEST(every_byte)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";
	struct pool *pool = pool_create();
	char address[] = "a?b@c.fr";

	for (int c = 1; c < 256; c++) {
		address[1] = (char)c;
		ck_assert_msg((address_email(pool, address) != NULL) == (strchr(plain, c) != NULL), "byte %d", c);
	}
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("email_address");
	TCase *tc = tcase_create("email_address");

	tcase_add_loop_test(tc, accepts, 0, COUNT(good));
	tcase_add_loop_test(tc, refuses, 0, COUNT(bad));
	tcase_add_test(tc, total_length);
	tcase_add_test(tc, every_byte);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
