/*
 * The thread that draws: lower, deaf, always the same; and what happens when there can be none.
 */
#include "documents/drawing.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "documents/quittance.h"
#include "unit.h"

static int refusals;

/* Instead of the C library's, which at times cannot either. Pango begins threads too and ends the process without. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *found = dlsym(RTLD_NEXT, "pthread_create");

	memcpy(&real, &found, sizeof real);
	return refusals > 0 && refusals-- > 0 ? EAGAIN : real(thread, attributes, start, arg);
}

struct seen {
	pid_t thread;
	int nice;
	sigset_t blocked;
};

static void look(void *arg)
{
	struct seen *seen = arg;

	seen->thread = gettid();
	seen->nice = getpriority(PRIO_PROCESS, 0);
	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

START_TEST(lower_and_deaf)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD};
	struct seen here, there, again;

	look(&here);
	drawing_do(look, &there);
	drawing_do(look, &again);
	ck_assert_int_ne(there.thread, here.thread);
	ck_assert_int_eq(again.thread, there.thread);
	ck_assert_int_eq(there.nice, here.nice + 10 < 19 ? here.nice + 10 : 19);
	ck_assert_int_eq(again.nice, there.nice);
	for (int i = 0; i < COUNT(signals); i++)
		ck_assert_int_eq(sigismember(&there.blocked, signals[i]), 1);
	look(&there);
	ck_assert_int_eq(there.nice, here.nice);
	ck_assert_int_eq(sigismember(&there.blocked, SIGTERM), sigismember(&here.blocked, SIGTERM));
	drawing_end();
	drawing_end();
}
END_TEST

START_TEST(without_a_thread)
{
	struct seen here, there;

	look(&here);
	refusals = 1;
	drawing_do(look, &there);
	ck_assert_int_eq(there.thread, here.thread);
	ck_assert_int_eq(there.nice, here.nice);
	ck_assert_int_eq(refusals, 0);
	drawing_do(look, &there);
	ck_assert_int_ne(there.thread, here.thread);
	drawing_end();
}
END_TEST

/* An account long enough for several pages; it repeats itself, as accounts do. */
static void make(struct text *out)
{
	struct quittance_line lines[200];
	struct quittance quittance = {
		.parties = {"Anne Lefèvre\nanne@example.fr", "Anne Lefèvre", "Nguyễn Văn Anh\n1 rue X", "Nguyễn Văn Anh",
		            "1 rue X\n49000 Angers", "Angers"},
		.from = 19000, .to = 19030, .made_on = 19040, .total = {.loyer = 30000, .provision = 1500},
		.has_solde = true, .previous = -12300, .lines = lines, .n_lines = (size_t)COUNT(lines),
	};

	for (int i = 0; i < COUNT(lines); i++)
		lines[i] = (struct quittance_line){15000 + 20 * i, i % 9 == 8 ? "Paiement" : "Loyer", 31500, i % 9 == 8};
	ck_assert_int_eq(quittance_pdf(&quittance, out), 0);
	ck_assert_mem_eq(out->data, "%PDF-", 5);
}

/* Wherever it is drawn and whatever was drawn before. */
START_TEST(same_bytes)
{
	struct text first = {0}, other = {0};

	make(&first);
	for (int i = 0; i < 4; i++) {
		if (i == 2) {
			drawing_end();
			refusals = 1;
		}
		make(&other);
		ck_assert_uint_eq(other.len, first.len);
		ck_assert_mem_eq(other.data, first.data, first.len);
		text_free(&other);
	}
	drawing_end();
	text_free(&first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drawing");
	TCase *tcase = tcase_create("drawing");

	tcase_add_test(tcase, lower_and_deaf);
	tcase_add_test(tcase, without_a_thread);
	tcase_add_test(tcase, same_bytes);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
