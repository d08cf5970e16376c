/*
 * Bytes that any process of a host may want again, in memory they share: what costs more to make than to copy.
 *
 * Lock-free for readers (a look at the slot's state before and after the copy); a writer that dies in the middle leaves
 * a slot that the next one takes over. Nothing is promised to be there; what is there is whole.
 */
#ifndef BASE_SHARED_CACHE_H
#define BASE_SHARED_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct shared_cache;

enum { SHARED_KEY = 16 };

/* What an entry is found by. */
struct shared_key {
	uint8_t bytes[SHARED_KEY];
};

/* What it was made from. Put with another stamp it takes the old one's place. */
struct shared_stamp {
	uint64_t version;               /* what is newer than asked for is as good */
	int64_t day;                    /* another day is not */
};

/*
 * To be made before the processes are forked; ends the process when there is no memory. `slots` is a
 * power of two; what is larger than `slot_size` bytes is not kept. Memory is taken only for what is kept.
 */
struct shared_cache *shared_cache_create(const char *name, unsigned slots, size_t slot_size);

/* For this process alone: others that have it go on, and the memory is the machine's again after the last. NULL is fine. */
void shared_cache_free(struct shared_cache *cache);

/* The key for a number and a text: a hash of them. */
struct shared_key shared_key(uint64_t number, const char *text);

/* Appends what is kept to `to`, sets the version that it is of, and returns true; or leaves both alone. */
bool shared_cache_get(struct shared_cache *cache, const struct shared_key *key, struct shared_stamp *stamp,
                      struct text *to);
void shared_cache_put(struct shared_cache *cache, const struct shared_key *key, const struct shared_stamp *stamp,
                      const void *bytes, size_t len);

#endif
