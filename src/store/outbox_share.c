/*
 * Single messages of several workers, committed together.
 *
 * Stored alone, a message costs the server some 450 microseconds of processor time (a bare INSERT of one row: 170);
 * eight stored together cost 130 each. So workers gather theirs (base/gather.h); while one group waits for its commit
 * to reach the disk, the next is stored.
 *
 * Each message keeps a UUID of its own, made by the worker that was asked. A leader that dies, or whose commit ends in
 * doubt, leaves it to each worker to look its own message up (outbox.c does): shared or not, an answer means a commit.
 */
#include <string.h>

#include "base/fault.h"
#include "base/gather.h"
#include "store/outbox_entry.h"

enum {
	TEXTS = 12,
	TEXT_BYTES = 32 * 1024          /* of one message; longer ones go alone */
};

struct item {
	uint64_t client_id;
	struct outbox_lifetime lifetime;
	uint8_t uuid[ID_UUID_SIZE];
	struct outbox_message message;  /* its texts are offsets into `bytes`; filled in again by the leader */
	uint32_t texts[TEXTS];          /* 0: NULL; else the offset and 1 */
	char bytes[TEXT_BYTES];
};

static struct gather *gather;           /* made before the fork; NULL: everyone for himself */

void outbox_share(void)
{
	if (gather == NULL)
		gather = gather_create("outbox", sizeof(struct item), OUTBOX_GROUP);
}

/* The places of a message's texts, in one order for both directions. */
static void texts_of(struct outbox_message *m, const char **places[TEXTS])
{
	const char **all[TEXTS] = {
		&m->email, &m->email_to, &m->phone, &m->phone_to, &m->email_subject, &m->email_content, &m->sms_content,
		&m->identifier1, &m->identifier2, &m->email_originator, &m->sms_originator, &m->logo_url,
	};

	memcpy(places, all, sizeof all);
}

static bool put(struct item *item, const struct outbox_entry *entry)
{
	const char **places[TEXTS];
	size_t used = 0;

	item->client_id = entry->client_id;
	item->lifetime = entry->lifetime;
	memcpy(item->uuid, entry->uuid, ID_UUID_SIZE);
	item->message = *entry->message;
	texts_of(&item->message, places);
	for (int i = 0; i < TEXTS; i++) {
		const char *text = *places[i];
		size_t size = text ? strlen(text) + 1 : 0;

		if (size > TEXT_BYTES - used)
			return false;
		item->texts[i] = text ? (uint32_t)used + 1 : 0;
		if (text)
			memcpy(item->bytes + used, text, size);
		used += size;
	}
	return true;
}

/* As an entry of the leader's, its texts where they lie. */
static void get(struct item *item, struct outbox_entry *entry)
{
	const char **places[TEXTS];

	texts_of(&item->message, places);
	for (int i = 0; i < TEXTS; i++)
		*places[i] = item->texts[i] ? item->bytes + item->texts[i] - 1 : NULL;
	*entry = (struct outbox_entry){.client_id = item->client_id, .lifetime = item->lifetime,
	                               .message = &item->message};
	memcpy(entry->uuid, item->uuid, ID_UUID_SIZE);
}

static void pass_on(void *arg)
{
	gather_pass_on(arg);
}

static enum gather_end store_all(struct gather *all, void *const *items, size_t n, void *db)
{
	struct outbox_entry entries[OUTBOX_GROUP];
	enum db_status status;

	for (size_t i = 0; i < n; i++)
		get(items[i], &entries[i]);
	FAULT("outbox.leading");
	status = outbox_store(db, entries, n, pass_on, all);
	FAULT("outbox.led");
	return status == DB_OK ? GATHER_DONE : status == DB_UNCERTAIN ? GATHER_DOUBTFUL : GATHER_ALONE;
}

enum gather_end outbox_share_entry(struct db *db, struct outbox_entry *entry)
{
	struct item *item = gather_item(gather);
	enum gather_end end;

	if (item == NULL || !put(item, entry))
		return GATHER_ALONE;
	end = gather_do(gather, store_all, db);
	if (end == GATHER_DONE) {
		entry->message->id = item->message.id;
		entry->message->unsubscribed = item->message.unsubscribed;
	}
	return end;
}
