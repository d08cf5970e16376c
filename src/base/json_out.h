/*
 * A streaming JSON writer: appends to a text, keeps track of commas and nesting.
 *
 * Output is compact. Strings must be valid UTF-8 (they are checked on their way in); '"', '\\' and control characters
 * are escaped, '/' is not. Misuse (a value where a key is due) is caught by assert().
 */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct json_out {
	struct text *to;
	unsigned depth;
	uint64_t not_first;     /* bit d: something was already written at depth d */
	uint64_t in_object;     /* bit d: depth d is an object, so keys are due there */
	bool after_key;
};

/* json-c has types of these two names: as macros that only match a call they live beside it. */
#define json_object(json) json_out_object(json)
#define json_bool(json, value) json_out_bool(json, value)

void json_out_init(struct json_out *json, struct text *to);
void json_out_object(struct json_out *json);
void json_object_end(struct json_out *json);
void json_array(struct json_out *json);
void json_array_end(struct json_out *json);
void json_key(struct json_out *json, const char *name);         /* name is a literal that needs no escaping */
void json_key_escaped(struct json_out *json, const char *name);  /* a name from data */
void json_str(struct json_out *json, const char *s);            /* NULL writes null */
void json_strn(struct json_out *json, const char *s, size_t len);
void json_u64(struct json_out *json, uint64_t value);
void json_i64(struct json_out *json, int64_t value);
void json_out_bool(struct json_out *json, bool value);
void json_null(struct json_out *json);
void json_raw(struct json_out *json, const char *s, size_t len);  /* a value that is JSON already */

/* The members of an object that is compact JSON already (`{"a":1}`), into the object that is open here. */
void json_members(struct json_out *json, const char *object);

/* Key and value at once. */
void json_kstr(struct json_out *json, const char *name, const char *s);
void json_ku64(struct json_out *json, const char *name, uint64_t value);
void json_ki64(struct json_out *json, const char *name, int64_t value);
void json_kbool(struct json_out *json, const char *name, bool value);

#endif
