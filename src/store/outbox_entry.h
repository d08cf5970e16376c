/*
 * Between the files that queue messages: outbox.c stores, outbox_share.c brings single messages of several workers
 * together.
 */
#ifndef STORE_OUTBOX_ENTRY_H
#define STORE_OUTBOX_ENTRY_H

#include "base/id.h"
#include "store/outbox.h"

/* One message, whose it is, and by what it is found again when the answer to its commit was lost. */
struct outbox_entry {
	uint64_t client_id;
	struct outbox_lifetime lifetime;
	uint8_t uuid[ID_UUID_SIZE];
	uint16_t index;                 /* among those of the same request */
	struct outbox_message *message;
};

/* Stores the messages in one transaction; DB_OK: committed. Anything else: ask for each alone whether it was. */
enum db_status outbox_store(struct db *db, struct outbox_entry *entries, size_t n);

/* What became of a message that was handed to the others. */
enum outbox_shared {
	OUTBOX_SHARED_DONE,             /* committed, or refused as unsubscribed */
	OUTBOX_SHARED_ALONE,            /* not handed on, or given back untouched: to be stored alone */
	OUTBOX_SHARED_DOUBTFUL          /* tried in vain: to be looked up, then stored alone */
};

enum outbox_shared outbox_share_entry(struct db *db, struct outbox_entry *entry);

#endif
