/*
 * States of deliveries and messages, and when to try again.
 */
#include <stdint.h>
#include <string.h>

#include "domain/delivery_state.h"
#include "unit.h"

static const struct {
	enum delivery_state state;
	const char *name;
	bool left, error;
} states[] = {
	{ DELIVERY_QUEUED, "queued", false, false }, { DELIVERY_CLAIMED, "claimed", false, false },
	{ DELIVERY_TRANSMITTING, "transmitting", false, false }, { DELIVERY_SENT, "sent", true, false },
	{ DELIVERY_DELIVERED, "delivered", true, false }, { DELIVERY_FAILED, "failed", false, true },
	{ DELIVERY_EXPIRED, "expired", false, true }, { DELIVERY_SUPPRESSED, "suppressed", false, true },
	{ DELIVERY_UNKNOWN, "unknown", false, true }
};

START_TEST(of_one)
{
	ck_assert_int_eq(COUNT(states), DELIVERY_STATES);
	ck_assert_str_eq(delivery_state_name(states[_i].state), states[_i].name);
	ck_assert_int_eq(delivery_state_parse(states[_i].name), states[_i].state);
	ck_assert_int_eq(delivery_state_has_left(states[_i].state), states[_i].left);
	ck_assert_int_eq(delivery_state_is_error(states[_i].state), states[_i].error);
	ck_assert_int_eq(delivery_state_of_message(&states[_i].state, 1), states[_i].state);
}
END_TEST

START_TEST(unknown_names)
{
	static const char *const names[] = { "", "Sent", "sent ", "senti", "sen", "none" };

	for (int i = 0; i < COUNT(names); i++)
		ck_assert_int_eq(delivery_state_parse(names[i]), DELIVERY_STATES);
}
END_TEST

static const struct {
	const char *first, *second, *message;
} pairs[] = {
	/* one is under way: the least advanced of those */
	{ "queued", "sent", "queued" }, { "queued", "failed", "queued" }, { "queued", "claimed", "queued" },
	{ "claimed", "transmitting", "claimed" }, { "transmitting", "delivered", "transmitting" },
	{ "queued", "unknown", "queued" },
	{ "transmitting", "unknown", "transmitting" }, { "claimed", "suppressed", "claimed" },
	{ "queued", "transmitting", "queued" },
	/* both have ended: trouble before success, the least certain first */
	{ "sent", "delivered", "sent" }, { "sent", "failed", "failed" }, { "delivered", "unknown", "unknown" },
	{ "failed", "unknown", "unknown" }, { "failed", "expired", "failed" }, { "expired", "suppressed", "expired" },
	{ "suppressed", "sent", "suppressed" }, { "suppressed", "delivered", "suppressed" },
	{ "delivered", "expired", "expired" }
};

START_TEST(of_two)
{
	enum delivery_state both[2] = { delivery_state_parse(pairs[_i].first), delivery_state_parse(pairs[_i].second) };
	enum delivery_state turned[2] = { both[1], both[0] };

	ck_assert_str_eq(delivery_state_name(delivery_state_of_message(both, 2)), pairs[_i].message);
	ck_assert_str_eq(delivery_state_name(delivery_state_of_message(turned, 2)), pairs[_i].message);
}
END_TEST

static const struct {
	unsigned attempt;
	long first, max, low, high;
} delays[] = {
	{ 1, 60, 21600, 48, 72 }, { 2, 60, 21600, 96, 144 }, { 3, 60, 21600, 192, 288 }, { 4, 60, 21600, 384, 576 },
	{ 9, 60, 21600, 12288, 18432 }, { 10, 60, 21600, 17280, 25920 }, { 11, 60, 21600, 17280, 25920 },
	{ 1000000000, 60, 21600, 17280, 25920 }, { 4294967295u, 1, 604800, 483840, 725760 }, { 0, 60, 21600, 48, 72 },
	{ 1, 1, 1, 1, 1 }, { 5, 1, 4, 4, 4 }, { 1, 5, 100, 4, 6 }, { 1, 100, 50, 40, 60 }
};

START_TEST(waits)
{
	long first = delays[_i].first, max = delays[_i].max, last = 0;

	ck_assert_int_eq(delivery_retry_delay(delays[_i].attempt, first, max, 0), delays[_i].low);
	ck_assert_int_eq(delivery_retry_delay(delays[_i].attempt, first, max, UINT32_MAX), delays[_i].high);
	for (uint32_t random = 0; random < UINT32_MAX - 10000000; random += 10000000) {
		long delay = delivery_retry_delay(delays[_i].attempt, first, max, random);

		ck_assert_int_ge(delay, delays[_i].low);
		ck_assert_int_le(delay, delays[_i].high);
		ck_assert_int_ge(delay, last);
		last = delay;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delivery_state");
	TCase *tc = tcase_create("delivery_state");

	tcase_add_loop_test(tc, of_one, 0, COUNT(states));
	tcase_add_test(tc, unknown_names);
	tcase_add_loop_test(tc, of_two, 0, COUNT(pairs));
	tcase_add_loop_test(tc, waits, 0, COUNT(delays));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
