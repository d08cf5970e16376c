/*
 * Growable text, and the bounded readings of text that come from outside.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that grow. `data` is NULL or NUL-terminated; `len` does not count the NUL. {0} is an empty text. */
struct text {
	char *data;
	size_t len;
	size_t capacity;
};

void text_free(struct text *text);              /* frees the bytes; the text is empty and may be used again */
void text_clear(struct text *text);             /* empties, keeps the capacity */
void text_grow(struct text *text, size_t more); /* text_reserve() where there is no room for so many */
void text_puts(struct text *text, const char *s);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_u64(struct text *text, uint64_t value);   /* decimal */

static inline void text_reserve(struct text *text, size_t more)
{
	if (text->data == NULL || more >= text->capacity - text->len)
		text_grow(text, more);
}

static inline void text_add(struct text *text, const void *bytes, size_t len)
{
	text_reserve(text, len);
	if (len > 0)
		memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

static inline void text_putc(struct text *text, char c)
{
	text_reserve(text, 1);
	text->data[text->len++] = c;
	text->data[text->len] = '\0';
}

/* Is it UTF-8 as RFC 3629 has it (no surrogates, no overlong forms, at most U+10FFFF), without a NUL byte? */
bool text_is_utf8(const char *bytes, size_t len);

/* The length of the longest beginning of which that is true: where the first bad byte is, or len. */
size_t text_utf8_prefix(const char *bytes, size_t len);

/* Number of code points of valid UTF-8. */
size_t text_codepoints(const char *bytes, size_t len);

/* Nothing but ASCII white space, U+00A0, or empty. */
bool text_is_blank(const char *s);

/*
 * A decimal number within min..max, the whole of `s`: no sign but '-' for i64, no space, no leading '+'.
 * Returns 0, or -1 and leaves *value_r alone.
 */
int text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *value_r);
int text_to_i64(const char *s, int64_t min, int64_t max, int64_t *value_r);

/* The value of a hexadecimal digit; -1 when it is none. */
int text_hex_digit(char c);

/*
 * Decodes application/x-www-form-urlencoded text ('+' is a space) into `to`, which must hold len + 1 bytes and may be
 * `from` itself. Returns the decoded length and adds a NUL; -1 on a malformed percent escape. Does not check UTF-8.
 */
long text_form_decode(const char *from, size_t len, char *to);

/* Appends `s` encoded as application/x-www-form-urlencoded (space becomes '+'). */
void text_form_encode(struct text *text, const char *s, size_t len);

/* Compares ignoring ASCII case only, whatever the locale. */
bool text_same_ascii(const char *a, const char *b);

#endif
