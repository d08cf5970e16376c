/*
 * Strict JSON input (RFC 8259): json-c builds the tree, after a scan that refuses what json-c would let through
 * (NaN, single quotes, raw control characters, `-01`, `2.`, invalid UTF-8, duplicate keys, NUL in a string, integers
 * beyond 64 bits, trailing bytes, nesting deeper than JSON_IN_DEPTH).
 */
#ifndef BASE_JSON_IN_H
#define BASE_JSON_IN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

enum { JSON_IN_DEPTH = 16 };

enum json_in_error {
	JSON_IN_OK = 0,
	JSON_IN_SYNTAX,         /* not RFC 8259, or too deep */
	JSON_IN_ENCODING,       /* invalid UTF-8, unpaired surrogate, or a NUL character in a string */
	JSON_IN_DUPLICATE,      /* a name twice in one object */
	JSON_IN_RANGE           /* an integer that does not fit 64 bits, or a number too long */
};

/*
 * Parses `len` bytes. On success *root_r is owned by the pool (released at its reset); it is NULL for the JSON
 * document `null`. On error nothing is allocated and *where_r (may be NULL) is the offset of the offending byte.
 */
enum json_in_error json_in_parse(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                 size_t *where_r);

/*
 * A flaw is what is wrong with one value and leaves no doubt where it ends: a NUL or an unpaired surrogate escaped in a
 * string, a name that an object holds twice, a number out of range. Not so in a member's name, which says whose it is.
 */
struct json_in_flaw {
	size_t item;            /* the element of the root array; 0 when the root is none */
	const char *name;       /* the member of that object, or of the root; NULL: the flaw is in what is no object */
};

/* Each member once, however many flaws lie in it and below; in the order of items. */
struct json_in_flaws {
	struct json_in_flaw *at;
	size_t n, capacity;
};

/*
 * The same, but flaws are told instead of being errors: the list, which is in the pool, is empty when json_in_parse()
 * had accepted the bytes. Members that it names stand in the tree, with values that nobody may use. *flaws_r is set on
 * success only.
 */
enum json_in_error json_in_parse_flawed(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                        struct json_in_flaws *flaws_r);

/* Has that member a flaw? `name` NULL asks for an item that is no object. No slower for a list that is long. */
bool json_in_is_flawed(const struct json_in_flaws *flaws, size_t item, const char *name);

#endif
