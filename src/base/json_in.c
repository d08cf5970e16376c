/*
 * Strict JSON input: a scan by the letter of RFC 8259, then json-c builds the tree.
 *
 * The scan exists because json-c, its strict flags set, still lets through what another parser reads otherwise, and two
 * readings of one request are how checks are got round. Whatever passes the scan, json-c reads in one way only.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"

/* No number a client means is longer; it keeps the conversion to double cheap and exact enough. */
enum { NUMBER_MAX = 64, DOUBLE_EXPONENT = 307 };

/* A member's name as decoded, to find the second of its kind. */
struct name {
	const char *bytes;              /* in the input, or in the pool when it had escapes */
	size_t len;
	size_t where;
};

struct scan {
	struct pool *pool;
	const char *start;
	const char *at;
	const char *end;
	unsigned depth;
	enum json_in_error error;
	size_t where;
	struct name *names;             /* of all the objects that are open, the innermost last */
	size_t n_names;
	size_t max_names;
};

static bool scan_value(struct scan *scan);

/* Remembers what is wrong and where; always false, for `return fail(…)`. */
static bool fail(struct scan *scan, enum json_in_error error, const char *where)
{
	scan->error = error;
	scan->where = (size_t)(where - scan->start);
	return false;
}

static bool syntax(struct scan *scan)
{
	return fail(scan, JSON_IN_SYNTAX, scan->at);
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end &&
	       (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
		scan->at++;
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *scan)
{
	return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static bool accept(struct scan *scan, char c)
{
	if (peek(scan) != c)
		return false;
	scan->at++;
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
		return syntax(scan);
	scan->at += len;
	return true;
}

/* Four hexadecimal digits after `\u`; -1 when they are not there. */
static long read_hex4(struct scan *scan)
{
	long value = 0;

	for (int i = 0; i < 4; i++, scan->at++) {
		int c = peek(scan), digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0)
			digit = (c | 0x20) - 'a' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static bool scan_unicode_escape(struct scan *scan, const char *escape, unsigned long *code_r)
{
	long code = read_hex4(scan), low;

	if (code < 0)
		return syntax(scan);
	if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
		return fail(scan, JSON_IN_ENCODING, escape);
	*code_r = (unsigned long)code;
	if (code < 0xD800 || code > 0xDBFF)
		return true;
	if (!accept(scan, '\\') || !accept(scan, 'u'))
		return fail(scan, JSON_IN_ENCODING, escape);
	low = read_hex4(scan);
	if (low < 0)
		return syntax(scan);
	if (low < 0xDC00 || low > 0xDFFF)
		return fail(scan, JSON_IN_ENCODING, escape);
	*code_r = 0x10000 + (((unsigned long)code - 0xD800) << 10) + ((unsigned long)low - 0xDC00);
	return true;
}

static char *put_utf8(char *to, unsigned long code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xC0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xE0 | code >> 12);
		} else {
			*to++ = (char)(0xF0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3F));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*to++ = (char)(0x80 | (code & 0x3F));
	return to;
}

/* One escape, the backslash passed; what it stands for in *code_r. */
static bool scan_escape(struct scan *scan, unsigned long *code_r)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *escape = scan->at - 1, *letter;
	int c = peek(scan);

	if (c == 'u') {
		scan->at++;
		return scan_unicode_escape(scan, escape, code_r);
	}
	letter = c > 0 ? strchr(letters, c) : NULL;
	if (letter == NULL)
		return syntax(scan);
	scan->at++;
	*code_r = (unsigned char)meant[letter - letters];
	return true;
}

/* From quote to quote; *escaped_r says whether there was an escape in between. */
static bool scan_string(struct scan *scan, bool *escaped_r)
{
	unsigned long code;
	int c;

	*escaped_r = false;
	if (!accept(scan, '"'))
		return syntax(scan);
	while ((c = peek(scan)) != '"') {
		if (c < 0x20)
			return syntax(scan);    /* a control character, or the end */
		scan->at++;
		if (c == '\\') {
			*escaped_r = true;
			if (!scan_escape(scan, &code))
				return false;
		}
	}
	scan->at++;
	return true;
}

/* The decoded form of a string that was scanned already. An escape is never shorter than what it stands for. */
static void decode_name(struct scan *scan, const char *first, const char *last, struct name *name)
{
	struct scan again = { .start = scan->start, .at = first, .end = last };
	char *to = pool_alloc(scan->pool, (size_t)(last - first) + 1);
	unsigned long code = 0;

	name->bytes = to;
	while (again.at < last) {
		if (*again.at++ != '\\')
			*to++ = again.at[-1];
		else if (scan_escape(&again, &code))
			to = put_utf8(to, code);
	}
	name->len = (size_t)(to - name->bytes);
}

static bool scan_name(struct scan *scan)
{
	const char *first = scan->at + 1;
	struct name *name;
	bool escaped;

	if (!scan_string(scan, &escaped))
		return false;
	if (scan->n_names == scan->max_names) {
		scan->max_names = scan->max_names ? scan->max_names * 2 : 64;
		scan->names = mem_realloc(scan->names, scan->max_names * sizeof(*scan->names));
	}
	name = &scan->names[scan->n_names++];
	*name = (struct name){
		.bytes = first, .len = (size_t)(scan->at - 1 - first), .where = (size_t)(first - 1 - scan->start)
	};
	if (escaped)
		decode_name(scan, first, scan->at - 1, name);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	order = memcmp(x->bytes, y->bytes, x->len);
	if (order != 0)
		return order;
	return x->where < y->where ? -1 : x->where > y->where;
}

/* Sorted, so that an object with a million names costs no more than a million names. */
static bool names_differ(struct scan *scan, size_t first)
{
	struct name *names = scan->names + first;
	size_t n = scan->n_names - first;

	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (names[i].len == names[i - 1].len && memcmp(names[i].bytes, names[i - 1].bytes, names[i].len) == 0)
			return fail(scan, JSON_IN_DUPLICATE, scan->start + names[i].where);
	scan->n_names = first;
	return true;
}

static bool scan_members(struct scan *scan)
{
	size_t first = scan->n_names;

	skip_space(scan);
	if (accept(scan, '}'))
		return true;
	do {
		skip_space(scan);
		if (!scan_name(scan))
			return false;
		skip_space(scan);
		if (!accept(scan, ':'))
			return syntax(scan);
		if (!scan_value(scan))
			return false;
	} while (accept(scan, ','));
	return accept(scan, '}') ? names_differ(scan, first) : syntax(scan);
}

static bool scan_elements(struct scan *scan)
{
	skip_space(scan);
	if (accept(scan, ']'))
		return true;
	do {
		if (!scan_value(scan))
			return false;
	} while (accept(scan, ','));
	return accept(scan, ']') || syntax(scan);
}

static size_t skip_digits(struct scan *scan)
{
	const char *first = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return (size_t)(scan->at - first);
}

/* Digits of an integer part without sign: do they fit 64 bits, the sign considered? */
static bool integer_fits(const char *digits, size_t len, bool negative)
{
	uint64_t value = 0, max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;

	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
			return false;
	return value <= max;
}

/* Would the decimal number overflow a double, or vanish? Told from the place of its first digit that is not 0. */
static bool double_fits(const char *digits, const char *end)
{
	long exponent = 0, place = -1, written = 0;
	bool seen = false, fraction = false;

	for (; digits < end && (*digits | 0x20) != 'e'; digits++) {
		if (*digits == '.') {
			fraction = true;
			continue;
		}
		if (!fraction)
			place++;
		if (seen)
			continue;
		if (*digits != '0')
			seen = true;
		else
			exponent--;
	}
	if (!seen)
		return true;
	if (digits < end)
		written = strtol(digits + 1, NULL, 10);         /* saturates */
	if (written > INT_MAX || written < INT_MIN)
		return false;
	exponent += place + written;
	return exponent <= DOUBLE_EXPONENT && exponent >= -DOUBLE_EXPONENT;
}

static bool scan_number(struct scan *scan)
{
	const char *first = scan->at, *digits;
	char copy[NUMBER_MAX + 1];
	bool negative = accept(scan, '-'), integer = true;
	size_t len, n_digits;

	digits = scan->at;
	n_digits = skip_digits(scan);
	if (n_digits == 0)
		return syntax(scan);
	if (n_digits > 1 && *digits == '0')
		return fail(scan, JSON_IN_SYNTAX, digits + 1);
	if (accept(scan, '.')) {
		integer = false;
		if (skip_digits(scan) == 0)
			return syntax(scan);
	}
	if (accept(scan, 'e') || accept(scan, 'E')) {
		integer = false;
		(void)(accept(scan, '+') || accept(scan, '-'));
		if (skip_digits(scan) == 0)
			return syntax(scan);
	}
	len = (size_t)(scan->at - digits);
	if (len > NUMBER_MAX || (integer && !integer_fits(digits, n_digits, negative)))
		return fail(scan, JSON_IN_RANGE, first);
	memcpy(copy, digits, len);
	copy[len] = '\0';
	return integer || double_fits(copy, copy + len) || fail(scan, JSON_IN_RANGE, first);
}

static bool scan_nested(struct scan *scan, bool (*inside)(struct scan *scan))
{
	bool ok;

	if (scan->depth == JSON_IN_DEPTH)
		return syntax(scan);
	scan->at++;
	scan->depth++;
	ok = inside(scan);
	scan->depth--;
	return ok;
}

static bool scan_bare_value(struct scan *scan)
{
	bool escaped;

	switch (peek(scan)) {
	case '{':
		return scan_nested(scan, scan_members);
	case '[':
		return scan_nested(scan, scan_elements);
	case '"':
		return scan_string(scan, &escaped);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default:
		return scan_number(scan);
	}
}

static bool scan_value(struct scan *scan)
{
	skip_space(scan);
	if (!scan_bare_value(scan))
		return false;
	skip_space(scan);
	return true;
}

static bool scan_document(struct scan *scan)
{
	size_t len = (size_t)(scan->end - scan->start), valid = text_utf8_prefix(scan->start, len);

	if (valid < len)
		return fail(scan, JSON_IN_ENCODING, scan->start + valid);
	if (!scan_value(scan))
		return false;
	return scan->at == scan->end || syntax(scan);
}

/* The end of the bytes is told by a NUL: a number may be the whole document. Returns 0, or -1 and where. */
static int build(const char *bytes, size_t len, struct json_object **root_r, size_t *where_r)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_IN_DEPTH + 1);
	struct json_object *root;
	enum json_tokener_error error;

	if (tokener == NULL)
		return -1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, bytes, (int)len);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) {
		root = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	*where_r = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return -1;
	*root_r = root;
	return 0;
}

static void release(void *root)
{
	json_object_put(root);
}

enum json_in_error json_in_parse(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                 size_t *where_r)
{
	struct scan scan = { .pool = pool, .start = bytes, .at = bytes, .end = bytes + len };
	struct json_object *root = NULL;

	if (len > INT_MAX)
		fail(&scan, JSON_IN_SYNTAX, bytes);
	else if (scan_document(&scan) && build(bytes, len, &root, &scan.where) != 0)
		scan.error = JSON_IN_SYNTAX;
	free(scan.names);
	if (scan.error != JSON_IN_OK) {
		if (where_r != NULL)
			*where_r = scan.where;
		return scan.error;
	}
	if (root != NULL)
		pool_at_reset(pool, release, root);
	*root_r = root;
	return JSON_IN_OK;
}
