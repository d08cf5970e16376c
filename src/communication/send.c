/*
 * Queues what a client sends: reads every item, stores the good ones in one transaction, answers in their order.
 *
 * With an Idempotency-Key the answer is stored in that same transaction (access/once.h).
 */
#include "communication/send.h"

#include <assert.h>

#include "access/error.h"
#include "access/once.h"
#include "communication/message_in.h"
#include "http/router.h"
#include "store/outbox.h"

struct send_item {
	const char *error;              /* NULL: it is in `good` */
	size_t place;                   /* where in `good` */
};

struct send {
	struct app *app;
	struct request *request;
	enum message_form form;
	struct send_item *items;
	size_t n_items;
	struct outbox_message *good;
	size_t n_good;
	struct outbox_lifetime lifetime;
};

static void read_item(struct send *send, struct send_item *item, const struct params *params)
{
	struct outbox_message *message = &send->good[send->n_good];
	item->error = message_in_read(send->request->pool, send->form, params, message);
	if (item->error == NULL)
		item->place = send->n_good++;
}

static void read_items(struct send *send)
{
	struct request *request = send->request;
	send->n_items = request->is_batch ? request->n_items : 1;
	send->items = pool_alloc(request->pool, send->n_items * sizeof *send->items);
	send->good = pool_alloc(request->pool, send->n_items * sizeof *send->good);
	if (!request->is_batch)
		read_item(send, &send->items[0], &request->params);
	for (size_t i = 0; request->is_batch && i < send->n_items; i++) {
		if (request->item_is_object[i])
			read_item(send, &send->items[i], &request->items[i]);
		else
			send->items[i].error = "invalid message";
	}
}

static void write_address(struct json_out *json, enum message_form form, const struct outbox_message *message)
{
	switch (form) {
	case MESSAGE_EMAIL:
		json_kstr(json, "recipient", message != NULL ? message->email : NULL);
		break;
	case MESSAGE_SMS:
		json_kstr(json, "recipient", message != NULL ? message->phone : NULL);
		break;
	case MESSAGE_ANY:
		json_kstr(json, "email", message != NULL ? message->email : NULL);
		json_kstr(json, "phone", message != NULL ? message->phone : NULL);
		break;
	}
}

static void write_item(struct json_out *json, const struct send *send, const struct send_item *item)
{
	const struct outbox_message *message = item->error == NULL ? &send->good[item->place] : NULL;
	const char *error = item->error;
	if (message != NULL && message->unsubscribed) {
		error = "recipient unsubscribed";
		message = NULL;
	}
	json_object(json);
	json_kbool(json, "error", error != NULL);
	write_address(json, send->form, message);
	json_kstr(json, "message", error != NULL ? error : "Message successfully queued");
	if (message != NULL)
		json_ku64(json, "id", message->id);
	json_object_end(json);
}

void send_answer(struct request *request, const struct outbox_message *message)
{
	if (message->unsubscribed) {
		error_answer(request, 400, "recipient unsubscribed");
		return;
	}
	struct json_out *json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_kstr(json, "message", "Message successfully queued");
	json_ku64(json, "id", message->id);
	json_object_end(json);
}

void send_refuse(struct request *request, struct db *db, enum db_status status)
{
	error_database(request, db, status, "queue");
}

static void answer_single(const struct send *send)
{
	if (send->items[0].error != NULL)
		error_answer(send->request, 400, send->items[0].error);
	else
		send_answer(send->request, &send->good[0]);
}

static void answer(const struct send *send)
{
	if (!send->request->is_batch) {
		answer_single(send);
		return;
	}
	struct json_out *json = response_json(send->request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_key(json, "messages");
	json_array(json);
	for (size_t i = 0; i < send->n_items; i++)
		write_item(json, send, &send->items[i]);
	json_array_end(json);
	json_object_end(json);
}

static bool created_any(const struct send *send)
{
	for (size_t i = 0; i < send->n_good; i++)
		if (!send->good[i].unsubscribed)
			return true;
	return false;
}

/* The work of a transaction that has taken its key: queue and answer. */
static enum db_status queue_in(struct db *db, void *arg)
{
	struct send *send = arg;
	enum db_status status = outbox_queue_in(db, send->app->client.id, &send->lifetime, send->good, send->n_good);
	if (status != DB_OK)
		return status;
	answer(send);
	return created_any(send) ? DB_OK : DB_NONE;
}

static enum db_status run_with_key(struct send *send)
{
	struct once once = {
		.db = send->app->db,
		.request = send->request,
		.owner = pool_printf(send->request->pool, "c%llu", (unsigned long long)send->app->client.id),
		.work = queue_in,
		.arg = send,
		.error = error_answer,
	};
	return once_run(&once);
}

static enum db_status run_without_key(struct send *send)
{
	enum db_status status = outbox_queue(send->app->db, send->app->client.id, &send->lifetime, send->good,
	                                     send->n_good);
	if (status == DB_OK)
		answer(send);
	return status;
}

struct outbox_lifetime send_lifetime(const struct settings *settings)
{
	return (struct outbox_lifetime){settings->expire_mail, settings->expire_sms};
}

static void send_form(struct app *app, struct request *request, enum message_form form)
{
	struct send send = {.app = app, .request = request, .form = form};
	send.lifetime = send_lifetime(app->settings);
	if (!once_key_is_valid(request)) {
		error_invalid(request, "Idempotency-Key");
		return;
	}
	if (request->is_batch && request->n_items == 0) {
		error_invalid(request, "body");
		return;
	}
	read_items(&send);
	if (send.n_good == 0) {
		answer(&send);
		return;
	}
	enum db_status status = request->idempotency_key != NULL ? run_with_key(&send) : run_without_key(&send);
	if (status != DB_OK)
		send_refuse(request, app->db, status);
}

void send_email(struct app *app, struct request *request)
{
	send_form(app, request, MESSAGE_EMAIL);
}

void send_sms(struct app *app, struct request *request)
{
	send_form(app, request, MESSAGE_SMS);
}

void send_message(struct app *app, struct request *request)
{
	send_form(app, request, MESSAGE_ANY);
}

enum message_form send_form_of(const struct request *request)
{
	if (request->route->handler == send_email)
		return MESSAGE_EMAIL;
	if (request->route->handler == send_sms)
		return MESSAGE_SMS;
	assert(request->route->handler == send_message);
	return MESSAGE_ANY;
}
