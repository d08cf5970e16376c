/*
 * bailleurctl why: the whole story of one message. Its contents are left out: they are nobody's business here.
 */
#include <inttypes.h>
#include <string.h>

#include "base/id.h"
#include "ctl.h"

/* Reads `UUID` or `<UUID@host>`, the Message-ID of a mail. Returns 0, or -1. */
static int read_uuid(const char *given, uint8_t uuid[ID_UUID_SIZE])
{
	char text[ID_UUID_TEXT];
	const char *end;

	if (*given == '<')
		given++;
	end = given + strcspn(given, "@");
	if (end - given != ID_UUID_TEXT - 1)
		return -1;
	memcpy(text, given, ID_UUID_TEXT - 1);
	text[ID_UUID_TEXT - 1] = '\0';
	return id_uuid_parse(text, uuid);
}

static int find_message(struct ctl *ctl, const char *given, uint64_t *message_id_r)
{
	uint8_t uuid[ID_UUID_SIZE];
	enum db_status status;

	if (text_to_u64(given, 1, INT64_MAX, message_id_r) == 0)
		return CTL_OK;
	if (read_uuid(given, uuid) != 0)
		return ctl_misuse("«%s» is not a message's number, a delivery's UUID or a Message-ID", given);
	status = delivery_message(ctl->db, uuid, message_id_r);
	if (status == DB_NONE)
		return ctl_fail("no delivery is known as %s", given);
	return status == DB_OK ? CTL_OK : ctl_db_failed(ctl, status, "look the delivery up");
}

int ctl_find_story(struct ctl *ctl, const char *given, struct delivery_story *story_r)
{
	uint64_t id;
	enum db_status status;
	int exit_status = find_message(ctl, given, &id);

	if (exit_status != CTL_OK)
		return exit_status;
	status = delivery_story(ctl->db, ctl->pool, id, story_r);
	if (status == DB_NONE)
		return ctl_fail("no message has the number %" PRIu64, id);
	return status == DB_OK ? CTL_OK : ctl_db_failed(ctl, status, "read the message");
}

static void message_json(struct json_out *json, const struct delivery_story *story)
{
	const struct outbox_message *message = &story->message.message;

	json_ku64(json, "id", message->id);
	json_kstr(json, "client", story->client_name);
	json_kstr(json, "channel", channel_name(message->channel));
	json_kstr(json, "state", delivery_state_name(story->message.state));
	json_kstr(json, "error", story->message.error_message);
	json_kstr(json, "email", message->email);
	json_kstr(json, "phone", message->phone);
	json_kstr(json, "subject", message->email_subject);
	json_kstr(json, "identifier1", message->identifier1);
	json_kstr(json, "identifier2", message->identifier2);
	json_kbool(json, "force_sending", message->force_sending);
	json_kbool(json, "test_mode", message->test_mode);
	ctl_json_time(json, "created_at", story->message.created_at);
	ctl_json_time(json, "sent_at", story->message.sent_at);
}

static void deliveries_json(struct json_out *json, const struct delivery_story *story)
{
	json_key(json, "deliveries");
	json_array(json);
	for (size_t i = 0; i < story->n_deliveries; i++) {
		json_object(json);
		json_ku64(json, "id", story->deliveries[i].id);
		json_kstr(json, "channel", ctl_channel_name(story->deliveries[i].channel));
		json_kstr(json, "uuid", story->deliveries[i].uuid);
		json_kstr(json, "recipient", story->deliveries[i].recipient);
		json_kstr(json, "state", delivery_state_name(story->deliveries[i].state));
		json_ku64(json, "attempts", story->deliveries[i].attempts);
		json_ku64(json, "segments", story->deliveries[i].segments);
		ctl_json_time(json, "due_at", story->deliveries[i].due_at);
		ctl_json_time(json, "expires_at", story->deliveries[i].expires_at);
		ctl_json_time(json, "sent_at", story->deliveries[i].sent_at);
		json_kstr(json, "error", story->deliveries[i].error);
		json_kstr(json, "remote_id", story->deliveries[i].remote_id);
		json_object_end(json);
	}
	json_array_end(json);
}

static void events_json(struct json_out *json, const struct delivery_story *story)
{
	json_key(json, "events");
	json_array(json);
	for (size_t i = 0; i < story->n_events; i++) {
		const struct delivery_event *event = &story->events[i];

		json_object(json);
		ctl_json_time(json, "at", event->at);
		json_ku64(json, "delivery", event->delivery_id);
		json_kstr(json, "state", event->state);
		json_kstr(json, "by", event->sender);
		json_kstr(json, "detail", event->detail);
		json_object_end(json);
	}
	json_array_end(json);
}

static void story_json(struct ctl *ctl, const struct delivery_story *story)
{
	json_object(&ctl->json);
	message_json(&ctl->json, story);
	deliveries_json(&ctl->json, story);
	events_json(&ctl->json, story);
	json_object_end(&ctl->json);
}

static void message_text(struct ctl *ctl, const struct delivery_story *story)
{
	const struct outbox_message *message = &story->message.message;

	text_printf(&ctl->out, "message %" PRIu64 ": %s\n", message->id, delivery_state_name(story->message.state));
	ctl_put_field(&ctl->out, "client", story->client_name);
	ctl_put_field(&ctl->out, "channel", channel_name(message->channel));
	ctl_put_field(&ctl->out, "email", message->email);
	ctl_put_field(&ctl->out, "phone", message->phone);
	ctl_put_field(&ctl->out, "subject", message->email_subject);
	ctl_put_field(&ctl->out, "identifier1", message->identifier1);
	ctl_put_field(&ctl->out, "identifier2", message->identifier2);
	ctl_put_field(&ctl->out, "force_sending", message->force_sending ? "true" : NULL);
	ctl_put_field(&ctl->out, "test_mode", message->test_mode ? "true" : NULL);
	ctl_put_field(&ctl->out, "created", ctl_time(ctl->pool, story->message.created_at));
	ctl_put_field(&ctl->out, "sent", ctl_time(ctl->pool, story->message.sent_at));
	ctl_put_field(&ctl->out, "error", story->message.error_message);
}

static void deliveries_text(struct ctl *ctl, const struct delivery_story *story)
{
	for (size_t i = 0; i < story->n_deliveries; i++) {
		text_printf(&ctl->out, "delivery %" PRIu64 ": %s, %s\n", story->deliveries[i].id,
		            ctl_channel_name(story->deliveries[i].channel),
		            delivery_state_name(story->deliveries[i].state));
		ctl_put_field(&ctl->out, "uuid", story->deliveries[i].uuid);
		ctl_put_field(&ctl->out, "recipient", story->deliveries[i].recipient);
		ctl_put_field(&ctl->out, "attempts", pool_printf(ctl->pool, "%u", story->deliveries[i].attempts));
		if (story->deliveries[i].segments > 0)
			ctl_put_field(&ctl->out, "segments",
			              pool_printf(ctl->pool, "%u", story->deliveries[i].segments));
		if (story->deliveries[i].due_at != 0)
			ctl_put_field(&ctl->out, "due", ctl_time(ctl->pool, story->deliveries[i].due_at));
		ctl_put_field(&ctl->out, "expires", ctl_time(ctl->pool, story->deliveries[i].expires_at));
		ctl_put_field(&ctl->out, "sent", ctl_time(ctl->pool, story->deliveries[i].sent_at));
		ctl_put_field(&ctl->out, "error", story->deliveries[i].error);
		ctl_put_field(&ctl->out, "remote id", story->deliveries[i].remote_id);
	}
}

static void events_text(struct ctl *ctl, const struct delivery_story *story)
{
	struct ctl_table table = {.n_columns = 5};

	ctl_table_row(&table, (const char *const[]){"AT", "DELIVERY", "STATE", "BY", "DETAIL"});
	for (size_t i = 0; i < story->n_events; i++) {
		const struct delivery_event *event = &story->events[i];

		ctl_table_row(&table, (const char *const[]){
			ctl_time(ctl->pool, event->at), pool_printf(ctl->pool, "%" PRIu64, event->delivery_id),
			event->state, event->sender != NULL ? event->sender : "-",
			event->detail != NULL ? event->detail : ""});
	}
	ctl_table_end(&table, &ctl->out);
}

int ctl_why(struct ctl *ctl)
{
	struct delivery_story story = {0};
	int exit_status = ctl_find_story(ctl, ctl->args[0], &story);

	if (exit_status != CTL_OK)
		return exit_status;
	if (ctl->want_json) {
		story_json(ctl, &story);
		return CTL_OK;
	}
	message_text(ctl, &story);
	deliveries_text(ctl, &story);
	events_text(ctl, &story);
	return CTL_OK;
}
