/*
 * Pages and periods of the lists.
 */
#include "communication/filter.h"

#include <string.h>

#include "base/clock.h"

const char *filter_read_page(const struct params *params, struct filter_page *page_r)
{
	uint64_t limit = FILTER_LIMIT, offset = 0;
	if (params_u64(params, "limit", 1, FILTER_LIMIT_MAX, &limit) == PARAM_INVALID)
		return "limit";
	if (params_u64(params, "offset", 0, FILTER_OFFSET_MAX, &offset) == PARAM_INVALID)
		return "offset";
	*page_r = (struct filter_page){.limit = (uint32_t)limit, .offset = offset};
	return NULL;
}

static int read_time(const struct param *param, int64_t *ms_r)
{
	if (param->kind != PARAM_TEXT || clock_parse_iso(param->value, ms_r) != 0)
		return -1;
	return 0;
}

/* Whole seconds include all of their second; so the beginning of 1970 is a bound too, and not none. */
static int64_t to_its_end(int64_t ms)
{
	return ms % 1000 == 0 ? ms + 999 : ms;
}

/* The second `from`, when there are exactly two and no `until`. */
static const struct param *second_from(const struct params *params)
{
	const struct param *first = params_find(params, "from");
	const struct param *second = first != NULL ? params_next(params, "from", first) : NULL;
	if (second == NULL || params_next(params, "from", second) != NULL || params_find(params, "until") != NULL)
		return NULL;
	return second;
}

const char *filter_read_period(const struct params *params, struct filter_period *period_r)
{
	struct filter_period period = {0, 0};
	const struct param *second = second_from(params);
	enum param_result until = PARAM_OK;
	if (second != NULL) {
		if (read_time(params_find(params, "from"), &period.from) != 0 || read_time(second, &period.until) != 0)
			return "from";
	} else {
		if (params_time(params, "from", &period.from) == PARAM_INVALID)
			return "from";
		until = params_time(params, "until", &period.until);
		if (until == PARAM_INVALID)
			return "until";
	}
	if (until == PARAM_OK)
		period.until = to_its_end(period.until);
	*period_r = period;
	return NULL;
}
