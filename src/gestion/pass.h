/*
 * POST /api/pass: a landlord has forgotten the password.
 */
#ifndef GESTION_PASS_H
#define GESTION_PASS_H

#include "access/app.h"
#include "http/request.h"

/* Answers the same whether there is such an account or not. */
void gestion_pass(struct app *app, struct request *request);

#endif
