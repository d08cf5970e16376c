/*
 * The papers a landlord gives a tenant: the quittance (or what stands in for it), and the statement of account, as PDF.
 */
#ifndef DOCUMENTS_QUITTANCE_H
#define DOCUMENTS_QUITTANCE_H

#include <stddef.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/text.h"
#include "domain/compte.h"

/* Who and where. Texts may have several lines; none is NULL. */
struct quittance_parties {
	const char *bailleur;           /* name, e-mail address */
	const char *bailleur_name;
	const char *locataire;          /* name, address */
	const char *locataire_name;
	const char *logement;           /* address of the dwelling */
	const char *place;              /* where it is made out; "": left out */
};

struct quittance_line {
	jour date;
	const char *description;
	montant amount;
	bool positive;                  /* paid; false: due */
};

struct quittance {
	struct quittance_parties parties;
	jour from, to, made_on;
	struct compte_total total;
	enum quittance_title title;
	bool has_solde;                 /* show the previous balance and what it becomes */
	montant previous;               /* negative: the tenant owes */
	const struct quittance_line *lines;      /* what the previous balance is made of; may be none */
	size_t n_lines;
};

struct compte_statement {
	struct quittance_parties parties;
	jour from, to, made_on;
	montant solde;
	const struct quittance_line *lines;
	size_t n_lines;
};

/* What the tenant's account is after the period: previous balance, less what fell due, plus what was paid. */
montant quittance_final(const struct quittance *quittance);

/* Append the PDF. Return 0; -1 after logging. */
int quittance_pdf(const struct quittance *quittance, struct text *out);
int compte_pdf(const struct compte_statement *statement, struct text *out);

#endif
