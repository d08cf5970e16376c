/*
 * Logging in: what is remembered is exactly a right pair, for as long as the stored hash is the same, and an old form
 * of hash is replaced at the first success.
 */
#include <stdio.h>
#include <string.h>

#include "access/login.h"
#include "access/rate.h"
#include "dbtest.h"
#include "domain/mot_de_passe.h"
#include "unit.h"

#define SHA512 "$6$saltsalt$/LkDKOM27V14DTWMOKb/CuLWrd2aj4kAWDWGLttgZEeqP4louT2Khojqe9HX4JsEeLRmVVXvivzj4saBJKlwi0"
#define PHRASE "pass phrase"

static struct app app;
static struct pool *pool;

static void setup(void)
{
	app = (struct app){.db = dbtest_open(), .failures = rate_table_create(1024), .logins = login_cache_create(16)};
	pool = pool_create();
}

static void teardown(void)
{
	pool_free(pool);
	rate_table_free(app.failures);
	db_close(app.db);
}

static enum login_result try(struct user *user, const char *password, const char *address)
{
	uint32_t retry_after = 0;
	enum login_result result = login_check(&app, pool, "the name", password, address, user, &retry_after);

	ck_assert_int_eq(retry_after != 0, result == LOGIN_LIMITED);
	return result;
}

static struct user user_with(uint64_t id, const char *hash)
{
	return (struct user){.id = id, .username = "bob", .password_hash = hash};
}

/* Uses up what the pair of this user and address may fail; the pauses of a slow machine give some back. */
static void use_up(struct user *user, const char *address)
{
	int failures = 0;

	while (try(user, "wrong", address) != LOGIN_LIMITED)
		ck_assert_int_lt(++failures, 1000);
	ck_assert_int_ge(failures, 10);
}

/*
 * A pair that is known from an address passes where one that must be verified is limited: that is how the two are told
 * apart here.
 */
START_TEST(remembers)
{
	char hash[128], other[128];
	struct user bob, changed, twin;

	ck_assert_int_eq(mot_de_passe_hash(PHRASE, hash), 0);
	ck_assert_int_eq(mot_de_passe_hash(PHRASE, other), 0);
	bob = user_with(1, hash);
	changed = user_with(1, other);
	twin = user_with(2, hash);
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.2"), LOGIN_OK);
	use_up(&bob, "192.0.2.2");
	use_up(&twin, "192.0.2.2");
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.2"), LOGIN_OK);
	ck_assert_int_eq(try(&bob, PHRASE " ", "192.0.2.2"), LOGIN_LIMITED);
	ck_assert_int_eq(try(&changed, PHRASE, "192.0.2.2"), LOGIN_LIMITED);
	ck_assert_int_eq(try(&twin, PHRASE, "192.0.2.2"), LOGIN_LIMITED);
	ck_assert_int_eq(try(&changed, PHRASE, "192.0.2.3"), LOGIN_OK);
	ck_assert_int_eq(try(&changed, PHRASE, "192.0.2.2"), LOGIN_LIMITED);
}
END_TEST

/* Who has used up his guesses is not told the right one either, however well it is remembered from elsewhere. */
START_TEST(remembers_where)
{
	char hash[128];
	struct user bob;

	ck_assert_int_eq(mot_de_passe_hash(PHRASE, hash), 0);
	bob = user_with(1, hash);
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.1"), LOGIN_OK);
	ck_assert_int_eq(try(&bob, PHRASE, "2001:db8:1:2::1"), LOGIN_OK);
	use_up(&bob, "192.0.2.9");
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.9"), LOGIN_LIMITED);
	ck_assert(!login_is_remembered(&app, &bob, PHRASE, "192.0.2.9"));
	use_up(&bob, "2001:db8:1:2::9");
	ck_assert_int_eq(try(&bob, PHRASE, "2001:db8:1:2::8"), LOGIN_OK);       /* the landlord is of this network */
	ck_assert(login_is_remembered(&app, &bob, PHRASE, "192.0.2.1"));
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.1"), LOGIN_OK);
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.3"), LOGIN_OK);
}
END_TEST

/* From another network the slow hash is not paid again: there nobody sees that the stored form is an old one. */
START_TEST(verifies_once)
{
	struct user bob = user_with(0, SHA512), now = {0};
	struct user made = {.id = 7001, .username = "other", .first_name = "", .last_name = ""};

	made.password_hash = SHA512;
	bob.id = made.id;
	/* Remembered as it is: there is no such row yet. */
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.1"), LOGIN_OK);
	ck_assert_str_eq(bob.password_hash, SHA512);
	ck_status(user_add(app.db, &made), DB_OK);
	ck_assert_uint_eq(made.id, bob.id);
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.2"), LOGIN_OK);
	ck_status(user_by_id(app.db, pool, bob.id, &now), DB_OK);
	ck_assert_str_eq(now.password_hash, SHA512);
}
END_TEST

START_TEST(failures_are_not_remembered)
{
	char hash[128];
	struct user bob;

	ck_assert_int_eq(mot_de_passe_hash(PHRASE, hash), 0);
	bob = user_with(1, hash);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(try(&bob, "wrong", "192.0.2.1"), LOGIN_WRONG);
	ck_assert_int_eq(try(NULL, PHRASE, "192.0.2.1"), LOGIN_UNKNOWN);
	ck_assert_int_eq(try(&bob, PHRASE, "192.0.2.1"), LOGIN_OK);
	ck_assert_int_eq(try(&bob, "wrong", "192.0.2.1"), LOGIN_WRONG);
}
END_TEST

/* One customer of an IPv6 network has all its addresses; what is no address is one of its own. */
static const struct { const char *first, *second; bool same; } NETWORKS[] = {
	{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true}, {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
	{"192.0.2.1", "192.0.2.2", false}, {"192.0.2.1", "192.0.2.1", true}, {"unix:", "unix:", true},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false}, {"::ffff:192.0.2.1", "192.0.2.1", true},
	{"32.1.13.184", "2001:db8::1", false}, {"::ffff:32.1.13.184", "2001:db8::1", false},
};

START_TEST(networks)
{
	use_up(NULL, NETWORKS[_i].first);
	ck_assert_int_eq(try(NULL, "wrong", NETWORKS[_i].second), NETWORKS[_i].same ? LOGIN_LIMITED : LOGIN_UNKNOWN);
}
END_TEST

/* The stored form is replaced, once; a change made meanwhile is not undone. */
START_TEST(upgrade)
{
	struct user made = {.username = "old", .first_name = "", .last_name = "", .password_hash = SHA512}, now = {0};
	struct user stale;

	ck_status(user_add(app.db, &made), DB_OK);
	stale = made;
	ck_assert_int_eq(try(&made, "wrong", "192.0.2.3"), LOGIN_WRONG);
	ck_status(user_by_id(app.db, pool, made.id, &now), DB_OK);
	ck_assert_str_eq(now.password_hash, SHA512);
	ck_assert_int_eq(try(&made, PHRASE, "192.0.2.1"), LOGIN_OK);
	ck_status(user_by_id(app.db, pool, made.id, &now), DB_OK);
	ck_assert_mem_eq(now.password_hash, "$argon2id$", 10);
	ck_assert_str_eq(made.password_hash, now.password_hash);
	use_up(&now, "192.0.2.1");
	ck_assert_int_eq(try(&now, PHRASE, "192.0.2.1"), LOGIN_OK);     /* remembered under the new hash */
	ck_status(user_set_password(app.db, made.id, "$6$another"), DB_OK);
	ck_assert_int_eq(try(&stale, PHRASE, "192.0.2.4"), LOGIN_OK);
	ck_status(user_by_id(app.db, pool, made.id, &now), DB_OK);
	ck_assert_str_eq(now.password_hash, "$6$another");
}
END_TEST

/* Far more pairs than there is room for: what is forgotten is verified again, and nothing else is let in. */
START_TEST(many_pairs)
{
	char hash[128];

	ck_assert_int_eq(mot_de_passe_hash(PHRASE, hash), 0);
	for (int round = 0; round < 2; round++)
		for (uint64_t id = 1; id <= 40; id++) {
			struct user user = user_with(id, hash);
			const char *address = pool_printf(pool, "192.0.2.%u", (unsigned)id);

			ck_assert_int_eq(try(&user, PHRASE, address), LOGIN_OK);
			ck_assert_int_eq(try(&user, "wrong", address), LOGIN_WRONG);
		}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("login");
	TCase *tcase = tcase_create("login");

	(void)argc;
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, remembers);
	tcase_add_test(tcase, remembers_where);
	tcase_add_test(tcase, verifies_once);
	tcase_add_test(tcase, failures_are_not_remembered);
	tcase_add_loop_test(tcase, networks, 0, COUNT(NETWORKS));
	tcase_add_test(tcase, upgrade);
	tcase_add_test(tcase, many_pairs);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
