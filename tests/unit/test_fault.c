/*
 * Fault points: the process ends at the named passage and at no other; a normal build has none of it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "unit.h"

/* How many passages of "a.one" a child survives, five at most, with "a.two" before each. */
static int survived(const char *fault, const char *once)
{
	int status, pipes[2], n = 0;
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (fault != NULL)
			setenv("BAILLEUR_FAULT", fault, 1);
		if (once != NULL)
			setenv("BAILLEUR_FAULT_ONCE", once, 1);
		for (int i = 0; i < 5; i++) {
			FAULT("a.two");
			FAULT("a.one");
			if (write(pipes[1], "x", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(pipes[1]);
	while (read(pipes[0], &byte, 1) == 1)
		n++;
	close(pipes[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(n == 5 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
	                 : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return n;
}

static const struct {
	const char *fault;
	int survived;
} faults[] = {
	{ NULL, 5 }, { "", 5 }, { "a.one", 0 }, { "a.one:1", 0 }, { "a.one:3", 2 }, { "a.one:5", 4 }, { "a.one:6", 5 },
	{ "a.two:2", 1 }, { "a", 5 }, { "a.on", 5 }, { "a.one.more", 5 }, { "a.one:", 5 }, { "a.one:0", 5 },
	{ "a.one:x", 5 },
	{ "b.one", 5 }
};

START_TEST(passages)
{
#ifdef FAULT_POINTS
	ck_assert_int_eq(survived(faults[_i].fault, NULL), faults[_i].survived);
#else
	ck_assert_int_eq(survived(faults[_i].fault, NULL), 5);
#endif
}
END_TEST

#ifdef FAULT_POINTS
START_TEST(only_once)
{
	char path[] = "/tmp/test_fault.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
	ck_assert_int_eq(survived("a.one:2", path), 1);
	ck_assert_int_eq(survived("a.one:2", path), 5);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("fault");
	TCase *tc = tcase_create("fault");

	tcase_add_loop_test(tc, passages, 0, COUNT(faults));
#ifdef FAULT_POINTS
	tcase_add_test(tc, only_once);
#endif
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
