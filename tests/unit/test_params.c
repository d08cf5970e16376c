/*
 * Typed readings of parameters: what each type accepts, and what a parameter given twice means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/text.h"
#include "http/params.h"
#include "unit.h"

static struct pool *pool;

static void setup(void)
{
	pool = pool_create();
}

static void teardown(void)
{
	pool_free(pool);
}

static void add(struct params *params, const char *name, const char *value, enum param_kind kind)
{
	struct param param = {.name = name, .value = value, .len = value != NULL ? strlen(value) : 0, .kind = kind};

	params_add(params, pool, &param);
}

/*
 * How the parameter "p", of this kind and value, is read: as text of at most 5 characters, as a number from 1 to 100 …
 */
static const struct {
	enum param_kind kind;
	const char *value;
	enum param_result text, u64, boolean, time;
} READINGS[] = {
	{PARAM_TEXT, "", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "abcde", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "abcdef", PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "ééé\xf0\x9f\x8f\xa0\xf0\x9f\x8f\xa0", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "éééééé", PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "7", PARAM_OK, PARAM_OK, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "1", PARAM_OK, PARAM_OK, PARAM_OK, PARAM_INVALID},
	{PARAM_TEXT, "0", PARAM_OK, PARAM_INVALID, PARAM_OK, PARAM_INVALID},
	{PARAM_TEXT, "100", PARAM_OK, PARAM_OK, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "101", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "true", PARAM_OK, PARAM_INVALID, PARAM_OK, PARAM_INVALID},
	{PARAM_TEXT, "false", PARAM_OK, PARAM_INVALID, PARAM_OK, PARAM_INVALID},
	{PARAM_TEXT, "TRUE", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "+7", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "7 ", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "-1", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "18446744073709551617", PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_TEXT, "2020-01-31T14:00:00Z", PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_OK},
	{PARAM_TEXT, "2020-02-31T14:00:00Z", PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_NUMBER, "7", PARAM_OK, PARAM_OK, PARAM_INVALID, PARAM_INVALID},
	{PARAM_NUMBER, "1", PARAM_OK, PARAM_OK, PARAM_OK, PARAM_INVALID},
	{PARAM_NUMBER, "7.5", PARAM_OK, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_BOOL, "true", PARAM_INVALID, PARAM_INVALID, PARAM_OK, PARAM_INVALID},
	{PARAM_NULL, NULL, PARAM_ABSENT, PARAM_ABSENT, PARAM_ABSENT, PARAM_ABSENT},
	{PARAM_OBJECT, NULL, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_ARRAY, NULL, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
	{PARAM_FLAWED, NULL, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID, PARAM_INVALID},
};

START_TEST(readings)
{
	const char *text = "untouched";
	uint64_t number = 4711;
	bool boolean;
	int64_t ms;
	struct params params = {0};

	add(&params, "other", "x", PARAM_TEXT);
	add(&params, "p", READINGS[_i].value, READINGS[_i].kind);
	ck_assert_int_eq(params_text(&params, "p", 5, &text), READINGS[_i].text);
	ck_assert_int_eq(params_u64(&params, "p", 1, 100, &number), READINGS[_i].u64);
	ck_assert_int_eq(params_bool(&params, "p", &boolean), READINGS[_i].boolean);
	ck_assert_int_eq(params_time(&params, "p", &ms), READINGS[_i].time);
	ck_assert_str_eq(text, READINGS[_i].text == PARAM_OK ? READINGS[_i].value : "untouched");
	if (READINGS[_i].u64 != PARAM_OK)
		ck_assert_uint_eq(number, 4711);
}
END_TEST

START_TEST(values)
{
	struct params params = {0};
	uint64_t number;
	bool boolean;
	int64_t ms;

	add(&params, "number", "42", PARAM_TEXT);
	add(&params, "yes", "1", PARAM_NUMBER);
	add(&params, "no", "false", PARAM_BOOL);
	add(&params, "time", "1970-01-01T01:00:01+01:00", PARAM_TEXT);
	ck_assert_int_eq(params_u64(&params, "number", 0, UINT64_MAX, &number), PARAM_OK);
	ck_assert_uint_eq(number, 42);
	ck_assert_int_eq(params_bool(&params, "yes", &boolean), PARAM_OK);
	ck_assert(boolean);
	ck_assert_int_eq(params_bool(&params, "no", &boolean), PARAM_OK);
	ck_assert(!boolean);
	ck_assert_int_eq(params_time(&params, "time", &ms), PARAM_OK);
	ck_assert_int_eq(ms, 1000);
	ck_assert_int_eq(params_text(&params, "nothing", 9, &(const char *){NULL}), PARAM_ABSENT);
}
END_TEST

/* A parameter given twice. */
static const struct {
	enum param_kind kind1;
	const char *value1;
	enum param_kind kind2;
	const char *value2;
	enum param_result expected;
} TWICE[] = {
	{PARAM_TEXT, "a", PARAM_TEXT, "a", PARAM_OK},
	{PARAM_TEXT, "a", PARAM_TEXT, "b", PARAM_INVALID},
	{PARAM_TEXT, "", PARAM_TEXT, "a", PARAM_INVALID},
	{PARAM_TEXT, "1", PARAM_NUMBER, "1", PARAM_OK},
	{PARAM_TEXT, "a", PARAM_NULL, NULL, PARAM_OK},
	{PARAM_NULL, NULL, PARAM_TEXT, "a", PARAM_OK},
	{PARAM_NULL, NULL, PARAM_NULL, NULL, PARAM_ABSENT},
	{PARAM_TEXT, "a", PARAM_OBJECT, NULL, PARAM_INVALID},
	{PARAM_TEXT, "a", PARAM_FLAWED, NULL, PARAM_INVALID},
	{PARAM_NULL, NULL, PARAM_FLAWED, NULL, PARAM_INVALID},
};

START_TEST(twice)
{
	struct params params = {0};
	const char *text;

	add(&params, "p", TWICE[_i].value1, TWICE[_i].kind1);
	add(&params, "q", "between", PARAM_TEXT);
	add(&params, "p", TWICE[_i].value2, TWICE[_i].kind2);
	ck_assert_int_eq(params_text(&params, "p", 100, &text), TWICE[_i].expected);
}
END_TEST

START_TEST(next)
{
	struct params params = {0};
	const struct param *param;
	char name[8];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "p%d", i % 40);
		add(&params, pool_strdup(pool, name), "v", PARAM_TEXT);
	}
	ck_assert_uint_eq(params.n, 100);
	param = params_find(&params, "p7");
	ck_assert_ptr_eq(param, &params.at[7]);
	param = params_next(&params, "p7", param);
	ck_assert_ptr_eq(param, &params.at[47]);
	param = params_next(&params, "p7", param);
	ck_assert_ptr_eq(param, &params.at[87]);
	ck_assert_ptr_null(params_next(&params, "p7", param));
	ck_assert_ptr_null(params_find(&params, "p"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("params");
	TCase *tcase = tcase_create("params");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, readings, 0, COUNT(READINGS));
	tcase_add_test(tcase, values);
	tcase_add_loop_test(tcase, twice, 0, COUNT(TWICE));
	tcase_add_test(tcase, next);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
