/*
 * The quittance of a tenant.
 */
#ifndef GESTION_QUITTANCE_H
#define GESTION_QUITTANCE_H

#include "http/router.h"

/* :locataireId, and anything after it to send a mail instead (API document, «Quittance»). */
void quittance_answer(struct app *app, struct request *request);

#endif
