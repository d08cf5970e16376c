/*
 * saveOperation: adds an operation, with its provision and its monthly repetitions, or changes one.
 */
#include <string.h>

#include "access/error.h"
#include "base/clock.h"
#include "gestion/fields.h"
#include "gestion/form.h"
#include "gestion/write.h"
#include "store/locataire.h"
#include "store/operation.h"

enum {
	SHORT_MAX = 40,
	REPEAT_MAX = 1200       /* a century of months; more is refused, never cut short */
};

/* What the form said, and what is made of it. */
struct saving {
	struct fields fields;
	struct oid immeuble_id;
	bool has_operation_id;
	struct operation operation;
	bool names_locataire;           /* well or badly */
	const char *type;
	montant provision;              /* operationMontantPC; 0: none */
	jour repeat_until;              /* JOUR_NONE: no repetition */
	struct operation *rows;         /* to insert */
	size_t n_rows;
};

static void read_type(struct saving *saving)
{
	field_text(&saving->fields, "operationName", "Type d'opération", true, OPERATION_TYPE_MAX, &saving->type);
}

/* An amount that an empty or zero field leaves out. */
static montant optional_amount(struct fields *fields, const char *name, const char *label)
{
	montant amount = 0;

	return field_montant(fields, name, label, false, 0, &amount) == FIELD_GIVEN ? amount : 0;
}

static void read_amounts(struct saving *saving)
{
	struct operation *o = &saving->operation;
	bool is_type = saving->type != NULL;

	field_montant(&saving->fields, "operationMontant", "Montant", true, 1, &o->amount);
	if (is_type && strcmp(saving->type, "recetteLoyer") == 0)
		saving->provision = optional_amount(&saving->fields, "operationMontantPC", "Provision pour charges");
	if (is_type && strcmp(saving->type, "chargeTF") == 0) {
		const char *given;

		o->has_teom = field_text(&saving->fields, "operationMontantTEOM", "TEOM", false, SHORT_MAX,
		                         &given) == FIELD_GIVEN;
		if (o->has_teom)
			field_montant(&saving->fields, "operationMontantTEOM", "TEOM", false, 0, &o->teom);
	}
}

static bool is_regularisation(const char *type)
{
	return type != NULL && (strcmp(type, "recetteReguLocataire") == 0 || strcmp(type, "chargeReguLocataire") == 0);
}

/* The same day of the month, `n` months on. */
static jour month_after(jour day, unsigned n)
{
	return jour_add_months(day, (int)n, jour_civil(day).day);
}

static void read_dates(struct saving *saving)
{
	struct operation *o = &saving->operation;
	struct fields *fields = &saving->fields;
	bool has_date = field_jour(fields, "operationDate", "Date", true, &o->date) == FIELD_GIVEN;

	if (field_jour(fields, "operationRepeatDate", "Date de répétition", false,
	               &saving->repeat_until) == FIELD_GIVEN &&
	    has_date && (saving->repeat_until < month_after(o->date, 1) ||
	                 saving->repeat_until >= month_after(o->date, REPEAT_MAX + 1)))
		field_invalid(fields, "Date de répétition");
	if (!is_regularisation(saving->type))
		return;
	field_jour(fields, "dateDebut", "Date de début", false, &o->debut);
	if (field_jour(fields, "dateFin", "Date de fin", false, &o->fin) == FIELD_GIVEN && o->debut != JOUR_NONE &&
	    o->fin < o->debut)
		field_invalid(fields, "Date de fin");
}

static void read_locataire_id(struct saving *saving)
{
	const char *text;
	enum field field = field_text(&saving->fields, "locataireId", "Locataire", false, SHORT_MAX, &text);

	saving->names_locataire = field == FIELD_GIVEN || field == FIELD_INVALID;
	if (field != FIELD_GIVEN)
		return;
	if (oid_parse(text, &saving->operation.locataire_id) == 0)
		saving->operation.has_locataire = true;
	else
		field_invalid(&saving->fields, "Locataire");
}

static void read_rest(struct saving *saving)
{
	struct operation *o = &saving->operation;
	const char *index;
	uint64_t value;

	field_text(&saving->fields, "operationDesc", "Description", false, OPERATION_DESCRIPTION_MAX, &o->description);
	if (field_integer(&saving->fields, "empruntId", "Emprunt", false, 0, UINT32_MAX, &index) == FIELD_GIVEN &&
	    text_to_u64(index, 0, UINT32_MAX, &value) == 0)
		o->emprunt_index = (int64_t)value;
	o->paid = field_on(&saving->fields, "operationPaid");
	o->automatic = field_on(&saving->fields, "operationAuto");
}

/* What only the database knows: the type, whether the tenant and the loan are of this immeuble. */
static enum db_status check_type(struct saving *saving, struct db *db)
{
	struct operation_type type;
	enum db_status status;

	if (saving->type == NULL || text_is_blank(saving->type))
		return DB_OK;
	status = operation_type_get(db, saving->fields.request->pool, saving->type, &type);
	if (status == DB_NONE) {
		field_invalid(&saving->fields, "Type d'opération");
		return DB_OK;
	}
	if (status == DB_OK && type.needs_tenant && !saving->names_locataire)
		field_missing(&saving->fields, "Locataire");
	saving->operation.type_id = type.id;
	return status;
}

static enum db_status check_locataire(struct saving *saving, struct db *db, uint64_t user)
{
	struct operation *o = &saving->operation;
	struct locataire locataire = {0};
	bool is_here;
	enum db_status status;

	if (!o->has_locataire)
		return DB_OK;
	status = locataire_get(db, saving->fields.request->pool, user, &o->locataire_id, &locataire);
	if (status != DB_OK && status != DB_NONE)
		return status;
	is_here = status == DB_OK && oid_same(&locataire.immeuble_id, &saving->immeuble_id);
	if (status == DB_OK && !is_here && saving->has_operation_id) {
		/* A tenant who has moved since stays on the operations he was on. */
		status = operation_has_locataire(db, user, &o->id, &o->locataire_id, &is_here);
		if (status != DB_OK)
			return status;
	}
	if (!is_here)
		field_invalid(&saving->fields, "Locataire");
	return DB_OK;
}

static enum db_status check_emprunt(struct saving *saving, struct db *db, uint64_t user)
{
	const struct operation *o = &saving->operation;
	struct emprunt *emprunts;
	size_t n;
	bool is_here = false;
	enum db_status status;

	if (o->emprunt_index < 0)
		return DB_OK;
	status = emprunts_of_immeuble(db, saving->fields.request->pool, user, &saving->immeuble_id, &emprunts, &n);
	if (status != DB_OK)
		return status;
	for (size_t i = 0; i < n; i++)
		if (emprunts[i].index == o->emprunt_index)
			return DB_OK;
	/* An imported operation stays on the loan it is on, there or not. */
	if (saving->has_operation_id)
		status = operation_has_emprunt(db, user, &o->id, &saving->immeuble_id, o->emprunt_index, &is_here);
	if (status == DB_OK && !is_here)
		field_invalid(&saving->fields, "Emprunt");
	return status;
}

/* The sibling of a rent: its provision, told apart by its description. */
static struct operation provision_of(const struct saving *saving, const struct operation *loyer)
{
	char one[MONTANT_SIZE], all[MONTANT_SIZE];
	struct operation sibling = *loyer;

	sibling.type_id = "recetteLoyerProvision";
	sibling.amount = saving->provision;
	sibling.emprunt_index = -1;
	sibling.description = pool_printf(saving->fields.request->pool, "Créé avec loyer %s€ (total: %s€).",
	                                  montant_text(loyer->amount, one),
	                                  montant_text(loyer->amount + saving->provision, all));
	return sibling;
}

/* How many months after the first the operation is repeated. */
static unsigned repetitions(const struct saving *saving)
{
	jour first = saving->operation.date;
	unsigned n = 0;

	while (saving->repeat_until != JOUR_NONE && month_after(first, n + 1) <= saving->repeat_until)
		n++;
	return n;
}

/* The `n`th repetition. A month that is too short for its day has it on its last, and it goes on from its day. */
static struct operation repetition(const struct operation *first, unsigned n)
{
	struct operation row = *first;
	int day = jour_civil(first->date).day;

	row.id = oid_new();
	row.date = month_after(first->date, n);
	row.recur_day = jour_civil(row.date).day < day ? day : 0;
	return row;
}

/*
 * The rows of an addition. Their identifiers are chosen here, before the transaction, so that running it again after a
 * commit of unknown outcome finds them. Only the last of a series goes on by itself (operationAuto).
 */
static void make_rows(struct saving *saving)
{
	unsigned n = repetitions(saving);

	saving->rows = pool_alloc(saving->fields.request->pool, (size_t)(n + 1) * 2 * sizeof *saving->rows);
	for (unsigned i = 0; i <= n; i++) {
		struct operation *row = &saving->rows[saving->n_rows++];

		*row = repetition(&saving->operation, i);
		row->automatic = row->automatic && i == n;
		if (saving->provision == 0)
			continue;
		saving->rows[saving->n_rows] = provision_of(saving, row);
		saving->rows[saving->n_rows++].id = oid_new();
	}
}

static void answer_saved(struct request *request, const char *message, const struct oid *id)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kstr(json, "message", message);
	json_kbool(json, "result", true);
	form_oid(json, "operationId", id);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
}

static enum db_status update_or_add(struct db *db, struct write *write)
{
	struct saving *saving = write->arg;
	uint64_t user = write->app->user.id;
	enum db_status status = DB_NONE;

	if (saving->has_operation_id) {
		status = operation_update(db, write->request->pool, user, &saving->operation);
		if (status == DB_OK)
			answer_saved(write->request, "Operation updated", &saving->operation.id);
	}
	if (status == DB_NONE) {
		status = operations_insert(db, write->request->pool, user, saving->rows, saving->n_rows);
		if (status == DB_OK)
			answer_saved(write->request, "Operation added", &saving->rows[0].id);
	}
	if (status != DB_REFUSED)
		return status;
	/* The tenant or the immeuble went between the checks and here. */
	field_invalid(&saving->fields, "Locataire");
	fields_refused(&saving->fields);
	return DB_NONE;
}

/* Checks against the database, inside the transaction: nothing they saw can change before the write. */
static enum db_status check_and_save(struct db *db, struct write *write)
{
	struct saving *saving = write->arg;
	uint64_t user = write->app->user.id;
	struct immeuble immeuble = {0};
	enum db_status status = immeuble_get(db, write->request->pool, user, &saving->immeuble_id, &immeuble);

	if (status == DB_NONE)
		path_refused(write->request, "immeubleId");
	if (status != DB_OK ||
	    (status = check_type(saving, db)) != DB_OK ||
	    (status = check_locataire(saving, db, user)) != DB_OK ||
	    (status = check_emprunt(saving, db, user)) != DB_OK)
		return status;
	if (fields_refused(&saving->fields))
		return DB_NONE;
	saving->operation.immeuble_id = saving->immeuble_id;
	for (size_t i = 0; i < saving->n_rows; i++)
		saving->rows[i].immeuble_id = saving->immeuble_id;
	return update_or_add(db, write);
}

void save_operation(struct app *app, struct request *request)
{
	struct saving saving = {
		.fields = {.request = request},
		.repeat_until = JOUR_NONE,
		.operation = {.debut = JOUR_NONE, .fin = JOUR_NONE, .emprunt_index = -1, .robot = TRI_NO}
	};
	struct operation *o = &saving.operation;

	if (path_oid(request, 0, &saving.immeuble_id) != 0) {
		path_refused(request, "immeubleId");
		return;
	}
	saving.has_operation_id = path_oid(request, 1, &o->id) == 0;
	read_type(&saving);
	read_amounts(&saving);
	read_dates(&saving);
	read_locataire_id(&saving);
	read_rest(&saving);
	o->type_id = saving.type;
	o->date_created = clock_now_ms();
	if (saving.fields.errors.len == 0)
		make_rows(&saving);
	o->date_last_modified = o->date_created;        /* of an update; rows to insert have none */
	write_operations(app, request, check_and_save, &saving);
	text_free(&saving.fields.errors);       /* of an immeuble that is none, before they could be told */
}
