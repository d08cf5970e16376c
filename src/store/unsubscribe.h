/*
 * Who no longer wants messages of a client, a channel at a time. Addresses are in the form that is sent to.
 */
#ifndef STORE_UNSUBSCRIBE_H
#define STORE_UNSUBSCRIBE_H

#include <stdint.h>

#include "db/db.h"
#include "store/delivery.h"

struct unsubscribe {
	uint64_t id;
	enum delivery_channel channel;
	const char *address;
	int64_t created_at;
};

struct unsubscribe_filter {
	enum delivery_channel channel;
	int64_t from, until;            /* ms, 0: no bound */
	uint32_t limit;
	uint64_t offset;
};

/* Adding twice is one entry and DB_OK; removing what is not there is DB_NONE. */
enum db_status unsubscribe_add(struct db *db, uint64_t client_id, enum delivery_channel channel, const char *address);
enum db_status unsubscribe_remove(struct db *db, uint64_t client_id, enum delivery_channel channel,
                                  const char *address);

/* Newest first. */
enum db_status unsubscribe_list(struct db *db, struct pool *pool, uint64_t client_id,
                                const struct unsubscribe_filter *filter, struct unsubscribe **list_r, size_t *n_r);

#endif
