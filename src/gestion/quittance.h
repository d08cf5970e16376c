/*
 * Papers for a tenant: the quittance, the statement of account, and the mails sent with them.
 */
#ifndef GESTION_QUITTANCE_H
#define GESTION_QUITTANCE_H

#include "http/router.h"

/* :locataireId, and anything after it to send a mail instead (API document, «Quittance»). */
void quittance_answer(struct app *app, struct request *request);

/* :locataireId, :mode? (`data`, or `pdf`), and anything after it to send a mail. */
void compte_answer(struct app *app, struct request *request);

/* :locataireId: the mails sent for that tenant, newest first. */
void emails_answer(struct app *app, struct request *request);

#endif
