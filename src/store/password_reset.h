/*
 * Requests to set a new password: one an account, found by the hash of its token, good for one use.
 */
#ifndef STORE_PASSWORD_RESET_H
#define STORE_PASSWORD_RESET_H

#include "store/user.h"

/* A request to keep. */
struct password_reset {
	uint8_t account[SECRET_HASH];           /* of whom: the row that it replaces */
	uint64_t user_id;                       /* 0: of nobody; its token opens nothing */
	uint8_t token_hash[SECRET_HASH];
	uint8_t password_mark[SECRET_HASH];     /* secret_hash() of the stored hash */
	uint32_t lifetime;                      /* seconds */
};

/* The user as user_by_login() would find him, in one statement whether there is one or not, and however he is named. */
enum db_status password_reset_user(struct db *db, struct pool *pool, const char *login, struct user *user_r);

/* Takes the place of the account's request before. */
enum db_status password_reset_put(struct db *db, const struct password_reset *reset);

/*
 * Whose token is this? DB_NONE: nobody's, or expired, used, replaced, or the password has changed since. `locks`:
 * inside a transaction, for use; whoever comes second waits and then finds none.
 */
enum db_status password_reset_find(struct db *db, struct pool *pool, const uint8_t token_hash[SECRET_HASH], bool locks,
                                   struct user *user_r);

/* Inside that transaction: the token is used up, and the stored hash changes. */
enum db_status password_reset_use(struct db *db, const uint8_t token_hash[SECRET_HASH], uint64_t user_id,
                                  const char *password_hash);

/* Does the account have exactly this stored hash? On a cluster the node that is asked catches up first. */
enum db_status password_reset_is_set(struct db *db, uint64_t user_id, const char *password_hash);

/* Deletes some that have expired. */
enum db_status password_reset_purge(struct db *db);

#endif
