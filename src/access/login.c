/*
 * User name and password at every request: the memory of correct pairs, the count of failures.
 *
 * The memory is a table of 128-bit tags. A tag is a keyed hash of user id, stored hash and password, so a stored hash
 * that changes makes its old tags unreachable, here and on every other host, without anyone telling anyone.
 *
 * A correct pair has a tag of its own, and one with each network that it came from. The latter lets it in at once; the
 * former only spares the slow hash, and an attempt has been counted by then. Else whoever guesses could go on beyond
 * the limits at the account of a landlord whose app is at work: the right guess would still be told from the others.
 */
#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "access/login.h"
#include "access/rate.h"
#include "base/clock.h"
#include "base/shared.h"
#include "domain/mot_de_passe.h"
#include "domain/network.h"

/*
 * Failures allowed at once, and their refill a minute. The pair of account and address keeps one guesser slow; the
 * address alone keeps one guesser slow over many accounts. There is no limit on the account alone: with one, a stranger
 * who guesses from many places could lock the landlord out.
 */
enum { PAIR_BURST = 10, PAIR_PER_MINUTE = 5, ADDRESS_BURST = 50, ADDRESS_PER_MINUTE = 20 };

enum { WAYS = 4 };      /* places where one tag may be */

struct tag {
	_Atomic uint64_t half[2];
};

/* Half of the places are for pairs, half for networks: who comes from many drives nobody's pair out. */
struct login_cache {
	unsigned half;
	_Atomic unsigned next_victim;
	uint8_t key[crypto_generichash_KEYBYTES];
	struct tag tags[];
};

struct login_cache *login_cache_create(unsigned capacity)
{
	struct login_cache *cache = shared_memory("logins", sizeof *cache + capacity * sizeof cache->tags[0]);

	cache->half = capacity / 2;
	randombytes_buf(cache->key, sizeof cache->key);
	return cache;
}

/* With the network of `remote_addr`; NULL: wherever it comes from. */
static void make_tag(const struct login_cache *cache, const struct user *user, const char *password,
                     const char *remote_addr, uint64_t tag[2])
{
	crypto_generichash_state state;
	uint8_t from[1 + NETWORK_SIZE] = {remote_addr != NULL};

	if (remote_addr != NULL)
		network_of(remote_addr, from + 1);
	crypto_generichash_init(&state, cache->key, sizeof cache->key, 16);
	crypto_generichash_update(&state, from, sizeof from);
	crypto_generichash_update(&state, (const void *)&user->id, sizeof user->id);
	/* With its NUL, so that no hash and password run together as another pair does. */
	crypto_generichash_update(&state, (const void *)user->password_hash, strlen(user->password_hash) + 1);
	crypto_generichash_update(&state, (const void *)password, strlen(password));
	crypto_generichash_final(&state, (void *)tag, 16);
	if (tag[0] == 0)        /* an empty place */
		tag[0] = 1;
}

/* One of the places where the tag may be; `from` is NULL for that of a pair alone. */
static struct tag *place(struct login_cache *cache, const char *from, const uint64_t tag[2], unsigned way)
{
	return &cache->tags[(from != NULL ? cache->half : 0) + ((tag[0] + way) & (cache->half - 1))];
}

static bool is_remembered(struct login_cache *cache, const struct user *user, const char *password,
                          const char *remote_addr)
{
	uint64_t tag[2];

	make_tag(cache, user, password, remote_addr, tag);
	for (unsigned way = 0; way < WAYS; way++) {
		struct tag *at = place(cache, remote_addr, tag, way);

		if (atomic_load(&at->half[0]) == tag[0] && atomic_load(&at->half[1]) == tag[1])
			return true;
	}
	return false;
}

static void remember(struct login_cache *cache, const struct user *user, const char *password,
                     const char *remote_addr)
{
	struct tag *at;
	uint64_t tag[2];
	unsigned way;

	make_tag(cache, user, password, remote_addr, tag);
	for (way = 0; way < WAYS; way++)
		if (atomic_load(&place(cache, remote_addr, tag, way)->half[0]) == 0)
			break;
	if (way == WAYS)
		way = atomic_fetch_add(&cache->next_victim, 1) % WAYS;
	at = place(cache, remote_addr, tag, way);
	atomic_store(&at->half[0], 0);
	atomic_store(&at->half[1], tag[1]);
	atomic_store(&at->half[0], tag[0]);
}

/* What one attempt is counted against. */
struct attempt {
	uint64_t pair, address;
};

/*
 * An account is known by its id: the database takes `Bob`, `bob ` and an e-mail address for the same one, and a guesser
 * must not gain by the spelling. What is no account is known by the name that was given.
 */
static struct attempt attempt_of(const struct user *user, const char *login, const char *remote_addr)
{
	return (struct attempt){
		.pair = user != NULL ? rate_key('i', remote_addr, &user->id, sizeof user->id)
		                     : rate_key('n', remote_addr, login, strlen(login)),
		.address = rate_key('a', remote_addr, "", 0)
	};
}

/* Counts one attempt against both limits before the slow hash is paid. Returns 0, or the seconds to wait. */
static uint32_t count_attempt(struct rate_table *failures, const struct attempt *attempt)
{
	int64_t now = clock_mono_us();
	struct rate_answer pair = rate_take(failures, attempt->pair, PAIR_PER_MINUTE, PAIR_BURST, now);
	struct rate_answer address;

	if (!pair.allowed)
		return pair.retry_after;
	address = rate_take(failures, attempt->address, ADDRESS_PER_MINUTE, ADDRESS_BURST, now);
	return address.allowed ? 0 : address.retry_after;
}

/* It was no failure. */
static void forgive_attempt(struct rate_table *failures, const struct attempt *attempt)
{
	rate_give_back(failures, attempt->pair, PAIR_PER_MINUTE);
	rate_give_back(failures, attempt->address, ADDRESS_PER_MINUTE);
}

static void upgrade(struct app *app, struct pool *pool, struct user *user, const char *password)
{
	char fresh[128];

	if (mot_de_passe_hash(password, fresh) != 0)
		return;
	if (user_upgrade_password(app->db, user->id, user->password_hash, fresh) == DB_OK)
		user->password_hash = pool_strdup(pool, fresh);
}

/* The slow way, for a pair that is not remembered. */
static bool verify(struct app *app, struct pool *pool, struct user *user, const char *password)
{
	bool upgrade_due;

	if (!mot_de_passe_verify(user->password_hash, password, &upgrade_due))
		return false;
	if (upgrade_due)
		upgrade(app, pool, user, password);
	remember(app->logins, user, password, NULL);
	return true;
}

/* Peers without an address are of one network. */
static const char *place_of(const char *remote_addr)
{
	return remote_addr != NULL ? remote_addr : "";
}

bool login_is_remembered(const struct app *app, const struct user *user, const char *password, const char *remote_addr)
{
	return is_remembered(app->logins, user, password, place_of(remote_addr));
}

enum login_result login_check(struct app *app, struct pool *pool, const char *login, const char *password,
                              const char *remote_addr, struct user *user, uint32_t *retry_after_r)
{
	struct attempt attempt = attempt_of(user, login, remote_addr);

	if (user != NULL && login_is_remembered(app, user, password, remote_addr))
		return LOGIN_OK;
	*retry_after_r = count_attempt(app->failures, &attempt);
	if (*retry_after_r != 0)
		return LOGIN_LIMITED;
	if (user == NULL) {
		mot_de_passe_verify_nobody(password);
		return LOGIN_UNKNOWN;
	}
	if (!is_remembered(app->logins, user, password, NULL) && !verify(app, pool, user, password))
		return LOGIN_WRONG;
	forgive_attempt(app->failures, &attempt);
	remember(app->logins, user, password, place_of(remote_addr));
	return LOGIN_OK;
}
