/*
 * What a tenant pays now: the latest year's amount, whatever order the years stand in, or the lease's.
 */
#include "domain/revision.h"
#include "unit.h"

static const struct { const char *revisions; const char *field; montant last; } TABLE[] = {
	{NULL, "loyerNew", 30000}, {"", "loyerNew", 30000}, {"{}", "loyerNew", 30000},
	{"{\"id\":\"\"}", "loyerNew", 30000},
	{"[]", "loyerNew", 30000}, {"null", "loyerNew", 30000}, {"{", "loyerNew", 30000}, {"12", "loyerNew", 30000},
	{"{\"2015\":{\"loyerNew\":310}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310.5}}", "loyerNew", 31050},
	{"{\"2015\":{\"loyerNew\":\"310.55\"}}", "loyerNew", 31055},
	{"{\"2015\":{\"loyerNew\":310},\"id\":\"\"}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"loyerNew\":320}}", "loyerNew", 32000},
	{"{\"2016\":{\"loyerNew\":320},\"2015\":{\"loyerNew\":310}}", "loyerNew", 32000},
	{"{\"999\":{\"loyerNew\":1},\"2015\":{\"loyerNew\":310}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"provisionNew\":20}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"provisionNew\":20}}", "provisionNew", 2000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"loyerNew\":null}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"loyerNew\":\"x\"}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"loyerNew\":1.005}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":{\"loyerNew\":-1}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":[320]}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016\":320}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"20160\":{\"loyerNew\":320}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"-2016\":{\"loyerNew\":320}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":310},\"2016x\":{\"loyerNew\":320}}", "loyerNew", 31000},
	{"{\"2015\":{\"loyerNew\":0}}", "loyerNew", 0},
};

START_TEST(last)
{
	struct pool *pool = pool_create();

	ck_assert_int_eq(revision_last(pool, TABLE[_i].revisions, TABLE[_i].field, 30000), TABLE[_i].last);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("revision");
	TCase *tcase = tcase_create("revision");

	tcase_add_loop_test(tcase, last, 0, COUNT(TABLE));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
