/*
 * An appointment as clients see it.
 */
#include "rendezvous/appointment_form.h"

#include <string.h>

#include "base/clock.h"
#include "base/jour.h"
#include "store/webhook.h"

/* `2020-06-12T12:00:00+02:00`: by the clocks of Paris. */
static void paris(struct json_out *json, struct pool *pool, const char *name, int64_t ms)
{
	json_kstr(json, name, jour_paris_iso(pool, ms));
}

void appointment_members(struct json_out *json, struct pool *pool, const struct appointment *a)
{
	json_kstr(json, "status", a->status);
	json_kstr(json, "channel", a->channel);
	paris(json, pool, "start_at", a->start_at);
	paris(json, pool, "end_at", a->end_at);
	json_ki64(json, "duration", (a->end_at - a->start_at) / 60000);
	json_kstr(json, "location", a->location);
	json_ku64(json, "reminder_delay", a->reminder_delay);
	json_kbool(json, "reminder_status", a->reminder_sent);
	json_kstr(json, "reminder_channel", a->reminder_channel);
	json_key(json, "recipient");
	json_object(json);
	json_kstr(json, "first_name", a->first_name);
	json_kstr(json, "last_name", a->last_name);
	json_kstr(json, "email", a->email);
	json_kstr(json, "phone", a->phone);
	json_key(json, "variables");
	json_raw(json, a->variables, strlen(a->variables));
	json_object_end(json);
}

const char *appointment_body(struct pool *pool, const struct appointment *a)
{
	struct text text = {0};
	struct json_out json;
	const char *body;

	json_out_init(&json, &text);
	json_object(&json);
	appointment_members(&json, pool, a);
	json_object_end(&json);
	body = pool_strndup(pool, text.data, text.len);
	text_free(&text);
	return body;
}

enum db_status appointment_tell(struct db *db, struct pool *pool, const struct appointment *a, int64_t now,
                                int64_t lifetime)
{
	return webhook_add(db, a->client_id, a->id, appointment_body(pool, a), now, lifetime);
}
