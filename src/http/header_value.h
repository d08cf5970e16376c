/*
 * Header values of the form `main; name=value; name="quoted"` (RFC 9110, 5.6.6): Content-Type, Content-Disposition.
 */
#ifndef HTTP_HEADER_VALUE_H
#define HTTP_HEADER_VALUE_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* Is what stands before the first ';' that word, whatever its case? */
bool header_value_is(const char *value, size_t len, const char *word);

/*
 * Finds the parameter `name` and returns its value, unquoted, from the pool; NULL when there is none. *bad_r is set
 * when the value is not of the form, or has the parameter twice: nothing in it may be believed then.
 */
const char *header_value_param(struct pool *pool, const char *value, size_t len, const char *name, size_t *len_r,
                               bool *bad_r);

#endif
