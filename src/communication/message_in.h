/*
 * One message as a client asks for it: which parameters it has, what they may hold, and what to say when they do not.
 */
#ifndef COMMUNICATION_MESSAGE_IN_H
#define COMMUNICATION_MESSAGE_IN_H

#include "base/pool.h"
#include "http/params.h"
#include "store/outbox.h"

/* Which endpoint's parameters. */
enum message_form {
	MESSAGE_EMAIL,          /* send_email: recipient, subject, message */
	MESSAGE_SMS,            /* send_sms: recipient, message */
	MESSAGE_ANY             /* messages: channel, email, phone, email_subject, email_content, sms_content */
};

/* Longest texts, in characters. The OpenAPI description publishes them. */
enum {
	MESSAGE_MAX_EMAIL = 254,
	MESSAGE_MAX_PHONE = 40,
	MESSAGE_MAX_SUBJECT = 998,
	MESSAGE_MAX_EMAIL_CONTENT = 100000,
	MESSAGE_MAX_SMS_CONTENT = 1600,
	MESSAGE_MAX_IDENTIFIER = 255,
	MESSAGE_MAX_ORIGINATOR = 100,
	MESSAGE_MAX_URL = 2048
};

/*
 * Reads a message. Returns NULL when it may be queued, else the first thing that is wrong, in the words of the API:
 * channel, then recipient, subject, content, options. Text is in the pool or in the parameters.
 */
const char *message_in_read(struct pool *pool, enum message_form form, const struct params *params,
                            struct outbox_message *message_r);

/*
 * An identifier: at most MESSAGE_MAX_IDENTIFIER characters in one line; NULL when absent or empty. Returns 0, or -1.
 */
int message_in_identifier(const struct params *params, const char *name, const char **value_r);

#endif
