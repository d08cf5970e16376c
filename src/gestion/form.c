/*
 * The API's forms of what a landlord owns.
 */
#include "gestion/form.h"

#include <string.h>

#include "domain/image.h"

void form_oid(struct json_out *json, const char *name, const struct oid *id)
{
	char text[OID_TEXT];

	json_kstr(json, name, oid_text(id, text));
}

static void text(struct json_out *json, const char *name, const char *value)
{
	if (value != NULL)
		json_kstr(json, name, value);
}

/* A number that is decimal text already. */
static void number(struct json_out *json, const char *name, const char *value)
{
	if (value == NULL)
		return;
	json_key(json, name);
	json_raw(json, value, strlen(value));
}

static void truth(struct json_out *json, const char *name, enum tri value)
{
	if (value != TRI_ABSENT)
		json_kbool(json, name, value == TRI_YES);
}

static void instant(struct json_out *json, const char *name, int64_t ms)
{
	if (ms != 0)
		json_kinstant(json, name, ms);
}

static void day(struct json_out *json, const char *name, jour value)
{
	if (value != JOUR_NONE)
		json_kjour(json, name, value);
}

static void members(struct json_out *json, const char *attributes)
{
	if (attributes != NULL)
		json_members(json, attributes);
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

void form_immeuble_begin(const struct form *form, const struct immeuble *i, bool in_list)
{
	struct json_out *json = form->json;

	json_object(json);
	truth(json, "active", i->active);
	text(json, "address", i->address);
	text(json, "codepostal", i->codepostal);
	number(json, "comagence", i->comagence);
	number(json, "comcourtier", i->comcourtier);
	text(json, "country", i->country);
	text(json, "country_long", i->country_long);
	instant(json, "dateCreated", i->date_created);
	instant(json, "dateLastModified", i->date_last_modified);
	number(json, "fraisnotaire", i->fraisnotaire);
	number(json, "meubles", i->meubles);
	number(json, "milliemes", i->milliemes);
	text(json, "name", i->name);
	options(json, i->options, in_list);
	number(json, "prixnet", i->prixnet);
	number(json, "prixtoday", i->prixtoday);
	truth(json, "robot", i->robot);
	number(json, "surface", i->surface);
	number(json, "travauxr", i->travauxr);
	text(json, "type", i->type);
	json_kstr(json, "user_id", form->user_id);
	text(json, "ville", i->ville);
	text(json, "ville_seule", i->ville_seule);
	text(json, "villevalue", i->villevalue);
	members(json, i->attributes);
	image(form, i);
}

static void emprunt(struct json_out *json, const struct emprunt *e)
{
	json_object(json);
	json_ku64(json, "index", e->index);
	if (e->has_montant)
		json_kmontant(json, "montant", e->montant_emprunte);
	number(json, "taux", e->taux);
	text(json, "typeEmprunt", e->type);
	if (e->has_mensualite)
		json_kmontant(json, "mensualite", e->mensualite);
	number(json, "mensualiteAssurance", e->assurance);
	day(json, "dateFirstmensualite", e->first);
	day(json, "dateLastmensualite", e->last);
	members(json, e->attributes);
	json_object_end(json);
}

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
	day(json, "date_achat", i->date_achat);
	form_oid(json, "id", &i->id);
	json_key(json, "emprunts");
	json_array(json);
	for (size_t k = 0; k < n; k++)
		emprunt(json, &emprunts[k]);
	json_array_end(json);
}

static void declaration(struct json_out *json, const struct declaration *d)
{
	json_object(json);
	members(json, d->attributes);
	number(json, "year", d->year);
	text(json, "regime", d->regime);
	text(json, "type", d->type);
	form_oid(json, "id", &d->id);
	json_object_end(json);
}

void form_declarations(const struct form *form, const struct declaration *declarations, size_t n)
{
	json_key(form->json, "declarations");
	json_array(form->json);
	for (size_t k = 0; k < n; k++)
		declaration(form->json, &declarations[k]);
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

void form_bien_begin(const struct form *form, const struct bien *b)
{
	struct json_out *json = form->json;

	json_object(json);
	truth(json, "active", b->active);
	text(json, "annonceDesc", b->annonce_desc);
	text(json, "annonceTitle", b->annonce_title);
	number(json, "chambres", b->chambres);
	instant(json, "dateCreated", b->date_created);
	instant(json, "dateLastModified", b->date_last_modified);
	text(json, "energy", b->energy);
	number(json, "etage", b->etage);
	text(json, "ges", b->ges);
	form_oid(json, "immeubleId", &b->immeuble_id);
	number(json, "milliemes", b->milliemes);
	text(json, "nom", b->nom);
	text(json, "pieces", b->pieces);
	truth(json, "robot", b->robot);
	number(json, "surface", b->surface);
	text(json, "type", b->type);
	json_kstr(json, "user_id", form->user_id);
	members(json, b->attributes);
}

void form_bien_end(const struct form *form, const struct bien *b)
{
	form_oid(form->json, "id", &b->id);
	json_object_end(form->json);
}

static void raw(struct json_out *json, const char *name, const char *value)
{
	number(json, name, value);      /* JSON that was kept as it came */
}

void form_locataire(const struct form *form, const struct locataire *l)
{
	struct json_out *json = form->json;

	json_object(json);
	json_kstr(json, "nom", l->nom);
	json_kstr(json, "prenom", l->prenom);
	text(json, "precision", l->precision);
	text(json, "email", l->email);
	json_kmontant(json, "loyer", l->loyer);
	json_kmontant(json, "provision", l->provision);
	number(json, "indiceRevision", l->indice_revision);
	form_oid(json, "bienId", &l->bien_id);
	day(json, "signatureDate", l->signature);
	json_kjour(json, "entryDate", l->entry);
	json_kjour(json, "quitDate", l->quit);
	number(json, "dayLoyer", l->day_loyer);
	number(json, "depotGarantie", l->depot_garantie);
	text(json, "phone", l->phone);
	number(json, "typeLocation", l->type_location);
	text(json, "address1", l->address1);
	text(json, "address2", l->address2);
	text(json, "ville", l->ville);
	text(json, "codepostal", l->codepostal);
	text(json, "country", l->country);
	json_kjour(json, "bornDate", l->born);
	text(json, "bornLocation", l->born_location);
	text(json, "nationality", l->nationality);
	json_kstr(json, "user_id", form->user_id);
	form_oid(json, "immeubleId", &l->immeuble_id);
	instant(json, "dateCreated", l->date_created);
	instant(json, "dateLastModified", l->date_last_modified);
	raw(json, "revisions", l->revisions);
	raw(json, "revisionsPC", l->revisions_pc);
	truth(json, "robot", l->robot);
	members(json, l->attributes);
	form_oid(json, "id", &l->id);
	json_kmontant(json, "loyerLast", l->loyer_last);
	json_kmontant(json, "provisionLast", l->provision_last);
	json_object_end(json);
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

void form_operation(const struct form *form, const struct operation *o)
{
	struct json_out *json = form->json;

	json_object(json);
	json_kinstant(json, "dateCreated", o->date_created);
	instant(json, "dateLastModified", o->date_last_modified);
	form_oid(json, "immeubleId", &o->immeuble_id);
	if (o->has_locataire)
		form_oid(json, "locataireId", &o->locataire_id);
	json_kbool(json, "operationAuto", o->automatic);
	json_kjour(json, "operationDate", o->date);
	text(json, "operationDesc", o->description);
	json_kmontant(json, "operationMontant", o->amount);
	if (o->has_teom)
		json_kmontant(json, "operationMontantTEOM", o->teom);
	json_kbool(json, "operationPaid", o->paid);
	if (o->emprunt_index >= 0)
		json_ki64(json, "empruntId", o->emprunt_index);
	day(json, "dateDebut", o->debut);
	day(json, "dateFin", o->fin);
	truth(json, "robot", o->robot);
	json_kstr(json, "user_id", form->user_id);
	members(json, o->attributes);
	form_oid(json, "id", &o->id);
	operation_type(json, o);
	if (o->has_locataire) {
		json_key(json, "locataire");
		form_locataire_short(form, &o->locataire_id, o->locataire_nom, o->locataire_prenom);
	}
	json_object_end(json);
}
