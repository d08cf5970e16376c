/*
 * The scan: values one in another, the names of objects, and what is wrong.
 */
#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_number.h"
#include "base/text.h"

/* A member's name as decoded, to find the second of its kind. */
struct name {
	const char *bytes;              /* in the input, or in the pool when it had escapes */
	size_t len;
	size_t where;
	bool flawed;                    /* its value is */
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

	struct json_in_flaws *flaws;    /* NULL: the first flaw is an error */
	bool in_name;                   /* where a flaw is always one */
	unsigned top;                   /* how deep the members are that flaws are told by; 0: there are none */
	size_t n_top;                   /* so many of them lie in `names`, at its beginning; the last one is open */
	size_t item;                    /* of the root array */
	bool flawed;                    /* it, or the root, outside of such members */
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

/* What is wrong with a value, and with nothing around it: the scan can go on where flaws are told. */
static bool flaw(struct scan *scan, enum json_in_error error, const char *where)
{
	if (scan->flaws == NULL || scan->in_name)
		return fail(scan, error, where);
	if (scan->n_top > 0)
		scan->names[scan->n_top - 1].flawed = true;
	else
		scan->flawed = true;
	return true;
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

/* After a high surrogate, whose escape begins at `escape`. What is no low one is left to be read on its own. */
static bool scan_low_surrogate(struct scan *scan, const char *escape, unsigned long high, unsigned long *code_r)
{
	const char *second = scan->at;
	long low = -1;

	if (accept(scan, '\\') && accept(scan, 'u')) {
		low = read_hex4(scan);
		if (low < 0)
			return syntax(scan);
	}
	if (low < 0xDC00 || low > 0xDFFF) {
		scan->at = second;
		return flaw(scan, JSON_IN_ENCODING, escape);
	}
	*code_r = 0x10000 + ((high - 0xD800) << 10) + ((unsigned long)low - 0xDC00);
	return true;
}

static bool scan_unicode_escape(struct scan *scan, const char *escape, unsigned long *code_r)
{
	long code = read_hex4(scan);

	if (code < 0)
		return syntax(scan);
	if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
		return flaw(scan, JSON_IN_ENCODING, escape);
	*code_r = (unsigned long)code;
	if (code < 0xD800 || code > 0xDBFF)
		return true;
	return scan_low_surrogate(scan, escape, *code_r, code_r);
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

static void add_name(struct scan *scan, const char *first, const char *last, bool escaped)
{
	struct name *name;

	if (scan->n_names == scan->max_names) {
		scan->max_names = scan->max_names ? scan->max_names * 2 : 64;
		scan->names = mem_realloc(scan->names, scan->max_names * sizeof(*scan->names));
	}
	name = &scan->names[scan->n_names++];
	*name = (struct name){
		.bytes = first, .len = (size_t)(last - first), .where = (size_t)(first - 1 - scan->start)
	};
	if (escaped)
		decode_name(scan, first, last, name);
	if (scan->depth == scan->top)
		scan->n_top = scan->n_names;
}

static bool scan_name(struct scan *scan)
{
	const char *first = scan->at + 1;
	bool escaped, ok;

	scan->in_name = true;
	ok = scan_string(scan, &escaped);
	scan->in_name = false;
	if (ok)
		add_name(scan, first, scan->at - 1, escaped);
	return ok;
}

int json_scan_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static bool same_name(const struct name *a, const struct name *b)
{
	return json_scan_compare(a->bytes, a->len, b->bytes, b->len) == 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = json_scan_compare(x->bytes, x->len, y->bytes, y->len);

	if (order != 0)
		return order;
	return x->where < y->where ? -1 : x->where > y->where;
}

/* `name` NULL: the item itself. */
static void add_flaw(struct scan *scan, const struct name *name)
{
	struct json_in_flaws *flaws = scan->flaws;

	flaws->at = pool_grow(scan->pool, flaws->at, flaws->n, &flaws->capacity, sizeof(*flaws->at));
	flaws->at[flaws->n++] = (struct json_in_flaw){
		scan->item, name != NULL ? pool_strndup(scan->pool, name->bytes, name->len) : NULL
	};
}

/* Of a name that is there twice any value may be the flawed one. */
static void add_flaws(struct scan *scan, const struct name *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool flawed = names[i].flawed;

		for (; i + 1 < n && same_name(&names[i], &names[i + 1]); i++)
			flawed = true;
		if (flawed)
			add_flaw(scan, &names[i]);
	}
}

static bool has_duplicate(const struct name *names, size_t n, size_t *second_r)
{
	for (size_t i = 1; i < n; i++)
		if (same_name(&names[i - 1], &names[i])) {
			*second_r = names[i].where;
			return true;
		}
	return false;
}

/* The end of an object. Sorted, so that an object with a million names costs no more than a million names. */
static bool check_names(struct scan *scan, size_t first)
{
	struct name *names = scan->names + first;
	size_t n = scan->n_names - first, second;

	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	if (scan->flaws != NULL && scan->depth == scan->top) {
		add_flaws(scan, names, n);
		scan->n_top = 0;
	} else if (has_duplicate(names, n, &second) && !flaw(scan, JSON_IN_DUPLICATE, scan->start + second)) {
		return false;
	}
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
	return accept(scan, '}') ? check_names(scan, first) : syntax(scan);
}

/* The end of the root, or of an element when it is an array. */
static void end_item(struct scan *scan)
{
	if (scan->flawed)
		add_flaw(scan, NULL);
	scan->flawed = false;
	scan->item++;
}

static bool scan_elements(struct scan *scan)
{
	skip_space(scan);
	if (accept(scan, ']'))
		return true;
	do {
		if (!scan_value(scan))
			return false;
		if (scan->depth == 1)
			end_item(scan);
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

static bool scan_number(struct scan *scan)
{
	const char *first = scan->at, *digits;
	bool negative = accept(scan, '-'), integer = true;
	size_t n_digits;

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
	return json_number_fits(digits, (size_t)(scan->at - digits), integer, negative) ||
	       flaw(scan, JSON_IN_RANGE, first);
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

/* Flaws are told by the members of the root, or of the elements when it is an array. */
static unsigned top_of(int first)
{
	if (first == '[')
		return 2;
	return first == '{' ? 1 : 0;
}

static bool scan_document(struct scan *scan)
{
	size_t len = (size_t)(scan->end - scan->start), valid = text_utf8_prefix(scan->start, len);

	if (valid < len)
		return fail(scan, JSON_IN_ENCODING, scan->start + valid);
	skip_space(scan);
	scan->top = top_of(peek(scan));
	if (!scan_value(scan))
		return false;
	end_item(scan);
	return scan->at == scan->end || syntax(scan);
}

enum json_in_error json_scan(struct pool *pool, const char *bytes, size_t len, struct json_in_flaws *flaws,
                             size_t *where_r)
{
	struct scan scan = { .pool = pool, .start = bytes, .at = bytes, .end = bytes + len, .flaws = flaws };

	if (!scan_document(&scan))
		*where_r = scan.where;
	free(scan.names);
	return scan.error;
}
