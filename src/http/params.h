/*
 * The parameters of a request, or of one item of a JSON batch, whatever form they came in.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* PARAM_FLAWED: a value in an item of a batch that cannot be taken (see base/json_in.h), and is invalid as anything. */
enum param_kind { PARAM_TEXT, PARAM_NUMBER, PARAM_BOOL, PARAM_NULL, PARAM_OBJECT, PARAM_ARRAY, PARAM_FLAWED };

struct param {
	const char *name;
	const char *value;              /* NUL-terminated; JSON numbers and booleans as their text; NULL for null,
	                                 * object, array, flawed */
	size_t len;
	enum param_kind kind;           /* PARAM_TEXT for everything that is not JSON */
	struct json_object *json;       /* JSON only; NULL for null, flawed */
};

struct params {
	struct param *at;
	size_t n, capacity;
};

/* How reading a parameter went. */
enum param_result {
	PARAM_OK = 0,
	PARAM_ABSENT,           /* not given, or JSON null */
	PARAM_INVALID           /* wrong type, bounds, flawed, or given twice with different values */
};

struct pool;

/* Appends one; the array lives in the pool. */
void params_add(struct params *params, struct pool *pool, const struct param *param);

/* The first parameter of that name, or NULL; the next one after `previous`. */
const struct param *params_find(const struct params *params, const char *name);
const struct param *params_next(const struct params *params, const char *name, const struct param *previous);

/*
 * Typed readings. A parameter given twice with the same value is one; with different values it is PARAM_INVALID.
 * Text: at most max_chars code points; "" is PARAM_OK with "". Numbers in JSON are accepted as text where a text is
 * due. u64: decimal. bool: true, false, 1, 0 as JSON or text.
 */
enum param_result params_text(const struct params *params, const char *name, size_t max_chars, const char **value_r);
enum param_result params_u64(const struct params *params, const char *name, uint64_t min, uint64_t max,
                             uint64_t *value_r);
enum param_result params_bool(const struct params *params, const char *name, bool *value_r);
enum param_result params_time(const struct params *params, const char *name, int64_t *ms_r);     /* ISO 8601 */
enum param_result params_instant(const struct params *params, const char *name, int64_t *ms_r);  /* with an offset */

#endif
