/*
 * Whose webhook is posted next: shares of the connections, turns, rests and room for more.
 */
#include <check.h>
#include <stdlib.h>

#include "delivery/webhook_target.h"

static struct webhook_targets targets;
static struct webhook_task tasks[512];
static unsigned n_tasks;

static struct webhook_target *add(uint64_t client, uint32_t failures, unsigned n)
{
	struct webhook_target *target = webhook_target_of(&targets, &(struct webhook_endpoint){.client_id = client,
	                                                                                      .failures = failures});

	for (unsigned i = 0; i < n; i++)
		webhook_target_wait(&targets, target, &tasks[n_tasks++]);
	return target;
}

static void begin_test(unsigned connections)
{
	n_tasks = 0;
	webhook_targets_init(&targets, connections);
}

/* Begins what may begin, and returns how much. */
static unsigned begin_all(void)
{
	unsigned n = 0;

	while (n < targets.connections && webhook_targets_next(&targets) != NULL)
		n++;
	return n;
}

/* One endpoint alone: how many posts at once it may have. */
static const struct {
	unsigned connections;
	uint32_t failures;
	bool well;
	unsigned at_once;
} SHARES[] = {
	{16, 0, true, 12}, {16, 0, false, 2}, {16, 3, false, 1}, {16, 3, true, 12}, {4, 0, true, 3}, {3, 0, true, 3},
	{2, 0, true, 2}, {2, 0, false, 1}, {1, 0, true, 1}, {1, 0, false, 1}, {1, 5, false, 1}, {256, 0, true, 192},
};

START_TEST(shares)
{
	struct webhook_target *target;

	begin_test(SHARES[_i].connections);
	target = add(1, SHARES[_i].failures, 300);
	target->well = SHARES[_i].well;
	ck_assert_uint_eq(begin_all(), SHARES[_i].at_once);
	webhook_targets_free(&targets);
}
END_TEST

START_TEST(unproven_leave_half)
{
	begin_test(16);
	for (uint64_t client = 1; client <= 20; client++)
		add(client, (uint32_t)client % 2, 3);
	ck_assert_uint_eq(begin_all(), 8);
	add(100, 0, 20)->well = true;
	ck_assert_uint_eq(begin_all(), 12);     /* as many as its own share, whatever the others do */
	webhook_targets_free(&targets);
}
END_TEST

START_TEST(turns)
{
	static const uint64_t expected[] = {1, 2, 3, 1, 3, 1, 3};
	struct webhook_task *task;

	begin_test(16);
	add(1, 0, 3)->well = true;
	add(2, 0, 1)->well = true;
	add(3, 0, 3)->well = true;
	ck_assert_uint_eq(targets.waiting, 7);
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		task = webhook_targets_next(&targets);
		ck_assert_ptr_nonnull(task);
		ck_assert_uint_eq(task->target->client_id, expected[i]);
	}
	ck_assert_ptr_null(webhook_targets_next(&targets));
	ck_assert_uint_eq(targets.waiting, 0);
	webhook_targets_free(&targets);
}
END_TEST

START_TEST(first_in_first_out)
{
	begin_test(16);
	add(1, 0, 10)->well = true;
	for (unsigned i = 0; i < 10; i++)
		ck_assert_ptr_eq(webhook_targets_next(&targets), &tasks[i]);
	webhook_targets_free(&targets);
}
END_TEST

START_TEST(success_opens_failure_closes)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(1, 0, 100);
	ck_assert_uint_eq(begin_all(), 2);
	webhook_target_ended(&targets, target, true);
	ck_assert_uint_eq(targets.unproven, 0);
	ck_assert_uint_eq(begin_all(), 11);
	webhook_target_ended(&targets, target, false);
	ck_assert_uint_eq(targets.unproven, 11);
	ck_assert_uint_eq(begin_all(), 0);
	target->resting = true;                 /* a success of the same moment changes nothing */
	webhook_target_ended(&targets, target, true);
	ck_assert(!target->well);
	while (target->busy > 0)
		webhook_target_ended(&targets, target, false);
	ck_assert_uint_eq(targets.unproven, 0);
	webhook_targets_free(&targets);
}
END_TEST

START_TEST(taking_back)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(1, 0, 5);
	add(2, 0, 1);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_ptr_eq(webhook_target_take(&targets, target), &tasks[i]);
	ck_assert_ptr_null(webhook_target_take(&targets, target));
	ck_assert_uint_eq(targets.waiting, 1);
	ck_assert_ptr_eq(webhook_targets_next(&targets), &tasks[5]);
	ck_assert_ptr_null(webhook_targets_next(&targets));
	add(1, 0, 1);
	ck_assert_ptr_eq(webhook_targets_next(&targets), &tasks[6]);
	webhook_targets_free(&targets);
}
END_TEST

static void begin_claim(void)
{
	struct pool *pool = pool_create();
	size_t n;

	webhook_targets_begin_claim(&targets, pool, &n);
	pool_free(pool);
}

START_TEST(rest_ends_with_a_later_claim)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(1, 0, 0);
	begin_claim();
	webhook_target_failed(target, 5000);
	ck_assert(add(1, 0, 0)->resting);       /* that claim could not know of the failure */
	begin_claim();
	target->unrecorded = 0;
	ck_assert(add(1, 0, 0)->resting);       /* nor that one: it was begun before the failure was recorded */
	ck_assert_int_eq(target->rest_until, 5000);
	begin_claim();
	ck_assert(!add(1, 1, 0)->resting);
	ck_assert_uint_eq(target->failures, 1);
	ck_assert_int_eq(target->rest_until, 0);
	webhook_targets_free(&targets);
}
END_TEST

/*
 * One that has failed twice, the second time with a post that was under way for long: recorded before the claim is
 * back.
 */
START_TEST(failure_during_a_claim_is_not_forgotten)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(1, 0, 0);
	webhook_target_failed(target, 5000);
	target->unrecorded = 0;
	begin_claim();
	webhook_target_failed(target, 600000);
	target->unrecorded = 0;
	ck_assert(add(1, 1, 0)->resting);
	ck_assert_int_eq(target->rest_until, 600000);
	begin_claim();
	ck_assert(!add(1, 2, 0)->resting);
	webhook_targets_free(&targets);
}
END_TEST

/* The longest rest that was asked for holds. */
START_TEST(rests_do_not_shorten)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(1, 0, 0);
	webhook_target_failed(target, 600000);
	webhook_target_failed(target, 5000);
	ck_assert_int_eq(target->rest_until, 600000);
	ck_assert_uint_eq(target->unrecorded, 2);
	webhook_targets_free(&targets);
}
END_TEST

static uint32_t room(void)
{
	struct pool *pool = pool_create();
	size_t n = 0;
	struct webhook_room *rooms = webhook_targets_begin_claim(&targets, pool, &n);
	uint32_t room;

	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(rooms[0].client_id, 7);
	room = rooms[0].room;
	pool_free(pool);
	return room;
}

START_TEST(room_for_more)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(7, 0, 10);
	ck_assert_uint_eq(room(), 54);          /* nothing is known of it yet */
	target->well = true;
	ck_assert_uint_eq(room(), 246);
	for (unsigned i = 0; i < 10; i++)
		room();
	ck_assert_uint_eq(room(), 2038);
	add(7, 0, 400);
	ck_assert_uint_eq(room(), 1638);
	for (unsigned i = 0; i < 10; i++)
		webhook_target_late(target);
	ck_assert_uint_eq(room(), 0);
	while (webhook_target_take(&targets, target) != NULL)
		;
	ck_assert_uint_eq(room(), 64);
	webhook_targets_free(&targets);
}
END_TEST

/* One that always has much waiting is quick all the same when what waits changes. */
START_TEST(room_for_one_that_is_kept_busy)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(7, 0, 300);
	target->well = true;
	ck_assert_uint_eq(room(), 0);
	for (unsigned i = 0; i < 63; i++) {
		ck_assert_ptr_nonnull(webhook_targets_next(&targets));
		webhook_target_ended(&targets, target, true);
	}
	ck_assert_uint_eq(room(), 0);
	ck_assert_ptr_nonnull(webhook_targets_next(&targets));
	ck_assert_uint_eq(room(), 256 - 236);
	webhook_target_late(target);
	ck_assert_uint_eq(room(), 0);           /* nothing has had its turn since */
	webhook_targets_free(&targets);
}
END_TEST

/* The id of the mark that a claim begun now is given. */
static uint64_t mark(void)
{
	struct pool *pool = pool_create();
	size_t n = 0;
	uint64_t id = webhook_targets_begin_claim(&targets, pool, &n)[0].mark.id;

	ck_assert_uint_eq(n, 1);
	pool_free(pool);
	return id;
}

START_TEST(marks)
{
	struct webhook_target *target;

	begin_test(16);
	target = add(7, 0, 0);
	ck_assert_uint_eq(mark(), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= 15; i++) {
			target->mark.id = i;
			ck_assert_uint_eq(mark(), i);
		}
		target->mark.id = 16;
		ck_assert_uint_eq(mark(), 0);           /* now and then all is looked at */
	}
	target->mark.id = 1;
	ck_assert_uint_eq(mark(), 1);
	ck_assert_uint_eq(mark(), 0);                   /* the claim in between has set none */
	webhook_targets_free(&targets);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("webhook_target");
	TCase *tcase = tcase_create("webhook_target");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, shares, 0, sizeof SHARES / sizeof SHARES[0]);
	tcase_add_test(tcase, unproven_leave_half);
	tcase_add_test(tcase, turns);
	tcase_add_test(tcase, first_in_first_out);
	tcase_add_test(tcase, success_opens_failure_closes);
	tcase_add_test(tcase, taking_back);
	tcase_add_test(tcase, rest_ends_with_a_later_claim);
	tcase_add_test(tcase, failure_during_a_claim_is_not_forgotten);
	tcase_add_test(tcase, rests_do_not_shorten);
	tcase_add_test(tcase, room_for_more);
	tcase_add_test(tcase, room_for_one_that_is_kept_busy);
	tcase_add_test(tcase, marks);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
