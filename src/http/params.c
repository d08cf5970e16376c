/*
 * Reads parameters by name and type.
 */
#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/text.h"
#include "http/params.h"

enum { PARAMS_FIRST = 16 };

void params_add(struct params *params, struct pool *pool, const struct param *param)
{
	if (params->n == params->capacity) {
		size_t capacity = params->capacity ? 2 * params->capacity : PARAMS_FIRST;
		struct param *at = pool_alloc(pool, capacity * sizeof(*at));

		if (params->n > 0)
			memcpy(at, params->at, params->n * sizeof(*at));
		params->at = at;
		params->capacity = capacity;
	}
	params->at[params->n++] = *param;
}

static const struct param *find_from(const struct params *params, const char *name, size_t i)
{
	for (; i < params->n; i++)
		if (strcmp(params->at[i].name, name) == 0)
			return &params->at[i];
	return NULL;
}

const struct param *params_find(const struct params *params, const char *name)
{
	return find_from(params, name, 0);
}

const struct param *params_next(const struct params *params, const char *name, const struct param *previous)
{
	return find_from(params, name, (size_t)(previous - params->at) + 1);
}

static bool same_value(const struct param *a, const struct param *b)
{
	return a->value != NULL && b->value != NULL && a->len == b->len && memcmp(a->value, b->value, a->len) == 0;
}

/* The one value of that name, as text. A null says nothing, so it contradicts nothing. */
static enum param_result one_value(const struct params *params, const char *name, const struct param **param_r)
{
	const struct param *found = NULL;

	for (const struct param *p = params_find(params, name); p != NULL; p = params_next(params, name, p)) {
		if (p->kind == PARAM_NULL)
			continue;
		if (p->kind == PARAM_OBJECT || p->kind == PARAM_ARRAY || p->kind == PARAM_FLAWED)
			return PARAM_INVALID;
		if (found != NULL && !same_value(found, p))
			return PARAM_INVALID;
		found = p;
	}
	if (found == NULL)
		return PARAM_ABSENT;
	*param_r = found;
	return PARAM_OK;
}

enum param_result params_text(const struct params *params, const char *name, size_t max_chars, const char **value_r)
{
	const struct param *param;
	enum param_result result = one_value(params, name, &param);

	if (result != PARAM_OK)
		return result;
	if (param->kind == PARAM_BOOL)
		return PARAM_INVALID;
	if (param->len > max_chars && text_codepoints(param->value, param->len) > max_chars)
		return PARAM_INVALID;
	*value_r = param->value;
	return PARAM_OK;
}

enum param_result params_u64(const struct params *params, const char *name, uint64_t min, uint64_t max,
                             uint64_t *value_r)
{
	const struct param *param;
	enum param_result result = one_value(params, name, &param);

	if (result != PARAM_OK)
		return result;
	if (param->kind == PARAM_BOOL || text_to_u64(param->value, min, max, value_r) != 0)
		return PARAM_INVALID;
	return PARAM_OK;
}

enum param_result params_bool(const struct params *params, const char *name, bool *value_r)
{
	const struct param *param;
	enum param_result result = one_value(params, name, &param);

	if (result != PARAM_OK)
		return result;
	if (strcmp(param->value, "true") == 0 || strcmp(param->value, "1") == 0)
		*value_r = true;
	else if (strcmp(param->value, "false") == 0 || strcmp(param->value, "0") == 0)
		*value_r = false;
	else
		return PARAM_INVALID;
	return PARAM_OK;
}

static enum param_result read_time(const struct params *params, const char *name, int (*parse)(const char *, int64_t *),
                                   int64_t *ms_r)
{
	const struct param *param;
	enum param_result result = one_value(params, name, &param);

	if (result != PARAM_OK)
		return result;
	if (param->kind != PARAM_TEXT || parse(param->value, ms_r) != 0)
		return PARAM_INVALID;
	return PARAM_OK;
}

enum param_result params_time(const struct params *params, const char *name, int64_t *ms_r)
{
	return read_time(params, name, clock_parse_iso, ms_r);
}

enum param_result params_instant(const struct params *params, const char *name, int64_t *ms_r)
{
	return read_time(params, name, clock_parse_instant, ms_r);
}
