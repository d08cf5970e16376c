/*
 * saveLocataire: adds a tenant to a bien, or changes one, who may move to another bien by that.
 */
#include <string.h>

#include "access/error.h"
#include "base/clock.h"
#include "domain/address.h"
#include "domain/revision.h"
#include "gestion/fields.h"
#include "gestion/form.h"
#include "gestion/write.h"
#include "store/locataire.h"

struct saving {
	struct fields fields;
	bool has_id;
	struct oid id, bien_id;
	struct locataire form;          /* what the form says; NULL or JOUR_NONE: it says nothing */
	bool clears_quit, clears_born;  /* an empty date: none any more */
};

/* The optional texts, each with its bounds and its French name. */
static void read_texts(struct fields *fields, struct locataire *l)
{
	field_text(fields, "nom", "Nom", true, LOCATAIRE_LINE_MAX, &l->nom);
	field_text(fields, "prenom", "Prénom", true, LOCATAIRE_LINE_MAX, &l->prenom);
	field_text(fields, "precision", "Précision", false, LOCATAIRE_PRECISION_MAX, &l->precision);
	if (field_text(fields, "email", "Email", false, LOCATAIRE_EMAIL_MAX, &l->email) == FIELD_GIVEN &&
	    address_email(fields->request->pool, l->email) == NULL)
		field_invalid(fields, "Email");
	if (field_text(fields, "phone", "Téléphone", false, LOCATAIRE_PHONE_MAX, &l->phone) == FIELD_GIVEN &&
	    address_phone(fields->request->pool, l->phone) == NULL)
		field_invalid(fields, "Téléphone");
	field_text(fields, "address1", "Adresse", false, LOCATAIRE_LINE_MAX, &l->address1);
	field_text(fields, "address2", "Complément d'adresse", false, LOCATAIRE_LINE_MAX, &l->address2);
	field_text(fields, "ville", "Ville", false, LOCATAIRE_LINE_MAX, &l->ville);
	field_text(fields, "codepostal", "Code postal", false, LOCATAIRE_POSTCODE_MAX, &l->codepostal);
	field_text(fields, "country", "Pays", false, LOCATAIRE_COUNTRY_MAX, &l->country);
	field_text(fields, "bornLocation", "Lieu de naissance", false, LOCATAIRE_LINE_MAX, &l->born_location);
	field_text(fields, "nationality", "Nationalité", false, LOCATAIRE_NATIONALITY_MAX, &l->nationality);
}

static void read_terms(struct fields *fields, struct locataire *l)
{
	field_montant(fields, "loyer", "Loyer", true, 0, &l->loyer);
	field_montant(fields, "provision", "Provision pour charges", true, 0, &l->provision);
	field_integer(fields, "indiceRevision", "Indice de révision", true, 0, 4, &l->indice_revision);
	field_integer(fields, "dayLoyer", "Jour de paiement du loyer", true, 1, 28, &l->day_loyer);
	field_integer(fields, "typeLocation", "Type de location", true, 0, 1, &l->type_location);
	field_integer(fields, "depotGarantie", "Dépôt de garantie", true, 1, 2, &l->depot_garantie);
}

static void read_dates(struct saving *saving)
{
	struct fields *fields = &saving->fields;
	struct locataire *l = &saving->form;

	field_jour(fields, "signatureDate", "Date de signature", true, &l->signature);
	/* The API document's own spelling of this name. */
	field_jour(fields, "entryDate", "Date d'entreé", true, &l->entry);
	saving->clears_quit = field_jour(fields, "quitDate", "Date de départ", false, &l->quit) == FIELD_EMPTY;
	saving->clears_born = field_jour(fields, "bornDate", "Date de naissance", false, &l->born) == FIELD_EMPTY;
}

static void keep(const char **now, const char *before)
{
	if (*now == NULL)
		*now = before;
}

/* A field that the form leaves out stays as it was. */
static void keep_unsaid(const struct saving *saving, struct locataire *l, const struct locataire *before)
{
	keep(&l->precision, before->precision);
	keep(&l->email, before->email);
	keep(&l->phone, before->phone);
	keep(&l->address1, before->address1);
	keep(&l->address2, before->address2);
	keep(&l->ville, before->ville);
	keep(&l->codepostal, before->codepostal);
	keep(&l->country, before->country);
	keep(&l->born_location, before->born_location);
	keep(&l->nationality, before->nationality);
	if (l->quit == JOUR_NONE && !saving->clears_quit)
		l->quit = before->quit;
	if (l->born == JOUR_NONE && !saving->clears_born)
		l->born = before->born;
}

static void answer_saved(struct request *request, const struct oid *id)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kbool(json, "result", true);
	form_oid(json, "locataireId", id);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
}

/* DB_NONE: not this landlord's tenant; nothing was answered. */
static enum db_status update(struct db *db, struct write *write, struct locataire *l)
{
	struct saving *saving = write->arg;
	struct pool *pool = write->request->pool;
	struct locataire before = {0};
	enum db_status status = locataire_get(db, pool, write->app->user.id, &saving->id, &before);

	if (status != DB_OK)
		return status;
	keep_unsaid(saving, l, &before);
	l->id = saving->id;
	l->loyer_last = revision_last(pool, before.revisions, "loyerNew", l->loyer);
	l->provision_last = revision_last(pool, before.revisions_pc, "provisionNew", l->provision);
	l->date_last_modified = clock_now_ms();
	return locataire_update(db, pool, write->app->user.id, l);
}

static enum db_status add(struct db *db, struct write *write, struct locataire *l, const struct oid *new_id)
{
	l->id = *new_id;
	l->loyer_last = l->loyer;
	l->provision_last = l->provision;
	l->date_created = clock_now_ms();
	l->date_last_modified = 0;
	l->robot = TRI_NO;
	return locataire_insert(db, write->request->pool, write->app->user.id, l);
}

static enum db_status update_or_add(struct db *db, struct write *write)
{
	struct saving *saving = write->arg;
	struct request *request = write->request;
	struct locataire l = saving->form;
	struct bien bien = {0};
	enum db_status status = bien_get(db, request->pool, write->app->user.id, &saving->bien_id, &bien);

	if (status == DB_NONE)
		path_refused(request, "bienId");
	if (status != DB_OK)
		return status;
	l.bien_id = saving->bien_id;
	status = saving->has_id ? update(db, write, &l) : DB_NONE;
	if (status == DB_NONE) {
		l = saving->form;
		l.bien_id = saving->bien_id;
		status = add(db, write, &l, &saving->form.id);
	}
	if (status == DB_REFUSED) {
		error_gestion(request, 200, GESTION_DATES,
		              "La date de départ doit être postérieure à la date d'entrée");
		return DB_NONE;
	}
	if (status == DB_OK)
		answer_saved(request, &l.id);
	return status;
}

void save_locataire(struct app *app, struct request *request)
{
	struct saving saving = {
		.fields = {.request = request},
		.form = {.signature = JOUR_NONE, .entry = JOUR_NONE, .quit = JOUR_NONE, .born = JOUR_NONE,
		         .robot = TRI_NO}
	};

	if (path_oid(request, 0, &saving.bien_id) != 0) {
		path_refused(request, "bienId");
		return;
	}
	saving.has_id = path_oid(request, 1, &saving.id) == 0;
	saving.form.id = oid_new();     /* of an addition: chosen before the transaction */
	read_texts(&saving.fields, &saving.form);
	read_terms(&saving.fields, &saving.form);
	read_dates(&saving);
	if (!fields_refused(&saving.fields))
		write_run(app, request, update_or_add, &saving);
}
