/*
 * Pages and periods of the lists.
 */
#include <string.h>

#include "communication/filter.h"
#include "http/parse.h"
#include "unit.h"

static struct request read_form(const char *form)
{
	static struct text body;
	struct request request = {.pool = pool_create(), .body = &body};

	parse_form(&request, form, strlen(form));
	return request;
}

static const struct { const char *form, *wrong; uint32_t limit; uint64_t offset; } PAGES[] = {
	{"", NULL, 100, 0}, {"limit=1", NULL, 1, 0}, {"limit=1000&offset=5", NULL, 1000, 5},
	{"offset=1000000000", NULL, 100, 1000000000}, {"limit=0", "limit", 0, 0}, {"limit=1001", "limit", 0, 0},
	{"limit=-1", "limit", 0, 0}, {"limit=", "limit", 0, 0}, {"limit=1e3", "limit", 0, 0},
	{"limit= 5", "limit", 0, 0},
	{"limit=99999999999999999999", "limit", 0, 0}, {"offset=-1", "offset", 0, 0},
	{"offset=1000000001", "offset", 0, 0},
	{"limit=5&limit=6", "limit", 0, 0}, {"limit=5&limit=5", NULL, 5, 0},
};

START_TEST(pages)
{
	struct request request = read_form(PAGES[_i].form);
	struct filter_page page = {0, 0};
	const char *wrong = filter_read_page(&request.params, &page);

	ck_assert_pstr_eq(wrong, PAGES[_i].wrong);
	if (wrong == NULL) {
		ck_assert_uint_eq(page.limit, PAGES[_i].limit);
		ck_assert_uint_eq(page.offset, PAGES[_i].offset);
	}
	pool_free(request.pool);
}
END_TEST

#define JAN1 INT64_C(1577887200000)     /* 2020-01-01T14:00:00Z */
#define JAN31 INT64_C(1580479200000)    /* 2020-01-31T14:00:00Z */

static const struct { const char *form, *wrong; int64_t from, until; } PERIODS[] = {
	{"", NULL, 0, 0},
	{"from=2020-01-01T14:00:00Z&until=2020-01-31T14:00:00Z", NULL, JAN1, JAN31 + 999},
	{"from=2020-01-01T14:00:00Z&from=2020-01-31T14:00:00Z", NULL, JAN1, JAN31 + 999},
	{"from=2020-01-01T14:00:00Z&from=2020-01-01T14:00:00Z", NULL, JAN1, JAN1 + 999},
	{"from=2020-01-01T14:00:00Z", NULL, JAN1, 0}, {"until=2020-01-31T14:00:00Z", NULL, 0, JAN31 + 999},
	{"until=2020-01-31T15:00:00%2B01:00", NULL, 0, JAN31 + 999},
	{"until=2020-01-31T14:00:00.250Z", NULL, 0, JAN31 + 250},
	{"until=1970-01-01T00:00:00Z", NULL, 0, 999}, {"until=1969-12-31T23:59:59Z", NULL, 0, -1},
	{"from=1970-01-01T00:00:00Z&from=1970-01-01T00:00:00Z", NULL, 0, 999},
	{"from=a&from=b", "from", 0, 0}, {"from=2020-01-01T14:00:00Z&from=b", "from", 0, 0},
	{"from=2020-01-01T14:00:00Z&from=2020-01-31T14:00:00Z&until=2020-01-31T14:00:00Z", "from", 0, 0},
	{"from=2020-01-01T14:00:00Z&from=2020-01-31T14:00:00Z&from=2020-02-01T14:00:00Z", "from", 0, 0},
	{"from=2020-02-31T14:00:00Z", "from", 0, 0}, {"until=hier", "until", 0, 0}, {"from=", "from", 0, 0},
	{"until=2020-01-31T14:00:00Z&until=2020-01-30T14:00:00Z", "until", 0, 0},
};

START_TEST(periods)
{
	struct request request = read_form(PERIODS[_i].form);
	struct filter_period period = {0, 0};
	const char *wrong = filter_read_period(&request.params, &period);

	ck_assert_pstr_eq(wrong, PERIODS[_i].wrong);
	if (wrong == NULL) {
		ck_assert_int_eq(period.from, PERIODS[_i].from);
		ck_assert_int_eq(period.until, PERIODS[_i].until);
	}
	pool_free(request.pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("filter");

	tcase_add_loop_test(tcase, pages, 0, COUNT(PAGES));
	tcase_add_loop_test(tcase, periods, 0, COUNT(PERIODS));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
