/*
 * What a worker remembers of whom it let in: tables in which each thing has one place, and the last one stays.
 */
#include "access/memo.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/pool.h"

enum { CLIENTS = 256, KEYS = 64, USERS = 8192 };        /* powers of two */

struct kept_client {
	struct client client;
	int64_t until;
};

struct kept_key {
	uint8_t hash[SECRET_HASH];
	int64_t until;                  /* 0: none */
};

struct memo {
	uint8_t seed[crypto_shorthash_KEYBYTES];
	struct kept_client *clients[CLIENTS];
	struct kept_key keys[KEYS];
	struct user *users[USERS];
};

struct memo *memo_create(void)
{
	struct memo *memo = mem_alloc(sizeof *memo);

	randombytes_buf(memo->seed, sizeof memo->seed);
	return memo;
}

void memo_free(struct memo *memo)
{
	if (memo == NULL)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		free(memo->clients[i]);
	for (size_t i = 0; i < USERS; i++)
		free(memo->users[i]);
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

bool memo_key(const struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now)
{
	const struct kept_key *kept = &memo->keys[place(memo, key_hash, SECRET_HASH, KEYS)];

	return kept->until > now && secret_compare(kept->hash, key_hash, SECRET_HASH) == 0;
}

void memo_keep_key(struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now)
{
	struct kept_key *kept = &memo->keys[place(memo, key_hash, SECRET_HASH, KEYS)];

	memcpy(kept->hash, key_hash, SECRET_HASH);
	kept->until = now + MEMO_LIFE;
}

const struct user *memo_user(const struct memo *memo, const char *username)
{
	const struct user *user = memo->users[place(memo, username, strlen(username), USERS)];

	return user != NULL && strcmp(user->username, username) == 0 ? user : NULL;
}

void memo_keep_user(struct memo *memo, const struct user *user)
{
	struct user **at = &memo->users[place(memo, user->username, strlen(user->username), USERS)];
	struct user *kept;
	char *text;

	kept = mem_alloc(sizeof *kept + size_of(user->username) + size_of(user->email) + size_of(user->password_hash) +
	                 size_of(user->first_name) + size_of(user->last_name) + size_of(user->premium_offer));
	*kept = *user;
	text = (char *)(kept + 1);
	text = move(&kept->username, text);
	text = move(&kept->email, text);
	text = move(&kept->password_hash, text);
	text = move(&kept->first_name, text);
	text = move(&kept->last_name, text);
	move(&kept->premium_offer, text);
	free(*at);
	*at = kept;
}
