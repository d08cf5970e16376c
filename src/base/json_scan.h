/*
 * A scan of JSON by the letter of RFC 8259, of json_in alone.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/json_in.h"

/*
 * Is it JSON, nothing behind it, nested no deeper than JSON_IN_DEPTH? With `flaws` NULL the first flaw is an error;
 * otherwise those are told there, by item and in the order of json_scan_compare(). After an error *where_r is its
 * offset.
 */
enum json_in_error json_scan(struct pool *pool, const char *bytes, size_t len, struct json_in_flaws *flaws,
                             size_t *where_r);

/* An order of names: by their lengths first. */
int json_scan_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
