/*
 * Credentials: the Basic header, and what happens when they come from several places.
 */
#include <string.h>

#include "access/credentials.h"
#include "http/parse.h"
#include "unit.h"

#define LONG_258 \
	"MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw" \
	"MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw" \
	"MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw" \
	"MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"

static const struct { const char *header, *key, *secret; } BASIC[] = {
	{"Basic bXlrZXk6bXlzZWNyZXQ=", "mykey", "mysecret"}, {"basic bXlrZXk6bXlzZWNyZXQ=", "mykey", "mysecret"},
	{"Basic   bXlrZXk6bXlzZWNyZXQ=", "mykey", "mysecret"}, {"Basic bXlrZXk6YTpi", "mykey", "a:b"},
	{"Basic OnNlY3JldA==", "", "secret"}, {"Basic bXlrZXk6", "mykey", ""}, {"Basic w6k6w6k=", "é", "é"},
	{"Basic", NULL, NULL}, {"Basic ", NULL, NULL}, {"Bearer bXlrZXk6bXlzZWNyZXQ=", NULL, NULL},
	{"Basic bXlrZXk6bXlzZWNyZXQ", NULL, NULL}, {"Basic bXlrZXk=", NULL, NULL}, {"Basic b_lrZXk6", NULL, NULL},
	{"Basic bXlrZXk6bXlzZWNyZXQ= x", NULL, NULL}, {"Basic bXlrZXk6AG15", NULL, NULL},
	{"Basic bXk6/w==", NULL, NULL},
	{"Basic " LONG_258 "Og==", NULL, NULL},
};

START_TEST(basic)
{
	struct pool *pool = pool_create();
	struct credentials got = {NULL, NULL};
	int status = credentials_basic(pool, BASIC[_i].header, &got);

	ck_assert_msg(status == (BASIC[_i].key != NULL ? 0 : -1), "%s", BASIC[_i].header);
	if (status == 0) {
		ck_assert_str_eq(got.key, BASIC[_i].key);
		ck_assert_str_eq(got.secret, BASIC[_i].secret);
	}
	pool_free(pool);
}
END_TEST

#define MINE "Basic bXlrZXk6bXlzZWNyZXQ="

static const struct { const char *form, *authorization; bool good; } PLACES[] = {
	{"auth_key=mykey&auth_secret=mysecret", NULL, true}, {"", MINE, true},
	{"auth_key=mykey&auth_secret=mysecret", MINE, true},
	{"auth_key=mykey&auth_secret=mysecret&auth_key=mykey", NULL, true},
	{"auth_key=mykey&auth_secret=mysecret", "Bearer x", true},
	{"", NULL, false}, {"", "Bearer x", false}, {"auth_key=mykey", NULL, false},
	{"auth_secret=mysecret", NULL, false},
	{"auth_key=mykey", MINE, false}, {"auth_secret=mysecret", MINE, false},
	{"auth_key=mykey&auth_secret=other", MINE, false}, {"auth_key=other&auth_secret=mysecret", MINE, false},
	{"auth_key=mykey&auth_secret=mysecret&auth_key=other", NULL, false},
	{"auth_key=mykey&auth_secret=mysecret&auth_secret=other", NULL, false},
	{"auth_key=mykey&auth_secret=mysecret&auth_secret=other", MINE, false},
	{"auth_key=mykey&auth_secret=mysecret", "Basic !!!", false},
};

START_TEST(places)
{
	struct text body = {0};
	struct request request = {.pool = pool_create(), .body = &body, .authorization = PLACES[_i].authorization};
	struct credentials got = {NULL, NULL};

	parse_form(&request, PLACES[_i].form, strlen(PLACES[_i].form));
	int status = credentials_read(&request, &got);
	ck_assert_msg(status == (PLACES[_i].good ? 0 : -1), "%s", PLACES[_i].form);
	if (status == 0) {
		ck_assert_str_eq(got.key, "mykey");
		ck_assert_str_eq(got.secret, "mysecret");
	}
	pool_free(request.pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("credentials");
	TCase *tcase = tcase_create("credentials");

	tcase_add_loop_test(tcase, basic, 0, COUNT(BASIC));
	tcase_add_loop_test(tcase, places, 0, COUNT(PLACES));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
