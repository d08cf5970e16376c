/*
 * A JSON object of the API's shape read into a row: one table says which member goes where, of which type and bounds.
 * Every error is told with its path in the document (`immeubles[2].biens[0].surface: not a number`).
 */
#ifndef GESTION_JSON_ROW_H
#define GESTION_JSON_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "base/pool.h"

/* The document being read: where errors go. */
struct json_doc {
	struct pool *pool;
	FILE *err;
	unsigned errors;
};

enum json_kind {
	JSON_TEXT,              /* const char *, at most `bound` characters */
	JSON_DECIMAL,           /* const char *: decimal text with at most `bound` places behind `least` digits */
	JSON_INTEGER,           /* const char *: a whole number from `least` to `bound` */
	JSON_MONTANT,           /* montant, not negative */
	JSON_TRUTH,             /* enum tri */
	JSON_BOOLEAN,           /* bool */
	JSON_DAY,               /* jour: {sec, usec} of a midnight in Paris */
	JSON_INSTANT,           /* int64_t ms: {sec, usec} in whole milliseconds */
	JSON_OID,               /* struct oid: 24 hexadecimal digits */
	JSON_OBJECT,            /* const char *: an object kept as it is, compact */
	JSON_HERE               /* read elsewhere, or derived from other members: skipped */
};

struct json_member {
	const char *name;
	enum json_kind kind;
	size_t offset;          /* in the row */
	int64_t bound, least;
	bool required;
};

/*
 * Reads `object` into the zeroed `row`; a null or absent member leaves its default there. Members the table does not
 * name are put together as compact JSON in *attributes_r (NULL: none), or refused when attributes_r is NULL.
 */
void json_row_read(struct json_doc *doc, const char *path, struct json_object *object,
                   const struct json_member *members, size_t n_members, void *row, const char **attributes_r);

/* Notes an error at `path`. */
void json_row_error(struct json_doc *doc, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The array `name` of `object`: its length, 0 when absent or null; an error, and 0, when it is no array of objects. */
size_t json_row_array(struct json_doc *doc, const char *path, struct json_object *object, const char *name,
                      struct json_object **array_r);

#endif
