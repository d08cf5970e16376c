/*
 * Versions of several accounts, asked for together, against a real MariaDB: of as many as there are, the same one more
 * than once, and some who are not there.
 */
#include "dbtest.h"
#include "store/user.h"
#include "unit.h"

enum { USERS = VERSIONS_MOST };

static struct db *db;
static uint64_t users[USERS];
static struct version versions[USERS];  /* theirs, asked for one by one */

static void setup(void)
{
	db = dbtest_open();
	ck_status(db_run(db, "DELETE FROM user_account", DB_NO_ARGS), DB_OK);
	for (uint64_t i = 0; i < USERS; i++) {
		ck_status(db_run(db, "INSERT INTO user_account (username, password_hash, operations_version) VALUES "
		                 "(CONCAT('user', ?), 'x', ?)", DB_ARGS(db_u64(i), db_u64(1000 * i))), DB_OK);
		users[i] = db_insert_id(db);
		ck_status(user_portfolio_version(db, users[i], &versions[i]), DB_OK);
		ck_assert_uint_eq(versions[i].all, versions[i].patrimoine + 1000 * i);
	}
}

static void teardown(void)
{
	db_close(db);
}

static void check(const struct version_wish *wish, size_t user)
{
	ck_assert_uint_eq(wish->user, users[user]);
	ck_assert(wish->found);
	ck_assert_uint_eq(wish->version.patrimoine, versions[user].patrimoine);
	ck_assert_uint_eq(wish->version.all, versions[user].all);
}

/* So many, the last of them first. */
static const size_t together[] = {1, 2, 3, 4, 5, 15, 16, 17, 63, 64};

START_TEST(different)
{
	struct version_wish wishes[VERSIONS_MOST];
	size_t n = together[_i];

	for (size_t i = 0; i < n; i++)
		wishes[i] = (struct version_wish){.user = users[n - 1 - i]};
	ck_status(user_versions_now(db, wishes, n), DB_OK);
	for (size_t i = 0; i < n; i++)
		check(&wishes[i], n - 1 - i);
}
END_TEST

START_TEST(repeated)
{
	struct version_wish wishes[VERSIONS_MOST];
	size_t n = together[_i];

	for (size_t different_ones = 1; different_ones <= 3; different_ones++) {
		for (size_t i = 0; i < n; i++)
			wishes[i] = (struct version_wish){.user = users[i % different_ones]};
		ck_status(user_versions_now(db, wishes, n), DB_OK);
		for (size_t i = 0; i < n; i++)
			check(&wishes[i], i % different_ones);
	}
}
END_TEST

/* Every other one is of nobody; what the wishes held before does not count. */
START_TEST(of_nobody)
{
	struct version_wish wishes[VERSIONS_MOST];
	size_t n = together[_i];

	for (size_t i = 0; i < n; i++)
		wishes[i] = (struct version_wish){.user = i % 2 == 0 ? 4000000000 + i : users[i], .found = true};
	ck_status(user_versions_now(db, wishes, n), DB_OK);
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0)
			ck_assert(!wishes[i].found);
		else
			check(&wishes[i], i);
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("user_version");
	TCase *tcase = tcase_create("user_version");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, different, 0, COUNT(together));
	tcase_add_loop_test(tcase, repeated, 0, COUNT(together));
	tcase_add_loop_test(tcase, of_nobody, 0, COUNT(together));
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
