/*
 * What is remembered of who was let in, in memory that workers share: a structure followed by its texts.
 */
#include "access/memo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#include "base/pool.h"
#include "base/shared.h"
#include "base/shared_cache.h"

enum { CLIENTS = 256, KEYS = 64, USERS = 32768 };       /* powers of two */
enum { CLIENT_SIZE = 2048, USER_SIZE = 2048 };          /* bytes of one with all texts: more than any has */

struct memo_shared {
	struct shared_cache *users;
	struct shared_cache *keys;      /* hashes; the stamp's version is until when one is good, … */
	struct shared_cache *clients;   /* … and likewise here */
};

struct memo {
	struct memo_shared shared;
	struct text text;               /* where an entry is put together, and taken apart */
};

struct memo_shared *memo_share(void)
{
	struct memo_shared *shared = shared_memory("remembered", sizeof *shared);

	shared->users = shared_cache_create("accounts", USERS, USER_SIZE);
	shared->keys = shared_cache_create("keys", KEYS, SECRET_HASH);
	shared->clients = shared_cache_create("clients", CLIENTS, CLIENT_SIZE);
	return shared;
}

void memo_unshare(struct memo_shared *shared)
{
	if (shared == NULL)
		return;
	shared_cache_free(shared->users);
	shared_cache_free(shared->keys);
	shared_cache_free(shared->clients);
	munmap(shared, sizeof *shared);
}

struct memo *memo_create(const struct memo_shared *shared)
{
	struct memo *memo = mem_alloc(sizeof *memo);

	memo->shared = *shared;
	return memo;
}

void memo_free(struct memo *memo)
{
	if (memo == NULL)
		return;
	text_free(&memo->text);
	free(memo);
}

/* A structure is kept as it is, and the texts that it points to behind it, in the order in which they are listed. */
static void pack(struct text *to, const void *what, size_t size, const char ***texts, size_t n)
{
	text_clear(to);
	text_add(to, what, size);
	for (size_t i = 0; i < n; i++)
		if (*texts[i] != NULL)
			text_add(to, *texts[i], strlen(*texts[i]) + 1);
}

/* The structure has been copied out of it: its texts are to be in the pool, where they were not NULL. */
static void unpack(const struct text *from, size_t size, struct pool *pool, const char ***texts, size_t n)
{
	size_t rest = from->len - size;
	char *at = pool_alloc(pool, rest);

	memcpy(at, from->data + size, rest);
	for (size_t i = 0; i < n; i++) {
		if (*texts[i] == NULL)
			continue;
		*texts[i] = at;
		at += strlen(at) + 1;
	}
}

enum { CLIENT_TEXTS = 2, USER_TEXTS = 6 };

static void list_client(struct client *client, const char **texts[CLIENT_TEXTS])
{
	texts[0] = &client->name;
	texts[1] = &client->auth_key;
}

bool memo_client(struct memo *memo, struct pool *pool, const char *auth_key, const uint8_t secret_hash[SECRET_HASH],
                 int64_t now, struct client *client_r)
{
	struct shared_key key = shared_key(0, auth_key);
	struct shared_stamp good = {.version = (uint64_t)now + 1};
	const char **texts[CLIENT_TEXTS];

	text_clear(&memo->text);
	if (!shared_cache_get(memo->shared.clients, &key, &good, &memo->text))
		return false;
	memcpy(client_r, memo->text.data, sizeof *client_r);
	list_client(client_r, texts);
	unpack(&memo->text, sizeof *client_r, pool, texts, CLIENT_TEXTS);
	return strcmp(client_r->auth_key, auth_key) == 0 &&
	       secret_compare(client_r->secret_hash, secret_hash, SECRET_HASH) == 0;
}

void memo_keep_client(struct memo *memo, const struct client *client, int64_t now)
{
	struct shared_key key = shared_key(0, client->auth_key);
	struct shared_stamp until = {.version = (uint64_t)(now + MEMO_LIFE)};
	struct client copy = *client;
	const char **texts[CLIENT_TEXTS];

	list_client(&copy, texts);
	pack(&memo->text, client, sizeof *client, texts, CLIENT_TEXTS);
	shared_cache_put(memo->shared.clients, &key, &until, memo->text.data, memo->text.len);
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

static void list_user(struct user *user, const char **texts[USER_TEXTS])
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
	const char **texts[USER_TEXTS];

	text_clear(&memo->text);
	if (!shared_cache_get(memo->shared.users, &key, &any, &memo->text))
		return false;
	memcpy(user_r, memo->text.data, sizeof *user_r);
	list_user(user_r, texts);
	unpack(&memo->text, sizeof *user_r, pool, texts, USER_TEXTS);
	return true;
}

void memo_keep_user(struct memo *memo, const struct user *user)
{
	struct shared_key key = shared_key(0, user->username);
	struct user copy = *user;
	const char **texts[USER_TEXTS];

	list_user(&copy, texts);
	pack(&memo->text, user, sizeof *user, texts, USER_TEXTS);
	shared_cache_put(memo->shared.users, &key, &(struct shared_stamp){0}, memo->text.data, memo->text.len);
}
