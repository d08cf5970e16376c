/*
 * Reminders of appointments.
 */
#include "rendezvous/reminder.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/jour.h"
#include "base/log.h"
#include "domain/address.h"
#include "rendezvous/appointment_form.h"
#include "store/outbox.h"

enum { AT_ONCE = 500, SECOND = 1000 };

struct reminding {
	const struct settings *settings;
	struct pool *pool;
	uint64_t id;
	int64_t at, started;            /* the time when the run was started, and clock_mono_us() then */
	int64_t now;                    /* within a transaction: the time it is */
	bool sent;
};

static const char *finish(struct pool *pool, struct text *text)
{
	const char *result = pool_strndup(pool, text->data, text->len);

	text_free(text);
	return result;
}

static const char *mail_text(struct pool *pool, const struct appointment *a)
{
	struct text text = {0};

	text_puts(&text, "Bonjour");
	if (a->first_name != NULL)
		text_printf(&text, " %s", a->first_name);
	if (a->last_name != NULL)
		text_printf(&text, " %s", a->last_name);
	text_puts(&text, ",\n\nNous vous rappelons votre rendez-vous du ");
	jour_words_moment(&text, a->start_at);
	text_putc(&text, '.');
	if (a->location != NULL)
		text_printf(&text, "\n\nLieu\u00a0: %s", a->location);
	return finish(pool, &text);
}

static const char *sms_text(struct pool *pool, const struct appointment *a)
{
	struct text text = {0};

	text_puts(&text, "Rappel : rendez-vous le ");
	jour_words_moment(&text, a->start_at);
	if (a->location != NULL)
		text_printf(&text, ", %s", a->location);
	text_putc(&text, '.');
	return finish(pool, &text);
}

static bool goes(const char *channel, const char *way)
{
	return strcmp(channel, way) == 0 || strcmp(channel, "both") == 0;
}

/*
 * The message, by the ways the reminder is to go. An appointment is no mailing: it reaches who has unsubscribed, too.
 */
static struct outbox_message message(struct pool *pool, const struct appointment *a)
{
	bool mail = goes(a->reminder_channel, "email"), sms = goes(a->reminder_channel, "sms");
	struct outbox_message m = {
		.channel = mail && sms ? CHANNEL_BOTH : mail ? CHANNEL_EMAIL : CHANNEL_SMS,
		.force_sending = true
	};

	if (mail) {
		m.email = a->email;
		m.email_to = address_email(pool, a->email);
		m.email_subject = "Rappel de votre rendez-vous";
		m.email_content = mail_text(pool, a);
	}
	if (sms) {
		m.phone = a->phone;
		m.phone_to = address_phone(pool, a->phone);
		m.sms_content = sms_text(pool, a);
	}
	return m;
}

static enum db_status queue(struct db *db, struct reminding *r, struct appointment *a)
{
	struct outbox_lifetime lifetime = {r->settings->expire_mail, r->settings->expire_sms};
	int64_t left = (a->start_at - r->now) / SECOND - 1;     /* it is counted from when it is stored */
	struct outbox_message m = message(r->pool, a);
	enum db_status status;

	/* What has not left when the appointment begins expires. */
	if (lifetime.mail > left)
		lifetime.mail = left;
	if (lifetime.sms > left)
		lifetime.sms = left;
	status = outbox_queue_in(db, a->client_id, &lifetime, &m, 1);
	if (status == DB_OK)
		status = appointment_reminded(db, a, m.id, r->now);
	a->reminder_sent = true;
	if (status == DB_OK)
		status = appointment_tell(db, r->pool, a, r->now, r->settings->expire_webhook);
	FAULT("robot.reminded");
	r->sent = status == DB_OK;
	return status;
}

/* The time goes on while a run works: what it queues last must end with the start of the appointment, too. */
static enum db_status remind(struct db *db, void *arg)
{
	struct reminding *r = arg;
	struct appointment a = {0};
	enum db_status status = appointment_lock_reminder(db, r->pool, r->id, r->at, &a);

	r->sent = false;
	if (status != DB_OK)
		return status;          /* DB_NONE: another run has dealt with it */
	r->now = r->at + (clock_mono_us() - r->started) / 1000;
	if (a.start_at - r->now < 2 * SECOND)
		return appointment_reminded(db, &a, 0, r->now);
	return queue(db, r, &a);
}

/* A commit of unknown outcome is settled by trying again: a reminder that was queued is not due any more. */
static enum db_status remind_surely(struct db *db, struct reminding *r)
{
	enum db_status status = DB_UNCERTAIN;

	pool_reset(r->pool);
	for (int i = 0; i < 3 && status == DB_UNCERTAIN; i++)
		status = db_transaction(db, remind, r);
	if (status == DB_NONE)
		return DB_OK;
	if (status != DB_OK)
		log_event(LOG_LEVEL_ERROR, "reminder", "appointment", log_num((int64_t)r->id), "status",
		          db_status_name(status),
		          "database", db_error(db), NULL);
	return status;
}

/* One page of what is due; *last_r is its last. */
static enum db_status remind_page(struct db *db, struct pool *pool, struct reminding *r, struct appointment_due *last_r,
                                  size_t *n_r, uint64_t *sent_r)
{
	struct appointment_due *due = NULL;
	enum db_status status = appointment_reminders(db, pool, r->at, *last_r, AT_ONCE, &due, n_r), result = status;

	for (size_t i = 0; status == DB_OK && i < *n_r; i++) {
		enum db_status one;

		r->id = due[i].id;
		one = remind_surely(db, r);
		*sent_r += one == DB_OK && r->sent;
		*last_r = due[i];
		if (one != DB_OK)
			result = one;
		if (one == DB_LOST)
			break;
	}
	return result;
}

enum db_status reminder_run(struct db *db, const struct settings *settings, int64_t now, uint64_t *sent_r)
{
	struct reminding r = {.settings = settings, .pool = pool_create(), .at = now, .started = clock_mono_us()};
	struct appointment_due last = {0};
	enum db_status status = DB_OK, page;
	size_t n = AT_ONCE;

	*sent_r = 0;
	while (n == AT_ONCE && status != DB_LOST) {
		struct pool *pool = pool_create();

		n = 0;
		page = remind_page(db, pool, &r, &last, &n, sent_r);
		if (page != DB_OK)
			status = page;
		pool_free(pool);
	}
	pool_free(r.pool);
	return status;
}
