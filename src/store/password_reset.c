/*
 * Requests to set a new password.
 */
#include <string.h>

#include "store/password_reset.h"
#include "store/rows.h"

enum { PURGE_AT_ONCE = 100 };

static void read_user(const struct db_rows *rows, struct pool *pool, void *element)
{
	*(struct user *)element = (struct user){
		.id = db_col_u64(rows, 0),
		.username = db_col_dup(rows, 1, pool),
		.email = db_col_dup(rows, 2, pool),
		.password_hash = db_col_dup(rows, 3, pool),
		.first_name = db_col_dup(rows, 4, pool),
		.last_name = db_col_dup(rows, 5, pool)
	};
}

#define USER "SELECT u.id, u.username, u.email, u.password_hash, u.first_name, u.last_name"

enum db_status password_reset_user(struct db *db, struct pool *pool, const char *login, struct user *user_r)
{
	const char *email = strchr(login, '@') != NULL ? login : NULL;

	return rows_one(db, pool, "SELECT id, username, email, password_hash, first_name, last_name FROM ("
	                USER ", 0 AS rank FROM user_account u WHERE u.username = ? AND u.disabled_at IS NULL UNION ALL "
	                USER ", 1 AS rank FROM user_account u WHERE u.email = ? AND u.disabled_at IS NULL) both_ways "
	                "ORDER BY rank LIMIT 1", DB_ARGS(db_text(login), db_text(email)), read_user, user_r);
}

enum db_status password_reset_put(struct db *db, const struct password_reset *reset)
{
	return db_run(db, "INSERT INTO password_reset (account, user_id, token_hash, password_mark, expires_at) "
	              "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND) ON DUPLICATE KEY UPDATE "
	              "user_id = VALUE(user_id), token_hash = VALUE(token_hash), password_mark = VALUE(password_mark), "
	              "expires_at = VALUE(expires_at)",
	              DB_ARGS(db_bytes(reset->account, SECRET_HASH),
	                      reset->user_id == 0 ? db_null() : db_u64(reset->user_id),
	                      db_bytes(reset->token_hash, SECRET_HASH), db_bytes(reset->password_mark, SECRET_HASH),
	                      db_u64(reset->lifetime)));
}

/* The user, and the mark behind it. */
struct marked {
	struct user user;
	uint8_t mark[SECRET_HASH];
};

static void read_marked(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct marked *marked = element;

	read_user(rows, pool, &marked->user);
	if (db_col_size(rows, 6) == SECRET_HASH)
		memcpy(marked->mark, db_col_text(rows, 6), SECRET_HASH);
}

#define FIND USER ", r.password_mark FROM password_reset r JOIN user_account u ON u.id = r.user_id WHERE " \
	"r.token_hash = ? AND r.expires_at > UTC_TIMESTAMP(3) AND u.disabled_at IS NULL"

enum db_status password_reset_find(struct db *db, struct pool *pool, const uint8_t token_hash[SECRET_HASH], bool locks,
                                   struct user *user_r)
{
	struct marked marked = {0};
	uint8_t mark[SECRET_HASH];
	enum db_status status;

	status = rows_one(db, pool, locks ? FIND " FOR UPDATE" : FIND, DB_ARGS(db_bytes(token_hash, SECRET_HASH)),
	                  read_marked, &marked);
	if (status != DB_OK)
		return status;
	secret_hash(marked.user.password_hash, mark);
	if (secret_compare(mark, marked.mark, SECRET_HASH) != 0)
		return DB_NONE;
	*user_r = marked.user;
	return DB_OK;
}

enum db_status password_reset_use(struct db *db, const uint8_t token_hash[SECRET_HASH], uint64_t user_id,
                                  const char *password_hash)
{
	enum db_status status = rows_found(db, db_run(db, "DELETE FROM password_reset WHERE token_hash = ?",
	                                              DB_ARGS(db_bytes(token_hash, SECRET_HASH))));

	if (status != DB_OK)
		return status;
	return rows_found(db, db_run(db, "UPDATE user_account SET password_hash = ? WHERE id = ?",
	                             DB_ARGS(db_text(password_hash), db_u64(user_id))));
}

enum db_status password_reset_is_set(struct db *db, uint64_t user_id, const char *password_hash)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1 FROM user_account "
	                               "WHERE id = ? AND password_hash = ?",
	                               DB_ARGS(db_u64(user_id), db_text(password_hash)), &rows);

	if (status == DB_OK)
		db_rows_end(rows);
	return status;
}

enum db_status password_reset_purge(struct db *db)
{
	return db_run_again(db,
	                    "DELETE FROM password_reset WHERE expires_at < UTC_TIMESTAMP(3) ORDER BY expires_at "
	                    "LIMIT ?", DB_ARGS(db_u64(PURGE_AT_ONCE)));
}
