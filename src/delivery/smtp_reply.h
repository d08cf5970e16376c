/*
 * What an SMTP server answers (RFC 5321, 4.2), read from bytes and judged.
 */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { SMTP_REPLY_TEXT = 300, SMTP_REPLY_MAX = 16384 };

struct smtp_reply {
	unsigned code;                          /* 200 to 599 */
	char text[SMTP_REPLY_TEXT + 1];         /* code and text of the first lines, on one line */
};

/*
 * Takes one whole reply, of one line or several, from the front of `in`. Returns 1, or 0 when more bytes are needed,
 * or -1 when this is not SMTP.
 */
int smtp_reply_take(struct text *in, struct smtp_reply *reply);

enum smtp_verdict {
	SMTP_YES,
	SMTP_LATER,             /* refused for now, or for a reason that is not the mail's */
	SMTP_NEVER,             /* refused for good */
	SMTP_UNCLEAR            /* no answer to what was asked */
};

/* Judges a reply to a command whose success is `expected`: 2 for any 2xx, or a whole code such as 354. */
enum smtp_verdict smtp_reply_judge(const struct smtp_reply *reply, unsigned expected);

/* Copies what the server calls the mail it took ("… queued as 4F2B1…"). Returns false when it does not say. */
bool smtp_reply_queue_id(const struct smtp_reply *reply, char *to, size_t size);

#endif
