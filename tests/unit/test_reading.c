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

int main(int argc, char **argv)
{
	Suite *suite = suite_create("reading");
	TCase *tcase = tcase_create("reading");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, from_memory, 0, COUNT(kept));
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
