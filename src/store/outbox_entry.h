/*
 * Between the files that queue messages: outbox.c stores, outbox_share.c brings single messages of several workers
 * together.
 */
#ifndef STORE_OUTBOX_ENTRY_H
#define STORE_OUTBOX_ENTRY_H

#include "base/gather.h"
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

/*
 * Stores the messages in one transaction; DB_OK: committed. Anything else: ask for each alone whether it was.
 * before_commit(arg) runs when only the commit is left to do, perhaps not at all, perhaps more than once.
 */
enum db_status outbox_store(struct db *db, struct outbox_entry *entries, size_t n, void (*before_commit)(void *arg),
                            void *arg);

/*
 * Hands the message to whoever stores for all. GATHER_DONE: committed, or refused as unsubscribed. GATHER_ALONE: not
 * handed on, or given back untouched, to be stored alone. GATHER_DOUBTFUL: to be looked up, then stored alone.
 */
enum gather_end outbox_share_entry(struct db *db, struct outbox_entry *entry);

#endif
