/*
 * A tenant's file: who, where, the lease, what was paid; loaded once, for every paper about the tenant.
 */
#ifndef GESTION_DOSSIER_H
#define GESTION_DOSSIER_H

#include "documents/quittance.h"
#include "store/locataire.h"
#include "store/operation.h"
#include "store/user.h"

struct dossier {
	struct locataire locataire;
	struct bien bien;
	struct immeuble immeuble;
	struct bail bail;
	struct paiement *paiements;     /* in the order of `operations` */
	struct operation *operations;   /* paid loyers, provisions, CAF, by date */
	size_t n_paiements;
	struct quittance_parties parties;
};

/* DB_NONE: not this landlord's tenant. Everything is in the pool. */
enum db_status dossier_load(struct db *db, struct pool *pool, const struct user *user, const struct oid *locataire,
                            struct dossier *dossier_r);

/*
 * The lines of the account dated from..to, oldest first, with what the API calls them, and their balance (negative: the
 * tenant owes). Returns how many.
 */
size_t dossier_lines(struct pool *pool, const struct dossier *dossier, jour from, jour to,
                     struct quittance_line **lines_r, montant *solde_r);

/* The same from..before-1, as the period that begins on the day `before` finds it (compte_lines_before()). */
size_t dossier_lines_before(struct pool *pool, const struct dossier *dossier, jour from, jour before,
                            struct quittance_line **lines_r, montant *solde_r);

#endif
