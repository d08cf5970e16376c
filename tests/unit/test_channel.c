/*
 * The channels, by name and by what they need.
 */
#include "domain/channel.h"
#include "unit.h"

static const struct {
	const char *name;
	enum channel channel;
} names[] = {
	{ "sms", CHANNEL_SMS }, { "email", CHANNEL_EMAIL }, { "both", CHANNEL_BOTH },
	{ "sms_first", CHANNEL_SMS_FIRST },
	{ "email_first", CHANNEL_EMAIL_FIRST }
};
static const char *const none[] = {
	NULL, "", "none", "SMS", "Email", "mail", "sms ", " sms", "sms_", "sms_firs", "sms_first_", "emails",
		"both,sms", "0", "1"
};

START_TEST(known)
{
	ck_assert_int_eq(channel_parse(names[_i].name), names[_i].channel);
	ck_assert_str_eq(channel_name(names[_i].channel), names[_i].name);
}
END_TEST

START_TEST(unknown)
{
	ck_assert_int_eq(channel_parse(none[_i]), CHANNEL_NONE);
}
END_TEST

/* Columns: neither address, e-mail only, phone only, both. Each cell: e, s, es, or -. */
static const struct {
	enum channel channel;
	const char *choice[4];
} choices[] = {
	{ CHANNEL_NONE, { "-", "-", "-", "-" } },
	{ CHANNEL_SMS, { "s", "s", "s", "s" } },
	{ CHANNEL_EMAIL, { "e", "e", "e", "e" } },
	{ CHANNEL_BOTH, { "es", "es", "es", "es" } },
	{ CHANNEL_SMS_FIRST, { "e", "e", "s", "s" } },
	{ CHANNEL_EMAIL_FIRST, { "s", "e", "s", "e" } }
};

START_TEST(chooses)
{
	for (int present = 0; present < 4; present++) {
		struct channel_choice choice = channel_choose(choices[_i].channel, present & 1, present & 2);
		const char *text = choice.email ? choice.sms ? "es" : "e" : choice.sms ? "s" : "-";

		ck_assert_str_eq(text, choices[_i].choice[present]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tc = tcase_create("channel");

	tcase_add_loop_test(tc, known, 0, COUNT(names));
	tcase_add_loop_test(tc, unknown, 0, COUNT(none));
	tcase_add_loop_test(tc, chooses, 0, COUNT(choices));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
