/*
 * An SMS's alphabet and length.
 */
#include <stdint.h>

#include "domain/sms_text.h"

/* 3GPP TS 23.038, table 6.2.1: what of the default alphabet lies outside ASCII, in the order of code points. */
static const uint16_t gsm_others[] = {
	0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5, 0x00C6, 0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00D8,
	0x00DC, 0x00DF, 0x00E0, 0x00E4, 0x00E5, 0x00E6, 0x00E8, 0x00E9, 0x00EC, 0x00F1, 0x00F2, 0x00F6, 0x00F8, 0x00F9,
	0x00FC, 0x0393, 0x0394, 0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9
};

struct alphabet {
	bool ucs2;
	unsigned (*units)(uint32_t code);       /* of one character; 0 when the alphabet has it not */
	unsigned alone;                         /* units of a single SMS */
	unsigned part;                          /* units of one of several, whose header takes six octets */
};

static bool is_gsm_other(uint32_t code)
{
	for (size_t i = 0; i < sizeof(gsm_others) / sizeof(gsm_others[0]); i++)
		if (gsm_others[i] == code)
			return true;
	return false;
}

/* Septets: of the extension table (6.2.1.1), reached by an escape, two. */
static unsigned gsm_units(uint32_t code)
{
	switch (code) {
	case '\f': case '^': case '{': case '}': case '\\': case '[': case '~': case ']': case '|': case 0x20AC:
		return 2;
	case '\n': case '\r':
		return 1;
	case '`': case 0x7F:
		return 0;
	default:
		return code < 0x80 ? code >= ' ' : is_gsm_other(code);
	}
}

static unsigned ucs2_units(uint32_t code)
{
	return code > 0xFFFF ? 2 : 1;
}

static const struct alphabet gsm = { false, gsm_units, 160, 153 };
static const struct alphabet ucs2 = { true, ucs2_units, 70, 67 };

/* The code point at `s`, which is valid UTF-8; moves past it. */
static uint32_t next_code(const unsigned char **s)
{
	uint32_t code = *(*s)++;
	int more = code < 0xC0 ? 0 : code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;

	if (more > 0)
		code &= 0x3Fu >> more;
	while (more-- > 0)
		code = code << 6 | (*(*s)++ & 0x3Fu);
	return code;
}

/* Fills part after part. Returns -1 when a character is not in the alphabet. */
static int measure(const struct alphabet *alphabet, const char *utf8, size_t len, struct sms_text *text_r)
{
	const unsigned char *s = (const unsigned char *)utf8, *end = s + len;
	struct sms_text text = { .ucs2 = alphabet->ucs2 };
	unsigned filled = alphabet->part;

	while (s < end) {
		unsigned units = alphabet->units(next_code(&s));

		if (units == 0)
			return -1;
		text.units += units;
		filled += units;
		if (filled > alphabet->part) {
			text.segments++;
			filled = units;
		}
	}
	if (text.units > 0 && text.units <= alphabet->alone)
		text.segments = 1;
	*text_r = text;
	return 0;
}

struct sms_text sms_text_measure(const char *utf8, size_t len)
{
	struct sms_text text = {0};

	if (measure(&gsm, utf8, len, &text) != 0)
		measure(&ucs2, utf8, len, &text);
	return text;
}
