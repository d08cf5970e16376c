/*
 * The rate table against a plain token bucket that counts in exact fractions, alone and from several processes at once.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access/rate.h"
#include "unit.h"

#define TOKEN INT64_C(60000000000)      /* ns in a minute: the level of one token, when refill is counted per ns */

struct model {
	int64_t level;
	int64_t at_us;
	uint32_t per_minute, burst;
};

static int64_t model_level(const struct model *model, int64_t now_us)
{
	__int128 level = model->level + (__int128)(now_us - model->at_us) * 1000 * model->per_minute;
	__int128 full = (__int128)model->burst * TOKEN;
	return (int64_t)(level < full ? level : full);
}

static bool model_take(struct model *model, int64_t now_us)
{
	model->level = model_level(model, now_us);
	model->at_us = now_us;
	if (model->level < TOKEN)
		return false;
	model->level -= TOKEN;
	return true;
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Rates that divide a minute of nanoseconds, so that both sides are exact. */
static const struct { uint32_t per_minute, burst; int64_t pause_us; } BUCKETS[] = {
	{1, 1, 90000000}, {60, 1, 1500000}, {60, 10, 1500000}, {120, 5, 700000}, {600, 100, 90000}, {6000, 3, 12000},
	{6000, 1000, 9000}, {60000, 200, 900}, {1000000, 50, 60}, {60, 4000000000u, 1000000},
};

START_TEST(agrees_with_the_model)
{
	uint64_t state = 42 + (uint64_t)_i;
	int64_t now = INT64_C(1000000000);
	struct rate_table *table = rate_table_create(64);
	struct model model = {.at_us = now, .per_minute = BUCKETS[_i].per_minute, .burst = BUCKETS[_i].burst};
	__int128 full = (__int128)model.burst * TOKEN;
	unsigned allowed = 0, refused = 0;

	if (full > INT64_MAX)           /* beyond the model's range: it must simply never run dry */
		model.burst = 100000000;
	model.level = (int64_t)model.burst * TOKEN;
	for (int step = 0; step < 20000; step++) {
		if (next_random(&state) % 4 != 0)
			now += (int64_t)(next_random(&state) % (uint64_t)BUCKETS[_i].pause_us);
		struct rate_answer got = rate_take(table, 7, BUCKETS[_i].per_minute, BUCKETS[_i].burst, now);
		bool want = model_take(&model, now);

		ck_assert_int_eq(got.allowed, want);
		ck_assert_uint_eq(got.limit, BUCKETS[_i].burst);
		if (want)
			allowed++;
		else
			refused++;
		if (full > INT64_MAX)
			continue;
		ck_assert_uint_eq(got.remaining, (uint32_t)(model.level / TOKEN));
		int64_t missing = model.burst * TOKEN - model.level;
		int64_t reset = (missing + INT64_C(1000000000) * model.per_minute - 1)
		                / (INT64_C(1000000000) * model.per_minute);
		ck_assert_int_eq(got.reset, reset);
		ck_assert_int_eq(got.retry_after == 0, want);
	}
	ck_assert_uint_gt(allowed, 0);
	if (BUCKETS[_i].burst < 200)
		ck_assert_uint_gt(refused, 0);
	rate_table_free(table);
}
END_TEST

/* Whoever waits as long as Retry-After says is served. */
START_TEST(retry_after_is_kept)
{
	struct rate_table *table = rate_table_create(8);
	int64_t now = 5000000;

	for (int i = 0; i < 50; i++) {
		struct rate_answer answer = rate_take(table, 9, 7, 3, now);

		if (answer.allowed)
			continue;
		ck_assert_uint_ge(answer.retry_after, 1);
		ck_assert_uint_le(answer.retry_after, 9);
		now += (int64_t)answer.retry_after * 1000000;
		ck_assert(rate_take(table, 9, 7, 3, now).allowed);
	}
	rate_table_free(table);
}
END_TEST

START_TEST(keys_do_not_share)
{
	struct rate_table *table = rate_table_create(4096);

	for (uint64_t key = 0; key < 400; key++) {
		ck_assert(rate_take(table, key, 1, 1, 1000000).allowed);
		ck_assert(!rate_take(table, key, 1, 1, 1000000).allowed);
	}
	for (uint64_t key = 0; key < 400; key++)
		ck_assert(!rate_take(table, key, 1, 1, 1000000).allowed);
	rate_table_free(table);
}
END_TEST

/* A full table serves new keys at the cost of the one that has been quiet for longest. */
START_TEST(stalest_gives_way)
{
	struct rate_table *table = rate_table_create(8);
	int64_t now = 1000000;

	for (uint64_t key = 1; key <= 8; key++)
		ck_assert(rate_take(table, key, 60, 1, now += 1000).allowed);
	ck_assert(rate_take(table, 100, 60, 1, now).allowed);
	ck_assert(!rate_take(table, 100, 60, 1, now).allowed);
	ck_assert(!rate_take(table, 8, 60, 1, now).allowed);
	ck_assert(!rate_take(table, 2, 60, 1, now).allowed);
	rate_table_free(table);
}
END_TEST

/* Several workers together get exactly the burst, whatever their order. */
START_TEST(shared_by_processes)
{
	enum { CHILDREN = 4, TAKES = 3000, BURST = 5000 };
	struct rate_table *table = rate_table_create(64);
	int pipes[2], total = 0;

	ck_assert_int_eq(pipe(pipes), 0);
	for (int c = 0; c < CHILDREN; c++) {
		if (fork() != 0)
			continue;
		int mine = 0;
		for (int i = 0; i < TAKES; i++)
			mine += rate_take(table, 3, 1, BURST, 1000000).allowed;
		_exit(write(pipes[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
	}
	for (int c = 0; c < CHILDREN; c++) {
		int one, status;
		ck_assert_int_eq(read(pipes[0], &one, sizeof one), sizeof one);
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
		total += one;
	}
	ck_assert_int_eq(total, BURST);
	close(pipes[0]);
	close(pipes[1]);
	rate_table_free(table);
}
END_TEST

/* Slow buckets: a burst, then one every so many seconds and not before; never more than the burst at once. */
static const struct { uint32_t seconds, burst; } SLOW[] = {{1, 1}, {30, 20}, {1200, 3}, {86400, 2}, {31536000, 1}};

START_TEST(slow_buckets)
{
	struct rate_table *table = rate_table_create(64);
	int64_t now = INT64_C(1000000000), second = 1000000;
	uint32_t seconds = SLOW[_i].seconds, burst = SLOW[_i].burst;

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < burst; i++)
			ck_assert(rate_take_every(table, 7, seconds, burst, now).allowed);
		ck_assert(!rate_take_every(table, 7, seconds, burst, now).allowed);
		ck_assert_uint_eq(rate_take_every(table, 7, seconds, burst, now).retry_after, seconds);
		ck_assert(!rate_take_every(table, 7, seconds, burst, now + seconds * second - 1).allowed);
		now += seconds * second;
		ck_assert(rate_take_every(table, 7, seconds, burst, now).allowed);
		ck_assert(!rate_take_every(table, 7, seconds, burst, now).allowed);
		now += 2 * burst * (int64_t)seconds * second;
	}
	rate_table_free(table);
}
END_TEST

static const struct { char kind; const char *address, *account; bool same; } KEYS[] = {
	{'p', "192.0.2.1", "bob", true}, {'q', "192.0.2.1", "bob", false}, {'p', "192.0.2.2", "bob", false},
	{'p', "192.0.2.1", "bobo", false}, {'p', "192.0.2.1", "", false}, {'p', NULL, "bob", false},
	{'p', "2001:db8::1", "bob", false},
};

/* Keys tell kinds, accounts and networks apart; an IPv6 customer has one network. */
START_TEST(keys_of_attempts)
{
	uint64_t first = rate_key('p', "192.0.2.1", "bob", 3);

	for (size_t i = 0; i < COUNT(KEYS); i++)
		ck_assert_int_eq(rate_key(KEYS[i].kind, KEYS[i].address, KEYS[i].account,
		                          strlen(KEYS[i].account)) == first,
		                 KEYS[i].same);
	ck_assert_uint_eq(rate_key('p', "2001:db8:1:2::1", "", 0), rate_key('p', "2001:db8:1:2:ffff::9", "", 0));
	ck_assert_uint_ne(rate_key('p', "2001:db8:1:2::1", "", 0), rate_key('p', "2001:db8:1:3::1", "", 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tcase = tcase_create("rate");

	tcase_add_loop_test(tcase, agrees_with_the_model, 0, COUNT(BUCKETS));
	tcase_add_loop_test(tcase, slow_buckets, 0, COUNT(SLOW));
	tcase_add_test(tcase, keys_of_attempts);
	tcase_add_test(tcase, retry_after_is_kept);
	tcase_add_test(tcase, keys_do_not_share);
	tcase_add_test(tcase, stalest_gives_way);
	tcase_add_test(tcase, shared_by_processes);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
