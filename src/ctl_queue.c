/*
 * bailleurctl queue and resend: how much waits, and sending again what an operator decides to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl.h"

static const enum delivery_channel channels[] = {DELIVERY_MAIL, DELIVERY_SMS};
enum { N_CHANNELS = sizeof channels / sizeof channels[0] };

/* What is due on one channel. */
struct due {
	uint64_t n;
	int64_t next;                   /* ms; 0: nothing waits */
};

static void queue_json(struct ctl *ctl, const struct delivery_count *counts, size_t n, const struct due *due)
{
	int64_t now = clock_now_ms();

	json_object(&ctl->json);
	json_key(&ctl->json, "queue");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "channel", ctl_channel_name(counts[i].channel));
		json_kstr(&ctl->json, "state", delivery_state_name(counts[i].state));
		json_ku64(&ctl->json, "count", counts[i].n);
		ctl_json_time(&ctl->json, "oldest", counts[i].oldest);
		json_ki64(&ctl->json, "age", now > counts[i].oldest ? (now - counts[i].oldest) / 1000 : 0);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_key(&ctl->json, "due");
	json_array(&ctl->json);
	for (size_t i = 0; i < N_CHANNELS; i++) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "channel", ctl_channel_name(channels[i]));
		json_ku64(&ctl->json, "count", due[i].n);
		ctl_json_time(&ctl->json, "next", due[i].next);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static void queue_text(struct ctl *ctl, const struct delivery_count *counts, size_t n, const struct due *due)
{
	struct ctl_table table = {.n_columns = 5};
	int64_t now = clock_now_ms();

	ctl_table_row(&table, (const char *const[]){"CHANNEL", "STATE", "COUNT", "OLDEST", "AGE"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table, (const char *const[]){
			ctl_channel_name(counts[i].channel), delivery_state_name(counts[i].state),
			pool_printf(ctl->pool, "%" PRIu64, counts[i].n), ctl_time(ctl->pool, counts[i].oldest),
			ctl_age(ctl->pool, (now - counts[i].oldest) / 1000)});
	ctl_table_end(&table, &ctl->out);
	for (size_t i = 0; i < N_CHANNELS; i++)
		text_printf(&ctl->out, "%s: %" PRIu64 " due now%s%s\n", ctl_channel_name(channels[i]), due[i].n,
		            due[i].next != 0 ? ", next at " : "",
		            due[i].next != 0 ? ctl_time(ctl->pool, due[i].next) : "");
}

int ctl_queue(struct ctl *ctl)
{
	struct delivery_count *counts = NULL;
	struct due due[N_CHANNELS] = {0};
	size_t n = 0;
	enum db_status status;

	if (ctl->given & CTL_UNKNOWN)
		return ctl_queue_unknown(ctl);
	status = delivery_counts(ctl->db, ctl->pool, &counts, &n);

	for (size_t i = 0; i < N_CHANNELS && (status == DB_OK || status == DB_NONE); i++)
		status = delivery_due(ctl->db, channels[i], &due[i].n, &due[i].next);
	if (status != DB_OK && status != DB_NONE)
		return ctl_db_failed(ctl, status, "count the deliveries");
	(ctl->want_json ? queue_json : queue_text)(ctl, counts, n, due);
	return CTL_OK;
}

/*
 * Asks on the terminal before something may reach people twice. Nobody at a terminal, or --yes: the command line itself
 * is the decision.
 */
static bool confirmed(const struct ctl *ctl, const char *question)
{
	char answer[16];

	if ((ctl->given & CTL_YES) || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof answer, stdin) == NULL)
		return false;
	return answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'o' || answer[0] == 'O';
}

static int show_resent(struct ctl *ctl, const struct delivery_resent *resent)
{
	uint64_t n = resent->queued, out = resent->left_out;

	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "queued", n);
		json_ku64(&ctl->json, "left_out", out);
		json_object_end(&ctl->json);
		return CTL_OK;
	}
	text_printf(&ctl->out, "%" PRIu64 " %s queued again\n", n, n == 1 ? "delivery" : "deliveries");
	if (out > 0)
		text_printf(&ctl->out, "%" PRIu64 " of reminders left out: the appointment has begun, was changed or cancelled\n",
		            out);
	return CTL_OK;
}

static int resend_state(struct ctl *ctl, enum delivery_state state, const struct outbox_lifetime *lifetime)
{
	struct delivery_resent resent;
	enum db_status status;

	if (state == DELIVERY_UNKNOWN &&
	    !confirmed(ctl, "Deliveries in state unknown may have arrived already. Send them all again?"))
		return ctl_fail("nothing was changed");
	status = delivery_resend_state(ctl->db, state, lifetime, &resent);
	if (status != DB_OK && status != DB_NONE)
		return ctl_db_failed(ctl, status, "queue the deliveries again");
	return show_resent(ctl, &resent);
}

static bool has_unknown(const struct delivery_story *story)
{
	for (size_t i = 0; i < story->n_deliveries; i++)
		if (story->deliveries[i].state == DELIVERY_UNKNOWN)
			return true;
	return false;
}

static int resend_message(struct ctl *ctl, const struct outbox_lifetime *lifetime)
{
	struct delivery_story story = {0};
	struct delivery_resent resent;
	uint64_t id;
	enum db_status status;
	int exit_status = ctl_find_story(ctl, ctl->args[0], &story);

	if (exit_status != CTL_OK)
		return exit_status;
	id = story.message.message.id;
	if (has_unknown(&story) && !confirmed(ctl, "This message may have arrived already. Send it again?"))
		return ctl_fail("nothing was changed");
	status = delivery_resend(ctl->db, id, lifetime, &resent);
	if (status != DB_OK && status != DB_NONE)
		return ctl_db_failed(ctl, status, "queue the message again");
	if (resent.queued == 0 && resent.left_out > 0)
		return ctl_fail("message %" PRIu64 " is the reminder of an appointment that has begun, was changed or cancelled",
		                id);
	if (resent.queued == 0)
		return ctl_fail("message %" PRIu64 " is %s: nothing of it can be sent again", id,
		                delivery_state_name(story.message.state));
	return show_resent(ctl, &resent);
}

int ctl_resend(struct ctl *ctl)
{
	const struct outbox_lifetime lifetime = {ctl->settings.expire_mail, ctl->settings.expire_sms};
	size_t chosen = ctl->n_args + !!(ctl->given & CTL_UNKNOWN) + !!(ctl->given & CTL_IS_FAILED);

	if (chosen != 1)
		return ctl_misuse("resend takes one of ID, --unknown and --failed");
	if (ctl->n_args == 1)
		return resend_message(ctl, &lifetime);
	return resend_state(ctl, (ctl->given & CTL_UNKNOWN) ? DELIVERY_UNKNOWN : DELIVERY_FAILED, &lifetime);
}
