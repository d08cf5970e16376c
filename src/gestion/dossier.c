/*
 * A tenant's file.
 */
#include "gestion/dossier.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"

/*
 * The first of these members of a revision that is a time tells from when it counts; else the year it is filed under.
 */
static jour revision_from(struct json_object *revision, uint64_t year)
{
	static const char *const names[] = {"nextStart", "dateDebut", "dateRevision", "dateDebutCalcul"};
	struct json_object *time, *sec;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (json_object_object_get_ex(revision, names[i], &time) &&
		    json_object_is_type(time, json_type_object) && json_object_object_get_ex(time, "sec", &sec) &&
		    json_object_is_type(sec, json_type_int))
			return jour_of_time(json_object_get_int64(sec));
	return jour_of((int)year, 1, 1);
}

static int by_from(const void *a, const void *b)
{
	const struct compte_revision *one = a, *other = b;

	return (one->from > other->from) - (one->from < other->from);
}

/* What a tenant's `revisions` or `revisionsPC` says, by date. */
static size_t read_revisions(struct pool *pool, const char *json, const char *field,
                             const struct compte_revision **list_r)
{
	struct compte_revision *list = NULL;
	struct json_object *root = NULL, *amount;
	size_t n = 0, capacity = 0;
	uint64_t year;

	*list_r = NULL;
	if (json == NULL || json_in_parse(pool, json, strlen(json), &root, NULL) != JSON_IN_OK ||
	    !json_object_is_type(root, json_type_object))
		return 0;
	json_object_object_foreach(root, key, revision) {
		montant value;

		if (text_to_u64(key, 1, 9999, &year) != 0 || !json_object_is_type(revision, json_type_object) ||
		    !json_object_object_get_ex(revision, field, &amount) ||
		    montant_parse(json_object_get_string(amount), &value) != 0)
			continue;
		list = pool_grow(pool, list, n, &capacity, sizeof *list);
		list[n++] = (struct compte_revision){revision_from(revision, year), value};
	}
	if (n > 0)
		qsort(list, n, sizeof *list, by_from);
	*list_r = list;
	return n;
}

static void read_bail(struct pool *pool, struct dossier *d)
{
	const struct locataire *l = &d->locataire;
	uint64_t day = 0;

	if (l->day_loyer != NULL)
		text_to_u64(l->day_loyer, 1, 31, &day);
	d->bail = (struct bail){.entry = l->entry, .quit = l->quit, .day_loyer = (int)day, .loyer = l->loyer,
	                        .provision = l->provision};
	d->bail.n_loyers = read_revisions(pool, l->revisions, "loyerNew", &d->bail.loyers);
	d->bail.n_provisions = read_revisions(pool, l->revisions_pc, "provisionNew", &d->bail.provisions);
}

static enum compte_kind kind_of(const char *type)
{
	if (strcmp(type, "recetteLoyer") == 0)
		return COMPTE_LOYER;
	return strcmp(type, "recetteCaf") == 0 ? COMPTE_CAF : COMPTE_PROVISION;
}

static enum db_status read_paiements(struct db *db, struct pool *pool, uint64_t user, struct dossier *d)
{
	enum db_status status = operations_of_locataire(db, pool, user, &d->locataire.id, &d->operations,
	                                                &d->n_paiements);

	if (status != DB_OK)
		return status;
	d->paiements = pool_alloc(pool, (d->n_paiements + 1) * sizeof *d->paiements);
	for (size_t i = 0; i < d->n_paiements; i++)
		d->paiements[i] = (struct paiement){d->operations[i].date, d->operations[i].amount,
		                                    kind_of(d->operations[i].type_id)};
	return DB_OK;
}

static void line(struct text *out, const char *s)
{
	if (s == NULL || text_is_blank(s))
		return;
	if (out->len > 0)
		text_putc(out, '\n');
	text_puts(out, s);
}

static const char *finish(struct pool *pool, struct text *text)
{
	const char *result = pool_strndup(pool, text->data != NULL ? text->data : "", text->len);

	text_free(text);
	return result;
}

/* "Angers|49000" is a town with its postcode. */
static const char *town_of(struct pool *pool, const struct immeuble *i)
{
	if (i->ville_seule != NULL && i->ville_seule[0] != '\0')
		return i->ville_seule;
	return i->ville != NULL ? pool_strndup(pool, i->ville, strcspn(i->ville, "|")) : "";
}

static const char *postcode_of(const struct immeuble *i)
{
	const char *bar = i->ville != NULL ? strchr(i->ville, '|') : NULL;

	if (i->codepostal != NULL && i->codepostal[0] != '\0')
		return i->codepostal;
	return bar != NULL ? bar + 1 : "";
}

static const char *full_name(struct pool *pool, const char *first, const char *last, const char *otherwise)
{
	struct text name = {0};

	text_puts(&name, first != NULL ? first : "");
	if (name.len > 0 && last != NULL && last[0] != '\0')
		text_putc(&name, ' ');
	text_puts(&name, last != NULL ? last : "");
	if (name.len == 0)
		text_puts(&name, otherwise);
	return finish(pool, &name);
}

/* The dwelling: name of the bien, address and town of its immeuble. */
static const char *logement(struct pool *pool, const struct dossier *d)
{
	struct text text = {0};

	line(&text, d->bien.nom);
	line(&text, d->immeuble.address);
	line(&text, pool_printf(pool, "%s %s", postcode_of(&d->immeuble), town_of(pool, &d->immeuble)));
	return finish(pool, &text);
}

/* The tenant's own address when one is known; the tenant lives in the dwelling otherwise. */
static const char *locataire(struct pool *pool, const struct dossier *d, const char *name)
{
	const struct locataire *l = &d->locataire;
	struct text text = {0};

	line(&text, name);
	line(&text, l->address1);
	line(&text, l->address2);
	line(&text, pool_printf(pool, "%s %s", l->codepostal != NULL ? l->codepostal : "",
	                        l->ville != NULL ? l->ville : ""));
	return finish(pool, &text);
}

static void name_parties(struct pool *pool, const struct user *user, struct dossier *d)
{
	const char *bailleur_name = full_name(pool, user->first_name, user->last_name, user->username);
	const char *locataire_name = full_name(pool, d->locataire.prenom, d->locataire.nom, "");
	struct text bailleur = {0};

	line(&bailleur, bailleur_name);
	line(&bailleur, user->email);
	d->parties = (struct quittance_parties){
		.bailleur = finish(pool, &bailleur),
		.bailleur_name = bailleur_name,
		.locataire = locataire(pool, d, locataire_name),
		.locataire_name = locataire_name,
		.logement = logement(pool, d),
		.place = town_of(pool, &d->immeuble)
	};
}

enum db_status dossier_load(struct db *db, struct pool *pool, const struct user *user, const struct oid *id,
                            struct dossier *d)
{
	enum db_status status;

	*d = (struct dossier){0};
	if ((status = locataire_get(db, pool, user->id, id, &d->locataire)) != DB_OK ||
	    (status = bien_get(db, pool, user->id, &d->locataire.bien_id, &d->bien)) != DB_OK ||
	    (status = immeuble_get(db, pool, user->id, &d->locataire.immeuble_id, &d->immeuble)) != DB_OK ||
	    (status = read_paiements(db, pool, user->id, d)) != DB_OK)
		return status;
	read_bail(pool, d);
	name_parties(pool, user, d);
	return DB_OK;
}

static const char *description(enum compte_kind kind)
{
	switch (kind) {
	case COMPTE_DUE:
		return "Loyer + Provisions charges";
	case COMPTE_LOYER:
		return "Paiement du loyer";
	case COMPTE_PROVISION:
		return "Paiement des provisions pour charges";
	case COMPTE_CAF:
		break;
	}
	return "Aide au logement (CAF)";
}

/* Lines of the account as a paper shows them, and their sum. */
static size_t describe_lines(struct pool *pool, const struct compte_line *lines, size_t n,
                             struct quittance_line **lines_r, montant *solde_r)
{
	*lines_r = pool_alloc(pool, (n + 1) * sizeof **lines_r);
	for (size_t i = 0; i < n; i++)
		(*lines_r)[i] = (struct quittance_line){lines[i].date, description(lines[i].kind), lines[i].amount,
		                                        lines[i].kind != COMPTE_DUE};
	*solde_r = compte_solde(lines, n);
	return n;
}

size_t dossier_lines(struct pool *pool, const struct dossier *d, jour from, jour to, struct quittance_line **lines_r,
                     montant *solde_r)
{
	struct compte_line *lines;
	size_t n = compte_lines(pool, &d->bail, d->paiements, d->n_paiements, from, to, &lines);

	return describe_lines(pool, lines, n, lines_r, solde_r);
}

size_t dossier_lines_before(struct pool *pool, const struct dossier *d, jour from, jour before,
                            struct quittance_line **lines_r, montant *solde_r)
{
	struct compte_line *lines;
	size_t n = compte_lines_before(pool, &d->bail, d->paiements, d->n_paiements, from, before, &lines);

	return describe_lines(pool, lines, n, lines_r, solde_r);
}
