/*
 * bailleurctl webhook: where clients want to hear of changes, what is still to be told, and telling it again.
 */
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "ctl.h"
#include "delivery/webhook_url.h"
#include "domain/webhook_signature.h"
#include "store/webhook.h"

enum { SECRET_BYTES = 32, EVENTS_SHOWN = 100 };

static void show_secret(struct ctl *ctl, const char *name, const char *url, const uint8_t *secret, size_t len)
{
	char text[WEBHOOK_SECRET_TEXT];

	webhook_secret_text(secret, len, text);
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "client", name);
		if (url != NULL)
			json_kstr(&ctl->json, "url", url);
		json_kstr(&ctl->json, "secret", text);
		json_object_end(&ctl->json);
		return;
	}
	ctl_put_field(&ctl->out, "client", name);
	ctl_put_field(&ctl->out, "url", url);
	ctl_put_field(&ctl->out, "secret", text);
}

int ctl_client_webhook(struct ctl *ctl)
{
	uint8_t fresh[SECRET_BYTES];
	struct client client;
	struct webhook_endpoint endpoint = {0};
	const char *refused = webhook_url_refused(ctl->args[1], ctl->settings.webhook_allow_private);
	enum db_status status;
	int exit_status;

	if (refused != NULL)
		return ctl_misuse("«%s» %s", ctl->args[1], refused);
	exit_status = ctl_find_client(ctl, ctl->args[0], &client);
	if (exit_status != CTL_OK)
		return exit_status;
	randombytes_buf(fresh, sizeof fresh);
	status = webhook_set_url(ctl->db, client.id, ctl->args[1], fresh, sizeof fresh);
	if (status == DB_OK)
		status = webhook_endpoint_get(ctl->db, ctl->pool, client.id, &endpoint);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "set the webhook");
	show_secret(ctl, client.name, endpoint.url, endpoint.secret, endpoint.secret_len);
	return CTL_OK;
}

int ctl_webhook_rotate(struct ctl *ctl)
{
	uint8_t fresh[SECRET_BYTES];
	struct client client;
	enum db_status status;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status != CTL_OK)
		return exit_status;
	randombytes_buf(fresh, sizeof fresh);
	status = webhook_rotate(ctl->db, client.id, fresh, sizeof fresh);
	if (status == DB_NONE)
		return ctl_fail("«%s» has no webhook (see bailleurctl client webhook)", client.name);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "change the secret");
	show_secret(ctl, client.name, NULL, fresh, sizeof fresh);
	return CTL_OK;
}

int ctl_webhook_disable(struct ctl *ctl)
{
	struct client client;
	enum db_status status;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status != CTL_OK)
		return exit_status;
	status = webhook_disable(ctl->db, client.id, "disabled by an operator");
	if (status == DB_NONE)
		return ctl_fail("«%s» has no webhook", client.name);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "disable the webhook");
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "client", client.name);
		json_kbool(&ctl->json, "disabled", true);
		json_object_end(&ctl->json);
	} else {
		text_puts(&ctl->out, "its webhook is disabled\n");
	}
	return CTL_OK;
}

static void endpoints_json(struct ctl *ctl, const struct webhook_endpoint *list, size_t n)
{
	json_object(&ctl->json);
	json_key(&ctl->json, "webhooks");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "client", list[i].client_name);
		json_kstr(&ctl->json, "url", list[i].url);
		json_kbool(&ctl->json, "disabled", list[i].disabled);
		json_kstr(&ctl->json, "why", list[i].disabled_why);
		json_ku64(&ctl->json, "waiting", list[i].waiting);
		json_ku64(&ctl->json, "failures", list[i].failures);
		ctl_json_time(&ctl->json, "retry_at", list[i].retry_at);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static const char *endpoint_state(struct ctl *ctl, const struct webhook_endpoint *w)
{
	if (w->disabled)
		return pool_printf(ctl->pool, "disabled: %s", w->disabled_why != NULL ? w->disabled_why : "");
	if (w->failures > 0)
		return pool_printf(ctl->pool, "%" PRIu32 " failures, again at %s", w->failures,
		                   ctl_time(ctl->pool, w->retry_at));
	return "enabled";
}

static void endpoints_text(struct ctl *ctl, const struct webhook_endpoint *list, size_t n)
{
	struct ctl_table table = {.n_columns = 4};

	ctl_table_row(&table, (const char *const[]){"CLIENT", "WAITING", "STATE", "URL"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table,
		              (const char *const[]){list[i].client_name,
		                                    pool_printf(ctl->pool, "%" PRIu64, list[i].waiting),
		                                            endpoint_state(ctl, &list[i]), list[i].url});
	ctl_table_end(&table, &ctl->out);
}

int ctl_webhook_list(struct ctl *ctl)
{
	struct webhook_endpoint *list = NULL;
	size_t n = 0;
	enum db_status status = webhook_endpoints(ctl->db, ctl->pool, &list, &n);

	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "list the webhooks");
	(ctl->want_json ? endpoints_json : endpoints_text)(ctl, list, n);
	return CTL_OK;
}

/* As the receiver sees it. */
static const char *webhook_id(struct ctl *ctl, const struct webhook_event *event)
{
	char uuid[ID_UUID_TEXT];

	id_uuid_text(event->uuid, uuid);
	return pool_printf(ctl->pool, "msg_%s", uuid);
}

static void events_json(struct ctl *ctl, const struct webhook_event *list, size_t n)
{
	json_object(&ctl->json);
	json_key(&ctl->json, "events");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "id", list[i].id);
		json_kstr(&ctl->json, "webhook_id", webhook_id(ctl, &list[i]));
		json_ku64(&ctl->json, "appointment", list[i].appointment_id);
		json_kstr(&ctl->json, "state", list[i].state);
		json_ku64(&ctl->json, "attempts", list[i].attempt);
		json_ku64(&ctl->json, "last_status", list[i].last_status);
		json_kstr(&ctl->json, "error", list[i].error);
		ctl_json_time(&ctl->json, "created_at", list[i].created_at);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static void events_text(struct ctl *ctl, const struct webhook_event *list, size_t n)
{
	struct ctl_table table = {.n_columns = 7};

	ctl_table_row(&table, (const char *const[]){"EVENT", "APPOINTMENT", "STATE", "ATTEMPTS", "CREATED",
	                                            "WEBHOOK-ID", "ERROR"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table, (const char *const[]){
			pool_printf(ctl->pool, "%" PRIu64, list[i].id),
			pool_printf(ctl->pool, "%" PRIu64, list[i].appointment_id), list[i].state,
			pool_printf(ctl->pool, "%u", list[i].attempt), ctl_time(ctl->pool, list[i].created_at),
			webhook_id(ctl, &list[i]), list[i].error != NULL ? list[i].error : "-"});
	ctl_table_end(&table, &ctl->out);
}

int ctl_webhook_events(struct ctl *ctl)
{
	struct client client;
	struct webhook_event *list = NULL;
	size_t n = 0;
	enum db_status status;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status != CTL_OK)
		return exit_status;
	status = webhook_list(ctl->db, ctl->pool, client.id, NULL, EVENTS_SHOWN, &list, &n);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "list the events");
	(ctl->want_json ? events_json : events_text)(ctl, list, n);
	return CTL_OK;
}

int ctl_webhook_replay(struct ctl *ctl)
{
	struct client client;
	uint64_t event = 0, n = 0;
	enum db_status status;
	int exit_status;

	if (ctl->n_args == 2 && text_to_u64(ctl->args[1], 1, INT64_MAX, &event) != 0)
		return ctl_misuse("«%s» is no event's number (see bailleurctl webhook events)", ctl->args[1]);
	exit_status = ctl_find_client(ctl, ctl->args[0], &client);
	if (exit_status != CTL_OK)
		return exit_status;
	status = webhook_replay(ctl->db, client.id, event, clock_now_ms(), ctl->settings.expire_webhook, &n);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "queue the events again");
	if (event != 0 && n == 0)
		return ctl_fail("no event %" PRIu64 " of «%s» is at rest", event, client.name);
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "queued", n);
		json_object_end(&ctl->json);
	} else {
		text_printf(&ctl->out, "%" PRIu64 " queued again\n", n);
	}
	return CTL_OK;
}
