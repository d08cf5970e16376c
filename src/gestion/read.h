/*
 * Reading a portfolio: immeubles, immeuble, bien, locataires, locataire, operations (API document, «Gestion»).
 */
#ifndef GESTION_READ_H
#define GESTION_READ_H

#include "http/router.h"

void read_immeubles(struct app *app, struct request *request);
void read_immeuble(struct app *app, struct request *request);    /* :immeubleId */
void read_bien(struct app *app, struct request *request);        /* :bienId */
void read_locataires(struct app *app, struct request *request);  /* :immeubleIdOrbienId, :limit? */
void read_locataire(struct app *app, struct request *request);   /* :locataireId */
void read_operations(struct app *app, struct request *request);  /* :immeubleId, :limit? */

#endif
