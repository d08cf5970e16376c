/*
 * Old messages, when they are not to be kept for ever.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include <stdint.h>

#include "db/db.h"

/*
 * Deletes at most `limit` messages created before `before` (ms) whose deliveries are all at rest, with their deliveries,
 * events and attachments, in one transaction. Mails that a landlord can still list are kept.
 */
enum db_status retention_messages(struct db *db, int64_t before, uint32_t limit, uint64_t *n_r);

#endif
