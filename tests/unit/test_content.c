/*
 * Line breaks of content, as clients leave them.
 */
#include "domain/content.h"
#include "unit.h"

static const struct {
	const char *stored;
	const char *rendered;
} contents[] = {
	{ "", "" }, { "Bonjour", "Bonjour" }, { "a%0Ab", "a\nb" }, { "a%0ab", "a\nb" }, { "a%0D%0Ab", "a\nb" },
	{ "a%0d%0ab", "a\nb" },
	{ "a%0d%0Ab", "a\nb" }, { "a\r\nb", "a\nb" }, { "a\rb", "a\nb" }, { "a\nb", "a\nb" }, { "%0A", "\n" },
	{ "%0A%0A", "\n\n" },
	{ "\r\n\r\n", "\n\n" }, { "\r\r\n\n", "\n\n\n" }, { "%0D%0A%0D%0A", "\n\n" }, { "%0D", "%0D" },
	{ "%0Db", "%0Db" }, { "%0D\n", "%0D\n" },
	{ "100%", "100%" }, { "%", "%" }, { "%0", "%0" }, { "50%0", "50%0" }, { "%%0A", "%\n" }, { "%250A", "%250A" },
	{ "%20", "%20" },
	{ "%C3%A9", "%C3%A9" }, { "remise de 10%0Aujourd'hui", "remise de 10\nujourd'hui" }, { "été%0A€", "été\n€" },
	{ "a%0Ab\r", "a\nb\n" }
};

START_TEST(breaks_lines)
{
	struct pool *pool = pool_create();

	ck_assert_str_eq(content_line_breaks(pool, contents[_i].stored), contents[_i].rendered);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("content");
	TCase *tc = tcase_create("content");

	tcase_add_loop_test(tc, breaks_lines, 0, COUNT(contents));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
