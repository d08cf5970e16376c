/*
 * Alphabets and segments of SMS, at each border.
 */
#include <string.h>

#include "base/text.h"
#include "domain/sms_text.h"
#include "unit.h"

/* A text is written as pieces, each repeated: "a*150 €*5" in spirit. */
struct piece {
	const char *s;
	int times;
};

static const struct {
	struct piece pieces[4];
	bool ucs2;
	unsigned units, segments;
} texts[] = {
	{ { { "", 0 } }, false, 0, 0 },
	/* GSM: 160 alone, 153 a part */
	{ { { "a", 1 } }, false, 1, 1 }, { { { "a", 159 } }, false, 159, 1 }, { { { "a", 160 } }, false, 160, 1 },
	{ { { "a", 161 } }, false, 161, 2 }, { { { "a", 306 } }, false, 306, 2 }, { { { "a", 307 } }, false, 307, 3 },
	{ { { "a", 459 } }, false, 459, 3 }, { { { "a", 460 } }, false, 460, 4 }, { { { "é", 160 } }, false, 160, 1 },
	{ { { "é", 161 } }, false, 161, 2 }, { { { "\n", 160 } }, false, 160, 1 },
	/* extension characters count two */
	{ { { "€", 1 } }, false, 2, 1 }, { { { "€", 80 } }, false, 160, 1 }, { { { "€", 81 } }, false, 162, 2 },
	{ { { "a", 158 }, { "€", 1 } }, false, 160, 1 }, { { { "a", 159 }, { "€", 1 } }, false, 161, 2 },
	{ { { "€", 1 }, { "a", 159 } }, false, 161, 2 },
	/* and are not cut in two: the part ends one septet early */
	{ { { "a", 152 }, { "€", 1 }, { "a", 152 } }, false, 306, 3 }, { { { "a", 152 }, { "€", 1 }, { "a", 151 } },
	                                                                 false, 305, 2 },
	{ { { "a", 151 }, { "€", 1 }, { "a", 153 } }, false, 306, 2 }, { { { "a", 151 }, { "€", 1 }, { "a", 154 } },
	                                                                 false, 307, 3 },
	{ { { "€", 76 }, { "a", 1 }, { "€", 76 } }, false, 305, 2 }, { { { "€", 152 } }, false, 304, 2 },
	{ { { "€", 153 } }, false, 306, 3 },
	{ { { "€", 228 } }, false, 456, 3 }, { { { "€", 229 } }, false, 458, 4 },
	/* UCS-2: 70 alone, 67 a part */
	{ { { "ê", 1 } }, true, 1, 1 }, { { { "ê", 70 } }, true, 70, 1 }, { { { "ê", 71 } }, true, 71, 2 },
		{ { { "ê", 134 } }, true, 134, 2 },
	{ { { "ê", 135 } }, true, 135, 3 }, { { { "a", 69 }, { "ê", 1 } }, true, 70, 1 },
	{ { { "a", 160 }, { "ê", 1 } }, true, 161, 3 },
	{ { { "€", 69 }, { "ç", 1 } }, true, 70, 1 }, { { { "€", 70 }, { "ç", 1 } }, true, 71, 2 },
	/* a surrogate pair is two units, and not cut */
	{ { { "\xF0\x9F\x98\x80", 1 } }, true, 2, 1 }, { { { "\xF0\x9F\x98\x80", 35 } }, true, 70, 1 },
	{ { { "\xF0\x9F\x98\x80", 36 } }, true, 72, 2 }, { { { "a", 66 }, { "\xF0\x9F\x98\x80", 1 }, { "a", 66 } },
	                                                   true, 134, 3 },
	{ { { "a", 66 }, { "\xF0\x9F\x98\x80", 1 }, { "a", 65 } }, true, 133, 2 },
	{ { { "a", 65 }, { "\xF0\x9F\x98\x80", 1 }, { "a", 67 } }, true, 134, 2 },
	{ { { "\xF0\x9F\x98\x80", 66 } }, true, 132, 2 }, { { { "\xF0\x9F\x98\x80", 67 } }, true, 134, 3 },
	/* one character decides for all */
	{ { { "a", 100 } }, false, 100, 1 }, { { { "a", 100 }, { "’", 1 } }, true, 101, 2 }
};

START_TEST(measures)
{
	struct text text = {0};
	struct sms_text found;

	text_reserve(&text, 0);
	for (const struct piece *piece = texts[_i].pieces; piece->s != NULL; piece++)
		for (int i = 0; i < piece->times; i++)
			text_puts(&text, piece->s);
	found = sms_text_measure(text.data, text.len);
	ck_assert_int_eq(found.ucs2, texts[_i].ucs2);
	ck_assert_uint_eq(found.units, texts[_i].units);
	ck_assert_uint_eq(found.segments, texts[_i].segments);
	text_free(&text);
}
END_TEST

/* 3GPP TS 23.038: the default alphabet without the escape, then its extension table. */
static const char gsm[] =
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
	"¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const char extension[] = "\f^{}\\[~]|€";
static const char outside[] =
	"`çêëîïôûœŒÀÂÊÈÙÔÎÁáíóúýþð«»°²³µ×÷¼¢¦©®ªºαβγδΑΒΕ’‘“”–—…•ł™\t\x01\x1b\x7F\xC2\x80\xC2\xA0\xE2\x80\xAF";

static size_t length_at(const char *s)
{
	unsigned char c = (unsigned char)*s;

	return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static void each(const char *characters, bool ucs2, unsigned units)
{
	for (const char *s = characters; *s != '\0'; s += length_at(s)) {
		struct sms_text found = sms_text_measure(s, length_at(s));

		ck_assert_msg(found.ucs2 == ucs2 && found.units == units, "%.*s", (int)length_at(s), s);
		ck_assert_uint_eq(found.segments, 1);
	}
}

START_TEST(alphabet)
{
	ck_assert_uint_eq(text_codepoints(gsm, strlen(gsm)), 127);
	ck_assert_uint_eq(text_codepoints(extension, strlen(extension)), 10);
	each(gsm, false, 1);
	each(extension, false, 2);
	each(outside, true, 1);
}
END_TEST

/* Of all code points of two bytes and fewer, no other is in the alphabet. */
START_TEST(nothing_else)
{
	unsigned found = 0;

	for (unsigned code = 1; code < 0x800; code++) {
		char utf8[3] = { (char)code, 0, 0 };

		if (code >= 0x80) {
			utf8[0] = (char)(0xC0 | code >> 6);
			utf8[1] = (char)(0x80 | (code & 0x3F));
		}
		found += !sms_text_measure(utf8, strlen(utf8)).ucs2;
	}
	ck_assert_uint_eq(found, 127 + 9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sms_text");
	TCase *tc = tcase_create("sms_text");

	tcase_add_loop_test(tc, measures, 0, COUNT(texts));
	tcase_add_test(tc, alphabet);
	tcase_add_test(tc, nothing_else);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
