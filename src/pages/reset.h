/*
 * /reset/<token>: a landlord sets a new password. GET shows the form, POST does it.
 */
#ifndef PAGES_RESET_H
#define PAGES_RESET_H

#include "access/app.h"
#include "http/request.h"

/* Shows the form. Changes nothing, not even whether the token is used: mail scanners follow links. */
void reset_ask(struct app *app, struct request *request);

/* Sets the password when it is good enough; else shows the form again with what is wrong, and the token stays good. */
void reset_do(struct app *app, struct request *request);

#endif
