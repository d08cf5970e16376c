/*
 * The API's forms of what a landlord owns. A table for each kind of row says which member is written from which field,
 * in the order of the answer.
 */
#include "gestion/form.h"

#include <string.h>

#include "domain/image.h"

/* What a field is, and when its member is left out. */
enum kind {
	TEXT,                   /* const char *; left out when NULL */
	NAME,                   /* const char * that is never left out */
	NUMBER,                 /* const char *: JSON already, decimal text mostly; left out when NULL */
	MEMBERS,                /* const char *: an object whose members go here; none when NULL */
	TRUTH,                  /* enum tri; left out when absent */
	BOOLEAN,                /* bool */
	AMOUNT,                 /* montant */
	DAY,                    /* jour; left out when JOUR_NONE */
	DATE,                   /* jour; null when JOUR_NONE */
	INSTANT,                /* int64_t ms; left out when 0 */
	TIME,                   /* int64_t ms */
	INDEX,                  /* int64_t; left out when negative */
	COUNT,                  /* uint32_t */
	POSITIVE,               /* int; left out when 0 */
	IDENTIFIER,             /* struct oid */
	USER                    /* the landlord's id; no field */
};

struct member {
	const char *name;
	enum kind kind;
	size_t at;              /* where the field is in the row */
	size_t given;           /* where the bool is that says whether it is there; 0, an identifier's place: it
	                         * always is */
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

void form_oid(struct json_out *json, const char *name, const struct oid *id)
{
	char text[OID_TEXT];

	json_kstr(json, name, oid_text(id, text));
}

/* A member from a field that is text. */
static void put_text(struct json_out *json, const struct member *m, const char *value)
{
	if (value == NULL && m->kind != NAME)
		return;
	if (m->kind == TEXT || m->kind == NAME) {
		json_kstr(json, m->name, value);
	} else if (m->kind == MEMBERS) {
		json_members(json, value);
	} else {
		json_key(json, m->name);
		json_raw(json, value, strlen(value));
	}
}

static void put_jour(struct json_out *json, const struct member *m, jour value)
{
	if (m->kind == DATE || value != JOUR_NONE)
		json_kjour(json, m->name, value);
}

static void put_tri(struct json_out *json, const struct member *m, enum tri value)
{
	if (value != TRI_ABSENT)
		json_kbool(json, m->name, value == TRI_YES);
}

static void put_int64(struct json_out *json, const struct member *m, int64_t value)
{
	if (m->kind == TIME || (m->kind == INSTANT && value != 0))
		json_kinstant(json, m->name, value);
	else if (m->kind == INDEX && value >= 0)
		json_ki64(json, m->name, value);
}

static void put(const struct form *form, const struct member *m, const void *field)
{
	switch (m->kind) {
	case TEXT:
	case NAME:
	case NUMBER:
	case MEMBERS:
		put_text(form->json, m, *(const char *const *)field);
		break;
	case TRUTH:
		put_tri(form->json, m, *(const enum tri *)field);
		break;
	case BOOLEAN:
		json_kbool(form->json, m->name, *(const bool *)field);
		break;
	case AMOUNT:
		json_kmontant(form->json, m->name, *(const montant *)field);
		break;
	case DAY:
	case DATE:
		put_jour(form->json, m, *(const jour *)field);
		break;
	case INSTANT:
	case TIME:
	case INDEX:
		put_int64(form->json, m, *(const int64_t *)field);
		break;
	case COUNT:
		json_ku64(form->json, m->name, *(const uint32_t *)field);
		break;
	case POSITIVE:
		if (*(const int *)field > 0)
			json_ki64(form->json, m->name, *(const int *)field);
		break;
	case IDENTIFIER:
		form_oid(form->json, m->name, field);
		break;
	case USER:
		json_kstr(form->json, m->name, form->user_id);
		break;
	}
}

static void put_all(const struct form *form, const struct member *members, size_t n, const void *row)
{
	const char *base = row;

	for (size_t i = 0; i < n; i++)
		if (members[i].given == 0 || *(const bool *)(base + members[i].given))
			put(form, &members[i], base + members[i].at);
}

static void options(struct json_out *json, const char *value, bool in_list)
{
	if (value == NULL)
		return;
	json_key(json, "options");
	json_object(json);
	json_members(json, value);
	if (in_list)
		json_kstr(json, "id", "");
	json_object_end(json);
}

static void image(const struct form *form, const struct immeuble *i)
{
	struct image_place place = {
		.address = i->address,
		.town = i->ville_seule,
		.ville = i->ville,
		.postcode = i->codepostal,
		.country = i->country,
		.country_long = i->country_long
	};

	json_kstr(form->json, "imageURL", image_url(form->pool, &place, form->maps_key));
}

#define AT(field) offsetof(struct immeuble, field)
static const struct member IMMEUBLE_HEAD[] = {
	{"active", TRUTH, AT(active), 0},
	{"address", TEXT, AT(address), 0},
	{"codepostal", TEXT, AT(codepostal), 0},
	{"comagence", NUMBER, AT(comagence), 0},
	{"comcourtier", NUMBER, AT(comcourtier), 0},
	{"country", TEXT, AT(country), 0},
	{"country_long", TEXT, AT(country_long), 0},
	{"dateCreated", INSTANT, AT(date_created), 0},
	{"dateLastModified", INSTANT, AT(date_last_modified), 0},
	{"fraisnotaire", NUMBER, AT(fraisnotaire), 0},
	{"meubles", NUMBER, AT(meubles), 0},
	{"milliemes", NUMBER, AT(milliemes), 0},
	{"name", TEXT, AT(name), 0}
};
static const struct member IMMEUBLE[] = {
	{"prixnet", NUMBER, AT(prixnet), 0},
	{"prixtoday", NUMBER, AT(prixtoday), 0},
	{"robot", TRUTH, AT(robot), 0},
	{"surface", NUMBER, AT(surface), 0},
	{"travauxr", NUMBER, AT(travauxr), 0},
	{"type", TEXT, AT(type), 0},
	{"user_id", USER, 0, 0},
	{"ville", TEXT, AT(ville), 0},
	{"ville_seule", TEXT, AT(ville_seule), 0},
	{"villevalue", TEXT, AT(villevalue), 0},
	{"attributes", MEMBERS, AT(attributes), 0}
};
#undef AT

void form_immeuble_begin(const struct form *form, const struct immeuble *i, bool in_list)
{
	json_object(form->json);
	put_all(form, IMMEUBLE_HEAD, N(IMMEUBLE_HEAD), i);
	options(form->json, i->options, in_list);
	put_all(form, IMMEUBLE, N(IMMEUBLE), i);
	image(form, i);
}

#define AT(field) offsetof(struct emprunt, field)
static const struct member EMPRUNT[] = {
	{"index", COUNT, AT(index), 0},
	{"montant", AMOUNT, AT(montant_emprunte), AT(has_montant)},
	{"taux", NUMBER, AT(taux), 0},
	{"typeEmprunt", TEXT, AT(type), 0},
	{"mensualite", AMOUNT, AT(mensualite), AT(has_mensualite)},
	{"mensualiteAssurance", NUMBER, AT(assurance), 0},
	{"dateFirstmensualite", DAY, AT(first), 0},
	{"dateLastmensualite", DAY, AT(last), 0},
	{"attributes", MEMBERS, AT(attributes), 0}
};
#undef AT

void form_immeuble_loans(const struct form *form, const struct immeuble *i, const struct emprunt *emprunts, size_t n)
{
	struct json_out *json = form->json;
	montant total = 0, monthly = 0;

	for (size_t k = 0; k < n; k++) {
		total += emprunts[k].montant_emprunte;
		monthly += emprunts[k].mensualite;
	}
	json_kmontant(json, "totalEmprunt", total);
	json_kmontant(json, "totalMensualite", monthly);
	if (i->date_achat != JOUR_NONE)
		json_kjour(json, "date_achat", i->date_achat);
	form_oid(json, "id", &i->id);
	json_key(json, "emprunts");
	json_array(json);
	for (size_t k = 0; k < n; k++) {
		json_object(json);
		put_all(form, EMPRUNT, N(EMPRUNT), &emprunts[k]);
		json_object_end(json);
	}
	json_array_end(json);
}

#define AT(field) offsetof(struct declaration, field)
static const struct member DECLARATION[] = {
	{"attributes", MEMBERS, AT(attributes), 0},
	{"year", NUMBER, AT(year), 0},
	{"regime", TEXT, AT(regime), 0},
	{"type", TEXT, AT(type), 0},
	{"id", IDENTIFIER, AT(id), 0}
};
#undef AT

void form_declarations(const struct form *form, const struct declaration *declarations, size_t n)
{
	json_key(form->json, "declarations");
	json_array(form->json);
	for (size_t k = 0; k < n; k++) {
		json_object(form->json);
		put_all(form, DECLARATION, N(DECLARATION), &declarations[k]);
		json_object_end(form->json);
	}
	json_array_end(form->json);
}

void form_immeuble_embedded(const struct form *form, const struct immeuble *i, const struct declaration *declarations,
                            size_t n)
{
	struct json_out *json = form->json;

	form_immeuble_begin(form, i, false);
	json_key(json, "dateFirstmensualite");
	json_null(json);
	json_key(json, "dateLastmensualite");
	json_null(json);
	form_declarations(form, declarations, n);
	form_oid(json, "id", &i->id);
	json_object_end(json);
}

#define AT(field) offsetof(struct bien, field)
static const struct member BIEN[] = {
	{"active", TRUTH, AT(active), 0},
	{"annonceDesc", TEXT, AT(annonce_desc), 0},
	{"annonceTitle", TEXT, AT(annonce_title), 0},
	{"chambres", NUMBER, AT(chambres), 0},
	{"dateCreated", INSTANT, AT(date_created), 0},
	{"dateLastModified", INSTANT, AT(date_last_modified), 0},
	{"energy", TEXT, AT(energy), 0},
	{"etage", NUMBER, AT(etage), 0},
	{"ges", TEXT, AT(ges), 0},
	{"immeubleId", IDENTIFIER, AT(immeuble_id), 0},
	{"milliemes", NUMBER, AT(milliemes), 0},
	{"nom", TEXT, AT(nom), 0},
	{"pieces", TEXT, AT(pieces), 0},
	{"robot", TRUTH, AT(robot), 0},
	{"surface", NUMBER, AT(surface), 0},
	{"type", TEXT, AT(type), 0},
	{"user_id", USER, 0, 0},
	{"attributes", MEMBERS, AT(attributes), 0}
};
#undef AT

void form_bien_begin(const struct form *form, const struct bien *b)
{
	json_object(form->json);
	put_all(form, BIEN, N(BIEN), b);
}

void form_bien_end(const struct form *form, const struct bien *b)
{
	form_oid(form->json, "id", &b->id);
	json_object_end(form->json);
}

#define AT(field) offsetof(struct locataire, field)
static const struct member LOCATAIRE[] = {
	{"nom", NAME, AT(nom), 0},
	{"prenom", NAME, AT(prenom), 0},
	{"precision", TEXT, AT(precision), 0},
	{"email", TEXT, AT(email), 0},
	{"loyer", AMOUNT, AT(loyer), 0},
	{"provision", AMOUNT, AT(provision), 0},
	{"indiceRevision", NUMBER, AT(indice_revision), 0},
	{"bienId", IDENTIFIER, AT(bien_id), 0},
	{"signatureDate", DAY, AT(signature), 0},
	{"entryDate", DATE, AT(entry), 0},
	{"quitDate", DATE, AT(quit), 0},
	{"dayLoyer", NUMBER, AT(day_loyer), 0},
	{"depotGarantie", NUMBER, AT(depot_garantie), 0},
	{"phone", TEXT, AT(phone), 0},
	{"typeLocation", NUMBER, AT(type_location), 0},
	{"address1", TEXT, AT(address1), 0},
	{"address2", TEXT, AT(address2), 0},
	{"ville", TEXT, AT(ville), 0},
	{"codepostal", TEXT, AT(codepostal), 0},
	{"country", TEXT, AT(country), 0},
	{"bornDate", DATE, AT(born), 0},
	{"bornLocation", TEXT, AT(born_location), 0},
	{"nationality", TEXT, AT(nationality), 0},
	{"user_id", USER, 0, 0},
	{"immeubleId", IDENTIFIER, AT(immeuble_id), 0},
	{"dateCreated", INSTANT, AT(date_created), 0},
	{"dateLastModified", INSTANT, AT(date_last_modified), 0},
	{"revisions", NUMBER, AT(revisions), 0},
	{"revisionsPC", NUMBER, AT(revisions_pc), 0},
	{"robot", TRUTH, AT(robot), 0},
	{"attributes", MEMBERS, AT(attributes), 0},
	{"id", IDENTIFIER, AT(id), 0},
	{"loyerLast", AMOUNT, AT(loyer_last), 0},
	{"provisionLast", AMOUNT, AT(provision_last), 0}
};
#undef AT

void form_locataire(const struct form *form, const struct locataire *l)
{
	json_object(form->json);
	put_all(form, LOCATAIRE, N(LOCATAIRE), l);
	json_object_end(form->json);
}

void form_locataire_short(const struct form *form, const struct oid *id, const char *nom, const char *prenom)
{
	json_object(form->json);
	form_oid(form->json, "id", id);
	json_kstr(form->json, "nom", nom);
	json_kstr(form->json, "prenom", prenom);
	json_object_end(form->json);
}

static void operation_type(struct json_out *json, const struct operation *o)
{
	json_key(json, "operationType");
	json_object(json);
	json_kstr(json, "id", o->type_id);
	json_kstr(json, "name", o->type_name);
	json_kbool(json, "positive", o->positive);
	json_object_end(json);
}

#define AT(field) offsetof(struct operation, field)
static const struct member OPERATION[] = {
	{"dateCreated", TIME, AT(date_created), 0},
	{"dateLastModified", INSTANT, AT(date_last_modified), 0},
	{"immeubleId", IDENTIFIER, AT(immeuble_id), 0},
	{"locataireId", IDENTIFIER, AT(locataire_id), AT(has_locataire)},
	{"operationAuto", BOOLEAN, AT(automatic), 0},
	{"operationDate", DATE, AT(date), 0},
	{"operationDesc", TEXT, AT(description), 0},
	{"operationMontant", AMOUNT, AT(amount), 0},
	{"operationMontantTEOM", AMOUNT, AT(teom), AT(has_teom)},
	{"operationPaid", BOOLEAN, AT(paid), 0},
	{"empruntId", INDEX, AT(emprunt_index), 0},
	{"dateDebut", DAY, AT(debut), 0},
	{"dateFin", DAY, AT(fin), 0},
	{"robot", TRUTH, AT(robot), 0},
	{"user_id", USER, 0, 0},
	{"attributes", MEMBERS, AT(attributes), 0},
	{"id", IDENTIFIER, AT(id), 0}
};
static const struct member RECURRENCE[] = {
	{"operationRepeatDay", POSITIVE, AT(recur_day), 0},
	{"operationRepeatOf", IDENTIFIER, AT(copied_from), AT(is_copy)}
};
#undef AT

static void operation(const struct form *form, const struct operation *o, bool with_recurrence)
{
	json_object(form->json);
	put_all(form, OPERATION, N(OPERATION), o);
	if (with_recurrence)
		put_all(form, RECURRENCE, N(RECURRENCE), o);
	operation_type(form->json, o);
	if (o->has_locataire) {
		json_key(form->json, "locataire");
		form_locataire_short(form, &o->locataire_id, o->locataire_nom, o->locataire_prenom);
	}
	json_object_end(form->json);
}

void form_operation(const struct form *form, const struct operation *o)
{
	operation(form, o, false);
}

void form_operation_exported(const struct form *form, const struct operation *o)
{
	operation(form, o, true);
}
