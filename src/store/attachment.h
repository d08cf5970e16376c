/*
 * Files that go with a mail: stored with the message, read again when it is sent.
 */
#ifndef STORE_ATTACHMENT_H
#define STORE_ATTACHMENT_H

#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

struct attachment {
	const char *name;               /* a file name of one line */
	const char *type;               /* a media type, ASCII */
	const char *bytes;
	size_t len;
};

/* Inside the transaction that queued the message. */
enum db_status attachment_add(struct db *db, uint64_t message_id, const struct attachment *attachments, size_t n);

/* Those of one message, in order; bytes are in the pool. */
enum db_status attachment_list(struct db *db, struct pool *pool, uint64_t message_id, struct attachment **list_r,
                               size_t *n_r);

#endif
