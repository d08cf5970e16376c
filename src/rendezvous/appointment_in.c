/*
 * Reads an appointment.
 */
#include "rendezvous/appointment_in.h"

#include <string.h>

#include <json-c/json.h>

#include "base/json_in.h"
#include "base/json_out.h"
#include "base/text.h"
#include "domain/address.h"
#include "domain/line.h"

enum {
	LOCATION_MAX = 500, NAME_MAX_CHARS = 100, EMAIL_MAX = 254, PHONE_MAX = 64, VARIABLES_MAX = 50,
	VARIABLE_MAX = 1000, DURATION_MAX = 60 * 24 * 31, REMINDER_MAX = 24 * 90, MINUTE = 60000
};

/* The last second of 9999 in Paris: later ones cannot be written. */
static const int64_t LAST_TIME = INT64_C(253402297199000);

struct reader {
	struct pool *pool;
	const struct params *params;
	const char *error;
};

static void refuse(struct reader *reader, const char *name)
{
	if (reader->error == NULL)
		reader->error = pool_printf(reader->pool, "invalid %s", name);
}

/* One of the words, into *value; a parameter that is not given leaves it. */
static void read_word(struct reader *reader, const char *name, const char *const *words, const char **value)
{
	const char *given = NULL;
	enum param_result result = params_text(reader->params, name, 20, &given);

	if (result == PARAM_ABSENT)
		return;
	for (; result == PARAM_OK && *words != NULL; words++)
		if (strcmp(*words, given) == 0) {
			*value = *words;
			return;
		}
	refuse(reader, name);
}

static bool read_time(struct reader *reader, const char *name, int64_t *ms)
{
	int64_t given = 0;
	enum param_result result = params_instant(reader->params, name, &given);

	if (result == PARAM_ABSENT)
		return false;
	if (result != PARAM_OK || given <= 0 || given > LAST_TIME || given % 1000 != 0)
		refuse(reader, name);
	else
		*ms = given;
	return true;
}

/* start_at with end_at or duration, or all three when they agree. A change of the start alone moves the end along. */
static void read_times(struct reader *reader, bool change, struct appointment *a)
{
	int64_t length = a->end_at - a->start_at;
	uint64_t minutes = 0;
	bool starts = read_time(reader, "start_at", &a->start_at);
	bool ends = read_time(reader, "end_at", &a->end_at);
	enum param_result result = params_u64(reader->params, "duration", 1, DURATION_MAX, &minutes);

	if (!starts && !change)
		refuse(reader, "start_at");
	if (result == PARAM_INVALID)
		refuse(reader, "duration");
	if (!ends && result == PARAM_OK)
		a->end_at = a->start_at + (int64_t)minutes * MINUTE;
	else if (!ends && change)
		a->end_at = a->start_at + length;
	else if (!ends)
		refuse(reader, "end_at");
	if (a->end_at <= a->start_at || a->end_at > LAST_TIME ||
	    a->end_at - a->start_at > (int64_t)DURATION_MAX * MINUTE || (a->end_at - a->start_at) % MINUTE != 0)
		refuse(reader, "end_at");
	if (result == PARAM_OK && a->end_at - a->start_at != (int64_t)minutes * MINUTE)
		refuse(reader, "duration");
}

/* As with the recipient's members: given as null or empty it is none, not given it stays. */
static void read_location(struct reader *reader, struct appointment *a)
{
	const char *given = NULL;
	enum param_result result = params_text(reader->params, "location", LOCATION_MAX, &given);

	if (params_find(reader->params, "location") == NULL)
		return;
	if (result == PARAM_INVALID || (given != NULL && !line_is_clean(given)))
		refuse(reader, "location");
	else
		a->location = given != NULL && given[0] != '\0' ? given : NULL;
}

/* A text of a JSON object: given as null it is none, not given it stays. `wrong`: what is said to be invalid. */
static void read_member(struct reader *reader, struct json_object *object, const char *name, const char *wrong,
                        size_t max, const char **value)
{
	struct json_object *member;
	const char *text;

	if (!json_object_object_get_ex(object, name, &member))
		return;
	if (member == NULL) {
		*value = NULL;
		return;
	}
	text = json_object_get_string(member);
	if (!json_object_is_type(member, json_type_string) || text_codepoints(text, strlen(text)) > max ||
	    !line_is_clean(text))
		refuse(reader, wrong);
	else
		*value = text[0] != '\0' ? pool_strdup(reader->pool, text) : NULL;
}

/* One {name, content}. Returns false when it is none. */
static bool write_variable(struct json_out *json, struct json_object *variable)
{
	static const char *const names[] = {"name", "content"};

	if (!json_object_is_type(variable, json_type_object) || json_object_object_length(variable) != 2)
		return false;
	json_object(json);
	for (int i = 0; i < 2; i++) {
		struct json_object *value;
		const char *text;

		if (!json_object_object_get_ex(variable, names[i], &value) ||
		    !json_object_is_type(value, json_type_string))
			return false;
		text = json_object_get_string(value);
		if (text_codepoints(text, strlen(text)) > VARIABLE_MAX)
			return false;
		json_kstr(json, names[i], text);
	}
	json_object_end(json);
	return true;
}

static void read_variables(struct reader *reader, struct json_object *recipient, struct appointment *a)
{
	struct json_object *variables;
	struct text text = {0};
	struct json_out json;
	size_t n;

	if (!json_object_object_get_ex(recipient, "variables", &variables))
		return;
	if (variables == NULL) {
		a->variables = "[]";
		return;
	}
	n = json_object_is_type(variables, json_type_array) ? json_object_array_length(variables) : VARIABLES_MAX + 1;
	if (n > VARIABLES_MAX) {
		refuse(reader, "variables");
		return;
	}
	json_out_init(&json, &text);
	json_array(&json);
	for (size_t i = 0; i < n; i++)
		if (!write_variable(&json, json_object_array_get_idx(variables, i))) {
			refuse(reader, "variables");
			text_free(&text);
			return;
		}
	json_array_end(&json);
	a->variables = pool_strndup(reader->pool, text.data, text.len);
	text_free(&text);
}

/* An object; in a form or a query string, which have none, its JSON text. NULL: neither. */
static struct json_object *object_of(struct reader *reader, const struct param *param)
{
	struct json_object *object = NULL;

	if (param->kind == PARAM_OBJECT)
		return param->json;
	if (param->kind != PARAM_TEXT ||
	    json_in_parse(reader->pool, param->value, param->len, &object, NULL) != JSON_IN_OK)
		return NULL;
	return json_object_is_type(object, json_type_object) ? object : NULL;
}

static void read_recipient(struct reader *reader, bool change, struct appointment *a)
{
	const struct param *param = params_find(reader->params, "recipient");
	struct json_object *object;

	if (param == NULL && change)
		return;
	object = param != NULL ? object_of(reader, param) : NULL;
	if (object == NULL || params_next(reader->params, "recipient", param) != NULL) {
		refuse(reader, "recipient");
		return;
	}
	read_member(reader, object, "first_name", "first_name", NAME_MAX_CHARS, &a->first_name);
	read_member(reader, object, "last_name", "last_name", NAME_MAX_CHARS, &a->last_name);
	read_member(reader, object, "email", "recipient", EMAIL_MAX, &a->email);
	read_member(reader, object, "phone", "recipient", PHONE_MAX, &a->phone);
	read_variables(reader, object, a);
}

static bool wants(const char *channel, const char *way)
{
	return strcmp(channel, way) == 0 || strcmp(channel, "both") == 0;
}

/* An address that is given must be one, and those that the channels need must be given. */
static void check_reach(struct reader *reader, const struct appointment *a)
{
	bool mail = a->email != NULL && address_email(reader->pool, a->email) != NULL;
	bool phone = a->phone != NULL && address_phone(reader->pool, a->phone) != NULL;
	const char *const channels[] = {a->channel, a->reminder_channel};

	if ((a->email != NULL && !mail) || (a->phone != NULL && !phone))
		refuse(reader, "recipient");
	for (int i = 0; i < 2; i++)
		if ((wants(channels[i], "email") && !mail) || (wants(channels[i], "sms") && !phone))
			refuse(reader, "recipient");
}

static void read_reminder(struct reader *reader, struct appointment *a)
{
	static const char *const channels[] = {"disabled", "email", "sms", "both", NULL};
	uint64_t delay = a->reminder_delay;

	read_word(reader, "reminder_channel", channels, &a->reminder_channel);
	if (params_u64(reader->params, "reminder_delay", 0, REMINDER_MAX, &delay) == PARAM_INVALID)
		refuse(reader, "reminder_delay");
	a->reminder_delay = (uint32_t)delay;
	/* A reminder at the very start would always be too late. */
	if (strcmp(a->reminder_channel, "disabled") != 0 && delay == 0)
		refuse(reader, "reminder_delay");
}

void appointment_in_defaults(struct appointment *a)
{
	*a = (struct appointment){.status = "preset", .channel = "email", .reminder_channel = "disabled",
	                          .variables = "[]"};
}

const char *appointment_in_read(struct pool *pool, const struct params *params, bool change, struct appointment *a)
{
	static const char *const statuses[] = {"preset", "approved", NULL};
	static const char *const channels[] = {"email", "sms", "both", NULL};
	struct reader reader = {.pool = pool, .params = params};

	read_word(&reader, "status", statuses, &a->status);
	read_word(&reader, "channel", channels, &a->channel);
	read_times(&reader, change, a);
	read_location(&reader, a);
	read_reminder(&reader, a);
	read_recipient(&reader, change, a);
	if (reader.error == NULL)
		check_reach(&reader, a);
	return reader.error;
}
