/*
 * Lists and counts. Every query is bound to the client that asks: there is no way to name another's rows.
 */
#include "communication/list.h"

#include "access/error.h"
#include "base/clock.h"
#include "communication/filter.h"
#include "communication/message_in.h"
#include "store/unsubscribe.h"

static int read_flag(const struct params *params, const char *name, enum outbox_flag *flag_r)
{
	bool value = false;
	switch (params_bool(params, name, &value)) {
	case PARAM_OK:
		*flag_r = value ? OUTBOX_YES : OUTBOX_NO;
		return 0;
	case PARAM_ABSENT:
		*flag_r = OUTBOX_ANY;
		return 0;
	default:
		return -1;
	}
}

/* Returns NULL, or the name of the parameter that is invalid. */
static const char *read_filter(const struct params *params, struct outbox_filter *filter_r)
{
	struct filter_page page;
	struct filter_period period;
	const char *wrong;
	if (read_flag(params, "with_error", &filter_r->with_error) != 0)
		return "with_error";
	if (read_flag(params, "test_mode", &filter_r->test_mode) != 0)
		return "test_mode";
	if (message_in_identifier(params, "identifier1", &filter_r->identifier1) != 0)
		return "identifier1";
	if (message_in_identifier(params, "identifier2", &filter_r->identifier2) != 0)
		return "identifier2";
	if (params_u64(params, "before_id", 1, INT64_MAX, &filter_r->before_id) == PARAM_INVALID)
		return "before_id";
	if ((wrong = filter_read_page(params, &page)) != NULL || (wrong = filter_read_period(params, &period)) != NULL)
		return wrong;
	filter_r->limit = page.limit;
	filter_r->offset = page.offset;
	filter_r->from = period.from;
	filter_r->until = period.until;
	return NULL;
}

/* A time in whole seconds; 0 is null. */
static void write_time(struct json_out *json, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];
	if (ms != 0)
		clock_iso(ms, iso);
	json_kstr(json, name, ms != 0 ? iso : NULL);
}

/* Names and order are those of the API document, then what we add. */
static void write_message(struct json_out *json, const struct outbox_listed *listed)
{
	const struct outbox_message *message = &listed->message;
	json_object(json);
	json_ku64(json, "id", message->id);
	json_kstr(json, "channel", channel_name(message->channel));
	json_kstr(json, "phone", message->phone);
	json_kstr(json, "email", message->email);
	json_kstr(json, "email_subject", message->email_subject);
	json_kstr(json, "email_content", message->email_content);
	json_kstr(json, "sms_content", message->sms_content);
	json_kstr(json, "custom_identifier1", message->identifier1);
	json_kstr(json, "custom_identifier2", message->identifier2);
	json_kstr(json, "email_originator", message->email_originator);
	json_kstr(json, "sms_originator", message->sms_originator);
	json_kbool(json, "force_sending", message->force_sending);
	json_kbool(json, "unsubscribe_link", message->unsubscribe_link);
	json_kbool(json, "has_error", listed->has_error);
	json_kstr(json, "error_message", listed->error_message);
	write_time(json, "created_at", listed->created_at);
	json_kbool(json, "test_mode", message->test_mode);
	json_kstr(json, "state", delivery_state_name(listed->state));
	write_time(json, "sent_at", listed->sent_at);
	json_object_end(json);
}

/* Begins {"status":200,"<name>":[ */
static struct json_out *begin_list(struct request *request, const char *name)
{
	struct json_out *json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_key(json, name);
	json_array(json);
	return json;
}

static void end_list(struct json_out *json)
{
	json_array_end(json);
	json_object_end(json);
}

void list_messages(struct app *app, struct request *request)
{
	struct outbox_filter filter = {0};
	struct outbox_listed *listed = NULL;
	size_t n = 0;
	const char *wrong = read_filter(&request->params, &filter);
	if (wrong != NULL) {
		error_invalid(request, wrong);
		return;
	}
	enum db_status status = outbox_list(app->db, request->pool, app->client.id, &filter, &listed, &n);
	if (status == DB_NONE) {
		error_invalid(request, "before_id");
		return;
	}
	if (status != DB_OK) {
		error_database(request, app->db, status, "list-messages");
		return;
	}
	struct json_out *json = begin_list(request, "messages");
	for (size_t i = 0; i < n; i++)
		write_message(json, &listed[i]);
	end_list(json);
}

static void write_status(struct request *request, const uint64_t counts[DELIVERY_STATES])
{
	bool all_sent = true;
	for (int state = 0; state < DELIVERY_STATES; state++)
		if (counts[state] > 0 && !delivery_state_has_left(state))
			all_sent = false;
	struct json_out *json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_kbool(json, "all_sent", all_sent);
	json_key(json, "counts");
	json_object(json);
	for (int state = 0; state < DELIVERY_STATES; state++)
		json_ku64(json, delivery_state_name(state), counts[state]);
	json_object_end(json);
	json_object_end(json);
}

void list_status(struct app *app, struct request *request)
{
	const char *identifier1 = NULL, *identifier2 = NULL;
	uint64_t counts[DELIVERY_STATES] = {0}, total = 0;
	if (message_in_identifier(&request->params, "identifier1", &identifier1) != 0
	    || message_in_identifier(&request->params, "identifier2", &identifier2) != 0
	    || (identifier1 == NULL && identifier2 == NULL)) {
		error_invalid(request, "identifier");
		return;
	}
	enum db_status status = outbox_status(app->db, app->client.id, identifier1, identifier2, counts);
	if (status != DB_OK) {
		error_database(request, app->db, status, "messages-status");
		return;
	}
	for (int state = 0; state < DELIVERY_STATES; state++)
		total += counts[state];
	if (total == 0)
		error_invalid(request, "identifier");
	else
		write_status(request, counts);
}

/* E-mail unless `channel` says sms. Returns 0, or -1. */
static int read_delivery_channel(const struct params *params, enum delivery_channel *channel_r)
{
	const char *name = NULL;
	enum channel channel = CHANNEL_EMAIL;
	enum param_result result = params_text(params, "channel", 20, &name);
	if (result == PARAM_OK)
		channel = channel_parse(name);
	if (result == PARAM_INVALID || (channel != CHANNEL_EMAIL && channel != CHANNEL_SMS))
		return -1;
	*channel_r = channel == CHANNEL_EMAIL ? DELIVERY_MAIL : DELIVERY_SMS;
	return 0;
}

static void write_unsubscribes(struct request *request, const struct unsubscribe *list, size_t n)
{
	struct json_out *json = begin_list(request, "unsubscribes");
	for (size_t i = 0; i < n; i++) {
		json_object(json);
		json_ku64(json, "id", list[i].id);
		json_kstr(json, list[i].channel == DELIVERY_MAIL ? "email" : "phone", list[i].address);
		write_time(json, "created_at", list[i].created_at);
		json_object_end(json);
	}
	end_list(json);
}

void list_unsubscribes(struct app *app, struct request *request)
{
	struct unsubscribe_filter filter = {.channel = DELIVERY_MAIL};
	struct filter_page page;
	struct filter_period period;
	const char *wrong;
	if (read_delivery_channel(&request->params, &filter.channel) != 0) {
		error_invalid(request, "channel");
		return;
	}
	if ((wrong = filter_read_page(&request->params, &page)) != NULL
	    || (wrong = filter_read_period(&request->params, &period)) != NULL) {
		error_invalid(request, wrong);
		return;
	}
	filter.limit = page.limit;
	filter.offset = page.offset;
	filter.from = period.from;
	filter.until = period.until;
	struct unsubscribe *list = NULL;
	size_t n = 0;
	enum db_status status = unsubscribe_list(app->db, request->pool, app->client.id, &filter, &list, &n);
	if (status != DB_OK)
		error_database(request, app->db, status, "list-unsubscribes");
	else
		write_unsubscribes(request, list, n);
}
