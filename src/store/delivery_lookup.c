/*
 * Finding deliveries by what the outside world knows them as.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "store/delivery.h"

enum db_status delivery_message(struct db *db, const uint8_t uuid[ID_UUID_SIZE], uint64_t *message_id_r)
{
	static const char sql[] = "SELECT message_id FROM delivery WHERE uuid = ?";
	struct db_rows *rows;
	enum db_status status = db_one(db, sql, DB_ARGS(db_bytes(uuid, ID_UUID_SIZE)), &rows);

	if (status != DB_OK)
		return status;
	*message_id_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}
