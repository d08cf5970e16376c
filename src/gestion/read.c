/*
 * Reading a portfolio.
 *
 * A finished answer is kept for (user, portfolio version, day, path) in memory the workers share, and the row that
 * authenticated the request carries the version: a repeated reading costs no further query, and is never stale.
 */
#include "gestion/reading.h"

#include <string.h>

#include "access/answer_cache.h"
#include "access/app.h"
#include "access/error.h"
#include "gestion/fields.h"

enum { LOCATAIRES_LIMIT = 10, OPERATIONS_LIMIT = 1000, LIMIT_MAX = 100000 };

static enum db_status build_once(struct reading *reading, struct request *request, build_fn *build)
{
	struct json_out *json = response_json(request, 200);
	enum db_status status;

	reading->form.json = json;
	json_object(json);
	status = build(reading);
	if (status != DB_OK)
		return status;
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_object_end(json);
	return DB_OK;
}

/* A reading that nothing must come in between. */
struct held {
	struct app *app;
	struct request *request;
	struct reading *reading;
	build_fn *build;
};

static enum db_status build_held(struct db *db, void *arg)
{
	struct held *held = arg;
	enum db_status status = user_hold_portfolio(db, held->reading->user, &held->reading->version);

	return status == DB_OK ? build_once(held->reading, held->request, held->build) : status;
}

static void keep_answer(struct app *app, const struct request *request, const struct reading *reading)
{
	answer_cache_put(app->answers, reading->user, reading->version.all, reading->today, request->path, request->body);
	if (reading->frame_is_new)
		answer_cache_put(app->answers, reading->user, reading->version.patrimoine, reading->today, FRAME,
		                 &reading->frame);
}

/*
 * Builds the answer from several statements, which cost no transaction; when a write came in between, again while
 * writers wait: an answer never shows half of a write. What is whole is kept.
 */
static enum db_status build_whole(struct app *app, struct request *request, struct reading *reading, build_fn *build)
{
	struct held held = {app, request, reading, build};
	enum db_status status = build_once(reading, request, build);
	struct version version;

	if (status == DB_OK && !reading->is_whole) {
		status = user_portfolio_version(app->db, reading->user, &version);
		if (status == DB_OK && version.all != reading->version.all)
			status = db_transaction(app->db, build_held, &held);
	}
	if (status == DB_OK)
		keep_answer(app, request, reading);
	return status;
}

static bool find_answer(struct app *app, struct request *request, struct reading *reading)
{
	response_json(request, 200);
	return answer_cache_get(app->answers, reading->user, &reading->version.all, reading->today, request->path,
	                        request->body);
}

/*
 * What is built is read from this worker's server. A version that another one told may be ahead of it, and what is old
 * here would be kept as that version's: so the server that is read is asked itself.
 */
static enum db_status build_anew(struct app *app, struct request *request, struct reading *reading, build_fn *build)
{
	enum db_status status = DB_OK;

	if (app->user_remembered && db_is_cluster(app->db))
		status = user_portfolio_version(app->db, reading->user, &reading->version);
	if (status == DB_NONE)          /* the account went while the request was on its way */
		status = DB_BUG;
	return status == DB_OK ? build_whole(app, request, reading, build) : status;
}

/* After another worker's turn its answer is there. */
static enum db_status build_or_find(struct app *app, struct request *request, struct reading *reading, build_fn *build)
{
	bool waited, alone = answer_cache_begin(app->answers, reading->user, &waited);
	enum db_status status = DB_OK;

	if (!waited || !find_answer(app, request, reading))
		status = build_anew(app, request, reading, build);
	if (alone)
		answer_cache_end(app->answers, reading->user);
	return status;
}

static void begin(struct app *app, struct request *request, struct reading *reading)
{
	reading->db = app->db;
	reading->pool = request->pool;
	reading->answers = app->answers;
	reading->today = jour_today();
}

void read_any(struct app *app, struct request *request, struct reading *reading, build_fn *build, const char *id_name)
{
	enum db_status status;

	reading->user = app->user.id;
	reading->version = app->user.version;
	begin(app, request, reading);
	if (find_answer(app, request, reading))
		return;
	reading->form.pool = request->pool;
	reading->form.user_id = pool_printf(request->pool, "%llu", (unsigned long long)reading->user);
	reading->form.maps_key = app->settings->maps_key;
	if (id_name != NULL && path_oid(request, 0, &reading->id) != 0)
		status = DB_NONE;
	else
		status = build_or_find(app, request, reading, build);
	if (status == DB_NONE)
		path_refused(request, id_name);
	else if (status != DB_OK)
		error_gestion_database(request, app->db, status, "read");
	text_free(&reading->frame);
}

enum db_status read_renewed(struct app *app, struct request *request, struct reading *reading, build_fn *build)
{
	uint64_t least = reading->version.all;
	enum db_status status;

	begin(app, request, reading);
	status = build_once(reading, request, build);
	if (status == DB_OK && (!reading->is_whole || reading->version.all < least))
		status = DB_NONE;       /* a write came in between; or another server answered, which is behind */
	if (status == DB_OK)
		keep_answer(app, request, reading);
	else
		request->status = 0;
	text_free(&reading->frame);
	return status;
}

/*
 * The optional last element of the path; an app that wants everything may say any number of 64 bits, and gets
 * LIMIT_MAX. Returns 0; -1 after answering that it is no limit.
 */
static int read_limit(struct request *request, uint32_t by_default, uint32_t *limit_r)
{
	uint64_t limit = by_default;

	if (request->n_captures > 1 && request->capture[1][0] != '\0' &&
	    text_to_u64(request->capture[1], 1, UINT64_MAX, &limit) != 0) {
		error_gestion(request, 200, GESTION_FIELDS, "Le nombre maximum demandé est invalide.");
		return -1;
	}
	*limit_r = limit < LIMIT_MAX ? (uint32_t)limit : LIMIT_MAX;
	return 0;
}

static enum db_status build_immeuble(struct reading *r)
{
	struct immeuble immeuble = {0};
	struct emprunt *emprunts;
	size_t n;
	enum db_status status = immeuble_get(r->db, r->pool, r->user, &r->id, &immeuble);

	if (status == DB_OK)
		status = emprunts_of_immeuble(r->db, r->pool, r->user, &r->id, &emprunts, &n);
	if (status != DB_OK)
		return status;
	json_key(r->form.json, "immeuble");
	form_immeuble_begin(&r->form, &immeuble, false);
	form_immeuble_loans(&r->form, &immeuble, emprunts, n);
	json_object_end(r->form.json);
	return DB_OK;
}

void read_immeuble(struct app *app, struct request *request)
{
	struct reading reading = {0};

	read_any(app, request, &reading, build_immeuble, "immeubleId");
}

/* The member `immeuble` as answers about something in it carry it. */
static enum db_status write_embedded(struct reading *r, const struct oid *id)
{
	struct immeuble immeuble = {0};
	struct declaration *declarations;
	size_t n;
	enum db_status status = immeuble_get(r->db, r->pool, r->user, id, &immeuble);

	if (status == DB_OK)
		status = declarations_of_immeuble(r->db, r->pool, r->user, id, &declarations, &n);
	if (status != DB_OK)
		return status;
	json_key(r->form.json, "immeuble");
	form_immeuble_embedded(&r->form, &immeuble, declarations, n);
	return DB_OK;
}

static void write_locataires(const struct reading *r, const struct locataire *locataires, size_t n)
{
	json_key(r->form.json, "locataires");
	json_array(r->form.json);
	for (size_t i = 0; i < n; i++)
		form_locataire(&r->form, &locataires[i]);
	json_array_end(r->form.json);
}

static enum db_status build_bien(struct reading *r)
{
	struct bien bien = {0};
	struct locataire *locataires;
	size_t n;
	enum db_status status = bien_get(r->db, r->pool, r->user, &r->id, &bien);

	if (status == DB_OK)
		status = locataires_present_in(r->db, r->pool, r->user, &r->id, r->today, &locataires, &n);
	if (status != DB_OK)
		return status;
	json_key(r->form.json, "bien");
	form_bien_begin(&r->form, &bien);
	write_locataires(r, locataires, n);
	form_bien_end(&r->form, &bien);
	return write_embedded(r, &bien.immeuble_id);
}

void read_bien(struct app *app, struct request *request)
{
	struct reading reading = {0};

	read_any(app, request, &reading, build_bien, "bienId");
}

static enum db_status build_locataires(struct reading *r)
{
	struct bien bien = {0};
	struct immeuble immeuble = {0};
	struct locataire *locataires;
	size_t n;
	uint64_t all;
	enum db_status status = bien_get(r->db, r->pool, r->user, &r->id, &bien);
	bool of_bien = status == DB_OK;

	if (of_bien) {
		status = locataires_of_bien(r->db, r->pool, r->user, &r->id, r->limit, &locataires, &n, &all);
	} else if (status == DB_NONE) {
		status = immeuble_get(r->db, r->pool, r->user, &r->id, &immeuble);
		if (status == DB_OK)
			status = locataires_of_immeuble(r->db, r->pool, r->user, &r->id, r->limit, &locataires, &n,
			                                &all);
	}
	if (status != DB_OK)
		return status;
	json_ku64(r->form.json, "countAll", all);
	json_ku64(r->form.json, "count", n);
	write_locataires(r, locataires, n);
	if (of_bien) {
		json_key(r->form.json, "bien");
		form_bien_begin(&r->form, &bien);
		form_bien_end(&r->form, &bien);
	}
	return write_embedded(r, of_bien ? &bien.immeuble_id : &r->id);
}

void read_locataires(struct app *app, struct request *request)
{
	struct reading reading = {0};

	if (read_limit(request, LOCATAIRES_LIMIT, &reading.limit) == 0)
		read_any(app, request, &reading, build_locataires, "immeubleIdOrbienId");
}

static enum db_status build_locataire(struct reading *r)
{
	struct locataire locataire = {0};
	enum db_status status = locataire_get(r->db, r->pool, r->user, &r->id, &locataire);

	if (status != DB_OK)
		return status;
	json_key(r->form.json, "locataire");
	form_locataire(&r->form, &locataire);
	return DB_OK;
}

void read_locataire(struct app *app, struct request *request)
{
	struct reading reading = {0};

	read_any(app, request, &reading, build_locataire, "locataireId");
}

static enum db_status build_operations(struct reading *r)
{
	struct immeuble immeuble = {0};
	struct operation *operations;
	size_t n;
	uint64_t all;
	enum db_status status = operations_of_immeuble(r->db, r->pool, r->user, &r->id, r->limit, &operations, &n,
	                                               &all);

	if (status == DB_OK && all == 0)        /* none, or no such immeuble? */
		status = immeuble_get(r->db, r->pool, r->user, &r->id, &immeuble);
	if (status != DB_OK)
		return status;
	json_ku64(r->form.json, "countAll", all);
	json_ku64(r->form.json, "count", n);
	json_key(r->form.json, "operations");
	json_array(r->form.json);
	for (size_t i = 0; i < n; i++)
		form_operation(&r->form, &operations[i]);
	json_array_end(r->form.json);
	return DB_OK;
}

void read_operations(struct app *app, struct request *request)
{
	struct reading reading = {0};

	if (read_limit(request, OPERATIONS_LIMIT, &reading.limit) == 0)
		read_any(app, request, &reading, build_operations, "immeubleId");
}
