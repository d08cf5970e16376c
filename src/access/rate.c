/*
 * Token buckets in shared memory: GCRA, one atomic theoretical arrival time a key.
 *
 * A key lives in one of the few slots that follow its hash. No lock is ever held, so a worker killed at any point
 * leaves the table as usable as before; the worst a race can do is to forgive or charge one request.
 */
#include "access/rate.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#include "base/shared.h"
#include "domain/network.h"

enum { NEIGHBOURS = 8 };

struct rate_slot {
	_Atomic uint64_t key;           /* 0: free */
	_Atomic int64_t arrival;        /* ns; theoretical arrival time: in the past means that the bucket is full */
};

struct rate_table {
	unsigned mask;
	struct rate_slot slots[];
};

struct rate_table *rate_table_create(unsigned capacity)
{
	assert(capacity >= NEIGHBOURS && (capacity & (capacity - 1)) == 0);
	size_t size = sizeof(struct rate_table) + capacity * sizeof(struct rate_slot);
	struct rate_table *table = shared_memory("rates", size);
	table->mask = capacity - 1;
	return table;
}

void rate_table_free(struct rate_table *table)
{
	if (table != NULL)
		munmap(table, sizeof *table + (table->mask + 1) * sizeof table->slots[0]);
}

/* The finaliser of splitmix64: neighbouring ids land far apart. */
static uint64_t scatter(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Gives `slot` to `key` if it still belongs to `old`; the bucket starts full. */
static bool take_over(struct rate_slot *slot, uint64_t old, uint64_t key)
{
	int64_t arrival = atomic_load(&slot->arrival);
	if (!atomic_compare_exchange_strong(&slot->key, &old, key))
		return old == key;
	/* If another worker has already counted a request for the new key, its value stays. */
	atomic_compare_exchange_strong(&slot->arrival, &arrival, 0);
	return true;
}

static struct rate_slot *find_slot(struct rate_table *table, uint64_t key)
{
	uint64_t home = scatter(key);
	for (;;) {
		struct rate_slot *stalest = NULL;
		for (unsigned i = 0; i < NEIGHBOURS; i++) {
			struct rate_slot *slot = &table->slots[(home + i) & table->mask];
			uint64_t owner = atomic_load(&slot->key);
			if (owner == key)
				return slot;
			if (owner == 0) {
				if (take_over(slot, 0, key))
					return slot;
				continue;
			}
			if (stalest == NULL || atomic_load(&slot->arrival) < atomic_load(&stalest->arrival))
				stalest = slot;
		}
		if (stalest != NULL && take_over(stalest, atomic_load(&stalest->key), key))
			return stalest;
	}
}

static uint32_t whole_seconds(int64_t ns)
{
	int64_t seconds = (ns + 999999999) / 1000000000;
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* `interval`: ns in which one token comes. */
static struct rate_answer take(struct rate_table *table, uint64_t key, int64_t interval, uint32_t burst, int64_t now_us)
{
	struct rate_slot *slot = find_slot(table, key == 0 ? UINT64_MAX : key);
	/* A bucket that takes more than a century to fill is as good as any larger one, and its sums fit. */
	int64_t tokens = burst < INT64_MAX / 2 / interval ? burst : INT64_MAX / 2 / interval;
	int64_t now = now_us * 1000;
	struct rate_answer answer = {.limit = burst};
	int64_t seen = atomic_load(&slot->arrival), next;
	do {
		int64_t arrival = seen > now ? seen : now;
		int64_t excess = arrival - now - (tokens - 1) * interval;
		if (excess > 0) {
			answer.reset = whole_seconds(arrival - now);
			answer.retry_after = whole_seconds(excess);
			return answer;
		}
		next = arrival + interval;
	} while (!atomic_compare_exchange_weak(&slot->arrival, &seen, next));
	answer.allowed = true;
	answer.remaining = (uint32_t)((tokens * interval - (next - now)) / interval);
	answer.reset = whole_seconds(next - now);
	return answer;
}

struct rate_answer rate_take(struct rate_table *table, uint64_t key, uint32_t per_minute, uint32_t burst,
                             int64_t now_us)
{
	assert(per_minute >= 1 && burst >= 1);
	return take(table, key, INT64_C(60000000000) / per_minute, burst, now_us);
}

struct rate_answer rate_take_every(struct rate_table *table, uint64_t key, uint32_t seconds, uint32_t burst,
                                   int64_t now_us)
{
	assert(seconds >= 1 && burst >= 1);
	return take(table, key, seconds * INT64_C(1000000000), burst, now_us);
}

uint64_t rate_key(char kind, const char *remote_addr, const void *account, size_t len)
{
	crypto_generichash_state state;
	uint64_t key[2];
	uint8_t network[NETWORK_SIZE] = {0};

	if (remote_addr != NULL)
		network_of(remote_addr, network);
	crypto_generichash_init(&state, NULL, 0, sizeof key);
	crypto_generichash_update(&state, network, sizeof network);
	crypto_generichash_update(&state, (const void *)&kind, sizeof kind);
	crypto_generichash_update(&state, account, len);
	crypto_generichash_final(&state, (void *)key, sizeof key);
	return key[0];
}

void rate_give_back(struct rate_table *table, uint64_t key, uint32_t per_minute)
{
	struct rate_slot *slot = find_slot(table, key == 0 ? UINT64_MAX : key);
	atomic_fetch_sub(&slot->arrival, INT64_C(60000000000) / per_minute);
}
