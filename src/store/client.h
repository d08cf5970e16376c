/*
 * API clients of Communication: their keys, secrets (hashed) and limits.
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "db/db.h"

struct client {
	uint64_t id;
	const char *name;
	const char *auth_key;
	uint8_t secret_hash[SECRET_HASH];
	uint32_t rate;          /* requests a minute */
	uint32_t burst;         /* requests at once */
	bool disabled;
	int64_t created_at;
};

/* Text is in the pool. DB_NONE: no such key. One indexed row: this runs at every request. */
enum db_status client_by_key(struct db *db, struct pool *pool, const char *auth_key, struct client *client_r);

/* DB_DUPLICATE: the name or key is taken. Sets client->id. */
enum db_status client_add(struct db *db, struct client *client);
enum db_status client_set_secret(struct db *db, const char *name, const uint8_t hash[SECRET_HASH]);
enum db_status client_set_disabled(struct db *db, const char *name, bool disabled);
enum db_status client_list(struct db *db, struct pool *pool, struct client **clients_r, size_t *n_r);

#endif
