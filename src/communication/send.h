/*
 * POST /v1/send_email, /v1/send_sms, /v1/messages: one message or a batch, queued in one transaction.
 */
#ifndef COMMUNICATION_SEND_H
#define COMMUNICATION_SEND_H

#include "access/app.h"
#include "communication/message_in.h"
#include "http/request.h"

void send_email(struct app *app, struct request *request);
void send_sms(struct app *app, struct request *request);
void send_message(struct app *app, struct request *request);

/* Which parameters the request's endpoint, one of these, has. */
enum message_form send_form_of(const struct request *request);

/* For how long messages are tried. */
struct outbox_lifetime send_lifetime(const struct settings *settings);

/* Answers a request for one message that is queued now, or was refused as unsubscribed. */
void send_answer(struct request *request, const struct outbox_message *message);

/* Answers that nothing could be queued. */
void send_refuse(struct request *request, struct db *db, enum db_status status);

#endif
