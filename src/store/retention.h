/*
 * Old messages and webhook events, when they are not to be kept for ever.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include <stdint.h>

#include "db/db.h"

/*
 * Deletes the messages created before `before` (ms) whose deliveries are all at rest, with their deliveries, events and
 * attachments, by transactions that lock nothing else. Mails that a landlord can still list are kept. *n_r counts.
 */
enum db_status retention_messages(struct db *db, int64_t before, uint64_t *n_r);

/* Deletes the webhook events created before `before` that are at rest. */
enum db_status retention_webhooks(struct db *db, int64_t before, uint64_t *n_r);

#endif
