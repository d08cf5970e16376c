/*
 * Strict JSON input (RFC 8259): json-c builds the tree, after a scan that refuses what json-c would let through
 * (NaN, single quotes, raw control characters, `-01`, `2.`, invalid UTF-8, duplicate keys, NUL in a string, integers
 * beyond 64 bits, trailing bytes, nesting deeper than JSON_IN_DEPTH).
 */
#ifndef BASE_JSON_IN_H
#define BASE_JSON_IN_H

#include <json-c/json.h>
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

#endif
