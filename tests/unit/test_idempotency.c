/*
 * Idempotency keys against a real MariaDB: replayed, refused, running, taken over, and never both of two at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbtest.h"
#include "store/idempotency.h"
#include "store/outbox.h"

static struct db *db;
static struct pool *pool;

static void setup(void)
{
	db = dbtest_open();
	pool = pool_create();
}

static void teardown(void)
{
	pool_free(pool);
	db_close(db);
}

struct request {
	const char *owner, *key, *body;
	uint8_t hash[SECRET_HASH];
	enum idempotency_state state;
	struct idempotency_answer answer;
	useconds_t takes;
	bool fails;
	void (*meanwhile)(void);
};

static enum db_status handle(struct db *on, void *arg)
{
	struct request *r = arg;
	enum db_status status = idempotency_begin(on, pool, r->owner, r->key, r->hash, &r->state, &r->answer);

	if (status != DB_OK || r->state != IDEMPOTENCY_NEW)
		return status;
	if (r->meanwhile)
		r->meanwhile();
	usleep(r->takes);
	if (r->fails)
		return DB_REFUSED;
	return idempotency_keep(on, r->owner, r->key, 200, r->body, strlen(r->body));
}

static struct request request(const char *owner, const char *key, const char *what)
{
	struct request r = {.owner = owner, .key = key, .body = "{\"status\":200}"};

	secret_hash(what, r.hash);
	return r;
}

START_TEST(first_and_again)
{
	struct request r = request("c1", "k1", "POST a");

	ck_status(idempotency_begin(db, pool, "c1", "k1", r.hash, &r.state, &r.answer), DB_BUG);  /* no transaction */
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
	for (int i = 0; i < 2; i++) {
		r = request("c1", "k1", "POST a");
		r.body = "another answer";
		ck_status(db_transaction(db, handle, &r), DB_OK);
		ck_assert_int_eq(r.state, IDEMPOTENCY_REPLAY);
		ck_assert_uint_eq(r.answer.status, 200);
		ck_assert_uint_eq(r.answer.len, strlen("{\"status\":200}"));
		ck_assert_str_eq(r.answer.body, "{\"status\":200}");
	}
	r = request("c1", "k1", "POST b");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_MISMATCH);
	/* Another owner, another spelling: another key. */
	r = request("c2", "k1", "POST b");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
	r = request("c1", "K1", "POST b");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
}
END_TEST

static void check_replay(const char *owner, const char *key, const char *what, const char *body)
{
	struct request r = request(owner, key, what);

	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_REPLAY);
	ck_assert_uint_eq(r.answer.len, strlen(body));
	ck_assert_mem_eq(r.answer.body, body, strlen(body));
}

/* Two owners' requests, the same in all but the answer: each is given his own, also when the other's has had its day. */
START_TEST(one_key_of_two_owners)
{
	struct request first = request("c1", "both", "POST a"), second = request("c2", "both", "POST a");

	first.body = "of c1";
	second.body = "of c2";
	ck_status(db_transaction(db, handle, &first), DB_OK);
	ck_status(db_transaction(db, handle, &second), DB_OK);
	ck_assert_int_eq(second.state, IDEMPOTENCY_NEW);
	check_replay("c1", "both", "POST a", "of c1");
	check_replay("c2", "both", "POST a", "of c2");
	ck_status(db_run(db, "UPDATE idempotency_key SET expires_at = UTC_TIMESTAMP(3) WHERE owner = 'c1'",
	                 DB_NO_ARGS), DB_OK);
	first = request("c1", "both", "POST b");
	first.body = "of c1, later";
	ck_status(db_transaction(db, handle, &first), DB_OK);
	ck_assert_int_eq(first.state, IDEMPOTENCY_NEW);
	check_replay("c1", "both", "POST b", "of c1, later");
	check_replay("c2", "both", "POST a", "of c2");
}
END_TEST

START_TEST(a_failure_is_not_kept)
{
	struct request r = request("c1", "fails", "POST a");

	r.fails = true;
	ck_status(db_transaction(db, handle, &r), DB_REFUSED);
	r.fails = false;
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
}
END_TEST

static void another_tries(void)
{
	struct request r = request("c1", "running", "POST a"), other = request("c1", "other", "POST a");
	struct db *second = dbtest_open();

	ck_status(db_transaction(second, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_RUNNING);
	ck_status(db_transaction(second, handle, &other), DB_OK);
	ck_assert_int_eq(other.state, IDEMPOTENCY_NEW);
	db_close(second);
}

START_TEST(the_first_one_still_runs)
{
	struct request r = request("c1", "running", "POST a");

	r.meanwhile = another_tries;
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
	r.meanwhile = NULL;
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_REPLAY);
}
END_TEST

START_TEST(after_a_day)
{
	struct request r = request("c1", "old", "POST a");
	uint64_t n;

	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM idempotency_key WHERE expires_at BETWEEN"
		" UTC_TIMESTAMP(3) + INTERVAL 1439 MINUTE AND UTC_TIMESTAMP(3) + INTERVAL 1440 MINUTE", DB_NO_ARGS) > 0,
		1);
	ck_status(db_run(db, "UPDATE idempotency_key SET expires_at = UTC_TIMESTAMP(3)", DB_NO_ARGS), DB_OK);
	r = request("c1", "old", "POST another");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_NEW);
	r = request("c1", "old", "POST a");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_MISMATCH);
	ck_status(db_run(db, "UPDATE idempotency_key SET expires_at = UTC_TIMESTAMP(3)", DB_NO_ARGS), DB_OK);
	r = request("c1", "fresh", "POST a");
	ck_status(db_transaction(db, handle, &r), DB_OK);
	while (idempotency_purge(db, 1, &n) == DB_OK && n > 0)
		ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM idempotency_key", DB_NO_ARGS), 1);
}
END_TEST

/* Ten processes with one key at once: one works, the others wait their turn outside or replay it. */
START_TEST(one_of_many)
{
	enum { N = 10 };
	int new = 0, replays = 0;

	for (int i = 0; i < N; i++) {
		pid_t child = fork();

		if (child == 0) {
			struct request r = request("c1", "storm", "POST a");

			db = dbtest_open();
			r.takes = 20000;
			do {
				if (db_transaction(db, handle, &r) != DB_OK)
					_exit(9);
				usleep(r.state == IDEMPOTENCY_RUNNING ? 2000 : 0);
			} while (r.state == IDEMPOTENCY_RUNNING);
			_exit((int)r.state);
		}
	}
	for (int i = 0; i < N; i++) {
		int result;

		wait(&result);
		ck_assert(WIFEXITED(result));
		new += WEXITSTATUS(result) == IDEMPOTENCY_NEW;
		replays += WEXITSTATUS(result) == IDEMPOTENCY_REPLAY;
	}
	ck_assert_int_eq(new, 1);
	ck_assert_int_eq(replays, N - 1);
}
END_TEST

/* The key and the message it answers for stand or fall together. */
static enum db_status handle_message(struct db *on, void *arg)
{
	struct request *r = arg;
	struct outbox_lifetime lifetime = {3600, 3600};
	struct outbox_message m = {.channel = CHANNEL_EMAIL, .email = "a@b.fr", .email_to = "a@b.fr",
	                           .email_content = "x",
		.email_subject = "y", .identifier1 = "idem"};
	enum db_status status = idempotency_begin(on, pool, r->owner, r->key, r->hash, &r->state, &r->answer);

	if (status == DB_OK && r->state == IDEMPOTENCY_NEW)
		status = outbox_queue_in(on, strtoull(r->owner + 1, NULL, 10), &lifetime, &m, 1);
	if (status == DB_OK && r->state == IDEMPOTENCY_NEW)
		status = idempotency_keep(on, r->owner, r->key, 200, "ok", 2);
	return status == DB_OK && r->fails ? DB_REFUSED : status;
}

START_TEST(with_what_it_created)
{
	uint64_t client = dbtest_client(db);
	char owner[24];
	struct request r;

	snprintf(owner, sizeof owner, "c%llu", (unsigned long long)client);
	r = request(owner, "m", "POST m");
	r.fails = true;
	ck_status(db_transaction(db, handle_message, &r), DB_REFUSED);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
	                                DB_ARGS(db_u64(client))), 0);
	r.fails = false;
	for (int i = 0; i < 3; i++)
		ck_status(db_transaction(db, handle_message, &r), DB_OK);
	ck_assert_int_eq(r.state, IDEMPOTENCY_REPLAY);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
	                                DB_ARGS(db_u64(client))), 1);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("idempotency");
	TCase *tcase = tcase_create("idempotency");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, first_and_again);
	tcase_add_test(tcase, one_key_of_two_owners);
	tcase_add_test(tcase, a_failure_is_not_kept);
	tcase_add_test(tcase, the_first_one_still_runs);
	tcase_add_test(tcase, after_a_day);
	tcase_add_test(tcase, one_of_many);
	tcase_add_test(tcase, with_what_it_created);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
