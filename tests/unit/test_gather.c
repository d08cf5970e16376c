/*
 * Work gathered from several processes: each gets its own result, whoever did it, and those whose leader is killed are
 * told that nobody knows.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/gather.h"
#include "unit.h"

struct item {
	uint64_t asked, answered;
};

/* What all processes count together. */
struct counts {
	_Atomic unsigned groups, items, largest, ends[3];
};

enum { MOST = 8 };

static struct counts *counts;
static struct gather *gather;

static enum gather_end square(void *const *items, size_t n, void *arg)
{
	unsigned largest = atomic_load(&counts->largest);

	(void)arg;
	atomic_fetch_add(&counts->groups, 1);
	atomic_fetch_add(&counts->items, (unsigned)n);
	while (n > largest && !atomic_compare_exchange_weak(&counts->largest, &largest, (unsigned)n))
		;
	for (size_t i = 0; i < n; i++) {
		struct item *item = items[i];

		item->answered = item->asked * item->asked;
	}
	usleep(200);
	return GATHER_DONE;
}

static enum gather_end give_back(void *const *items, size_t n, void *arg)
{
	(void)items, (void)n, (void)arg;
	return GATHER_ALONE;
}

static void setup(void)
{
	counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(counts, MAP_FAILED);
	gather = gather_create("test", sizeof(struct item), MOST);
	ck_assert_ptr_nonnull(gather);
}

START_TEST(alone)
{
	struct item *item = gather_item(gather);

	for (uint64_t i = 1; i < 50; i++) {
		item->asked = i;
		ck_assert_int_eq(gather_do(gather, square, NULL), GATHER_DONE);
		ck_assert_uint_eq(item->answered, i * i);
		ck_assert_ptr_eq(gather_item(gather), item);
	}
	ck_assert_uint_eq(counts->groups, 49);
	ck_assert_int_eq(gather_do(gather, give_back, NULL), GATHER_ALONE);
	ck_assert_ptr_null(gather_item(NULL));
}
END_TEST

static void work(unsigned who, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		struct item *item = gather_item(gather);
		enum gather_end end;

		if (item == NULL) {             /* the dead have all places for a moment */
			usleep(1000);
			continue;
		}
		item->asked = (uint64_t)who << 20 | i;
		item->answered = 0;
		end = gather_do(gather, square, NULL);
		if (end == GATHER_DONE && item->answered != ((uint64_t)who << 20 | i) * ((uint64_t)who << 20 | i))
			_exit(1);
		atomic_fetch_add(&counts->ends[end], 1);
	}
	_exit(0);
}

START_TEST(together)
{
	enum { WORKERS = 12, TIMES = 300 };

	for (unsigned w = 0; w < WORKERS; w++)
		if (fork() == 0)
			work(w, TIMES);
	for (unsigned w = 0; w < WORKERS; w++) {
		int result;

		wait(&result);
		ck_assert_int_eq(result, 0);
	}
	ck_assert_uint_eq(counts->items, WORKERS * TIMES);
	ck_assert_uint_eq(counts->ends[GATHER_DONE], WORKERS * TIMES);
	ck_assert_uint_gt(counts->largest, 1);
	ck_assert_uint_le(counts->largest, MOST);
}
END_TEST

/* Killed at any moment, hundreds one after another: the others go on, places are used again, no answer is wrong. */
START_TEST(killed)
{
	enum { WORKERS = 6, KILLS = 300 };
	pid_t workers[WORKERS];

	for (unsigned w = 0; w < WORKERS; w++)
		if ((workers[w] = fork()) == 0)
			work(w, UINT32_MAX);
	for (unsigned k = 0; k < KILLS; k++) {
		unsigned w = k % (WORKERS / 2);     /* the other half lives to see it */
		unsigned before;
		int result;

		usleep(1000 + k * 37 % 1500);
		kill(workers[w], SIGKILL);
		waitpid(workers[w], &result, 0);
		ck_assert(WIFSIGNALED(result));
		before = atomic_load(&counts->ends[GATHER_DONE]);
		if ((workers[w] = fork()) == 0)
			work(k + WORKERS, UINT32_MAX);
		while (k % 50 == 0 && atomic_load(&counts->ends[GATHER_DONE]) < before + 10)
			usleep(1000);           /* they do go on; the test's own time limit says if not */
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		kill(workers[w], SIGKILL);
		waitpid(workers[w], NULL, 0);
	}
	ck_assert_uint_gt(counts->ends[GATHER_DOUBTFUL], 0);
	ck_assert_uint_eq(counts->ends[GATHER_ALONE], 0);
}
END_TEST

static _Atomic unsigned *stage; /* of a play for several processes */

/* The first leader keeps the lane until the second stage; the next one, who has two items then, hangs. */
static enum gather_end hang(void *const *items, size_t n, void *arg)
{
	(void)items, (void)arg;
	if (n == 1) {
		atomic_store(stage, 1);
		while (atomic_load(stage) < 2)
			usleep(1000);
		return GATHER_DONE;
	}
	atomic_store(stage, 3);
	for (;;)
		pause();
}

/* Who is led does not know what became of its item, and does the next one alone. */
START_TEST(hung)
{
	unsigned again = 0;
	pid_t pids[3];

	stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned w = 0; w < 3; w++) {
		if ((pids[w] = fork()) == 0) {
			void *first = gather_item(gather);
			enum gather_end end = gather_do(gather, hang, NULL);

			atomic_fetch_add(&counts->ends[end], 1);
			if (end == GATHER_DONE)         /* the first leader */
				_exit(0);
			ck_assert_ptr_ne(gather_item(gather), first);
			_exit(gather_do(gather, square, NULL) == GATHER_ALONE ? 2 : 3);
		}
		while (w == 0 && atomic_load(stage) != 1)
			usleep(1000);
	}
	usleep(200000);                 /* both wait by now; if not, the test's time limit says so */
	atomic_store(stage, 2);
	while (again == 0) {
		int result;
		pid_t pid = wait(&result);

		ck_assert(WIFEXITED(result));
		if (pid == pids[0])
			ck_assert_int_eq(WEXITSTATUS(result), 0);
		else
			again = (unsigned)WEXITSTATUS(result);
	}
	ck_assert_uint_eq(atomic_load(stage), 3);
	ck_assert_uint_eq(again, 2);
	ck_assert_uint_eq(counts->ends[GATHER_DOUBTFUL], 1);
	for (unsigned w = 1; w < 3; w++)
		kill(pids[w], SIGKILL);
	wait(NULL);
}
END_TEST

/* The slot that was left comes back when its leader is done after all. */
static enum gather_end dawdle(void *const *items, size_t n, void *arg)
{
	(void)items, (void)arg;
	atomic_fetch_add(stage, 1);
	while (n == 1 && atomic_load(stage) < 2)
		usleep(1000);
	while (n > 1 && atomic_load(stage) < 10)
		usleep(1000);
	return GATHER_DONE;
}

START_TEST(returned)
{
	pid_t pids[3];

	stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned w = 0; w < 3; w++) {
		if ((pids[w] = fork()) == 0) {
			void *first = gather_item(gather), *second;

			if (gather_do(gather, dawdle, NULL) != GATHER_DOUBTFUL)
				_exit(0);
			second = gather_item(gather);
			if (second == NULL || second == first || gather_do(gather, square, NULL) != GATHER_ALONE)
				_exit(1);
			atomic_store(stage, 10);
			for (int i = 0; i < 2000 && gather_item(gather) != first; i++)
				usleep(1000);
			_exit(gather_item(gather) == first && gather_do(gather, square, NULL) == GATHER_DONE ? 2 : 1);
		}
		while (w == 0 && atomic_load(stage) != 1)
			usleep(1000);
	}
	usleep(200000);
	atomic_store(stage, 2);
	for (unsigned w = 0, sum = 0; w < 3; w++) {
		int result;

		wait(&result);
		ck_assert(WIFEXITED(result) && WEXITSTATUS(result) != 1);
		sum += (unsigned)WEXITSTATUS(result);
		ck_assert_uint_eq(w == 2 ? sum : 2, 2);
	}
}
END_TEST

/* More processes than places: those without go without, and get one when one is free. */
START_TEST(crowded)
{
	enum { CROWD = 128 };           /* as many as there are places */
	pid_t pids[CROWD];

	stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < CROWD; i++) {
		if ((pids[i] = fork()) == 0) {
			if (gather_item(gather) == NULL)
				_exit(1);
			atomic_fetch_add(stage, 1);
			for (;;)
				pause();
		}
	}
	while (atomic_load(stage) < CROWD)
		usleep(1000);
	ck_assert_ptr_null(gather_item(gather));
	kill(pids[7], SIGKILL);
	waitpid(pids[7], NULL, 0);
	while (gather_item(gather) == NULL)
		usleep(10000);          /* the test's time limit says if it never comes */
	ck_assert_int_eq(gather_do(gather, give_back, NULL), GATHER_ALONE);
	for (unsigned i = 0; i < CROWD; i++)
		if (i != 7 && kill(pids[i], SIGKILL) == 0)
			waitpid(pids[i], NULL, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gather");
	TCase *tcase = tcase_create("gather");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, alone);
	tcase_add_test(tcase, together);
	tcase_add_test(tcase, killed);
	tcase_add_test(tcase, hung);
	tcase_add_test(tcase, returned);
	tcase_add_test(tcase, crowded);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
