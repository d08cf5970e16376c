/*
 * The API's forms of what a landlord owns: each function writes one JSON object, with the keys the API document shows
 * for it. An attribute that was never set is left out.
 */
#ifndef GESTION_FORM_H
#define GESTION_FORM_H

#include "base/json_out.h"
#include "store/locataire.h"
#include "store/operation.h"
#include "store/patrimoine.h"

/* What the forms need besides the rows. */
struct form {
	struct json_out *json;
	struct pool *pool;
	const char *user_id;            /* as text */
	const char *maps_key;
};

/* Everything of an immeuble that does not come from other rows; the object stays open for the caller. */
void form_immeuble_begin(const struct form *form, const struct immeuble *immeuble, bool in_list);

/* totalEmprunt, totalMensualite, date_achat, id, emprunts. */
void form_immeuble_loans(const struct form *form, const struct immeuble *immeuble, const struct emprunt *emprunts,
                         size_t n);

/* The immeuble embedded in the answers of bien and locataires: declarations, no totals, no loans. */
void form_immeuble_embedded(const struct form *form, const struct immeuble *immeuble,
                            const struct declaration *declarations, size_t n);

/* The member `declarations`. */
void form_declarations(const struct form *form, const struct declaration *declarations, size_t n);

/* The attributes of a bien without its id; the object stays open for the caller, who ends with form_bien_end(). */
void form_bien_begin(const struct form *form, const struct bien *bien);
void form_bien_end(const struct form *form, const struct bien *bien);

void form_locataire(const struct form *form, const struct locataire *locataire);

/* `{id, nom, prenom}` */
void form_locataire_short(const struct form *form, const struct oid *id, const char *nom, const char *prenom);

void form_operation(const struct form *form, const struct operation *operation);

/* The same with what an import needs, so that it recurs there as here, and no app is shown. */
void form_operation_exported(const struct form *form, const struct operation *operation);

/* A member whose value is an identifier. */
void form_oid(struct json_out *json, const char *name, const struct oid *id);

#endif
