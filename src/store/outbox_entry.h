/*
 * Between the files that queue messages: outbox.c stores, outbox_singles.c brings single messages of several requests
 * together, outbox_group.c stores those in one round trip.
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

/* A message must, or nobody would ever hear of it again. */
bool outbox_goes_somewhere(const struct outbox_message *message);

/*
 * Stores the messages in one transaction; DB_OK: committed. DB_BUSY, DB_CONFLICT, DB_REFUSED, DB_DUPLICATE, DB_LOST:
 * not. Anything else: ask for each whether it was.
 */
enum db_status outbox_store(struct db *db, struct outbox_entry *entries, size_t n);

/*
 * Stores one message in a transaction of its own, until it is known to be committed, or known not to be. `doubtful`: it
 * may have been before.
 */
enum db_status outbox_store_surely(struct db *db, struct outbox_entry *entry, bool doubtful);

/* Was it committed? DB_NONE: not yet at least. On a cluster the node that is asked catches up first. */
enum db_status outbox_settle(struct db *db, struct outbox_entry *entry);

/* The columns of a message that its entry says, all but when it was made; marks for them, and their values. */
#define OUTBOX_MESSAGE_COLUMNS \
	"client_id, request_uuid, request_index, channel, email, phone, email_subject, email_content, sms_content," \
	" identifier1, identifier2, email_originator, sms_originator, logo_url, force_sending, unsubscribe_link, test_mode"
#define OUTBOX_MESSAGE_MARKS "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
enum { OUTBOX_MESSAGE_VALUES = 17 };
void outbox_message_values(const struct outbox_entry *entry, struct db_value v[OUTBOX_MESSAGE_VALUES]);

enum { OUTBOX_GROUP = 16 };             /* messages; a prepared statement of that many takes the server 90 kB */

/*
 * Stores at most that many messages of as many requests, which go one way each, and commits, in one round trip.
 * DB_NONE: nothing was stored, since some are of another kind, somebody among the recipients has unsubscribed, or the
 * ids that the server gave do not follow each other.
 */
enum db_status outbox_group_store(struct db *db, struct outbox_entry *entries, size_t n);

#endif
