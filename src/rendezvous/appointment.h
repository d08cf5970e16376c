/*
 * /v1/appointments: create (one or an array), list, change, approve, cancel.
 */
#ifndef RENDEZVOUS_APPOINTMENT_H
#define RENDEZVOUS_APPOINTMENT_H

#include "access/app.h"
#include "http/router.h"

void appointments_create(struct app *app, struct request *request);
void appointments_list(struct app *app, struct request *request);
void appointments_change(struct app *app, struct request *request);      /* :id */
void appointments_approve(struct app *app, struct request *request);
void appointments_cancel(struct app *app, struct request *request);

#endif
