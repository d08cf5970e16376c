/*
 * What a landlord owns, as it is read: immeubles with their loans and declarations, biens.
 *
 * Every function takes the landlord's id and sees nothing else: another landlord's object and one that does not exist
 * are the same DB_NONE. Text is in the pool; NULL is an attribute never set. Decimal columns that no rule computes with
 * are the shortest decimal text ("55.6"), ready for an answer.
 */
#ifndef STORE_PATRIMOINE_H
#define STORE_PATRIMOINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/oid.h"
#include "db/db.h"
#include "store/rows.h"

struct immeuble {
	struct oid id;
	const char *name, *type, *address, *ville, *villevalue, *ville_seule, *codepostal, *country, *country_long;
	enum tri active, robot;
	const char *surface, *milliemes, *prixnet, *prixtoday, *comagence, *comcourtier, *fraisnotaire, *meubles,
		*travauxr;
	jour date_achat;                /* JOUR_NONE: absent */
	int64_t date_created, date_last_modified;       /* ms; 0: absent */
	const char *options;            /* JSON object, compact; NULL: absent */
	const char *attributes;         /* JSON object of what no rule uses, compact, in the API's names; NULL: none */
};

struct emprunt {
	struct oid immeuble_id;
	uint32_t index;
	montant montant_emprunte, mensualite;
	bool has_montant, has_mensualite;
	const char *taux, *type, *assurance;
	jour first, last;
	const char *attributes;
};

struct declaration {
	struct oid immeuble_id, id;
	const char *year, *regime, *type, *attributes;
};

struct bien {
	struct oid id, immeuble_id;
	const char *nom, *type, *pieces, *energy, *ges, *annonce_title, *annonce_desc;
	enum tri active, robot;
	const char *surface, *milliemes, *etage, *chambres;
	int64_t date_created, date_last_modified;
	const char *attributes;
};

/*
 * The five lists of the `immeubles` answer, each ordered as it shows them; emprunts and biens by immeuble in that
 * order.
 */
enum db_status immeubles_of_user(struct db *db, struct pool *pool, uint64_t user, struct immeuble **list_r,
                                 size_t *n_r);
enum db_status emprunts_of_user(struct db *db, struct pool *pool, uint64_t user, struct emprunt **list_r, size_t *n_r);
enum db_status biens_of_user(struct db *db, struct pool *pool, uint64_t user, struct bien **list_r, size_t *n_r);

enum db_status immeuble_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct immeuble *r);
enum db_status emprunts_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                    struct emprunt **list_r, size_t *n_r);
enum db_status declarations_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                        struct declaration **list_r, size_t *n_r);
enum db_status bien_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct bien *r);

/* For import: rows as given, in the caller's transaction; the seq columns keep the order of the calls. */
enum db_status immeuble_insert(struct db *db, struct pool *pool, uint64_t user, const struct immeuble *immeuble);
enum db_status emprunt_insert(struct db *db, struct pool *pool, uint64_t user, const struct emprunt *emprunt);
enum db_status declaration_insert(struct db *db, uint64_t user, const struct declaration *declaration,
                                  uint32_t position);
enum db_status bien_insert(struct db *db, uint64_t user, const struct bien *bien);
enum db_status declarations_of_user(struct db *db, struct pool *pool, uint64_t user, struct declaration **list_r,
                                    size_t *n_r);

#endif
