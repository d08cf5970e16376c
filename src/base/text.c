/*
 * Growable text, and the bounded readings of text that come from outside.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"

enum { TEXT_FIRST = 128 };

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

void text_clear(struct text *text)
{
	text->len = 0;
	if (text->data != NULL)
		text->data[0] = '\0';
}

void text_grow(struct text *text, size_t more)
{
	size_t need, capacity = text->capacity ? text->capacity : TEXT_FIRST;

	if (more > SIZE_MAX / 4 - text->len) {
		log_event(LOG_LEVEL_ERROR, "text-too-long", NULL);
		abort();
	}
	need = text->len + more + 1;
	while (capacity < need)
		capacity *= 2;
	text->data = mem_realloc(text->data, capacity);
	text->capacity = capacity;
	text->data[text->len] = '\0';
}

void text_puts(struct text *text, const char *s)
{
	text_add(text, s, strlen(s));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args, again;
	int len;

	text_reserve(text, 0);
	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(text->data + text->len, text->capacity - text->len, format, args);
	va_end(args);
	if (len < 0) {
		log_event(LOG_LEVEL_ERROR, "bad-format", "format", format, NULL);
		abort();
	}
	if ((size_t)len >= text->capacity - text->len) {
		text_reserve(text, (size_t)len);
		vsnprintf(text->data + text->len, text->capacity - text->len, format, again);
	}
	va_end(again);
	text->len += (size_t)len;
}

void text_u64(struct text *text, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	text_add(text, digits + at, sizeof(digits) - at);
}

/* Length of the well-formed sequence at `s` (Unicode, table 3-7), `left` bytes being there; 0 when there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t size;

	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	size = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (left < size)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;             /* shorter would do */
	else if (s[0] == 0xED)
		high = 0x9F;            /* surrogates */
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;            /* beyond U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return size;
}

/* Are the next eight bytes ASCII, and none of them NUL? May say no of some that are. */
static bool eight_ascii(const unsigned char *s)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t eight;

	memcpy(&eight, s, sizeof eight);
	return ((eight | (eight - ones)) & tops) == 0;
}

size_t text_utf8_prefix(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t i = 0, size;

	while (i < len) {
		if (len - i >= 8 && eight_ascii(s + i)) {
			i += 8;
			continue;
		}
		size = utf8_sequence(s + i, len - i);
		if (size == 0)
			break;
		i += size;
	}
	return i;
}

bool text_is_utf8(const char *bytes, size_t len)
{
	return text_utf8_prefix(bytes, len) == len;
}

size_t text_codepoints(const char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)bytes[i] & 0xC0) != 0x80;
	return n;
}

bool text_is_blank(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ' ' || (*s >= '\t' && *s <= '\r'))
			continue;
		if ((unsigned char)s[0] == 0xC2 && (unsigned char)s[1] == 0xA0)
			s++;
		else
			return false;
	}
	return true;
}

/* Digits only, no overflow. */
static int read_digits(const char *s, uint64_t *value_r)
{
	uint64_t value = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return -1;
	}
	*value_r = value;
	return 0;
}

int text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *value_r)
{
	uint64_t value;

	if (read_digits(s, &value) != 0 || value < min || value > max)
		return -1;
	*value_r = value;
	return 0;
}

int text_to_i64(const char *s, int64_t min, int64_t max, int64_t *value_r)
{
	bool negative = *s == '-';
	uint64_t magnitude;
	int64_t value;

	if (read_digits(s + negative, &magnitude) != 0 || magnitude > (uint64_t)INT64_MAX + negative)
		return -1;
	/* Negated without passing through a positive number that has no room for 2^63. */
	value = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
	if (value < min || value > max)
		return -1;
	*value_r = value;
	return 0;
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

long text_form_decode(const char *from, size_t len, char *to)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 1 < len ? text_hex_digit(from[i + 1]) : -1;
			int low = i + 2 < len ? text_hex_digit(from[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high * 16 + low);
			i += 2;
		}
		to[out++] = c;
	}
	to[out] = '\0';
	return (long)out;
}

static bool form_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '*';
}

void text_form_encode(struct text *text, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	text_reserve(text, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (form_unreserved(c))
			text_putc(text, (char)c);
		else if (c == ' ')
			text_putc(text, '+');
		else
			text_add(text, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

static unsigned char ascii_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool text_same_ascii(const char *a, const char *b)
{
	for (; *a != '\0' && ascii_lower(*a) == ascii_lower(*b); a++)
		b++;
	return ascii_lower(*a) == ascii_lower(*b);
}
