/*
 * A landlord's portfolio stored, loaded, and written as JSON.
 */
#include "gestion/portfolio.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/fault.h"
#include "domain/mot_de_passe.h"
#include "gestion/form.h"

struct storing {
	struct pool *pool;
	struct portfolio *portfolio;
	const char *where;
};

/* Remembers which element a failure is about. */
static bool at(struct storing *storing, enum db_status status, const char *list, size_t i)
{
	if (status == DB_OK)
		return true;
	storing->where = pool_printf(storing->pool, "%s %zu", list, i + 1);
	return false;
}

static enum db_status store_immeubles(struct db *db, struct storing *s, uint64_t user)
{
	struct portfolio *p = s->portfolio;
	enum db_status status = DB_OK;
	uint32_t position = 0;

	for (size_t i = 0; i < p->n_immeubles; i++)
		if (!at(s, status = immeuble_insert(db, s->pool, user, &p->immeubles[i]), "immeuble", i))
			return status;
	for (size_t i = 0; i < p->n_emprunts; i++)
		if (!at(s, status = emprunt_insert(db, s->pool, user, &p->emprunts[i]), "emprunt", i))
			return status;
	for (size_t i = 0; i < p->n_declarations; i++)
		if (!at(s, status = declaration_insert(db, user, &p->declarations[i], position++), "declaration", i))
			return status;
	return status;
}

static enum db_status store_rest(struct db *db, struct storing *s, uint64_t user)
{
	struct portfolio *p = s->portfolio;
	enum db_status status = DB_OK;

	for (size_t i = 0; i < p->n_biens; i++)
		if (!at(s, status = bien_insert(db, user, &p->biens[i]), "bien", i))
			return status;
	for (size_t i = 0; i < p->n_locataires; i++)
		if (!at(s, status = locataire_insert(db, s->pool, user, &p->locataires[i]), "locataire", i))
			return status;
	for (size_t i = 0; i < p->n_operations; i++)
		if (!at(s, status = operations_insert(db, s->pool, user, &p->operations[i], 1), "operation", i))
			return status;
	return status;
}

static enum db_status store(struct db *db, void *arg)
{
	struct storing *s = arg;
	struct user user = s->portfolio->user;
	enum db_status status = user_add(db, &user);

	s->where = "user";
	if (status == DB_OK)
		status = store_immeubles(db, s, user.id);
	if (status == DB_OK)
		status = store_rest(db, s, user.id);
	if (status == DB_OK)
		s->portfolio->user.id = user.id;
	return status;
}

enum db_status portfolio_store(struct db *db, struct pool *pool, struct portfolio *portfolio, const char **where_r)
{
	struct storing storing = {pool, portfolio, "user"};
	enum db_status status;

	if (portfolio->password != NULL) {
		char hash[128];

		if (mot_de_passe_hash(portfolio->password, hash) != 0)
			return DB_BUG;
		portfolio->user.password_hash = pool_strdup(pool, hash);
	}
	status = db_transaction(db, store, &storing);
	*where_r = storing.where;
	return status;
}

struct loading {
	struct pool *pool;
	uint64_t user;
	struct portfolio *portfolio;
};

static enum db_status load(struct db *db, void *arg)
{
	const struct loading *loading = arg;
	struct pool *pool = loading->pool;
	uint64_t user = loading->user;
	struct portfolio *p = loading->portfolio;
	enum db_status status;

	*p = (struct portfolio){0};
	if ((status = user_by_id(db, pool, user, &p->user)) != DB_OK ||
	    (status = immeubles_of_user(db, pool, user, &p->immeubles, &p->n_immeubles)) != DB_OK ||
	    (status = emprunts_of_user(db, pool, user, &p->emprunts, &p->n_emprunts)) != DB_OK ||
	    (status = declarations_of_user(db, pool, user, &p->declarations, &p->n_declarations)) != DB_OK ||
	    (status = biens_of_user(db, pool, user, &p->biens, &p->n_biens)) != DB_OK ||
	    (status = locataires_of_user(db, pool, user, &p->locataires, &p->n_locataires)) != DB_OK)
		return status;
	FAULT("export.tenants_read");
	return operations_of_user(db, pool, user, &p->operations, &p->n_operations);
}

/* Of one moment: an operation whose tenant came after the tenants were read would be of nobody in the document. */
enum db_status portfolio_load(struct db *db, struct pool *pool, uint64_t user, struct portfolio *p)
{
	return db_snapshot(db, load, &(struct loading){pool, user, p});
}

static void write_user(struct json_out *json, const struct user *user, const char *id)
{
	char iso[CLOCK_ISO_SIZE];

	json_key(json, "user");
	json_object(json);
	json_kstr(json, "userid", id);
	json_kstr(json, "username", user->username);
	if (user->email != NULL)
		json_kstr(json, "email", user->email);
	json_kstr(json, "password_hash", user->password_hash);
	json_kstr(json, "first_name", user->first_name);
	json_kstr(json, "last_name", user->last_name);
	if (user->premium_offer != NULL)
		json_kstr(json, "premium_offer", user->premium_offer);
	if (user->premium_end != 0) {
		clock_iso(user->premium_end, iso);
		json_kstr(json, "premium_end", iso);
	}
	json_object_end(json);
}

static void write_biens(const struct form *form, const struct portfolio *p, const struct oid *immeuble)
{
	struct json_out *json = form->json;

	json_key(json, "biens");
	json_array(json);
	for (size_t i = 0; i < p->n_biens; i++) {
		if (!oid_same(&p->biens[i].immeuble_id, immeuble))
			continue;
		form_bien_begin(form, &p->biens[i]);
		json_key(json, "locataires");
		json_array(json);
		for (size_t k = 0; k < p->n_locataires; k++)
			if (oid_same(&p->locataires[k].bien_id, &p->biens[i].id))
				form_locataire(form, &p->locataires[k]);
		json_array_end(json);
		form_bien_end(form, &p->biens[i]);
	}
	json_array_end(json);
}

static void write_immeuble(const struct form *form, const struct portfolio *p, const struct immeuble *immeuble)
{
	size_t emprunt = 0, n_emprunts = 0, declaration = 0, n_declarations = 0;

	while (emprunt < p->n_emprunts && !oid_same(&p->emprunts[emprunt].immeuble_id, &immeuble->id))
		emprunt++;
	while (emprunt + n_emprunts < p->n_emprunts && oid_same(&p->emprunts[emprunt + n_emprunts].immeuble_id,
	                                                        &immeuble->id))
		n_emprunts++;
	while (declaration < p->n_declarations && !oid_same(&p->declarations[declaration].immeuble_id, &immeuble->id))
		declaration++;
	while (declaration + n_declarations < p->n_declarations &&
	       oid_same(&p->declarations[declaration + n_declarations].immeuble_id, &immeuble->id))
		n_declarations++;
	form_immeuble_begin(form, immeuble, false);
	form_immeuble_loans(form, immeuble, n_emprunts > 0 ? p->emprunts + emprunt : NULL, n_emprunts);
	form_declarations(form, n_declarations > 0 ? p->declarations + declaration : NULL, n_declarations);
	write_biens(form, p, &immeuble->id);
	json_object_end(form->json);
}

void portfolio_write(struct json_out *json, struct pool *pool, const struct portfolio *p)
{
	struct form form = {json, pool, pool_printf(pool, "%" PRIu64, p->user.id), ""};

	json_object(json);
	write_user(json, &p->user, form.user_id);
	json_key(json, "immeubles");
	json_array(json);
	for (size_t i = 0; i < p->n_immeubles; i++)
		write_immeuble(&form, p, &p->immeubles[i]);
	json_array_end(json);
	json_key(json, "operations");
	json_array(json);
	for (size_t i = 0; i < p->n_operations; i++)
		form_operation_exported(&form, &p->operations[i]);
	json_array_end(json);
	json_object_end(json);
}
