/*
 * Which ways a message goes.
 */
#include <stddef.h>
#include <string.h>

#include "domain/channel.h"

static const char *const names[] = {
	[CHANNEL_NONE] = "none", [CHANNEL_SMS] = "sms", [CHANNEL_EMAIL] = "email", [CHANNEL_BOTH] = "both",
	[CHANNEL_SMS_FIRST] = "sms_first", [CHANNEL_EMAIL_FIRST] = "email_first"
};

enum channel channel_parse(const char *name)
{
	for (int i = CHANNEL_SMS; name != NULL && i <= CHANNEL_EMAIL_FIRST; i++)
		if (strcmp(names[i], name) == 0)
			return (enum channel)i;
	return CHANNEL_NONE;
}

const char *channel_name(enum channel channel)
{
	return names[channel];
}

struct channel_choice channel_choose(enum channel channel, bool has_email, bool has_phone)
{
	struct channel_choice choice = { false, false };

	switch (channel) {
	case CHANNEL_NONE:
		break;
	case CHANNEL_SMS:
		choice.sms = true;
		break;
	case CHANNEL_EMAIL:
		choice.email = true;
		break;
	case CHANNEL_BOTH:
		choice.email = choice.sms = true;
		break;
	case CHANNEL_SMS_FIRST:
		choice.sms = has_phone;
		choice.email = !has_phone;
		break;
	case CHANNEL_EMAIL_FIRST:
		choice.email = has_email;
		choice.sms = !has_email;
		break;
	}
	return choice;
}
