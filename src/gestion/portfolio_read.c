/*
 * A landlord's portfolio read from JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_in.h"
#include "domain/address.h"
#include "domain/mot_de_passe.h"
#include "domain/revision.h"
#include "gestion/json_row.h"
#include "gestion/portfolio.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define MEMBERS(row) static const struct json_member row##_members[]

/* The longest text a column of each size takes, the largest whole numbers, the places of decimals. */
enum { LINE = 255, WORD = 40, ADVERT = 100000, WHOLE = 1000000000 };

/* Decimals: the places they have, and the digits before these. */
#define MONEY 2, 10
#define AREA 2, 8
#define RATE 4, 5

#define AT_USER(field) offsetof(struct user_row, field)
struct user_row {
	const char *id, *username, *email, *password, *password_hash, *first_name, *last_name, *premium_offer,
		*premium_end;
};
MEMBERS(user) = {
	{"userid", JSON_TEXT, AT_USER(id), 19, 0, false},
	{"username", JSON_TEXT, AT_USER(username), 100, 0, true},
	{"email", JSON_TEXT, AT_USER(email), 254, 0, false},
	{"password", JSON_TEXT, AT_USER(password), INT64_MAX, 0, false},        /* check_password() */
	{"password_hash", JSON_TEXT, AT_USER(password_hash), 255, 0, false},
	{"first_name", JSON_TEXT, AT_USER(first_name), 100, 0, false},
	{"last_name", JSON_TEXT, AT_USER(last_name), 100, 0, false},
	{"premium_offer", JSON_TEXT, AT_USER(premium_offer), 50, 0, false},
	{"premium_end", JSON_TEXT, AT_USER(premium_end), WORD, 0, false}
};

#define AT_IMMEUBLE(field) offsetof(struct immeuble, field)
MEMBERS(immeuble) = {
	{"id", JSON_OID, AT_IMMEUBLE(id), 0, 0, true},
	{"name", JSON_TEXT, AT_IMMEUBLE(name), LINE, 0, false},
	{"type", JSON_TEXT, AT_IMMEUBLE(type), WORD, 0, false},
	{"address", JSON_TEXT, AT_IMMEUBLE(address), LINE, 0, false},
	{"ville", JSON_TEXT, AT_IMMEUBLE(ville), LINE, 0, false},
	{"villevalue", JSON_TEXT, AT_IMMEUBLE(villevalue), LINE, 0, false},
	{"ville_seule", JSON_TEXT, AT_IMMEUBLE(ville_seule), LINE, 0, false},
	{"codepostal", JSON_TEXT, AT_IMMEUBLE(codepostal), 20, 0, false},
	{"country", JSON_TEXT, AT_IMMEUBLE(country), 80, 0, false},
	{"country_long", JSON_TEXT, AT_IMMEUBLE(country_long), 80, 0, false},
	{"active", JSON_TRUTH, AT_IMMEUBLE(active), 0, 0, false},
	{"robot", JSON_TRUTH, AT_IMMEUBLE(robot), 0, 0, false},
	{"surface", JSON_DECIMAL, AT_IMMEUBLE(surface), AREA, false},
	{"milliemes", JSON_INTEGER, AT_IMMEUBLE(milliemes), WHOLE, 0, false},
	{"prixnet", JSON_DECIMAL, AT_IMMEUBLE(prixnet), MONEY, false},
	{"prixtoday", JSON_DECIMAL, AT_IMMEUBLE(prixtoday), MONEY, false},
	{"comagence", JSON_DECIMAL, AT_IMMEUBLE(comagence), MONEY, false},
	{"comcourtier", JSON_DECIMAL, AT_IMMEUBLE(comcourtier), MONEY, false},
	{"fraisnotaire", JSON_DECIMAL, AT_IMMEUBLE(fraisnotaire), MONEY, false},
	{"meubles", JSON_DECIMAL, AT_IMMEUBLE(meubles), MONEY, false},
	{"travauxr", JSON_DECIMAL, AT_IMMEUBLE(travauxr), MONEY, false},
	{"date_achat", JSON_DAY, AT_IMMEUBLE(date_achat), 0, 0, false},
	{"dateCreated", JSON_INSTANT, AT_IMMEUBLE(date_created), 0, 0, false},
	{"dateLastModified", JSON_INSTANT, AT_IMMEUBLE(date_last_modified), 0, 0, false},
	{"options", JSON_OBJECT, AT_IMMEUBLE(options), 0, 0, false},
	{"emprunts", JSON_HERE, 0, 0, 0, false},
	{"biens", JSON_HERE, 0, 0, 0, false},
	{"declarations", JSON_HERE, 0, 0, 0, false},
	{"user_id", JSON_HERE, 0, 0, 0, false},
	{"imageURL", JSON_HERE, 0, 0, 0, false},
	{"totalEmprunt", JSON_HERE, 0, 0, 0, false},
	{"totalMensualite", JSON_HERE, 0, 0, 0, false},
	{"countOperationsUnpaid", JSON_HERE, 0, 0, 0, false},
	{"dateFirstmensualite", JSON_HERE, 0, 0, 0, false},
	{"dateLastmensualite", JSON_HERE, 0, 0, 0, false}
};

#define AT_EMPRUNT(field) offsetof(struct emprunt_row, field)
struct emprunt_row {
	const char *index;
	montant amount, monthly;
	const char *taux, *type, *assurance;
	jour first, last;
};
MEMBERS(emprunt) = {
	{"index", JSON_INTEGER, AT_EMPRUNT(index), WHOLE, 0, true},
	{"montant", JSON_MONTANT, AT_EMPRUNT(amount), 0, 0, false},
	{"taux", JSON_DECIMAL, AT_EMPRUNT(taux), RATE, false},
	{"typeEmprunt", JSON_TEXT, AT_EMPRUNT(type), WORD, 0, false},
	{"mensualite", JSON_MONTANT, AT_EMPRUNT(monthly), 0, 0, false},
	{"mensualiteAssurance", JSON_DECIMAL, AT_EMPRUNT(assurance), MONEY, false},
	{"dateFirstmensualite", JSON_DAY, AT_EMPRUNT(first), 0, 0, false},
	{"dateLastmensualite", JSON_DAY, AT_EMPRUNT(last), 0, 0, false}
};

#define AT_DECLARATION(field) offsetof(struct declaration, field)
MEMBERS(declaration) = {
	{"id", JSON_OID, AT_DECLARATION(id), 0, 0, true},
	{"year", JSON_INTEGER, AT_DECLARATION(year), 9999, 1900, false},
	{"regime", JSON_TEXT, AT_DECLARATION(regime), 20, 0, false},
	{"type", JSON_TEXT, AT_DECLARATION(type), 20, 0, false}
};

#define AT_BIEN(field) offsetof(struct bien, field)
MEMBERS(bien) = {
	{"id", JSON_OID, AT_BIEN(id), 0, 0, true},
	{"immeubleId", JSON_OID, AT_BIEN(immeuble_id), 0, 0, false},
	{"nom", JSON_TEXT, AT_BIEN(nom), LINE, 0, false},
	{"type", JSON_TEXT, AT_BIEN(type), WORD, 0, false},
	{"pieces", JSON_TEXT, AT_BIEN(pieces), 20, 0, false},
	{"energy", JSON_TEXT, AT_BIEN(energy), 20, 0, false},
	{"ges", JSON_TEXT, AT_BIEN(ges), 20, 0, false},
	{"annonceTitle", JSON_TEXT, AT_BIEN(annonce_title), LINE, 0, false},
	{"annonceDesc", JSON_TEXT, AT_BIEN(annonce_desc), ADVERT, 0, false},
	{"active", JSON_TRUTH, AT_BIEN(active), 0, 0, false},
	{"robot", JSON_TRUTH, AT_BIEN(robot), 0, 0, false},
	{"surface", JSON_DECIMAL, AT_BIEN(surface), AREA, false},
	{"milliemes", JSON_INTEGER, AT_BIEN(milliemes), WHOLE, 0, false},
	{"etage", JSON_INTEGER, AT_BIEN(etage), 1000, -100, false},
	{"chambres", JSON_INTEGER, AT_BIEN(chambres), WHOLE, 0, false},
	{"dateCreated", JSON_INSTANT, AT_BIEN(date_created), 0, 0, false},
	{"dateLastModified", JSON_INSTANT, AT_BIEN(date_last_modified), 0, 0, false},
	{"user_id", JSON_HERE, 0, 0, 0, false},
	{"locataires", JSON_HERE, 0, 0, 0, false}
};

#define AT_LOCATAIRE(field) offsetof(struct locataire, field)
MEMBERS(locataire) = {
	{"id", JSON_OID, AT_LOCATAIRE(id), 0, 0, true},
	{"bienId", JSON_OID, AT_LOCATAIRE(bien_id), 0, 0, false},
	{"immeubleId", JSON_OID, AT_LOCATAIRE(immeuble_id), 0, 0, false},
	{"nom", JSON_TEXT, AT_LOCATAIRE(nom), LOCATAIRE_LINE_MAX, 0, true},
	{"prenom", JSON_TEXT, AT_LOCATAIRE(prenom), LOCATAIRE_LINE_MAX, 0, true},
	{"precision", JSON_TEXT, AT_LOCATAIRE(precision), LOCATAIRE_PRECISION_MAX, 0, false},
	{"email", JSON_TEXT, AT_LOCATAIRE(email), LOCATAIRE_EMAIL_MAX, 0, false},
	{"phone", JSON_TEXT, AT_LOCATAIRE(phone), LOCATAIRE_PHONE_MAX, 0, false},
	{"loyer", JSON_MONTANT, AT_LOCATAIRE(loyer), 0, 0, true},
	{"provision", JSON_MONTANT, AT_LOCATAIRE(provision), 0, 0, true},
	{"indiceRevision", JSON_INTEGER, AT_LOCATAIRE(indice_revision), 4, 0, false},
	{"dayLoyer", JSON_INTEGER, AT_LOCATAIRE(day_loyer), 31, 1, false},
	{"typeLocation", JSON_INTEGER, AT_LOCATAIRE(type_location), 1, 0, false},
	{"depotGarantie", JSON_INTEGER, AT_LOCATAIRE(depot_garantie), 255, 0, false},
	{"signatureDate", JSON_DAY, AT_LOCATAIRE(signature), 0, 0, false},
	{"entryDate", JSON_DAY, AT_LOCATAIRE(entry), 0, 0, true},
	{"quitDate", JSON_DAY, AT_LOCATAIRE(quit), 0, 0, false},
	{"bornDate", JSON_DAY, AT_LOCATAIRE(born), 0, 0, false},
	{"address1", JSON_TEXT, AT_LOCATAIRE(address1), LOCATAIRE_LINE_MAX, 0, false},
	{"address2", JSON_TEXT, AT_LOCATAIRE(address2), LOCATAIRE_LINE_MAX, 0, false},
	{"ville", JSON_TEXT, AT_LOCATAIRE(ville), LOCATAIRE_LINE_MAX, 0, false},
	{"codepostal", JSON_TEXT, AT_LOCATAIRE(codepostal), LOCATAIRE_POSTCODE_MAX, 0, false},
	{"country", JSON_TEXT, AT_LOCATAIRE(country), LOCATAIRE_COUNTRY_MAX, 0, false},
	{"bornLocation", JSON_TEXT, AT_LOCATAIRE(born_location), LOCATAIRE_LINE_MAX, 0, false},
	{"nationality", JSON_TEXT, AT_LOCATAIRE(nationality), LOCATAIRE_NATIONALITY_MAX, 0, false},
	{"revisions", JSON_OBJECT, AT_LOCATAIRE(revisions), 0, 0, false},
	{"revisionsPC", JSON_OBJECT, AT_LOCATAIRE(revisions_pc), 0, 0, false},
	{"robot", JSON_TRUTH, AT_LOCATAIRE(robot), 0, 0, false},
	{"dateCreated", JSON_INSTANT, AT_LOCATAIRE(date_created), 0, 0, false},
	{"dateLastModified", JSON_INSTANT, AT_LOCATAIRE(date_last_modified), 0, 0, false},
	{"user_id", JSON_HERE, 0, 0, 0, false},
	{"loyerLast", JSON_HERE, 0, 0, 0, false},
	{"provisionLast", JSON_HERE, 0, 0, 0, false}
};

#define AT_OPERATION(field) offsetof(struct operation_row, field)
struct operation_row {
	struct operation operation;
	const char *emprunt, *type, *repeat_day;
	montant teom;
};
#define OF_OPERATION(field) offsetof(struct operation_row, operation.field)
MEMBERS(operation) = {
	{"id", JSON_OID, OF_OPERATION(id), 0, 0, true},
	{"immeubleId", JSON_OID, OF_OPERATION(immeuble_id), 0, 0, true},
	{"locataireId", JSON_OID, OF_OPERATION(locataire_id), 0, 0, false},
	{"operationMontant", JSON_MONTANT, OF_OPERATION(amount), 0, 0, true},
	{"operationMontantTEOM", JSON_MONTANT, AT_OPERATION(teom), 0, 0, false},
	{"operationDate", JSON_DAY, OF_OPERATION(date), 0, 0, true},
	{"dateDebut", JSON_DAY, OF_OPERATION(debut), 0, 0, false},
	{"dateFin", JSON_DAY, OF_OPERATION(fin), 0, 0, false},
	{"operationDesc", JSON_TEXT, OF_OPERATION(description), OPERATION_DESCRIPTION_MAX, 0, false},
	{"operationPaid", JSON_BOOLEAN, OF_OPERATION(paid), 0, 0, true},
	{"operationAuto", JSON_BOOLEAN, OF_OPERATION(automatic), 0, 0, true},
	{"robot", JSON_TRUTH, OF_OPERATION(robot), 0, 0, false},
	{"operationRepeatDay", JSON_INTEGER, AT_OPERATION(repeat_day), 31, 1, false},
	{"operationRepeatOf", JSON_OID, OF_OPERATION(copied_from), 0, 0, false},
	{"empruntId", JSON_INTEGER, AT_OPERATION(emprunt), WHOLE, 0, false},
	{"dateCreated", JSON_INSTANT, OF_OPERATION(date_created), 0, 0, true},
	{"dateLastModified", JSON_INSTANT, OF_OPERATION(date_last_modified), 0, 0, false},
	{"operationType", JSON_HERE, 0, 0, 0, false},
	{"locataire", JSON_HERE, 0, 0, 0, false},
	{"user_id", JSON_HERE, 0, 0, 0, false}
};

/* The document and what is made of it. */
struct reader {
	struct json_doc doc;
	struct portfolio *portfolio;
	size_t cap_immeubles, cap_emprunts, cap_declarations, cap_biens, cap_locataires, cap_operations;
};

#define GROW(reader, list) \
	((reader)->portfolio->list = pool_grow((reader)->doc.pool, (reader)->portfolio->list, \
	                                       (reader)->portfolio->n_##list, \
	                                       &(reader)->cap_##list, sizeof *(reader)->portfolio->list), \
	 &(reader)->portfolio->list[(reader)->portfolio->n_##list++])

/* An id that says where an object belongs must be the id of where it stands, when it is given. */
static void check_parent(struct reader *r, const char *path, const char *name, const struct oid *said,
                         const struct oid *parent)
{
	static const struct oid none;

	if (!oid_same(said, &none) && !oid_same(said, parent))
		json_row_error(&r->doc, pool_printf(r->doc.pool, "%s.%s", path, name), "not the one it stands in");
}

static void read_emprunt(struct reader *r, const char *path, struct json_object *object, const struct oid *immeuble)
{
	struct emprunt_row row = {.amount = -1, .monthly = -1, .first = JOUR_NONE, .last = JOUR_NONE};
	struct emprunt *e = GROW(r, emprunts);

	json_row_read(&r->doc, path, object, emprunt_members, N(emprunt_members), &row, &e->attributes);
	e->immeuble_id = *immeuble;
	if (row.index != NULL) {
		uint64_t index = 0;

		text_to_u64(row.index, 0, WHOLE, &index);
		e->index = (uint32_t)index;
	}
	e->has_montant = row.amount >= 0;
	e->montant_emprunte = e->has_montant ? row.amount : 0;
	e->has_mensualite = row.monthly >= 0;
	e->mensualite = e->has_mensualite ? row.monthly : 0;
	e->taux = row.taux;
	e->type = row.type;
	e->assurance = row.assurance;
	e->first = row.first;
	e->last = row.last;
}

static void read_declaration(struct reader *r, const char *path, struct json_object *object, const struct oid *immeuble)
{
	struct declaration *d = GROW(r, declarations);

	d->immeuble_id = *immeuble;
	json_row_read(&r->doc, path, object, declaration_members, N(declaration_members), d, &d->attributes);
}

static void read_locataire(struct reader *r, const char *path, struct json_object *object, const struct bien *bien)
{
	struct locataire *l = GROW(r, locataires);

	*l = (struct locataire){.signature = JOUR_NONE, .entry = JOUR_NONE, .quit = JOUR_NONE, .born = JOUR_NONE,
	                        .robot = TRI_ABSENT};
	json_row_read(&r->doc, path, object, locataire_members, N(locataire_members), l, &l->attributes);
	check_parent(r, path, "bienId", &l->bien_id, &bien->id);
	check_parent(r, path, "immeubleId", &l->immeuble_id, &bien->immeuble_id);
	l->bien_id = bien->id;
	l->immeuble_id = bien->immeuble_id;
	if (l->quit != JOUR_NONE && l->entry != JOUR_NONE && l->quit <= l->entry)
		json_row_error(&r->doc, pool_printf(r->doc.pool, "%s.quitDate", path), "not after entryDate");
	l->loyer_last = revision_last(r->doc.pool, l->revisions, "loyerNew", l->loyer);
	l->provision_last = revision_last(r->doc.pool, l->revisions_pc, "provisionNew", l->provision);
}

static void read_bien(struct reader *r, const char *path, struct json_object *object, const struct oid *immeuble)
{
	struct json_object *locataires;
	struct bien *slot = GROW(r, biens);
	struct bien bien = {.active = TRI_ABSENT, .robot = TRI_ABSENT};
	size_t n;

	json_row_read(&r->doc, path, object, bien_members, N(bien_members), &bien, &bien.attributes);
	check_parent(r, path, "immeubleId", &bien.immeuble_id, immeuble);
	bien.immeuble_id = *immeuble;
	*slot = bien;
	n = json_row_array(&r->doc, path, object, "locataires", &locataires);
	for (size_t i = 0; i < n; i++)
		read_locataire(r, pool_printf(r->doc.pool, "%s.locataires[%zu]", path, i),
		               json_object_array_get_idx(locataires, i), &bien);
}

/* Each element of the array `name` of an immeuble. */
static void read_parts(struct reader *r, const char *path, struct json_object *object, const char *name,
                       const struct oid *immeuble,
                       void (*read)(struct reader *, const char *, struct json_object *, const struct oid *))
{
	struct json_object *array;
	size_t n = json_row_array(&r->doc, path, object, name, &array);

	for (size_t i = 0; i < n; i++)
		read(r, pool_printf(r->doc.pool, "%s.%s[%zu]", path, name, i), json_object_array_get_idx(array, i),
		     immeuble);
}

/* `options` as the list shows it has an extra `id`, which is no option. */
static const char *without_id(struct pool *pool, const char *options)
{
	struct json_object *object;
	const char *result;

	if (options == NULL || (object = json_tokener_parse(options)) == NULL)
		return options;
	if (json_object_is_type(object, json_type_object))      /* or it has been told that it is none */
		json_object_object_del(object, "id");
	result = pool_strdup(pool,
	                     json_object_to_json_string_ext(object,
	                                                    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return result;
}

static void read_immeuble(struct reader *r, const char *path, struct json_object *object)
{
	struct immeuble *slot = GROW(r, immeubles);
	struct immeuble immeuble = {.active = TRI_ABSENT, .robot = TRI_ABSENT, .date_achat = JOUR_NONE};

	json_row_read(&r->doc, path, object, immeuble_members, N(immeuble_members), &immeuble, &immeuble.attributes);
	immeuble.options = without_id(r->doc.pool, immeuble.options);
	*slot = immeuble;
	read_parts(r, path, object, "emprunts", &immeuble.id, read_emprunt);
	read_parts(r, path, object, "declarations", &immeuble.id, read_declaration);
	read_parts(r, path, object, "biens", &immeuble.id, read_bien);
}

/* `operationType` is {id, name, positive}: only the id counts, the rest is in the table of types. */
static void read_type(struct reader *r, const char *path, struct json_object *object, struct operation *o)
{
	struct json_object *type, *id;

	if (json_object_object_get_ex(object, "operationType", &type) && json_object_is_type(type, json_type_object) &&
	    json_object_object_get_ex(type, "id", &id) && json_object_is_type(id, json_type_string))
		o->type_id = pool_strdup(r->doc.pool, json_object_get_string(id));
	if (o->type_id == NULL || !operation_type_is_id(o->type_id))
		json_row_error(&r->doc, pool_printf(r->doc.pool, "%s.operationType.id", path),
		               "missing, or not a type");
}

/* An operation belongs to the day of its date, or, on the last of a month, to one that this month has not. */
static void read_recurrence(struct reader *r, const char *path, const char *day, struct operation *o)
{
	static const struct oid none;
	uint64_t value = 0;

	o->is_copy = !oid_same(&o->copied_from, &none);
	if (day == NULL || text_to_u64(day, 1, 31, &value) != 0)
		return;
	o->recur_day = (int)value;
	if (o->date != JOUR_NONE && jour_add_months(o->date, 0, o->recur_day) != o->date)
		json_row_error(&r->doc, pool_printf(r->doc.pool, "%s.operationRepeatDay", path),
		               "not the day of operationDate, nor one that its month has not");
}

static void read_operation(struct reader *r, const char *path, struct json_object *object)
{
	static const struct oid none;
	struct operation_row row = {.operation = {.date = JOUR_NONE, .debut = JOUR_NONE, .fin = JOUR_NONE,
	                                          .robot = TRI_ABSENT, .emprunt_index = -1}, .teom = -1};
	struct operation *o = GROW(r, operations);
	uint64_t index;

	json_row_read(&r->doc, path, object, operation_members, N(operation_members), &row, &row.operation.attributes);
	*o = row.operation;
	o->has_locataire = !oid_same(&o->locataire_id, &none);
	o->has_teom = row.teom >= 0;
	o->teom = o->has_teom ? row.teom : 0;
	if (row.emprunt != NULL && text_to_u64(row.emprunt, 0, WHOLE, &index) == 0)
		o->emprunt_index = (int64_t)index;
	if (o->amount == 0)
		json_row_error(&r->doc, pool_printf(r->doc.pool, "%s.operationMontant", path), "not positive");
	read_type(r, path, object, o);
	read_recurrence(r, path, row.repeat_day, o);
}

static int by_id(const void *a, const void *b)
{
	const struct operation *const *one = a, *const *other = b;

	return memcmp(&(*one)->id, &(*other)->id, sizeof (*one)->id);
}

/* Those of one operation in the order of the document. */
static int by_original(const void *a, const void *b)
{
	const struct operation *const *one = a, *const *other = b;
	int order = memcmp(&(*one)->copied_from, &(*other)->copied_from, sizeof (*one)->copied_from);

	return order != 0 ? order : (*one > *other) - (*one < *other);
}

/* The n operations of the document, or those of them that are copies, in that order. */
static const struct operation **sorted(struct reader *r, bool copies, int (*order)(const void *, const void *),
                                       size_t *n_r)
{
	const struct portfolio *p = r->portfolio;
	const struct operation **list = pool_alloc(r->doc.pool, (p->n_operations + 1) * sizeof *list);

	*n_r = 0;
	for (size_t i = 0; i < p->n_operations; i++)
		if (!copies || p->operations[i].is_copy)
			list[(*n_r)++] = &p->operations[i];
	qsort(list, *n_r, sizeof *list, order);
	return list;
}

/* A copy is of another operation of the document, wherever that stands, and the only one of it. */
static void check_copies(struct reader *r)
{
	size_t n, n_copies;
	const struct operation **all = sorted(r, false, by_id, &n), **copies = sorted(r, true, by_original, &n_copies);

	for (size_t i = 0; i < n_copies; i++) {
		const struct operation *copy = copies[i], original = {.id = copy->copied_from}, *key = &original;
		const char *wrong = NULL;

		if (oid_same(&copy->copied_from, &copy->id))
			wrong = "the operation itself";
		else if (bsearch(&key, all, n, sizeof *all, by_id) == NULL)
			wrong = "no operation of this document";
		else if (i > 0 && oid_same(&copies[i - 1]->copied_from, &copy->copied_from))
			wrong = "has its copy already";
		if (wrong != NULL)
			json_row_error(&r->doc, pool_printf(r->doc.pool, "operations[%zu].operationRepeatOf",
			                                    (size_t)(copy - r->portfolio->operations)), "%s", wrong);
	}
}

/* What "bailleurctl user passwd" takes: no other opens the account. */
static void check_password(struct reader *r, const char *password)
{
	if (password != NULL && (password[0] == '\0' || strlen(password) > MOT_DE_PASSE_MAX))
		json_row_error(&r->doc, "user.password", "not 1 to %d bytes", MOT_DE_PASSE_MAX);
}

static void read_user(struct reader *r, struct json_object *root)
{
	struct user_row row = {0};
	struct user *user = &r->portfolio->user;
	struct json_object *object;

	if (!json_object_object_get_ex(root, "user", &object) || !json_object_is_type(object, json_type_object)) {
		json_row_error(&r->doc, "user", "missing, or not an object");
		return;
	}
	json_row_read(&r->doc, "user", object, user_members, N(user_members), &row, NULL);
	if (row.username != NULL && text_is_blank(row.username))
		json_row_error(&r->doc, "user.username", "empty");
	if (row.id != NULL && text_to_u64(row.id, 1, INT64_MAX, &user->id) != 0)
		json_row_error(&r->doc, "user.userid", "not a number above 0");
	if (row.email != NULL && row.email[0] != '\0' && address_email(r->doc.pool, row.email) == NULL)
		json_row_error(&r->doc, "user.email", "not an e-mail address");
	if (row.premium_end != NULL && clock_parse_iso(row.premium_end, &user->premium_end) != 0)
		json_row_error(&r->doc, "user.premium_end", "not a time in ISO 8601");
	if ((row.password == NULL) == (row.password_hash == NULL))
		json_row_error(&r->doc, "user.password", "give either password or password_hash");
	check_password(r, row.password);
	user->username = row.username;
	user->email = row.email != NULL && row.email[0] != '\0' ? row.email : NULL;
	user->first_name = row.first_name != NULL ? row.first_name : "";
	user->last_name = row.last_name != NULL ? row.last_name : "";
	user->premium_offer = row.premium_offer;
	user->password_hash = row.password_hash;
	r->portfolio->password = row.password;
}

static void read_document(struct reader *r, struct json_object *root)
{
	struct json_object *array;
	size_t n;

	read_user(r, root);
	n = json_row_array(&r->doc, "", root, "immeubles", &array);
	for (size_t i = 0; i < n; i++)
		read_immeuble(r, pool_printf(r->doc.pool, "immeubles[%zu]", i), json_object_array_get_idx(array, i));
	n = json_row_array(&r->doc, "", root, "operations", &array);
	for (size_t i = 0; i < n; i++)
		read_operation(r, pool_printf(r->doc.pool, "operations[%zu]", i), json_object_array_get_idx(array, i));
	check_copies(r);
	json_object_object_foreach(root, name, value) {
		(void)value;
		if (strcmp(name, "user") != 0 && strcmp(name, "immeubles") != 0 && strcmp(name, "operations") != 0)
			json_row_error(&r->doc, name, "unknown");
	}
}

int portfolio_read(struct pool *pool, const char *bytes, size_t len, struct portfolio *portfolio_r, FILE *err)
{
	struct reader reader = {.doc = {.pool = pool, .err = err}, .portfolio = portfolio_r};
	struct json_object *root = NULL;
	size_t where = 0;

	*portfolio_r = (struct portfolio){0};
	if (json_in_parse(pool, bytes, len, &root, &where) != JSON_IN_OK) {
		fprintf(err, "not valid JSON at byte %zu\n", where);
		return -1;
	}
	if (!json_object_is_type(root, json_type_object)) {
		fprintf(err, "not a JSON object\n");
		return -1;
	}
	read_document(&reader, root);
	return reader.doc.errors == 0 ? 0 : -1;
}
