/*
 * A paper about a tenant in the making: answered as a PDF, or queued as a mail with the PDF attached.
 */
#ifndef GESTION_PAPER_H
#define GESTION_PAPER_H

#include "access/app.h"
#include "gestion/dossier.h"
#include "http/request.h"
#include "store/tenant_mail.h"

struct paper {
	struct app *app;
	struct request *request;
	struct dossier dossier;
	jour from, to;
	struct text pdf;
	const char *file;               /* its name */
	struct tenant_mail mail;        /* when it is to be mailed: type, objet, message, montant_final, description */
	const char *sent_message;       /* the answer then */
};

/* Loads the tenant of the path's first part. False: answered. */
bool paper_dossier(struct app *app, struct request *request, struct dossier *dossier_r);

/* Can the tenant get mail? False: answered. */
bool paper_has_address(struct paper *paper);

/* `du 01/12/2016 au 31/12/2016`, in the request's pool. */
const char *paper_period(const struct paper *paper);

/* The text of the mail that brings `what`, in the request's pool. */
const char *paper_letter(const struct paper *paper, const char *what);

/* Answers with the PDF or queues the mail; `made` is false when the PDF could not be made. Frees it. */
void paper_finish(struct paper *paper, bool made, bool mails);

#endif
