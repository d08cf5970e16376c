/*
 * Files that go with a mail.
 */
#include <string.h>

#include "store/attachment.h"
#include "store/rows.h"

enum db_status attachment_add(struct db *db, uint64_t message_id, const struct attachment *attachments, size_t n)
{
	enum db_status status = DB_OK;

	for (size_t i = 0; i < n && status == DB_OK; i++)
		status = db_run(db, "INSERT INTO message_attachment (message_id, position, name, type, content) "
		                "VALUES (?, ?, ?, ?, ?)",
		                DB_ARGS(db_u64(message_id), db_u64(i), db_text(attachments[i].name),
		                        db_text(attachments[i].type),
		                        db_bytes(attachments[i].bytes, attachments[i].len)));
	if (status != DB_OK)
		return status;
	return db_run(db, "UPDATE message SET attachments = ? WHERE id = ?", DB_ARGS(db_u64(n), db_u64(message_id)));
}

static void read_attachment(const struct db_rows *row, struct pool *pool, void *element)
{
	struct attachment *attachment = element;
	char *bytes;

	attachment->name = db_col_dup(row, 0, pool);
	attachment->type = db_col_dup(row, 1, pool);
	attachment->len = db_col_size(row, 2);
	bytes = pool_alloc(pool, attachment->len + 1);
	memcpy(bytes, db_col_text(row, 2), attachment->len);
	attachment->bytes = bytes;
}

enum db_status attachment_list(struct db *db, struct pool *pool, uint64_t message_id, struct attachment **list_r,
                               size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT name, type, content FROM message_attachment WHERE message_id = ? ORDER BY position",
	                 DB_ARGS(db_u64(message_id)), sizeof **list_r, read_attachment, list_r, n_r);
}
