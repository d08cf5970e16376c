/*
 * Operations: money in and out of an immeuble. Scoped by landlord as store/patrimoine.h.
 */
#ifndef STORE_OPERATION_H
#define STORE_OPERATION_H

#include "store/patrimoine.h"
#include "store/user.h"

struct operation_type {
	const char *id, *name;
	bool positive, needs_tenant;
};

struct operation {
	struct oid id, immeuble_id, locataire_id;
	bool has_locataire;
	const char *type_id, *type_name;
	bool positive;
	montant amount, teom;                   /* teom: 0 and has_teom false when absent */
	bool has_teom;
	jour date, debut, fin;                  /* debut, fin: JOUR_NONE when absent */
	const char *description;                /* NULL: absent */
	bool paid, automatic;
	int recur_day;                          /* of the month it belongs to; 0: that of its date, or not read */
	bool is_copy;                           /* by the robot, of copied_from; false: not, or not read */
	struct oid copied_from;
	enum tri robot;
	int64_t emprunt_index;                  /* -1: absent */
	int64_t date_created, date_last_modified;
	const char *locataire_nom, *locataire_prenom;   /* read only */
	const char *attributes;
};

enum { OPERATION_TYPE_MAX = 40, OPERATION_DESCRIPTION_MAX = 5000 };      /* characters */

/* Could this be the id of a type: letters and digits only? */
bool operation_type_is_id(const char *id);

/* DB_NONE: no such type. */
enum db_status operation_type_get(struct db *db, struct pool *pool, const char *id, struct operation_type *type_r);

/* By operation date, latest first, then by creation, oldest first. *all_r counts before the limit. */
enum db_status operations_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                      uint32_t limit, struct operation **list_r, size_t *n_r, uint64_t *all_r);

/* In the order they were added in, with the members of their recurrence. A copy of what is gone is none any more. */
enum db_status operations_of_user(struct db *db, struct pool *pool, uint64_t user, struct operation **list_r,
                                  size_t *n_r);

/* Those that count for a tenant's account (loyer, provision, CAF, paid), by date. */
enum db_status operations_of_locataire(struct db *db, struct pool *pool, uint64_t user, const struct oid *locataire,
                                       struct operation **list_r, size_t *n_r);

/* Is this tenant, or this loan of its immeuble, on this operation already? */
enum db_status operation_has_locataire(struct db *db, uint64_t user, const struct oid *id, const struct oid *locataire,
                                       bool *has_r);
enum db_status operation_has_emprunt(struct db *db, uint64_t user, const struct oid *id, const struct oid *immeuble,
                                     int64_t index, bool *has_r);

/*
 * How many operations of each immeuble are not paid, those without any left out; and the version of the portfolio they
 * are of, in one look. DB_NONE: no such account.
 */
struct unpaid {
	struct version version;
	struct oid immeuble_id;         /* none, with n 0, when nothing is unpaid */
	uint64_t n;
};
enum db_status operations_unpaid(struct db *db, struct pool *pool, uint64_t user, struct version *version_r,
                                 struct unpaid **list_r, size_t *n_r);

/*
 * Writes, in the caller's transaction after user_touch_operations(); each checks the owner in the statement that
 * changes. DB_NONE: not this landlord's. operation_update() keeps date_created and robot, and recur_day as long as the
 * date stays. operation_set_paid() counts the version up itself and, alone, is a transaction of its own, run again
 * until its end is known.
 */
enum db_status operations_insert(struct db *db, struct pool *pool, uint64_t user, const struct operation *operations,
                                 size_t n);
enum db_status operation_update(struct db *db, struct pool *pool, uint64_t user, const struct operation *operation);
enum db_status operation_set_paid(struct db *db, uint64_t user, const struct oid *id, bool paid, int64_t now_ms);
enum db_status operation_delete(struct db *db, uint64_t user, const struct oid *id);

#endif
