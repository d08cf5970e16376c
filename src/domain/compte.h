/*
 * A tenant's account: what fell due, what was paid, what is left. One function of lease, revisions, payments and period
 * serves the quittance, its balance, and the account that the API shows.
 */
#ifndef DOMAIN_COMPTE_H
#define DOMAIN_COMPTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/pool.h"

/* From `from` on the amount is this one. */
struct compte_revision {
	jour from;
	montant amount;
};

/* The lease, as far as money goes. Revisions are ordered by date. */
struct bail {
	jour entry;
	jour quit;                      /* the last day; JOUR_NONE: still there */
	int day_loyer;                  /* of the month; 0: the first */
	montant loyer, provision;       /* at entry */
	const struct compte_revision *loyers, *provisions;
	size_t n_loyers, n_provisions;
};

enum compte_kind { COMPTE_DUE, COMPTE_LOYER, COMPTE_PROVISION, COMPTE_CAF };

/* A payment: a paid operation of loyer, provision or CAF. */
struct paiement {
	jour date;
	montant amount;
	enum compte_kind kind;          /* not COMPTE_DUE */
};

struct compte_line {
	jour date;
	montant amount;                 /* always positive */
	enum compte_kind kind;
};

/* Sums of a period. */
struct compte_total {
	montant loyer, provision;       /* due */
	montant paid_loyer, paid_provision, paid_caf;
};

montant compte_due(const struct compte_total *total);
montant compte_paid(const struct compte_total *total);

/*
 * What is due for the days from..to that the tenant was there, by calendar month; a partial month counts by its days,
 * both ends included (510 € over 23 of 31 days is 378,39 €), loyer and provision each rounded to the cent. A month is
 * charged what was in force on its first day of presence. Payments count by their date.
 */
struct compte_total compte_period(const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                                  jour to);

/*
 * The lines dated from..to, oldest first, what is due before what is paid on the same day: a due line a month, the
 * first at the entry, then at day_loyer (at the departure if that comes first), and the payments. In the pool.
 */
size_t compte_lines(struct pool *pool, const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                    jour to, struct compte_line **lines_r);

/*
 * The lines from..before-1 that a period beginning on the day `before` finds: as compte_lines(), but a month that the
 * period begins within is due for its days before it only, on the day before at the latest, since the period has the
 * others.
 */
size_t compte_lines_before(struct pool *pool, const struct bail *bail, const struct paiement *paiements, size_t n,
                           jour from, jour before, struct compte_line **lines_r);

/* Paid less due; negative: the tenant owes. */
montant compte_solde(const struct compte_line *lines, size_t n);

/* The title the law allows (loi n° 89-462 du 6 juillet 1989, art. 21). */
enum quittance_title { QUITTANCE_AVIS, QUITTANCE_PARTIEL, QUITTANCE_LOYER };

/*
 * For the days from..to: «Quittance de loyer» when all is paid, «Reçu de paiement partiel» for a part, «Avis d'échéance»
 * when nothing is. Rent is owed by the month: a part of one is acquitted only if what was paid in the whole month, too,
 * is all of it.
 */
enum quittance_title quittance_title(const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                                     jour to);
const char *quittance_title_text(enum quittance_title title);

#endif
