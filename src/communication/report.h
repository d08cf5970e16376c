/*
 * GET and POST /hooks/sms/<token>: the SMS gateway tells what became of a message.
 */
#ifndef COMMUNICATION_REPORT_H
#define COMMUNICATION_REPORT_H

#include "access/app.h"
#include "http/request.h"

void report_sms(struct app *app, struct request *request);

#endif
