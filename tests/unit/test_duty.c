/*
 * A serving process hears its signals when it says so, and which of two ways to stop it takes.
 */
#include <signal.h>

#include "http/duty.h"
#include "unit.h"

static struct worker_slot slot;
static struct duty duty;

static void begin(void)
{
	static const struct worker_config config = {.body_max = 1024};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	ck_assert_int_eq(duty_begin(&duty, &slot, &config), 0);
	ck_assert_int_eq(atomic_load(&slot.ready), 1);
}

static void end(void)
{
	duty_end(&duty);
}

/* 0: none. They are told one after the other, and each is heard before the next. */
static const struct {
	int first, second;
	enum duty_stop expected;
} STOPS[] = {
	{0, 0, DUTY_GO_ON},
	{SIGTERM, 0, DUTY_DRAIN},
	{SIGQUIT, 0, DUTY_RETIRE},
	{SIGTERM, SIGQUIT, DUTY_DRAIN},
	{SIGQUIT, SIGTERM, DUTY_DRAIN},
	{SIGQUIT, SIGQUIT, DUTY_RETIRE},
};

START_TEST(stops)
{
	const int told[] = {STOPS[_i].first, STOPS[_i].second};

	for (size_t i = 0; i < COUNT(told); i++) {
		enum duty_stop before = duty_stop();

		if (told[i] == 0)
			continue;
		ck_assert_int_eq(raise(told[i]), 0);
		ck_assert_int_eq(duty_stop(), before);  /* it is blocked */
		duty_listen(&duty);
	}
	ck_assert_int_eq(duty_stop(), STOPS[_i].expected);
	ck_assert_int_eq(duty_listen(&duty), STOPS[_i].expected);
}
END_TEST

/* Both at once: which handler runs last is the kernel's choice. */
START_TEST(both_at_once)
{
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(raise(SIGQUIT), 0);
	ck_assert_int_eq(duty_listen(&duty), DUTY_DRAIN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("duty");
	TCase *tcase = tcase_create("duty");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, stops, 0, COUNT(STOPS));
	tcase_add_test(tcase, both_at_once);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
