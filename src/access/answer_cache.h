/*
 * Finished answers of one landlord's portfolio, in memory shared by the workers of a host.
 *
 * An entry is valid for exactly one (user, portfolio version, day in Paris, path): the row that authenticates a request
 * carries the version, so a hit costs no other query and is never stale, on any number of hosts.
 */
#ifndef ACCESS_ANSWER_CACHE_H
#define ACCESS_ANSWER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/jour.h"
#include "base/text.h"

struct answer_cache;

/* `slots` is a power of two; an answer larger than `slot_size` bytes is not kept. To be made before the fork. */
struct answer_cache *answer_cache_create(unsigned slots, unsigned slot_size);

/* Appends the answer to `body` and returns true, or leaves it alone. */
bool answer_cache_get(struct answer_cache *cache, uint64_t user, uint64_t version, jour today, const char *path,
                      struct text *body);
void answer_cache_put(struct answer_cache *cache, uint64_t user, uint64_t version, jour today, const char *path,
                      const struct text *body);

/*
 * Only one worker at a time builds the answers of a landlord: the others wait for it, a little, and then find its
 * answer instead of building the same at the same time. begin() returns false when that took too long: build without
 * it; *waited_r tells whether another may have built meanwhile. A builder that dies gives way to the next.
 */
bool answer_cache_begin(struct answer_cache *cache, uint64_t user, bool *waited_r);
void answer_cache_end(struct answer_cache *cache, uint64_t user);

#endif
