/*
 * GET /v1/messages, /v1/messages_status, /v1/unsubscribes: what a client asks about what it sent.
 */
#ifndef COMMUNICATION_LIST_H
#define COMMUNICATION_LIST_H

#include "access/app.h"
#include "http/request.h"

void list_messages(struct app *app, struct request *request);
void list_status(struct app *app, struct request *request);
void list_unsubscribes(struct app *app, struct request *request);

#endif
