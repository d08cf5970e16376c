/*
 * The parameters that the lists have in common: pages and periods.
 */
#ifndef COMMUNICATION_FILTER_H
#define COMMUNICATION_FILTER_H

#include "http/request.h"

enum { FILTER_LIMIT = 100, FILTER_LIMIT_MAX = 1000, FILTER_OFFSET_MAX = 1000000000 };

struct filter_page {
	uint32_t limit;
	uint64_t offset;
};

/* `from` and `until` in ms; 0: no bound. */
struct filter_period {
	int64_t from;
	int64_t until;
};

/* limit and offset. Returns NULL, or the name of the parameter that is invalid. */
const char *filter_read_page(const struct params *params, struct filter_page *page_r);

/*
 * from and until, ISO 8601. Where `from` comes twice and `until` does not, the second `from` is read as `until` (the
 * API document's own example says it so). Answers show whole seconds, so an `until` of whole seconds includes all of
 * that second. Returns NULL, or the name of the parameter that is invalid.
 */
const char *filter_read_period(const struct params *params, struct filter_period *period_r);

#endif
