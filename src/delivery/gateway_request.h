/*
 * What is asked of an SMS gateway: the URL of Kannel's sendsms, or the operator's own templates filled in.
 */
#ifndef DELIVERY_GATEWAY_REQUEST_H
#define DELIVERY_GATEWAY_REQUEST_H

#include <stdbool.h>

#include "base/id.h"
#include "base/settings.h"
#include "base/text.h"

/* One SMS. Text is borrowed, never NULL. */
struct gateway_message {
	const char *to;                 /* E.164 */
	const char *from;               /* "": the gateway's own */
	const char *text;
	const char *id;                 /* the delivery's UUID */
	const char *report_url;         /* "": no report is wanted */
	bool ucs2;
};

/* Appends the whole URL, user and password included: not for a log. */
void gateway_kannel_url(struct text *out, const struct settings *settings, const struct gateway_message *message);

/* How a value has to be written where it stands. */
enum gateway_escape {
	GATEWAY_URL,            /* percent-encoded; bodies of forms as well */
	GATEWAY_JSON,           /* inside a string */
	GATEWAY_XML,            /* in text or a quoted attribute */
	GATEWAY_PLAIN,
	GATEWAY_HEADER          /* control characters left out */
};

/* What a body is, by its Content-Type in the header lines (separated by '|'), or by its first character. */
enum gateway_escape gateway_body_escape(const char *headers, const char *body);

/* Appends the template with {to}, {from}, {text}, {id} and {report_url} replaced; any other brace stands for itself. */
void gateway_fill(struct text *out, const char *template, enum gateway_escape escape,
                  const struct gateway_message *message);

/* Is the status in a list such as "200,202"? */
bool gateway_is_success(const char *list, long status);

#endif
