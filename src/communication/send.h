/*
 * POST /v1/send_email, /v1/send_sms, /v1/messages: one message or a batch, queued in one transaction.
 */
#ifndef COMMUNICATION_SEND_H
#define COMMUNICATION_SEND_H

#include "access/app.h"
#include "http/request.h"

void send_email(struct app *app, struct request *request);
void send_sms(struct app *app, struct request *request);
void send_message(struct app *app, struct request *request);

#endif
