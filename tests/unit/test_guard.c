/*
 * Routes for the machine itself answer its own addresses only, and to others they are not there.
 */
#include "access/app.h"
#include "access/guard.h"
#include "unit.h"

static const struct { const char *address; bool local; } PEERS[] = {
	{"127.0.0.1", true}, {"127.8.9.10", true}, {"::1", true}, {"unix:", true},
	{"", false}, {NULL, false}, {"192.0.2.1", false}, {"10.0.0.1", false}, {"1.127.0.1", false},
	{"1270.0.0.1", false},
	{"::", false}, {"::11", false}, {"::ffff:192.0.2.1", false}, {"0.0.0.0", false}, {"localhost", false},
};

START_TEST(local)
{
	static const struct route route = {.methods = HTTP_GET, .path = "/health", .require = REQUIRE_LOCAL};
	struct text body = {0};
	struct app app = {0};
	struct request request = {.pool = pool_create(), .body = &body, .remote_addr = PEERS[_i].address,
	                          .route = &route};
	bool allowed = guard_check(&app, &request);

	ck_assert_int_eq(allowed, PEERS[_i].local);
	if (!allowed) {
		ck_assert_uint_eq(request.status, 404);
		ck_assert_str_eq(body.data, "{\"status\":404,\"message\":\"not found\"}");
	}
	pool_free(request.pool);
	text_free(&body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tcase = tcase_create("guard");

	tcase_add_loop_test(tcase, local, 0, COUNT(PEERS));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
