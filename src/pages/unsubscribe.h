/*
 * /u/<token>: a recipient no longer wants messages of a client. GET asks, POST does it.
 */
#ifndef PAGES_UNSUBSCRIBE_H
#define PAGES_UNSUBSCRIBE_H

#include "access/app.h"
#include "http/request.h"

/* Shows the page with its one button. Changes nothing: mail scanners follow links. */
void unsubscribe_ask(struct app *app, struct request *request);

/* Unsubscribes: from the page's button, or from a mail program's one click (RFC 8058). Twice is as good as once. */
void unsubscribe_do(struct app *app, struct request *request);

#endif
