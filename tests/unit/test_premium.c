/*
 * The last second of a premium period.
 */
#include "domain/premium.h"
#include "unit.h"

static const struct { int64_t end, now; bool runs; } MOMENTS[] = {
	{1893455999000, 1893455998999, true}, {1893455999000, 1893455999000, true},
	{1893455999000, 1893455999001, true}, {1893455999000, 1893455999500, true},
	{1893455999000, 1893455999999, true}, {1893455999000, 1893456000000, false},
	{1893455999000, 1893456000001, false}, {1893455999000, 1577836800000, true},
	{1893455999700, 1893455999999, true}, {1893455999700, 1893456000000, false},
	{0, 0, false}, {0, 999, false}, {0, 1893455999000, false},
	{1000, 1999, true}, {1000, 2000, false},
};

START_TEST(runs)
{
	ck_assert_int_eq(premium_runs(MOMENTS[_i].end, MOMENTS[_i].now), MOMENTS[_i].runs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("premium");
	TCase *tcase = tcase_create("premium");

	tcase_add_loop_test(tcase, runs, 0, COUNT(MOMENTS));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
