/*
 * The templates that are shipped: whatever stands in their slots, it stays text. Every slot that a template has is
 * found in its source, so that a new one is tested without a line here.
 */
#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "documents/template.h"
#include "unit.h"

enum { SLOTS_MAX = 200 };

static const char *const FILES[] = {"page.html", "mail.html", "mail.txt", "letter-reset.txt", "letter-changed.txt"};

static const char *const HOSTILE[] = {
	"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus=alert(1) autofocus '",
	"</title></style><b>",
	"{{nonce}}{{{content_html}}}{{#ask}}", "&lt;script&gt;", "<!--", "]]>", "\xc2\xa0<\xe2\x80\xae>",
};

static const char *read_source(struct pool *pool, const char *name)
{
	char *source = pool_alloc(pool, 1 << 16);
	FILE *file = fopen(pool_printf(pool, "%s/%s", TEMPLATES_OF_TESTS, name), "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(source, 1, (1 << 16) - 1, file), 0);
	fclose(file);
	return source;
}

/*
 * The names of all slots and sections. Those in three braces take HTML of the program's own and no data: they stay
 * empty.
 */
static size_t find_slots(struct pool *pool, const char *source, const char *value,
                         struct template_value slots[SLOTS_MAX])
{
	size_t n = 0;

	for (const char *s = source; (s = strstr(s, "{{")) != NULL;) {
		bool raw = s[2] == '{';
		size_t len;

		s += 2;
		s += strspn(s, "{#^/");
		len = strcspn(s, "}");
		ck_assert_uint_lt(n, SLOTS_MAX);
		slots[n++] = (struct template_value){pool_strndup(pool, s, len), raw ? "" : value};
	}
	return n;
}

static size_t count(const char *in, const char *what)
{
	size_t n = 0;

	for (const char *s = in; (s = strstr(s, what)) != NULL; s += strlen(what))
		n++;
	return n;
}

/* With hostile values a page has exactly the marks of markup that it has with harmless ones. */
START_TEST(stays_text)
{
	static const char *const marks[] = {"<", ">", "\"", "'"};
	struct pool *pool = pool_create();
	struct template *template = template_load(TEMPLATES_OF_TESTS, FILES[_i]);
	const char *source = read_source(pool, FILES[_i]);
	struct template_value slots[SLOTS_MAX];
	struct text tame = {0}, wild = {0};
	bool html = strstr(FILES[_i], ".html") != NULL;

	ck_assert_ptr_nonnull(template);
	template_render(template, slots, find_slots(pool, source, "tame", slots), &tame);
	ck_assert_ptr_nonnull(strstr(tame.data, "tame"));
	for (size_t h = 0; h < sizeof HOSTILE / sizeof *HOSTILE; h++) {
		text_clear(&wild);
		template_render(template, slots, find_slots(pool, source, HOSTILE[h], slots), &wild);
		for (size_t m = 0; html && m < sizeof marks / sizeof *marks; m++)
			ck_assert_uint_eq(count(wild.data, marks[m]), count(tame.data, marks[m]));
		if (!html)
			ck_assert_uint_eq(count(wild.data, HOSTILE[h]), count(tame.data, "tame"));
	}
	text_free(&tame);
	text_free(&wild);
	template_free(template);
	pool_free(pool);
}
END_TEST

/* No address of elsewhere, no script, and quotes around every value in a tag: what the escaping relies on. */
START_TEST(written_for_it)
{
	struct pool *pool = pool_create();
	const char *source = read_source(pool, FILES[_i]);

	ck_assert_ptr_null(strstr(source, "<script"));
	ck_assert_ptr_null(strstr(source, "={{"));
	ck_assert_ptr_null(strstr(source, "javascript:"));
	for (const char *s = source; (s = strstr(s, "{{{")) != NULL; s += 3)
		ck_assert_ptr_eq(strstr(s, "{{{content_html}}}"), s);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slots");
	TCase *tc = tcase_create("slots");

	tcase_add_loop_test(tc, stays_text, 0, sizeof FILES / sizeof *FILES);
	tcase_add_loop_test(tc, written_for_it, 0, sizeof FILES / sizeof *FILES);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
