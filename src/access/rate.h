/*
 * Token buckets in memory shared by the workers of a host, lock-free: one 64-bit theoretical arrival time a key (GCRA).
 */
#ifndef ACCESS_RATE_H
#define ACCESS_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_table;

/*
 * Maps memory for `capacity` keys (a power of two); to be made before the fork. When full, the stalest neighbour gives
 * way.
 */
struct rate_table *rate_table_create(unsigned capacity);
void rate_table_free(struct rate_table *table);          /* accepts NULL */

struct rate_answer {
	bool allowed;
	uint32_t limit;         /* burst */
	uint32_t remaining;
	uint32_t reset;         /* seconds until the bucket is full again */
	uint32_t retry_after;   /* seconds until one request would pass; 0 when allowed */
};

/* Takes one token for `key` at time `now_us`, `per_minute` refill, at most `burst` at once. Both at least 1. */
struct rate_answer rate_take(struct rate_table *table, uint64_t key, uint32_t per_minute, uint32_t burst,
                             int64_t now_us);

/* The same for rates below one a minute: one token every `seconds`. */
struct rate_answer rate_take_every(struct rate_table *table, uint64_t key, uint32_t seconds, uint32_t burst,
                                   int64_t now_us);

/*
 * A key for what is done by one who is no API client: `kind` tells kinds of keys apart, `remote_addr` (NULL: it does
 * not matter) counts as the part of it that one customer holds (network_of()).
 */
uint64_t rate_key(char kind, const char *remote_addr, const void *account, size_t len);

/* Gives a token back that was taken with the same rate, for an attempt that turned out to be none to count. */
void rate_give_back(struct rate_table *table, uint64_t key, uint32_t per_minute);

#endif
