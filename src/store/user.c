/*
 * Landlords' accounts and developers' keys.
 */
#include <string.h>

#include "base/clock.h"
#include "store/rows.h"
#include "store/user.h"

#define VERSIONS "portfolio_version + operations_version, portfolio_version"
#define USER_COLUMNS "id, username, email, password_hash, first_name, last_name, premium_offer, premium_end, " \
	VERSIONS ", user_account.disabled_at IS NOT NULL"

static void read_user(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct user *user = element;

	user->id = db_col_u64(rows, 0);
	user->username = db_col_dup(rows, 1, pool);
	user->email = db_col_dup(rows, 2, pool);
	user->password_hash = db_col_dup(rows, 3, pool);
	user->first_name = db_col_dup(rows, 4, pool);
	user->last_name = db_col_dup(rows, 5, pool);
	user->premium_offer = db_col_dup(rows, 6, pool);
	user->premium_end = db_col_time(rows, 7);
	user->version = (struct version){.all = db_col_u64(rows, 8), .patrimoine = db_col_u64(rows, 9)};
	user->disabled = db_col_bool(rows, 10);
}

enum db_status user_by_login(struct db *db, struct pool *pool, const char *login, struct user *user_r)
{
	enum db_status status;

	status = rows_one(db, pool,
	                  "SELECT " USER_COLUMNS " FROM user_account WHERE username = ? AND disabled_at IS NULL",
	                  DB_ARGS(db_text(login)), read_user, user_r);
	if (status != DB_NONE || strchr(login, '@') == NULL)
		return status;
	return rows_one(db, pool, "SELECT " USER_COLUMNS " FROM user_account WHERE email = ? AND disabled_at IS NULL",
	                DB_ARGS(db_text(login)), read_user, user_r);
}

/* A user with the key's verdict behind it. */
struct authenticated {
	struct user user;
	bool key_ok;
};

static void read_authenticated(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct authenticated *authenticated = element;

	read_user(rows, pool, &authenticated->user);
	authenticated->key_ok = db_col_bool(rows, 11);
}

#define KEY_OK "EXISTS (SELECT 1 FROM developer_key WHERE key_hash = ? AND developer_key.disabled_at IS NULL)"

enum db_status user_authenticate(struct db *db, struct pool *pool, const char *login,
                                 const uint8_t key_hash[SECRET_HASH], struct user *user_r, bool *key_ok_r)
{
	struct authenticated found = {0};
	enum db_status status, key;

	status = rows_one(db, pool, "SELECT " USER_COLUMNS ", " KEY_OK " FROM user_account WHERE username = ? AND "
	                  "user_account.disabled_at IS NULL", DB_ARGS(db_bytes(key_hash, SECRET_HASH), db_text(login)),
	                  read_authenticated, &found);
	if (status == DB_NONE && strchr(login, '@') != NULL)
		status = rows_one(db, pool, "SELECT " USER_COLUMNS ", " KEY_OK " FROM user_account WHERE email = ? AND "
		                  "user_account.disabled_at IS NULL",
		                  DB_ARGS(db_bytes(key_hash, SECRET_HASH), db_text(login)), read_authenticated, &found);
	if (status == DB_NONE) {
		key = devkey_check(db, key_hash);
		*key_ok_r = key == DB_OK;
		return key == DB_OK ? DB_NONE : key;
	}
	*user_r = found.user;
	*key_ok_r = found.key_ok;
	return status;
}

enum db_status user_by_id(struct db *db, struct pool *pool, uint64_t id, struct user *user_r)
{
	return rows_one(db, pool, "SELECT " USER_COLUMNS " FROM user_account WHERE id = ?", DB_ARGS(db_u64(id)),
	                read_user, user_r);
}

/*
 * The portfolio's version starts at the time in microseconds and counts writes from there: an account that takes the id
 * of one that is gone never meets a version that answers are still kept for.
 */
enum db_status user_add(struct db *db, struct user *user)
{
	enum db_status status;

	status = db_run(db, "INSERT INTO user_account (id, username, email, password_hash, first_name, last_name, "
	                "premium_offer, premium_end, portfolio_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	                DB_ARGS(user->id == 0 ? db_null() : db_u64(user->id), db_text(user->username),
	                        db_text(user->email), db_text(user->password_hash), db_text(user->first_name),
	                        db_text(user->last_name), db_text(user->premium_offer),
	                        user->premium_end == 0 ? db_null() : db_time(user->premium_end),
	                        db_u64((uint64_t)clock_now_ms() * 1000)));
	if (status == DB_OK && user->id == 0)
		user->id = db_insert_id(db);
	return status;
}

enum db_status user_set_password(struct db *db, uint64_t id, const char *password_hash)
{
	return rows_found(db, db_run_again(db, "UPDATE user_account SET password_hash = ? WHERE id = ?",
	                              DB_ARGS(db_text(password_hash), db_u64(id))));
}

enum db_status user_upgrade_password(struct db *db, uint64_t id, const char *old, const char *password_hash)
{
	return rows_found(db, db_run(db, "UPDATE user_account SET password_hash = ? WHERE id = ? AND password_hash = ?",
	                        DB_ARGS(db_text(password_hash), db_u64(id), db_text(old))));
}

enum db_status user_set_premium(struct db *db, uint64_t id, const char *offer, int64_t end)
{
	return rows_found(db,
	                  db_run_again(db, "UPDATE user_account SET premium_offer = ?, premium_end = ? WHERE id = ?",
	                              DB_ARGS(db_text(offer), end == 0 ? db_null() : db_time(end), db_u64(id))));
}

enum db_status user_list(struct db *db, struct pool *pool, struct user **users_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " USER_COLUMNS " FROM user_account ORDER BY id", DB_NO_ARGS,
	                 sizeof **users_r, read_user, users_r, n_r);
}

enum db_status user_touch_portfolio(struct db *db, uint64_t user_id)
{
	return rows_found(db,
	                  db_run(db, "UPDATE user_account SET portfolio_version = portfolio_version + 1 WHERE id = ?",
	                        DB_ARGS(db_u64(user_id))));
}

enum db_status user_touch_operations(struct db *db, uint64_t user_id)
{
	return rows_found(db, db_run(db, "UPDATE user_account SET operations_version = operations_version + 1 "
	                             "WHERE id = ?", DB_ARGS(db_u64(user_id))));
}

static void read_version(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct version *version = element;

	(void)pool;
	*version = (struct version){.all = db_col_u64(rows, 0), .patrimoine = db_col_u64(rows, 1)};
}

enum db_status user_portfolio_version(struct db *db, uint64_t user_id, struct version *version_r)
{
	return rows_one(db, NULL, "SELECT " VERSIONS " FROM user_account WHERE id = ?", DB_ARGS(db_u64(user_id)),
	                read_version, version_r);
}

enum db_status user_hold_portfolio(struct db *db, uint64_t user_id, struct version *version_r)
{
	return rows_one(db, NULL, "SELECT " VERSIONS " FROM user_account WHERE id = ? LOCK IN SHARE MODE",
	                DB_ARGS(db_u64(user_id)), read_version, version_r);
}

enum db_status devkey_check(struct db *db, const uint8_t hash[SECRET_HASH])
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT id FROM developer_key WHERE key_hash = ? AND disabled_at IS NULL",
	                               DB_ARGS(db_bytes(hash, SECRET_HASH)), &rows);

	if (status == DB_OK)
		db_rows_end(rows);
	return status;
}

enum db_status devkey_add(struct db *db, const char *name, const uint8_t hash[SECRET_HASH])
{
	return db_run(db, "INSERT INTO developer_key (name, key_hash) VALUES (?, ?)",
	              DB_ARGS(db_text(name), db_bytes(hash, SECRET_HASH)));
}

enum db_status devkey_set_disabled(struct db *db, const char *name, bool disabled)
{
	return rows_found(db,
	                  db_run_again(db,
	                               "UPDATE developer_key SET disabled_at = IF(?, COALESCE(disabled_at, "
	                              "UTC_TIMESTAMP(3)), NULL) WHERE name = ?",
	                              DB_ARGS(db_bool(disabled), db_text(name))));
}

static void read_devkey(const struct db_rows *rows, struct pool *pool, void *element)
{
	*(struct devkey *)element = (struct devkey){
		.id = db_col_u64(rows, 0),
		.name = db_col_dup(rows, 1, pool),
		.disabled = db_col_bool(rows, 2),
		.created_at = db_col_time(rows, 3)
	};
}

enum db_status devkey_list(struct db *db, struct pool *pool, struct devkey **keys_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT id, name, disabled_at IS NOT NULL, created_at FROM developer_key ORDER BY id",
	                 DB_NO_ARGS, sizeof **keys_r, read_devkey, keys_r, n_r);
}
