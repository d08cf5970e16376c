/*
 * Tenants: who rents which bien, since when, for how much. Scoped by landlord as store/patrimoine.h.
 */
#ifndef STORE_LOCATAIRE_H
#define STORE_LOCATAIRE_H

#include "store/patrimoine.h"

/* The longest texts in characters, for all who write them; LINE: names, addresses, towns. */
enum {
	LOCATAIRE_LINE_MAX = 255, LOCATAIRE_PRECISION_MAX = 5000, LOCATAIRE_EMAIL_MAX = 254, LOCATAIRE_PHONE_MAX = 40,
	LOCATAIRE_POSTCODE_MAX = 20, LOCATAIRE_COUNTRY_MAX = 80, LOCATAIRE_NATIONALITY_MAX = 100
};

struct locataire {
	struct oid id, bien_id, immeuble_id;
	const char *nom, *prenom, *precision, *email, *phone;
	montant loyer, provision;               /* of the lease */
	montant loyer_last, provision_last;     /* after revisions */
	/* integers as text; NULL: absent */
	const char *indice_revision, *day_loyer, *type_location, *depot_garantie;
	jour signature, entry, quit, born;      /* JOUR_NONE: absent (signature) or null (quit, born) */
	const char *address1, *address2, *ville, *codepostal, *country, *born_location, *nationality;
	const char *revisions, *revisions_pc;   /* JSON as given; NULL: absent */
	enum tri robot;
	int64_t date_created, date_last_modified;
	const char *attributes;
};

enum db_status locataire_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id,
                             struct locataire *r);

/* By entry date, latest first; departed ones included; *all_r counts before the limit. */
enum db_status locataires_of_bien(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien,
                                  uint32_t limit, struct locataire **list_r, size_t *n_r, uint64_t *all_r);
enum db_status locataires_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                      uint32_t limit, struct locataire **list_r, size_t *n_r, uint64_t *all_r);

/* What a list of the landlord's biens says of who lives there. */
struct locataire_present {
	struct oid id, bien_id;
	const char *nom, *prenom;
};

/* Who lives in any of the landlord's biens `today`, the days of entry and departure included, by bien then entry. */
enum db_status locataires_present(struct db *db, struct pool *pool, uint64_t user, jour today,
                                  struct locataire_present **list_r, size_t *n_r);
enum db_status locataires_present_in(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien,
                                     jour today, struct locataire **list_r, size_t *n_r);
enum db_status locataires_of_user(struct db *db, struct pool *pool, uint64_t user, struct locataire **list_r,
                                  size_t *n_r);

/*
 * Writes, in the caller's transaction after user_touch_portfolio(). immeuble_id is taken from the bien. DB_NONE: the
 * bien (or, for update, the tenant) is not this landlord's. An update keeps revisions, attributes and date_created.
 */
enum db_status locataire_insert(struct db *db, struct pool *pool, uint64_t user, const struct locataire *locataire);
enum db_status locataire_update(struct db *db, struct pool *pool, uint64_t user, const struct locataire *locataire);

/* DB_REFUSED: the departure is not after the entry. DB_NONE: not this landlord's. */
enum db_status locataire_set_quit(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, jour quit,
                                  int64_t now_ms);

/* Amount of the latest recetteCaf operation of this tenant; 0 when there is none. */
enum db_status locataire_last_caf(struct db *db, uint64_t user, const struct oid *id, montant *caf_r);

#endif
