/*
 * The mails a landlord had sent to a tenant.
 */
#ifndef GESTION_EMAILS_H
#define GESTION_EMAILS_H

#include "http/router.h"

/* :locataireId: the mails sent for that tenant, newest first. */
void emails_answer(struct app *app, struct request *request);

#endif
