/*
 * Two groups have a connection each: what went wrong with one is still told of it while the other is being stored.
 */
#include "communication/send_group.h"

#include <stdlib.h>

#include "access/app.h"
#include "access/guard.h"
#include "base/log.h"
#include "communication/send.h"

enum { LOCK_WAIT = 1 };                 /* seconds: all of a group wait for what stands in the way of one */

struct send_group {
	struct app *app;
	struct db *db;
	size_t n;
	struct request *requests[AT_ONCE_MOST];
	struct client clients[AT_ONCE_MOST];
	struct outbox_message messages[AT_ONCE_MOST];
	struct outbox_single singles[AT_ONCE_MOST];
};

static void *group_open(struct app *app)
{
	struct send_group *group = mem_alloc(sizeof *group);

	group->app = app;
	group->db = db_open(app->settings);
	db_set_lock_wait(group->db, LOCK_WAIT);
	return group;
}

static void group_close(void *arg)
{
	struct send_group *group = arg;

	db_close(group->db);
	free(group);
}

static bool group_add(void *arg, struct request *request)
{
	struct send_group *group = arg;
	struct outbox_message *message = &group->messages[group->n];
	struct client *client = &group->clients[group->n];

	if (request->idempotency_key != NULL || !guard_recognises_client(group->app, request, client) ||
	    message_in_read(request->pool, send_form_of(request), &request->params, message) != NULL ||
	    !guard_takes_rate(group->app, request, client))
		return false;
	group->requests[group->n] = request;
	group->singles[group->n++] = (struct outbox_single){
		.client_id = client->id, .lifetime = send_lifetime(group->app->settings), .message = message,
	};
	return true;
}

static void group_work(void *arg)
{
	struct send_group *group = arg;

	outbox_queue_singles(group->db, group->singles, group->n);
}

static void answer(struct send_group *group, size_t i)
{
	enum db_status status = group->singles[i].status;

	if (status == DB_OK) {
		send_answer(group->requests[i], &group->messages[i]);
	} else if (status == DB_NONE) {
		guard_returns_rate(group->app, &group->clients[i]);
	} else {
		log_set_request(group->requests[i]->id);
		send_refuse(group->requests[i], group->db, status);
		log_set_request(NULL);
	}
}

static void group_answer(void *arg)
{
	struct send_group *group = arg;

	for (size_t i = 0; i < group->n; i++)
		answer(group, i);
	group->n = 0;
}

const struct together send_together = {group_open, group_close, group_add, group_work, group_answer};
