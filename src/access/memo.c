/*
 * What is remembered of who was let in: a table in which each client has one place, and the last one stays; accounts
 * and keys in memory that workers share, a user followed by his texts.
 */
#include "access/memo.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/pool.h"
#include "base/shared.h"
#include "base/shared_cache.h"

enum { CLIENTS = 256, KEYS = 64, USERS = 32768 };       /* powers of two */
enum { USER_SIZE = 2048 };                              /* bytes of one with all his texts: more than any has */

struct kept_client {
	struct client client;
	int64_t until;
};

struct memo_shared {
	struct shared_cache *users;
	struct shared_cache *keys;      /* hashes; the stamp's version is until when one is good */
};

struct memo {
	uint8_t seed[crypto_shorthash_KEYBYTES];
	struct kept_client *clients[CLIENTS];
	struct memo_shared shared;
	struct text text;               /* where an entry is put together, and taken apart */
};

struct memo_shared *memo_share(void)
{
	struct memo_shared *shared = shared_memory("remembered", sizeof *shared);

	shared->users = shared_cache_create("accounts", USERS, USER_SIZE);
	shared->keys = shared_cache_create("keys", KEYS, SECRET_HASH);
	return shared;
}

struct memo *memo_create(const struct memo_shared *shared)
{
	struct memo *memo = mem_alloc(sizeof *memo);

	memo->shared = *shared;
	randombytes_buf(memo->seed, sizeof memo->seed);
	return memo;
}

void memo_free(struct memo *memo)
{
	if (memo == NULL)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		free(memo->clients[i]);
	text_free(&memo->text);
	free(memo);
}

/* Keyed: nobody outside can choose names that share a place. */
static size_t place(const struct memo *memo, const void *bytes, size_t len, size_t places)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, bytes, len, memo->seed);
	return hash & (places - 1);
}

/* Moves *text to `at`; returns where the next one goes. NULL stays NULL. */
static char *move(const char **text, char *at)
{
	size_t size;

	if (*text == NULL)
		return at;
	size = strlen(*text) + 1;
	memcpy(at, *text, size);
	*text = at;
	return at + size;
}

static size_t size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

const struct client *memo_client(const struct memo *memo, const char *auth_key, const uint8_t secret_hash[SECRET_HASH],
                                 int64_t now)
{
	const struct kept_client *kept = memo->clients[place(memo, auth_key, strlen(auth_key), CLIENTS)];

	if (kept == NULL || kept->until <= now || strcmp(kept->client.auth_key, auth_key) != 0 ||
	    secret_compare(kept->client.secret_hash, secret_hash, SECRET_HASH) != 0)
		return NULL;
	return &kept->client;
}

void memo_keep_client(struct memo *memo, const struct client *client, int64_t now)
{
	struct kept_client **at = &memo->clients[place(memo, client->auth_key, strlen(client->auth_key), CLIENTS)];
	struct kept_client *kept = mem_alloc(sizeof *kept + size_of(client->name) + size_of(client->auth_key));

	*kept = (struct kept_client){.client = *client, .until = now + MEMO_LIFE};
	move(&kept->client.auth_key, move(&kept->client.name, (char *)(kept + 1)));
	free(*at);
	*at = kept;
}

/* Another hash that begins alike has the same place; which one it is the bytes tell. */
static struct shared_key place_of_key(const uint8_t hash[SECRET_HASH])
{
	struct shared_key key;

	memcpy(key.bytes, hash, sizeof key.bytes);
	return key;
}

bool memo_key(struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now)
{
	struct shared_key key = place_of_key(key_hash);
	struct shared_stamp good = {.version = (uint64_t)now + 1};

	text_clear(&memo->text);
	return shared_cache_get(memo->shared.keys, &key, &good, &memo->text) && memo->text.len == SECRET_HASH &&
	       secret_compare((const uint8_t *)memo->text.data, key_hash, SECRET_HASH) == 0;
}

void memo_keep_key(struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now)
{
	struct shared_key key = place_of_key(key_hash);
	struct shared_stamp until = {.version = (uint64_t)(now + MEMO_LIFE)};

	shared_cache_put(memo->shared.keys, &key, &until, key_hash, SECRET_HASH);
}

/* The texts of a user, in the order in which they follow him. */
enum { TEXTS = 6 };

static void list_texts(struct user *user, const char **texts[TEXTS])
{
	texts[0] = &user->username;
	texts[1] = &user->email;
	texts[2] = &user->password_hash;
	texts[3] = &user->first_name;
	texts[4] = &user->last_name;
	texts[5] = &user->premium_offer;
}

bool memo_user(struct memo *memo, struct pool *pool, const char *username, struct user *user_r)
{
	struct shared_key key = shared_key(0, username);
	struct shared_stamp any = {0};
	const char **texts[TEXTS];
	size_t rest;
	char *at;

	text_clear(&memo->text);
	if (!shared_cache_get(memo->shared.users, &key, &any, &memo->text))
		return false;
	memcpy(user_r, memo->text.data, sizeof *user_r);
	rest = memo->text.len - sizeof *user_r;
	at = pool_alloc(pool, rest);
	memcpy(at, memo->text.data + sizeof *user_r, rest);
	list_texts(user_r, texts);
	for (size_t i = 0; i < TEXTS; i++) {
		if (*texts[i] == NULL)
			continue;
		*texts[i] = at;
		at += strlen(at) + 1;
	}
	return true;
}

void memo_keep_user(struct memo *memo, const struct user *user)
{
	struct shared_key key = shared_key(0, user->username);
	struct user copy = *user;
	const char **texts[TEXTS];

	text_clear(&memo->text);
	text_add(&memo->text, user, sizeof *user);
	list_texts(&copy, texts);
	for (size_t i = 0; i < TEXTS; i++)
		if (*texts[i] != NULL)
			text_add(&memo->text, *texts[i], strlen(*texts[i]) + 1);
	shared_cache_put(memo->shared.users, &key, &(struct shared_stamp){0}, memo->text.data, memo->text.len);
}
