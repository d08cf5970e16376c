/*
 * The statement of a tenant's account.
 */
#ifndef GESTION_COMPTE_H
#define GESTION_COMPTE_H

#include "http/router.h"

/* :locataireId, :mode? (`data`, or `pdf`), and anything after it to send a mail. */
void compte_answer(struct app *app, struct request *request);

#endif
