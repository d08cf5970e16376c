/*
 * The shuttle's two loads: who is taken, when it departs, and that nothing is answered before it is done.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/pool.h"
#include "http/shuttle.h"
#include "unit.h"

/* A group whose work waits until it is let go, and whose answers say how large the group was. */
struct group {
	struct request *requests[AT_ONCE_MOST];
	unsigned n, done;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static unsigned opened, closed;

static void *group_open(struct app *app)
{
	(void)app;
	opened++;
	return mem_alloc(sizeof(struct group));
}

static void group_close(void *arg)
{
	closed++;
	free(arg);
}

/* Those that are not wanted have a status already. */
static bool group_add(void *arg, struct request *request)
{
	struct group *group = arg;

	if (request->status != 0)
		return false;
	group->requests[group->n++] = request;
	return true;
}

static void group_work(void *arg)
{
	struct group *group = arg;

	pthread_mutex_lock(&gate);
	group->done = group->n;
	pthread_mutex_unlock(&gate);
}

static void group_answer(void *arg)
{
	struct group *group = arg;

	for (unsigned i = 0; i < group->n; i++)
		group->requests[i]->status = 200 + group->done;
	group->n = group->done = 0;
}

static const struct together together = {group_open, group_close, group_add, group_work, group_answer};
static struct shuttle shuttle;
static struct request requests[2 * AT_ONCE_MOST + 1];

static void setup(void)
{
	opened = closed = 0;
	ck_assert_int_eq(shuttle_open(&shuttle, &together, NULL), 0);
	ck_assert_uint_eq(opened, 2);
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
		requests[i] = (struct request){0};
}

static void teardown(void)
{
	shuttle_close(&shuttle);
	ck_assert_uint_eq(closed, 2);
}

static bool board(unsigned from, unsigned n)
{
	bool all = true;

	for (unsigned i = from; i < from + n; i++)
		all = shuttle_board(&shuttle, &(struct ticket){.fd = (int)i, .request = &requests[i], .since = i + 1}) && all;
	return all;
}

static void expect(struct load *load, unsigned from, unsigned n)
{
	ck_assert_ptr_nonnull(load);
	ck_assert_uint_eq(load->n, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(requests[from + i].status, 0);
	shuttle_answer(&shuttle, load);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(load->tickets[i].fd, (int)(from + i));
		ck_assert_uint_eq(requests[from + i].status, 200 + n);
	}
	shuttle_unload(load);
}

START_TEST(nothing_to_do)
{
	shuttle_depart(&shuttle);
	ck_assert_ptr_null(shuttle_arrive(&shuttle, false));
	ck_assert_ptr_null(shuttle_arrive(&shuttle, true));
	ck_assert_int_eq(shuttle_since(&shuttle), 0);
	requests[0].status = 400;
	ck_assert(!board(0, 1));
	shuttle_depart(&shuttle);
	ck_assert_ptr_null(shuttle_arrive(&shuttle, true));
}
END_TEST

/* While one load is away the next gathers, up to its room, and departs when the first is back. */
START_TEST(two_loads_take_turns)
{
	pthread_mutex_lock(&gate);
	ck_assert(board(0, 3));
	ck_assert_int_eq(shuttle_since(&shuttle), 1);
	shuttle_depart(&shuttle);
	ck_assert(board(3, AT_ONCE_MOST));
	ck_assert(!board(2 * AT_ONCE_MOST, 1));
	shuttle_depart(&shuttle);
	ck_assert_ptr_null(shuttle_arrive(&shuttle, false));
	ck_assert_int_eq(shuttle_since(&shuttle), 1);
	pthread_mutex_unlock(&gate);
	struct load *first = shuttle_arrive(&shuttle, true);
	shuttle_depart(&shuttle);
	ck_assert_int_eq(shuttle_since(&shuttle), 4);
	expect(first, 0, 3);
	expect(shuttle_arrive(&shuttle, true), 3, AT_ONCE_MOST);
	ck_assert_int_eq(shuttle_since(&shuttle), 0);
	ck_assert_ptr_null(shuttle_arrive(&shuttle, true));
}
END_TEST

/* Where nothing is done together. */
START_TEST(nobody_boards)
{
	struct shuttle none;

	ck_assert_int_eq(shuttle_open(&none, NULL, NULL), 0);
	ck_assert_uint_eq(opened, 2);
	ck_assert(!shuttle_board(&none, &(struct ticket){.request = &requests[0]}));
	shuttle_depart(&none);
	ck_assert_ptr_null(shuttle_arrive(&none, true));
	ck_assert_int_eq(shuttle_fd(&none), -1);
	ck_assert_int_eq(shuttle_since(&none), 0);
	shuttle_close(&none);
}
END_TEST

/* The room of a load that has been emptied is there again. */
START_TEST(again_and_again)
{
	for (unsigned turn = 0; turn < 100; turn++) {
		requests[0].status = requests[1].status = 0;
		ck_assert(board(0, 1 + turn % 2));
		shuttle_depart(&shuttle);
		expect(shuttle_arrive(&shuttle, true), 0, 1 + turn % 2);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shuttle");
	TCase *tcase = tcase_create("shuttle");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nothing_to_do);
	tcase_add_test(tcase, two_loads_take_turns);
	tcase_add_test(tcase, nobody_boards);
	tcase_add_test(tcase, again_and_again);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
