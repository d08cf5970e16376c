/*
 * Finished answers of one landlord's portfolio, in memory shared by the workers of a host.
 *
 * An entry is of one (user, portfolio version, day in Paris, path): the row that authenticates a request carries the
 * version, so a hit costs no other query and is never stale, on any number of hosts. Of a newer version than that it is
 * as good: somebody has read that version since.
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

/* For this process alone; accepts NULL. */
void answer_cache_free(struct answer_cache *cache);

/*
 * Appends the answer of this version or a newer one to `body`, sets *version to that it is of, and returns true; or
 * leaves both alone.
 */
bool answer_cache_get(struct answer_cache *cache, uint64_t user, uint64_t *version, jour today, const char *path,
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
