/*
 * Changing a portfolio: the common transaction, and the changes of a single row.
 */
#include "gestion/write.h"

#include "access/error.h"
#include "access/login.h"
#include "access/once.h"
#include "base/clock.h"
#include "domain/ventilation.h"
#include "gestion/fields.h"
#include "gestion/form.h"
#include "store/locataire.h"
#include "store/operation.h"

static enum db_status touch_and_work(struct db *db, void *arg)
{
	struct write *write = arg;
	enum db_status status = write->touch(db, write->app->user.id);

	if (status == DB_NONE)          /* the account went while the request was on its way */
		error_gestion(write->request, 200, GESTION_UNKNOWN_USER, LOGIN_UNKNOWN_MESSAGE);
	return status == DB_OK ? write->work(db, write) : status;
}

static void run(struct write *write)
{
	struct app *app = write->app;
	struct request *request = write->request;
	struct once once = {
		.db = app->db,
		.request = request,
		.owner = pool_printf(request->pool, "u%llu", (unsigned long long)app->user.id),
		.work = touch_and_work,
		.arg = write,
		.error = error_gestion_http
	};
	enum db_status status;

	if (!once_key_is_valid(request)) {
		error_gestion_http(request, 400, "invalid Idempotency-Key");
		return;
	}
	status = once_run(&once);
	if (status != DB_OK)
		error_gestion_database(request, app->db, status, "write");
}

void write_run(struct app *app, struct request *request, write_fn *work, void *arg)
{
	run(&(struct write){app, request, user_touch_portfolio, work, arg});
}

void write_operations(struct app *app, struct request *request, write_fn *work, void *arg)
{
	run(&(struct write){app, request, user_touch_operations, work, arg});
}

static void answer_done(struct request *request)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
}

/* Ends the work on one row: DB_NONE, none of this landlord's, is answered as a bad id. */
static enum db_status answer_row(struct request *request, enum db_status status, const char *id_name)
{
	if (status == DB_OK)
		answer_done(request);
	else if (status == DB_NONE)
		path_refused(request, id_name);
	return status;
}

static enum db_status mark(struct db *db, struct write *write)
{
	struct oid id;
	bool paid = *(bool *)write->arg;

	if (path_oid(write->request, 0, &id) != 0)
		return answer_row(write->request, DB_NONE, "operationId");
	return answer_row(write->request, operation_set_paid(db, write->app->user.id, &id, paid, clock_now_ms()),
	                  "operationId");
}

/* One statement that may be run again is a transaction by itself; with a key to be kept it is part of one. */
static void mark_as(struct app *app, struct request *request, bool paid)
{
	struct write write = {app, request, user_touch_operations, mark, &paid};
	enum db_status status;

	if (request->idempotency_key != NULL) {
		write_operations(app, request, mark, &paid);
		return;
	}
	status = mark(app->db, &write);
	if (status != DB_OK && status != DB_NONE)
		error_gestion_database(request, app->db, status, "write");
}

void mark_operation_paid(struct app *app, struct request *request)
{
	mark_as(app, request, true);
}

void mark_operation_unpaid(struct app *app, struct request *request)
{
	mark_as(app, request, false);
}

/* Run again after a commit of unknown outcome, an operation that it found before and not now is deleted as asked. */
static enum db_status delete(struct db *db, struct write *write)
{
	bool *found = write->arg;
	struct oid id;
	enum db_status status = path_oid(write->request, 0, &id) == 0 ? DB_OK : DB_NONE;

	if (status == DB_OK)
		status = operation_delete(db, write->app->user.id, &id);
	if (status == DB_NONE && *found)
		status = DB_OK;
	*found = status == DB_OK;
	return answer_row(write->request, status, "operationId");
}

void delete_operation(struct app *app, struct request *request)
{
	bool found = false;

	write_operations(app, request, delete, &found);
}

static enum db_status gone(struct db *db, struct write *write)
{
	struct request *request = write->request;
	struct json_out *json;
	struct oid id;
	enum db_status status = path_oid(request, 0, &id) == 0 ? DB_OK : DB_NONE;

	if (status == DB_OK)
		status = locataire_set_quit(db, request->pool, write->app->user.id, &id, *(jour *)write->arg,
		                            clock_now_ms());
	if (status == DB_REFUSED) {
		error_gestion(request, 200, GESTION_DATES,
		              "La date de départ doit être postérieure à la date d'entrée");
		return DB_NONE;
	}
	if (status != DB_OK)
		return answer_row(request, status, "locataireId");
	json = response_json(request, 200);
	json_object(json);
	json_kbool(json, "result", true);
	form_oid(json, "locataireId", &id);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
	return DB_OK;
}

void set_locataire_gone(struct app *app, struct request *request)
{
	const char *text = NULL;
	jour quit = jour_today();
	enum param_result result = params_text(&request->params, "quitDate", 40, &text);

	if (result == PARAM_INVALID || (text != NULL && !text_is_blank(text) && jour_parse(text, &quit) != 0)) {
		error_gestion(request, 200, GESTION_FIELDS, "La date de départ du locataire est invalide.");
		return;
	}
	write_run(app, request, gone, &quit);
}

static void answer_ventilation(struct request *request, const struct locataire *locataire, montant total, montant caf)
{
	struct ventilation v = ventilation_split(total, locataire->loyer_last, locataire->provision_last, caf);
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kmontant(json, "currentLoyer", locataire->loyer_last);
	json_kmontant(json, "currentProvision", locataire->provision_last);
	json_kmontant(json, "restantAPayer", v.restant_a_payer);
	json_kmontant(json, "caf", caf);
	json_kmontant(json, "montantTotal", total);
	json_kmontant(json, "loyerHC", v.loyer_hc);
	json_kmontant(json, "provision", v.provision);
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
}

void ventilation_loyer(struct app *app, struct request *request)
{
	struct fields fields = {.request = request};
	struct locataire locataire = {0};
	struct oid id;
	montant total = 0, caf = 0;
	enum db_status status = path_oid(request, 0, &id) == 0 ? DB_OK : DB_NONE;

	if (status == DB_OK)
		status = locataire_get(app->db, request->pool, app->user.id, &id, &locataire);
	if (status == DB_OK)
		status = locataire_last_caf(app->db, app->user.id, &id, &caf);
	if (status == DB_NONE) {
		path_refused(request, "locataireId");
		return;
	}
	if (status != DB_OK) {
		error_gestion_database(request, app->db, status, "ventilation");
		return;
	}
	if (request->n_captures < 2)
		field_missing(&fields, "Montant total");
	else if (montant_parse(request->capture[1], &total) != 0 || total < 0)
		field_invalid(&fields, "Montant total");
	if (!fields_refused(&fields))
		answer_ventilation(request, &locataire, total, caf);
}
