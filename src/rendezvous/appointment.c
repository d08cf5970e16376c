/*
 * /v1/appointments. Each change is one transaction with the event that tells it.
 */
#include "rendezvous/appointment.h"

#include <string.h>

#include "access/error.h"
#include "access/once.h"
#include "base/clock.h"
#include "communication/filter.h"
#include "rendezvous/appointment_form.h"
#include "rendezvous/appointment_in.h"

struct item {
	const char *error;              /* NULL: `appointment` is to be stored */
	struct appointment appointment;
};

struct creating {
	struct app *app;
	struct request *request;
	struct item *items;
	size_t n;
	uint8_t uuid[ID_UUID_SIZE];     /* chosen before the transaction: settles an uncertain commit */
	int64_t now;
};

static const char *owner_of(const struct app *app, struct pool *pool)
{
	return pool_printf(pool, "c%llu", (unsigned long long)app->client.id);
}

static void read_item(struct creating *creating, struct item *item, const struct params *params)
{
	appointment_in_defaults(&item->appointment);
	item->error = appointment_in_read(creating->request->pool, params, false, &item->appointment);
	item->appointment.client_id = creating->app->client.id;
	item->appointment.created_at = item->appointment.updated_at = creating->now;
}

static void read_items(struct creating *creating)
{
	struct request *request = creating->request;

	creating->n = request->is_batch ? request->n_items : 1;
	creating->items = pool_alloc(request->pool, creating->n * sizeof *creating->items);
	if (!request->is_batch)
		read_item(creating, &creating->items[0], &request->params);
	for (size_t i = 0; request->is_batch && i < creating->n; i++) {
		if (request->item_is_object[i])
			read_item(creating, &creating->items[i], &request->items[i]);
		else
			creating->items[i].error = "invalid appointment";
	}
}

static void write_item(struct json_out *json, const struct item *item)
{
	json_object(json);
	json_kbool(json, "error", item->error != NULL);
	json_kstr(json, "message", item->error != NULL ? item->error : "Appointment successfully created");
	if (item->error == NULL)
		json_ku64(json, "id", item->appointment.id);
	json_object_end(json);
}

static void answer_single(struct request *request, const char *message, uint64_t id)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_ku64(json, "status", 200);
	json_kstr(json, "message", message);
	json_ku64(json, "id", id);
	json_object_end(json);
}

static void answer_created(const struct creating *creating)
{
	struct request *request = creating->request;
	struct json_out *json;

	if (!request->is_batch && creating->items[0].error != NULL) {
		error_answer(request, 400, creating->items[0].error);
		return;
	}
	if (!request->is_batch) {
		answer_single(request, "Appointment successfully created", creating->items[0].appointment.id);
		return;
	}
	json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_key(json, "appointments");
	json_array(json);
	for (size_t i = 0; i < creating->n; i++)
		write_item(json, &creating->items[i]);
	json_array_end(json);
	json_object_end(json);
}

static enum db_status create(struct db *db, void *arg)
{
	struct creating *creating = arg;
	struct pool *pool = creating->request->pool;
	int64_t lifetime = creating->app->settings->expire_webhook;
	enum db_status status = DB_NONE;

	for (size_t i = 0; i < creating->n; i++) {
		struct appointment *a = &creating->items[i].appointment;

		if (creating->items[i].error != NULL)
			continue;
		status = appointment_add(db, creating->app->client.id, creating->uuid, (uint32_t)i, a);
		if (status == DB_OK)
			status = appointment_tell(db, pool, a, creating->now, lifetime);
		if (status != DB_OK)
			return status;
	}
	answer_created(creating);
	return status;
}

static void run_once(struct app *app, struct request *request, enum db_status (*work)(struct db *, void *), void *arg)
{
	struct once once = {
		.db = app->db,
		.request = request,
		.owner = owner_of(app, request->pool),
		.work = work,
		.arg = arg,
		.error = error_answer
	};
	enum db_status status;

	if (!once_key_is_valid(request)) {
		error_invalid(request, "Idempotency-Key");
		return;
	}
	status = once_run(&once);
	if (status != DB_OK)
		error_database(request, app->db, status, "appointment");
}

void appointments_create(struct app *app, struct request *request)
{
	struct creating creating = {.app = app, .request = request, .now = clock_now_ms()};

	if (request->is_batch && request->n_items == 0) {
		error_invalid(request, "body");
		return;
	}
	id_uuid7(creating.uuid);
	read_items(&creating);
	run_once(app, request, create, &creating);
}

/* Returns NULL, or the name of the parameter that is invalid. */
static const char *read_filter(const struct params *params, struct appointment_filter *filter)
{
	static const char *const statuses[] = {"preset", "approved", "cancelled"};
	struct filter_page page;
	struct filter_period period;
	const char *wrong, *status = NULL;

	if (params_text(params, "status", 20, &status) == PARAM_INVALID)
		return "status";
	for (size_t i = 0; status != NULL && i < sizeof statuses / sizeof statuses[0]; i++)
		if (strcmp(status, statuses[i]) == 0)
			filter->status = statuses[i];
	if (status != NULL && filter->status == NULL)
		return "status";
	if (params_u64(params, "before_id", 1, INT64_MAX, &filter->before_id) == PARAM_INVALID)
		return "before_id";
	if ((wrong = filter_read_page(params, &page)) != NULL || (wrong = filter_read_period(params, &period)) != NULL)
		return wrong;
	filter->limit = page.limit;
	filter->offset = page.offset;
	filter->from = period.from;
	filter->until = period.until;
	return NULL;
}

static void write_listed(struct json_out *json, struct pool *pool, const struct appointment *a)
{
	char iso[CLOCK_ISO_SIZE];

	json_object(json);
	json_ku64(json, "id", a->id);
	appointment_members(json, pool, a);
	clock_iso(a->created_at, iso);
	json_kstr(json, "created_at", iso);
	clock_iso(a->updated_at, iso);
	json_kstr(json, "updated_at", iso);
	json_object_end(json);
}

void appointments_list(struct app *app, struct request *request)
{
	struct appointment_filter filter = {0};
	struct appointment *list = NULL;
	struct json_out *json;
	size_t n = 0;
	const char *wrong = read_filter(&request->params, &filter);
	enum db_status status;

	if (wrong != NULL) {
		error_invalid(request, wrong);
		return;
	}
	status = appointment_list(app->db, request->pool, app->client.id, &filter, &list, &n);
	if (status == DB_NONE) {
		error_invalid(request, "before_id");
		return;
	}
	if (status != DB_OK) {
		error_database(request, app->db, status, "appointment-list");
		return;
	}
	json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_key(json, "appointments");
	json_array(json);
	for (size_t i = 0; i < n; i++)
		write_listed(json, request->pool, &list[i]);
	json_array_end(json);
	json_object_end(json);
}

struct changing {
	struct app *app;
	struct request *request;
	uint64_t id;
	const char *status;             /* to set; NULL: what the parameters say */
	const char *done;
	uint8_t uuid[ID_UUID_SIZE];     /* chosen before the transaction: settles an uncertain commit */
};

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Would its reminder say something else, or go elsewhere? */
static bool is_reminded_otherwise(const struct appointment *a, const struct appointment *before)
{
	return a->start_at != before->start_at || a->reminder_delay != before->reminder_delay ||
	       !same(a->reminder_channel, before->reminder_channel) || !same(a->location, before->location) ||
	       !same(a->first_name, before->first_name) || !same(a->last_name, before->last_name) ||
	       !same(a->email, before->email) || !same(a->phone, before->phone);
}

static bool is_the_same(const struct appointment *a, const struct appointment *before)
{
	return !is_reminded_otherwise(a, before) && a->end_at == before->end_at && same(a->status, before->status) &&
	       same(a->channel, before->channel) && same(a->variables, before->variables);
}

/*
 * A reminder that was queued and has not left, for it waits or has failed, is taken back; what takes its place is
 * queued when it is due. One that has left, or half of it, stays sent, unless the appointment is moved: then it is
 * reminded of anew. Nothing of the old one is to be sent again by an operator.
 */
static enum db_status revise_reminder(struct db *db, struct pool *pool, const struct appointment *before,
                                      struct appointment *a)
{
	bool cancelled = strcmp(a->status, "cancelled") == 0, moved = a->start_at != before->start_at, whole;
	enum db_status status;

	if (!a->reminder_sent || (!cancelled && !is_reminded_otherwise(a, before)))
		return DB_OK;
	status = appointment_take_back(db, pool, a, cancelled || moved, &whole);
	if (status == DB_OK)
		status = appointment_withdraw_reminder(db, before);
	if (whole || moved)
		a->reminder_sent = false;
	return status;
}

/* Stores a change with what follows from it. */
static enum db_status store_change(struct db *db, const struct changing *changing, const struct appointment *before,
                                   struct appointment *a)
{
	struct pool *pool = changing->request->pool;
	enum db_status status;

	a->updated_at = clock_now_ms();
	memcpy(a->change, changing->uuid, sizeof a->change);
	status = revise_reminder(db, pool, before, a);
	if (status == DB_OK)
		status = appointment_update(db, changing->app->client.id, a);
	if (status == DB_OK)
		status = appointment_tell(db, pool, a, a->updated_at, changing->app->settings->expire_webhook);
	return status == DB_NONE ? DB_BUG : status;
}

/*
 * What is changed must not have been cancelled: a cancelled appointment stays as it is. What changes nothing is no
 * news: it is answered, and not told.
 */
static enum db_status apply(struct db *db, struct changing *changing, struct appointment *a)
{
	struct request *request = changing->request;
	struct appointment before = *a;
	const char *wrong = NULL;
	enum db_status status = DB_OK;

	if (strcmp(a->status, "cancelled") == 0) {
		error_answer(request, 400, "appointment cancelled");
		return DB_NONE;
	}
	if (changing->status != NULL)
		a->status = changing->status;
	else
		wrong = appointment_in_read(request->pool, &request->params, true, a);
	if (wrong != NULL) {
		error_answer(request, 400, wrong);
		return DB_NONE;
	}
	if (!is_the_same(a, &before))
		status = store_change(db, changing, &before, a);
	if (status == DB_OK)
		answer_single(request, changing->done, a->id);
	return status;
}

static enum db_status change(struct db *db, void *arg)
{
	struct changing *changing = arg;
	struct appointment a = {0};
	enum db_status status = appointment_lock(db, changing->request->pool, changing->app->client.id, changing->id,
	                                         &a);

	if (status == DB_NONE)
		error_answer(changing->request, 404, "not found");
	if (status == DB_OK && memcmp(a.change, changing->uuid, sizeof a.change) == 0)
		return DB_NONE;         /* the run before was committed after all: its answer stands */
	return status == DB_OK ? apply(db, changing, &a) : status;
}

static void change_one(struct app *app, struct request *request, const char *status, const char *done)
{
	struct changing changing = {.app = app, .request = request, .status = status, .done = done};

	id_uuid7(changing.uuid);
	if (text_to_u64(request->capture[0], 1, INT64_MAX, &changing.id) != 0)
		error_answer(request, 404, "not found");
	else
		run_once(app, request, change, &changing);
}

void appointments_change(struct app *app, struct request *request)
{
	change_one(app, request, NULL, "Appointment successfully updated");
}

void appointments_approve(struct app *app, struct request *request)
{
	change_one(app, request, "approved", "Appointment successfully approved");
}

void appointments_cancel(struct app *app, struct request *request)
{
	change_one(app, request, "cancelled", "Appointment successfully cancelled");
}
