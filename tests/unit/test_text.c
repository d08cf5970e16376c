/*
 * Growable text, UTF-8, numbers and form encoding.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

START_TEST(grows)
{
	struct text text = {0};
	char expected[20001];

	for (int i = 0; i < 20000; i++) {
		text_putc(&text, (char)('a' + i % 26));
		expected[i] = (char)('a' + i % 26);
	}
	expected[20000] = '\0';
	ck_assert_uint_eq(text.len, 20000);
	ck_assert_str_eq(text.data, expected);
	text_clear(&text);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_str_eq(text.data, "");
	text_printf(&text, "%s%d", expected, 7);
	ck_assert_uint_eq(text.len, 20001);
	ck_assert_int_eq(text.data[20000], '7');
	text_free(&text);
	ck_assert_ptr_null(text.data);
	text_free(&text);
}
END_TEST

START_TEST(adds)
{
	struct text text = {0};

	text_add(&text, NULL, 0);
	ck_assert_str_eq(text.data, "");
	text_add(&text, "a\0b", 3);
	ck_assert_uint_eq(text.len, 3);
	ck_assert_mem_eq(text.data, "a\0b", 4);
	text_clear(&text);
	text_u64(&text, 0);
	text_putc(&text, ' ');
	text_u64(&text, UINT64_MAX);
	text_puts(&text, " fin");
	ck_assert_str_eq(text.data, "0 18446744073709551615 fin");
	text_free(&text);
}
END_TEST

/* Every length of what is added, so that each way of growing is met at its border. */
START_TEST(grows_by_any_step)
{
	for (size_t step = 1; step < 300; step++) {
		struct text text = {0};
		char bytes[300];

		memset(bytes, 'x', sizeof(bytes));
		for (int i = 0; i < 5; i++)
			text_printf(&text, "%.*s", (int)step, bytes);
		ck_assert_uint_eq(text.len, 5 * step);
		ck_assert_uint_eq(strlen(text.data), 5 * step);
		text_free(&text);
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	bool valid;
	size_t prefix;
} utf8[] = {
	{ "", 0, true, 0 }, { "abc", 3, true, 3 }, { "\x7F", 1, true, 1 }, { "\x01", 1, true, 1 },
	{ "\xC2\x80", 2, true, 2 }, { "\xDF\xBF", 2, true, 2 }, { "\xE0\xA0\x80", 3, true, 3 },
	{ "\xED\x9F\xBF", 3, true, 3 }, { "\xEE\x80\x80", 3, true, 3 }, { "\xEF\xBF\xBF", 3, true, 3 },
	{ "\xF0\x90\x80\x80", 4, true, 4 }, { "\xF4\x8F\xBF\xBF", 4, true, 4 }, { "\xF0\x9F\x98\x80!", 5, true, 5 },
	{ "\xEF\xBB\xBF", 3, true, 3 },
	/* a NUL */
	{ "a\0b", 3, false, 1 },
	/* a continuation byte alone, a lead byte alone, one too many */
	{ "\x80", 1, false, 0 }, { "\xBF", 1, false, 0 }, { "ab\xC3", 3, false, 2 }, { "\xC3(", 2, false, 0 },
	{ "\xC3\xA9\xA9", 3, false, 2 }, { "\xE2\x82", 2, false, 0 }, { "\xE2\x82(", 3, false, 0 },
	{ "\xF0\x9F\x98", 3, false, 0 }, { "\xF0\x9F\x98(", 4, false, 0 }, { "\xF0\x9F(\x80", 4, false, 0 },
	/* longer than need be */
	{ "\xC0\x80", 2, false, 0 }, { "\xC0\xAF", 2, false, 0 }, { "\xC1\xBF", 2, false, 0 },
	{ "\xE0\x80\xAF", 3, false, 0 }, { "\xE0\x9F\xBF", 3, false, 0 }, { "\xF0\x80\x80\xAF", 4, false, 0 },
	{ "\xF0\x8F\xBF\xBF", 4, false, 0 },
	/* surrogates */
	{ "\xED\xA0\x80", 3, false, 0 }, { "\xED\xBF\xBF", 3, false, 0 }, { "\xED\xA0\xBD\xED\xB8\x80", 6, false, 0 },
	/* beyond U+10FFFF, and bytes that never occur */
	{ "\xF4\x90\x80\x80", 4, false, 0 }, { "\xF5\x80\x80\x80", 4, false, 0 },
		{ "\xF8\x88\x80\x80\x80", 5, false, 0 },
	{ "\xFC\x84\x80\x80\x80\x80", 6, false, 0 }, { "\xFE", 1, false, 0 }, { "\xFF", 1, false, 0 },
	/* Latin-1 */
	{ "\xE9t\xE9", 3, false, 0 }
};

START_TEST(reads_utf8)
{
	ck_assert_int_eq(text_is_utf8(utf8[_i].bytes, utf8[_i].len), utf8[_i].valid);
	ck_assert_uint_eq(text_utf8_prefix(utf8[_i].bytes, utf8[_i].len), utf8[_i].prefix);
}
END_TEST

START_TEST(counts_codepoints)
{
	ck_assert_uint_eq(text_codepoints("", 0), 0);
	ck_assert_uint_eq(text_codepoints("abc", 3), 3);
	ck_assert_uint_eq(text_codepoints("été", 5), 3);
	ck_assert_uint_eq(text_codepoints("€\xF0\x9F\x98\x80", 7), 2);
}
END_TEST

static const struct {
	const char *s;
	bool blank;
} blanks[] = {
	{ "", true }, { " ", true }, { " \t\r\n\v\f", true }, { "\xC2\xA0", true }, { " \xC2\xA0 ", true },
	{ "a", false },
	{ "  .", false }, { "\xC2\xA1", false }, { "\xC2", false }, { "\xC2\xA0x", false }, { "0", false },
	{ "\x01", false }
};

START_TEST(knows_blank)
{
	ck_assert_int_eq(text_is_blank(blanks[_i].s), blanks[_i].blank);
}
END_TEST

static const struct {
	const char *s;
	uint64_t min, max;
	int result;
	uint64_t value;
} unsigned_numbers[] = {
	{ "0", 0, UINT64_MAX, 0, 0 }, { "7", 0, 10, 0, 7 }, { "007", 0, 10, 0, 7 }, { "10", 0, 10, 0, 10 },
	{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX }, { "1", 1, 1, 0, 1 },
	{ "11", 0, 10, -1, 0 }, { "0", 1, 10, -1, 0 }, { "18446744073709551616", 0, UINT64_MAX, -1, 0 },
	{ "18446744073709551620", 0, UINT64_MAX, -1, 0 }, { "99999999999999999999", 0, UINT64_MAX, -1, 0 },
	{ "184467440737095516150", 0, UINT64_MAX, -1, 0 },
	{ "", 0, 10, -1, 0 }, { " 1", 0, 10, -1, 0 }, { "1 ", 0, 10, -1, 0 }, { "+1", 0, 10, -1, 0 },
	{ "-1", 0, 10, -1, 0 },
	{ "-0", 0, 10, -1, 0 }, { "1.0", 0, 10, -1, 0 }, { "1e1", 0, 10, -1, 0 }, { "0x1", 0, 10, -1, 0 },
	{ "12abc", 0, 100, -1, 0 }, { "abc", 0, 10, -1, 0 }, { "\xD9\xA1", 0, 10, -1, 0 }
};

START_TEST(reads_unsigned)
{
	uint64_t value = 12345;

	ck_assert_int_eq(text_to_u64(unsigned_numbers[_i].s, unsigned_numbers[_i].min, unsigned_numbers[_i].max,
	                             &value),
	                 unsigned_numbers[_i].result);
	ck_assert_uint_eq(value, unsigned_numbers[_i].result == 0 ? unsigned_numbers[_i].value : 12345);
}
END_TEST

static const struct {
	const char *s;
	int64_t min, max;
	int result;
	int64_t value;
} signed_numbers[] = {
	{ "0", INT64_MIN, INT64_MAX, 0, 0 }, { "-0", INT64_MIN, INT64_MAX, 0, 0 }, { "-7", -10, 10, 0, -7 },
	{ "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX },
	{ "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN },
	{ "-9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MIN + 1 },
	{ "9223372036854775808", INT64_MIN, INT64_MAX, -1, 0 }, { "-9223372036854775809", INT64_MIN, INT64_MAX, -1, 0 },
	{ "18446744073709551615", INT64_MIN, INT64_MAX, -1, 0 }, { "-18446744073709551616", INT64_MIN, INT64_MAX, -1,
	                                                           0 },
	{ "-11", -10, 10, -1, 0 }, { "11", -10, 10, -1, 0 }, { "", -10, 10, -1, 0 }, { "-", -10, 10, -1, 0 },
	{ "--1", -10, 10, -1, 0 }, { "+1", -10, 10, -1, 0 }, { "- 1", -10, 10, -1, 0 }, { "1-", -10, 10, -1, 0 }
};

START_TEST(reads_signed)
{
	int64_t value = 12345;

	ck_assert_int_eq(text_to_i64(signed_numbers[_i].s, signed_numbers[_i].min, signed_numbers[_i].max, &value),
	                 signed_numbers[_i].result);
	ck_assert_int_eq(value, signed_numbers[_i].result == 0 ? signed_numbers[_i].value : 12345);
}
END_TEST

static const struct {
	const char *from;
	long len;               /* -1: refused */
	const char *to;
} forms[] = {
	{ "", 0, "" }, { "abc", 3, "abc" }, { "a+b", 3, "a b" }, { "a%20b", 3, "a b" }, { "%2B", 1, "+" },
	{ "%2b", 1, "+" },
	{ "%C3%A9", 2, "é" }, { "%00", 1, "\0" }, { "a%0Ab", 3, "a\nb" }, { "%25", 1, "%" }, { "%2525", 3, "%25" },
	{ "%F0%9F%98%80", 4, "\xF0\x9F\x98\x80" }, { "é", 2, "é" }, { "%ff", 1, "\xFF" },
	{ "%", -1, NULL }, { "%2", -1, NULL }, { "abc%", -1, NULL }, { "abc%4", -1, NULL }, { "%zz", -1, NULL },
	{ "%2g", -1, NULL }, { "%g2", -1, NULL }, { "%%20", -1, NULL }, { "%+1", -1, NULL }, { "% 1", -1, NULL },
	{ "%u00e9", -1, NULL }, { "%-1", -1, NULL }
};

START_TEST(decodes_forms)
{
	char apart[64], in_place[64];
	size_t len = strlen(forms[_i].from);

	ck_assert_int_eq(text_form_decode(forms[_i].from, len, apart), forms[_i].len);
	strcpy(in_place, forms[_i].from);
	ck_assert_int_eq(text_form_decode(in_place, len, in_place), forms[_i].len);
	if (forms[_i].len >= 0) {
		ck_assert_mem_eq(apart, forms[_i].to, (size_t)forms[_i].len + 1);
		ck_assert_mem_eq(in_place, forms[_i].to, (size_t)forms[_i].len + 1);
	}
}
END_TEST

/* An escape that the length cuts is malformed, whatever lies behind. */
START_TEST(decodes_no_further_than_told)
{
	char to[8];

	ck_assert_int_eq(text_form_decode("ab%41", 4, to), -1);
	ck_assert_int_eq(text_form_decode("ab%41", 3, to), -1);
	ck_assert_int_eq(text_form_decode("ab%41", 2, to), 2);
	ck_assert_str_eq(to, "ab");
}
END_TEST

START_TEST(encodes_forms)
{
	struct text text = {0};
	char all[256], back[256];

	text_form_encode(&text, "a b+c&d=é%~", strlen("a b+c&d=é%~"));
	ck_assert_str_eq(text.data, "a+b%2Bc%26d%3D%C3%A9%25%7E");
	text_clear(&text);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	text_form_encode(&text, all, sizeof(all));
	ck_assert_uint_eq(strspn(text.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*+%"),
	                  text.len);
	ck_assert_uint_lt(text.len, 3 * 256);
	text_reserve(&text, 1);
	char *decoded = malloc(text.len + 1);
	ck_assert_int_eq(text_form_decode(text.data, text.len, decoded), 256);
	memcpy(back, decoded, 256);
	ck_assert_mem_eq(back, all, 256);
	free(decoded);
	text_free(&text);
}
END_TEST

START_TEST(compares_ascii)
{
	ck_assert(text_same_ascii("", ""));
	ck_assert(text_same_ascii("Content-Type", "content-TYPE"));
	ck_assert(!text_same_ascii("abc", "abcd"));
	ck_assert(!text_same_ascii("abcd", "abc"));
	ck_assert(!text_same_ascii("@", "`"));
	ck_assert(!text_same_ascii("[", "{"));
	ck_assert(!text_same_ascii("É", "é"));
	ck_assert(text_same_ascii("é", "é"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, grows);
	tcase_add_test(tc, adds);
	tcase_add_test(tc, grows_by_any_step);
	tcase_add_loop_test(tc, reads_utf8, 0, COUNT(utf8));
	tcase_add_test(tc, counts_codepoints);
	tcase_add_loop_test(tc, knows_blank, 0, COUNT(blanks));
	tcase_add_loop_test(tc, reads_unsigned, 0, COUNT(unsigned_numbers));
	tcase_add_loop_test(tc, reads_signed, 0, COUNT(signed_numbers));
	tcase_add_loop_test(tc, decodes_forms, 0, COUNT(forms));
	tcase_add_test(tc, decodes_no_further_than_told);
	tcase_add_test(tc, encodes_forms);
	tcase_add_test(tc, compares_ascii);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
