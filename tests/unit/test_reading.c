/*
 * What a reading may take from memory instead of the database, against a real MariaDB: a finished answer of the
 * landlord's version or of a newer one; of the list of everything the part without counts, too, but of the very version
 * that the counts are of. A server of a cluster may be behind the one that another worker reads.
 */
#include <string.h>

#include "access/answer_cache.h"
#include "dbtest.h"
#include "gestion/reading.h"
#include "unit.h"

#define KEPT "{\"count\":77,\"immeubles\":[]}"

static struct settings settings;
static struct text body;
static struct app app;

static void setup(void)
{
	struct user user = {.username = "bob", .password_hash = "x", .first_name = "", .last_name = ""};
	struct pool *pool = pool_create();

	app = (struct app){.settings = &settings, .db = dbtest_open(), .answers = answer_cache_create(64, 4096)};
	ck_status(db_run(app.db, "DELETE FROM user_account WHERE username = 'bob'", DB_NO_ARGS), DB_OK);
	ck_status(user_add(app.db, &user), DB_OK);
	ck_status(user_touch_operations(app.db, user.id), DB_OK);
	ck_status(user_by_id(app.db, pool, user.id, &app.user), DB_OK);
	pool_free(pool);
}

static void teardown(void)
{
	db_close(app.db);
	text_free(&body);
}

static const char *read_list(void)
{
	struct request request = {.pool = pool_create(), .path = "/immeubles", .body = &body};

	read_immeubles(&app, &request);
	ck_assert_uint_eq(request.status, 200);
	pool_free(request.pool);
	return body.data;
}

/* What is kept is of a version so much ahead of the landlord's, or behind it. */
static const struct kept {
	const char *what, *path;
	int ahead;
	bool used;
} kept[] = {
	{"an answer of this version", "/immeubles", 0, true},
	{"an answer of a newer one", "/immeubles", 2, true},
	{"an answer of an older one", "/immeubles", -1, false},
	{"the part without counts, of this version", FRAME, 0, true},
	{"the part without counts, of a newer one", FRAME, 1, false},
	{"the part without counts, of an older one", FRAME, -1, false},
	{"an answer to another path", "/immeubles/1", 0, false},
};

START_TEST(from_memory)
{
	const struct kept *k = &kept[_i];
	uint64_t version = strcmp(k->path, FRAME) == 0 ? app.user.version.patrimoine : app.user.version.all;
	struct text text = {0};

	text_puts(&text, KEPT);
	answer_cache_put(app.answers, app.user.id, version + (uint64_t)k->ahead, jour_today(), k->path, &text);
	text_free(&text);
	for (int twice = 0; twice < 2; twice++)
		ck_assert_msg((strstr(read_list(), "\"count\":77") != NULL) == k->used, "%s: %s", k->what, body.data);
}
END_TEST

/* What of the list is kept, so much ahead of the landlord's version, and the version at which he was let in, likewise. */
static const struct renewed {
	const char *what;
	bool has_frame;
	int frame, asked;
	enum db_status status;
} renewals[] = {
	{"of this version", true, 0, 0, DB_OK},
	{"of a newer one", true, 1, 0, DB_NONE},
	{"of an older one", true, -1, 0, DB_NONE},
	{"nothing", false, 0, 0, DB_NONE},
	{"the counts have been written to since", true, 0, -1, DB_OK},
	{"this server is behind the one that was asked", true, 0, 1, DB_NONE},
};

static void keep_frame(int ahead)
{
	struct text text = {0};

	text_puts(&text, KEPT);
	answer_cache_put(app.answers, app.user.id, app.user.version.patrimoine + (uint64_t)ahead, jour_today(), FRAME, &text);
	text_free(&text);
}

static enum db_status renew(struct request *request, int ahead)
{
	struct version version = {app.user.version.all + (uint64_t)ahead, app.user.version.patrimoine};
	uint64_t counted = 77;
	enum db_status status = read_immeubles_renewed(&app, request, app.user.id, version, &counted);

	ck_assert_uint_eq(counted, 0);
	return status;
}

START_TEST(renewed)
{
	const struct renewed *r = &renewals[_i];
	struct request request = {.pool = pool_create(), .path = "/immeubles", .body = &body};
	uint64_t version = app.user.version.all;
	struct text text = {0};
	bool kept_now;

	if (r->has_frame)
		keep_frame(r->frame);
	ck_status(renew(&request, r->asked), r->status);
	ck_assert_uint_eq(request.status, r->status == DB_OK ? 200 : 0);
	kept_now = answer_cache_get(app.answers, app.user.id, &version, jour_today(), "/immeubles", &text);
	ck_assert_msg(kept_now == (r->status == DB_OK), "%s", r->what);
	if (kept_now)
		ck_assert_str_eq(text.data, "{\"count\":77,\"immeubles\":[],\"result\":true,\"code\":0}");
	text_free(&text);
	pool_free(request.pool);
}
END_TEST

/* Between the look at his version and the counts the landlord's portfolio changed. */
START_TEST(changed_meanwhile)
{
	struct request request = {.pool = pool_create(), .path = "/immeubles", .body = &body};

	keep_frame(0);
	ck_status(user_touch_portfolio(app.db, app.user.id), DB_OK);
	ck_status(renew(&request, 0), DB_NONE);
	ck_assert_uint_eq(request.status, 0);
	pool_free(request.pool);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("reading");
	TCase *tcase = tcase_create("reading");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, from_memory, 0, COUNT(kept));
	tcase_add_loop_test(tcase, renewed, 0, COUNT(renewals));
	tcase_add_test(tcase, changed_meanwhile);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
