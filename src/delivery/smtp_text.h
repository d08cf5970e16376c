/*
 * What may be said to an SMTP server: addresses and mails that cannot be taken for commands or for the end of a mail.
 */
#ifndef DELIVERY_SMTP_TEXT_H
#define DELIVERY_SMTP_TEXT_H

#include <stdbool.h>

#include "base/text.h"

/* May the address stand between angle brackets in a command? (It was checked when the message was queued.) */
bool smtp_is_path(const char *s);

/*
 * Doubles each dot that begins a line (RFC 5321, 4.5.2). Mails are made without any, so this is seldom more than a
 * look.
 */
void smtp_stuff_dots(struct text *bytes);

#endif
