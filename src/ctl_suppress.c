/*
 * bailleurctl suppress: who gets nothing more from a client, on one channel.
 */
#include <inttypes.h>
#include <string.h>

#include "ctl.h"
#include "domain/address.h"
#include "store/unsubscribe.h"

enum { PAGE = 1000 };

/* What `suppress add` and `remove` work on. */
struct target {
	struct client client;
	enum delivery_channel channel;
	const char *address;            /* the form that is sent to */
};

/* Reads CLIENT and ADDRESS; without --channel an address with an `@` is a mail address. */
static int read_target(struct ctl *ctl, struct target *target)
{
	const char *given = ctl->args[1];

	target->channel = strchr(given, '@') != NULL ? DELIVERY_MAIL : DELIVERY_SMS;
	if (ctl->given & CTL_CHANNEL)
		target->channel = ctl->channel;
	target->address = target->channel == DELIVERY_MAIL ? address_email(ctl->pool, given)
	                                                   : address_phone(ctl->pool, given);
	if (target->address == NULL)
		return ctl_misuse("«%s» is not %s", given,
		                  target->channel == DELIVERY_MAIL ? "an e-mail address" : "a telephone number");
	return ctl_find_client(ctl, ctl->args[0], &target->client);
}

static void show_target(struct ctl *ctl, const struct target *target, const char *outcome)
{
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "client", target->client.name);
		json_kstr(&ctl->json, "channel", ctl_channel_name(target->channel));
		json_kstr(&ctl->json, "address", target->address);
		json_kstr(&ctl->json, "outcome", outcome);
		json_object_end(&ctl->json);
		return;
	}
	ctl_put_safe(&ctl->out, target->address);
	text_printf(&ctl->out, " %s (%s, ", outcome, ctl_channel_name(target->channel));
	ctl_put_safe(&ctl->out, target->client.name);
	text_puts(&ctl->out, ")\n");
}

int ctl_suppress_add(struct ctl *ctl)
{
	struct target target;
	enum db_status status;
	int exit_status = read_target(ctl, &target);

	if (exit_status != CTL_OK)
		return exit_status;
	status = unsubscribe_add(ctl->db, target.client.id, target.channel, target.address);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "add the address");
	show_target(ctl, &target, "suppressed");
	return CTL_OK;
}

int ctl_suppress_remove(struct ctl *ctl)
{
	struct target target;
	enum db_status status;
	int exit_status = read_target(ctl, &target);

	if (exit_status != CTL_OK)
		return exit_status;
	status = unsubscribe_remove(ctl->db, target.client.id, target.channel, target.address);
	if (status == DB_NONE)
		return ctl_fail("%s is not suppressed for «%s» on %s", target.address, target.client.name,
		                ctl_channel_name(target.channel));
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "remove the address");
	show_target(ctl, &target, "removed");
	return CTL_OK;
}

static void put_entry(struct ctl *ctl, const struct unsubscribe *entry)
{
	if (!ctl->want_json) {
		text_printf(&ctl->out, "%s  %-5s  ", ctl_time(ctl->pool, entry->created_at),
		            ctl_channel_name(entry->channel));
		ctl_put_safe(&ctl->out, entry->address);
		text_putc(&ctl->out, '\n');
		return;
	}
	json_object(&ctl->json);
	json_ku64(&ctl->json, "id", entry->id);
	json_kstr(&ctl->json, "channel", ctl_channel_name(entry->channel));
	json_kstr(&ctl->json, "address", entry->address);
	ctl_json_time(&ctl->json, "created_at", entry->created_at);
	json_object_end(&ctl->json);
}

/* One channel's entries, a page at a time, written out as they come: a list may be long. */
static int list_channel(struct ctl *ctl, uint64_t client_id, enum delivery_channel channel)
{
	struct unsubscribe_filter filter = {.channel = channel, .limit = PAGE};
	struct pool *kept = ctl->pool, *page = pool_create();
	int exit_status = CTL_OK;
	size_t n = PAGE;

	ctl->pool = page;
	while (exit_status == CTL_OK && n == PAGE) {
		struct unsubscribe *entries = NULL;
		enum db_status status;

		n = 0;
		status = unsubscribe_list(ctl->db, page, client_id, &filter, &entries, &n);
		if (status != DB_OK && status != DB_NONE)
			exit_status = ctl_db_failed(ctl, status, "list the addresses");
		for (size_t i = 0; i < n; i++)
			put_entry(ctl, &entries[i]);
		if (exit_status == CTL_OK && ctl_flush(ctl) != 0)
			exit_status = CTL_FAILED;
		filter.offset += n;
		pool_reset(page);
	}
	ctl->pool = kept;
	pool_free(page);
	return exit_status;
}

int ctl_suppress_list(struct ctl *ctl)
{
	static const enum delivery_channel channels[] = {DELIVERY_MAIL, DELIVERY_SMS};
	struct client client;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status == CTL_OK && ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "client", client.name);
		json_key(&ctl->json, "suppressed");
		json_array(&ctl->json);
	}
	for (size_t i = 0; i < sizeof channels / sizeof channels[0] && exit_status == CTL_OK; i++)
		if (!(ctl->given & CTL_CHANNEL) || ctl->channel == channels[i])
			exit_status = list_channel(ctl, client.id, channels[i]);
	if (exit_status == CTL_OK && ctl->want_json) {
		json_array_end(&ctl->json);
		json_object_end(&ctl->json);
	}
	return exit_status;
}
