/*
 * What is remembered of who was let in: an account comes back as it was kept, to every process, and nobody else's.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access/memo.h"
#include "base/pool.h"
#include "unit.h"

static const struct user FULL = {
	.id = 42, .username = "émilie", .email = "emilie@example.org", .password_hash = "$argon2id$v=19$m=19456$x",
	.first_name = "Émilie", .last_name = "", .premium_offer = "PRO", .premium_end = 1735689600000,
	.version = {.all = 9, .patrimoine = 7}
};
static const struct user BARE = {
	.id = 43, .username = "émilie2", .password_hash = "", .first_name = "", .last_name = "",
	.version = {.all = 1, .patrimoine = 1}
};

static void check_text(const char *got, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, expected);
}

static void check_same(const struct user *got, const struct user *expected)
{
	ck_assert_uint_eq(got->id, expected->id);
	ck_assert_uint_eq(got->version.all, expected->version.all);
	ck_assert_uint_eq(got->version.patrimoine, expected->version.patrimoine);
	ck_assert_int_eq(got->premium_end, expected->premium_end);
	check_text(got->username, expected->username);
	check_text(got->email, expected->email);
	check_text(got->password_hash, expected->password_hash);
	check_text(got->first_name, expected->first_name);
	check_text(got->last_name, expected->last_name);
	check_text(got->premium_offer, expected->premium_offer);
}

START_TEST(accounts_come_back_to_every_process)
{
	struct memo_shared *shared = memo_share();
	struct memo *mine = memo_create(shared);
	struct pool *pool = pool_create();
	struct user got = {0}, newer = FULL;
	int status = -1;
	pid_t other;

	ck_assert(!memo_user(mine, pool, FULL.username, &got));
	other = fork();
	ck_assert_int_ge(other, 0);
	if (other == 0) {
		struct memo *theirs = memo_create(shared);

		memo_keep_user(theirs, &FULL);
		memo_keep_user(theirs, &BARE);
		memo_free(theirs);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
	ck_assert(memo_user(mine, pool, FULL.username, &got));
	check_same(&got, &FULL);
	ck_assert(memo_user(mine, pool, BARE.username, &got));
	check_same(&got, &BARE);
	ck_assert(!memo_user(mine, pool, "Émilie", &got));
	ck_assert(!memo_user(mine, pool, "", &got));
	newer.version.patrimoine = 8;
	newer.last_name = "Durand";
	memo_keep_user(mine, &newer);
	ck_assert(memo_user(mine, pool, FULL.username, &got));
	check_same(&got, &newer);
	memo_free(mine);
	pool_free(pool);
}
END_TEST

/* Longer than any the database holds: not remembered, and nothing else is harmed. */
START_TEST(what_is_too_long_is_not_kept)
{
	struct memo *memo = memo_create(memo_share());
	struct pool *pool = pool_create();
	struct user got, large = FULL;
	char name[5000];

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	large.last_name = name;
	memo_keep_user(memo, &large);
	ck_assert(!memo_user(memo, pool, FULL.username, &got));
	memo_keep_user(memo, &FULL);
	ck_assert(memo_user(memo, pool, FULL.username, &got));
	check_same(&got, &FULL);
	memo_free(memo);
	pool_free(pool);
}
END_TEST

START_TEST(keys_and_clients_are_forgotten_in_time)
{
	struct memo_shared *shared = memo_share();
	struct memo *memo = memo_create(shared), *elsewhere = memo_create(shared);
	struct pool *pool = pool_create();
	uint8_t hash[SECRET_HASH] = {1}, other[SECRET_HASH] = {2};
	struct client client = {.id = 5, .name = "one", .auth_key = "key"}, got;

	memcpy(client.secret_hash, hash, sizeof hash);
	memo_keep_key(memo, hash, 1000);
	ck_assert(memo_key(memo, hash, 1000 + MEMO_LIFE - 1));
	ck_assert(!memo_key(memo, hash, 1000 + MEMO_LIFE));
	ck_assert(!memo_key(memo, other, 1000));
	memo_keep_client(memo, &client, 1000);
	ck_assert(memo_client(elsewhere, pool, "key", hash, 1000 + MEMO_LIFE - 1, &got));
	ck_assert_str_eq(got.name, "one");
	ck_assert_str_eq(got.auth_key, "key");
	ck_assert_uint_eq(got.id, 5);
	ck_assert(!memo_client(memo, pool, "key", hash, 1000 + MEMO_LIFE, &got));
	ck_assert(!memo_client(memo, pool, "key", other, 1000, &got));
	ck_assert(!memo_client(memo, pool, "kez", hash, 1000, &got));
	client.name = NULL;
	memo_keep_client(elsewhere, &client, 2000);
	ck_assert(memo_client(memo, pool, "key", hash, 1000 + MEMO_LIFE, &got));
	ck_assert_ptr_null(got.name);
	memo_free(memo);
	memo_free(elsewhere);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memo");
	TCase *tcase = tcase_create("memo");

	tcase_add_test(tcase, accounts_come_back_to_every_process);
	tcase_add_test(tcase, what_is_too_long_is_not_kept);
	tcase_add_test(tcase, keys_and_clients_are_forgotten_in_time);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
