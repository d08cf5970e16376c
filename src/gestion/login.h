/*
 * Logging a landlord in (API document, «Login»).
 */
#ifndef GESTION_LOGIN_H
#define GESTION_LOGIN_H

#include "access/app.h"
#include "http/router.h"

void gestion_login(struct app *app, struct request *request);

#endif
