/*
 * bailleurctl hold, after a backup was put back; and queue --unknown, the deliveries an operator has to decide about.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "ctl.h"
#include "rendezvous/reminder.h"

enum { PAGE = 1000, LOOKS = 20 };

/*
 * Nobody else of ours may be at work in the database. What was stopped just now may take a moment to be gone from the
 * server's list. CTL_OK, or CTL_FAILED after saying who.
 */
static int check_alone(const struct ctl *ctl)
{
	uint64_t n = 1;
	enum db_status status = DB_OK;

	for (unsigned i = 0; i < LOOKS && status == DB_OK && n > 0; i++) {
		if (i > 0)
			db_wait(i);
		status = db_others(ctl->db, &n);
	}
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "see who else is connected");
	if (n > 0)
		return ctl_fail("bailleur-api, a sender or the robot is at work: stop them on every host first "
		                "(%" PRIu64 " other connections; --yes does it all the same)", n);
	return CTL_OK;
}

/*
 * Reminders that were due are queued as the robot would, and so held with the rest: they can be seen, and sent again
 * like any other message, as long as their appointments have not begun.
 */
int ctl_hold(struct ctl *ctl)
{
	int64_t until = (ctl->given & CTL_UNTIL) ? ctl->until : clock_now_ms();
	uint64_t reminders = 0, held = 0;
	enum db_status skipping, reminding, holding;

	if (until > clock_now_ms())     /* appointments that begin until then would be taken for begun */
		return ctl_misuse("--until takes a time that has been");
	if (!(ctl->given & CTL_YES) && check_alone(ctl) != CTL_OK)
		return CTL_FAILED;
	skipping = delivery_skip_ids(ctl->db);
	reminding = reminder_run(ctl->db, &ctl->settings, until, &reminders);
	holding = delivery_hold(ctl->db, &held);
	if (skipping != DB_OK)
		return ctl_db_failed(ctl, skipping, "leave out the numbers given since the backup");
	if (reminding != DB_OK)
		return ctl_db_failed(ctl, reminding, "hold the reminders of appointments");
	if (holding != DB_OK)
		return ctl_db_failed(ctl, holding, "hold the deliveries");
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "held", held);
		json_ku64(&ctl->json, "reminders", reminders);
		json_object_end(&ctl->json);
		return CTL_OK;
	}
	text_printf(&ctl->out, "%" PRIu64 " %s held as unknown, those of %" PRIu64 " reminders among them\n", held,
	            held == 1 ? "delivery" : "deliveries", reminders);
	return CTL_OK;
}

static void put_doubt(struct ctl *ctl, const struct delivery_doubt *doubt)
{
	if (!ctl->want_json) {
		text_printf(&ctl->out, "%-8" PRIu64 "  %-5s  %s  %s  %s  ", doubt->message_id,
		            ctl_channel_name(doubt->channel), ctl_time(ctl->pool, doubt->created_at),
		            ctl_time(ctl->pool, doubt->since), doubt->uuid);
		ctl_put_safe(&ctl->out, doubt->recipient);
		text_puts(&ctl->out, "  ");
		ctl_put_safe(&ctl->out, doubt->client_name);
		text_putc(&ctl->out, '\n');
		return;
	}
	json_object(&ctl->json);
	json_ku64(&ctl->json, "id", doubt->message_id);
	json_kstr(&ctl->json, "channel", ctl_channel_name(doubt->channel));
	json_kstr(&ctl->json, "client", doubt->client_name);
	json_kstr(&ctl->json, "recipient", doubt->recipient);
	json_kstr(&ctl->json, "uuid", doubt->uuid);
	ctl_json_time(&ctl->json, "created_at", doubt->created_at);
	ctl_json_time(&ctl->json, "unknown_since", doubt->since);
	json_object_end(&ctl->json);
}

/* One channel's, a page at a time, written out as they come: there may be many. */
static int list_channel(struct ctl *ctl, enum delivery_channel channel)
{
	struct pool *kept = ctl->pool, *page = pool_create();
	int exit_status = CTL_OK;
	uint64_t after = 0;
	size_t n = PAGE;

	ctl->pool = page;
	while (exit_status == CTL_OK && n == PAGE) {
		struct delivery_doubt *doubts = NULL;
		enum db_status status;

		n = 0;
		status = delivery_doubts(ctl->db, page, channel, after, PAGE, &doubts, &n);
		if (status != DB_OK)
			exit_status = ctl_db_failed(ctl, status, "list the deliveries");
		for (size_t i = 0; i < n; i++)
			put_doubt(ctl, &doubts[i]);
		after = n > 0 ? doubts[n - 1].id : after;
		if (exit_status == CTL_OK && ctl_flush(ctl) != 0)
			exit_status = CTL_FAILED;
		pool_reset(page);
	}
	ctl->pool = kept;
	pool_free(page);
	return exit_status;
}

int ctl_queue_unknown(struct ctl *ctl)
{
	int exit_status = CTL_OK;

	if (ctl->want_json) {
		json_object(&ctl->json);
		json_key(&ctl->json, "unknown");
		json_array(&ctl->json);
	}
	for (int channel = DELIVERY_MAIL; channel <= DELIVERY_SMS && exit_status == CTL_OK; channel++)
		exit_status = list_channel(ctl, (enum delivery_channel)channel);
	if (exit_status == CTL_OK && ctl->want_json) {
		json_array_end(&ctl->json);
		json_object_end(&ctl->json);
	}
	return exit_status;
}
