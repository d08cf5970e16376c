/*
 * API clients of Communication.
 */
#include <string.h>

#include "store/ascii.h"
#include "store/client.h"

#define COLUMNS "id, name, auth_key, secret_hash, rate, burst, disabled_at IS NOT NULL, created_at"

static void read_client(const struct db_rows *rows, struct pool *pool, struct client *client)
{
	*client = (struct client){
		.id = db_col_u64(rows, 0), .name = db_col_dup(rows, 1, pool), .auth_key = db_col_dup(rows, 2, pool),
		.rate = (uint32_t)db_col_u64(rows, 4), .burst = (uint32_t)db_col_u64(rows, 5),
		.disabled = db_col_bool(rows, 6), .created_at = db_col_time(rows, 7),
	};
	if (db_col_size(rows, 3) == SECRET_HASH)
		memcpy(client->secret_hash, db_col_text(rows, 3), SECRET_HASH);
	else
		client->disabled = true;        /* no secret can match it: never let in by an accident of the data */
}

enum db_status client_by_key(struct db *db, struct pool *pool, const char *auth_key, struct client *client_r)
{
	struct db_rows *rows;
	enum db_status status;

	if (!store_is_ascii(auth_key))
		return DB_NONE;
	status = db_one(db, "SELECT " COLUMNS " FROM api_client WHERE auth_key = ?", DB_ARGS(db_text(auth_key)), &rows);
	if (status != DB_OK)
		return status;
	read_client(rows, pool, client_r);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status client_add(struct db *db, struct client *client)
{
	enum db_status status = db_run(db,
		"INSERT INTO api_client (name, auth_key, secret_hash, rate, burst, disabled_at, created_at)"
		" VALUES (?, ?, ?, ?, ?, IF(?, UTC_TIMESTAMP(3), NULL), UTC_TIMESTAMP(3))",
		DB_ARGS(db_text(client->name), db_text(client->auth_key), db_bytes(client->secret_hash, SECRET_HASH),
		        db_u64(client->rate), db_u64(client->burst), db_bool(client->disabled)));

	if (status == DB_OK)
		client->id = db_insert_id(db);
	return status;
}

/* One client by name: DB_NONE when there is none, whether or not anything changed. */
static enum db_status client_exists(struct db *db, const char *name)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT id FROM api_client WHERE name = ?", DB_ARGS(db_text(name)), &rows);

	if (status == DB_OK)
		db_rows_end(rows);
	return status;
}

enum db_status client_set_secret(struct db *db, const char *name, const uint8_t hash[SECRET_HASH])
{
	enum db_status status = client_exists(db, name);

	if (status != DB_OK)
		return status;
	return db_run_again(db, "UPDATE api_client SET secret_hash = ? WHERE name = ?",
	                    DB_ARGS(db_bytes(hash, SECRET_HASH), db_text(name)));
}

enum db_status client_set_disabled(struct db *db, const char *name, bool disabled)
{
	enum db_status status = client_exists(db, name);

	if (status != DB_OK)
		return status;
	return db_run_again(db,
	                    "UPDATE api_client SET disabled_at = IF(?, COALESCE(disabled_at, UTC_TIMESTAMP(3)), NULL) "
	                    "WHERE name = ?", DB_ARGS(db_bool(disabled), db_text(name)));
}

enum db_status client_list(struct db *db, struct pool *pool, struct client **clients_r, size_t *n_r)
{
	struct db_rows *rows;
	size_t n = 0, room = 0;
	enum db_status status = db_query(db, "SELECT " COLUMNS " FROM api_client ORDER BY name", DB_NO_ARGS, &rows);

	if (status != DB_OK)
		return status;
	*clients_r = NULL;
	while ((status = db_next(rows)) == DB_OK) {
		if (n == room) {
			struct client *old = *clients_r;

			room = room ? room * 2 : 16;
			*clients_r = pool_alloc(pool, room * sizeof **clients_r);
			if (n > 0)
				memcpy(*clients_r, old, n * sizeof *old);
		}
		read_client(rows, pool, &(*clients_r)[n++]);
	}
	db_rows_end(rows);
	*n_r = n;
	return status == DB_NONE ? DB_OK : status;
}
