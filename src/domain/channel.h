/*
 * Which ways a message goes (API document, «Informations supplémentaires»).
 */
#ifndef DOMAIN_CHANNEL_H
#define DOMAIN_CHANNEL_H

#include <stdbool.h>

enum channel { CHANNEL_NONE = 0, CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_BOTH, CHANNEL_SMS_FIRST, CHANNEL_EMAIL_FIRST };

/* Reads `sms`, `email`, `both`, `sms_first`, `email_first`; CHANNEL_NONE for anything else, NULL included. */
enum channel channel_parse(const char *name);
const char *channel_name(enum channel channel);

/* Where a message on `channel` goes when these addresses are present. both: both, whatever is present. */
struct channel_choice {
	bool email;
	bool sms;
};
struct channel_choice channel_choose(enum channel channel, bool has_email, bool has_phone);

#endif
