/*
 * Landlords' accounts, and the developers' keys of the apps that call for them.
 */
#ifndef STORE_USER_H
#define STORE_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "db/db.h"

/* What an account and all that its landlord owns are at. */
struct version {
	uint64_t all;                   /* grows with every write */
	uint64_t patrimoine;            /* with every one, of the account too, but those of operations alone */
};

struct user {
	uint64_t id;
	const char *username;
	const char *email;              /* NULL: none */
	const char *password_hash;      /* Argon2id, bcrypt or crypt(3), in their own text forms */
	const char *first_name;         /* "" when unknown */
	const char *last_name;
	const char *premium_offer;      /* NULL: never had one */
	int64_t premium_end;            /* ms; 0: never had one */
	struct version version;
	bool disabled;
};

/*
 * What authenticates one request of Gestion, in one indexed statement: the user as user_by_login(), and whether the
 * developer's key (secret_hash() of it) is known and enabled. DB_NONE: no such user; *key_ok_r is set all the same.
 */
enum db_status user_authenticate(struct db *db, struct pool *pool, const char *login,
                                 const uint8_t key_hash[SECRET_HASH], struct user *user_r, bool *key_ok_r);

/*
 * By user name, or by e-mail address when it holds '@' and is no user name. DB_NONE: unknown or disabled. Text in the
 * pool.
 */
enum db_status user_by_login(struct db *db, struct pool *pool, const char *login, struct user *user_r);
enum db_status user_by_id(struct db *db, struct pool *pool, uint64_t id, struct user *user_r);

/* id 0: the next one. DB_DUPLICATE: id, username or email taken. Sets user->id. */
enum db_status user_add(struct db *db, struct user *user);
enum db_status user_set_password(struct db *db, uint64_t id, const char *password_hash);

/* Replaces the hash only while it still is `old`: an upgrade at login never undoes a change made meanwhile. */
enum db_status user_upgrade_password(struct db *db, uint64_t id, const char *old, const char *password_hash);
enum db_status user_set_premium(struct db *db, uint64_t id, const char *offer, int64_t end);
enum db_status user_list(struct db *db, struct pool *pool, struct user **users_r, size_t *n_r);

/*
 * First statement of every transaction that writes to a portfolio: counts its version up, and so makes the writers of
 * one landlord wait for each other. DB_NONE: no such user.
 */
enum db_status user_touch_portfolio(struct db *db, uint64_t user_id);

/* The same for a transaction that writes nothing but operations. */
enum db_status user_touch_operations(struct db *db, uint64_t user_id);

/* The version as it is now. DB_NONE: no such user. */
enum db_status user_portfolio_version(struct db *db, uint64_t user_id, struct version *version_r);

/* The same outside a transaction, asked for together with what other workers ask at this moment: for every request. */
enum db_status user_version_now(struct db *db, uint64_t user_id, struct version *version_r);

/* Whose version is wished for; and what it is, unless there is no such user. */
struct version_wish {
	uint64_t user;
	struct version version;
	bool found;
};

enum { VERSIONS_MOST = 64 };

/* The versions of several, VERSIONS_MOST at most, at one moment. Outside a transaction. */
enum db_status user_versions_now(struct db *db, struct version_wish *wishes, size_t n);

/*
 * Before workers are forked: from then on user_version_now() asks together. Again, before others are: these ask
 * together with each other, not with the ones before, whose database may be another one.
 */
void user_share(void);

/* The same in a transaction, and as it stays until its end: who writes to the portfolio waits. */
enum db_status user_hold_portfolio(struct db *db, uint64_t user_id, struct version *version_r);

struct devkey {
	uint64_t id;
	const char *name;
	bool disabled;
	int64_t created_at;
};

/* Is this key known and enabled? DB_NONE: no. The hash is secret_hash() of the key. */
enum db_status devkey_check(struct db *db, const uint8_t hash[SECRET_HASH]);
enum db_status devkey_add(struct db *db, const char *name, const uint8_t hash[SECRET_HASH]);
enum db_status devkey_set_disabled(struct db *db, const char *name, bool disabled);
enum db_status devkey_list(struct db *db, struct pool *pool, struct devkey **keys_r, size_t *n_r);

#endif
