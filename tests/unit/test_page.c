/*
 * Pages of text: that a text drawn before is drawn as it is asked for now.
 */
#include "documents/page.h"

#include "base/text.h"
#include "unit.h"

static const struct page_style PLAIN = {.size = 10};

/* One text twice, in this style and in that one, with others between. */
static void draw(struct text *out, const struct page_style *one, const struct page_style *other, int between)
{
	static const struct page_meta meta = {"Titre", "Auteur", "Sujet", 0};
	struct page *page = page_begin(&meta);

	page_paragraph(page, "Loyer de janvier", one, 0);
	for (int i = 0; i < between; i++) {
		struct text text = {0};

		text_printf(&text, "%d", i);
		page_row(page, text.data, text.data, text.data, false, false);
		text_free(&text);
	}
	page_paragraph(page, "Loyer de janvier", other, 0);
	ck_assert_int_eq(page_end(page, out), 0);
}

static const struct page_style STYLES[] = {
	{.size = 11}, {.size = 10, .bold = true}, {.size = 10, .italic = true}, {.size = 10, .align = PAGE_RIGHT},
	{.size = 10, .align = PAGE_CENTER},
};

START_TEST(other_style)
{
	struct text same = {0}, changed = {0}, back = {0};

	draw(&same, &PLAIN, &PLAIN, 0);
	draw(&changed, &PLAIN, &STYLES[_i], 0);
	draw(&back, &STYLES[_i], &PLAIN, 0);
	ck_assert(changed.len != same.len || memcmp(changed.data, same.data, same.len) != 0);
	ck_assert(back.len != same.len || memcmp(back.data, same.data, same.len) != 0);
	ck_assert(back.len != changed.len || memcmp(back.data, changed.data, back.len) != 0);
	text_free(&same);
	text_free(&changed);
	text_free(&back);
}
END_TEST

/* More texts than are remembered: none is taken for another, and each is drawn again the same. */
START_TEST(many_texts)
{
	struct text one = {0}, other = {0};

	draw(&one, &PLAIN, &PLAIN, 1000);
	draw(&other, &PLAIN, &PLAIN, 1000);
	ck_assert_uint_eq(one.len, other.len);
	ck_assert_mem_eq(one.data, other.data, one.len);
	text_free(&one);
	text_free(&other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *tcase = tcase_create("page");

	tcase_add_loop_test(tcase, other_style, 0, COUNT(STYLES));
	tcase_add_test(tcase, many_texts);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
