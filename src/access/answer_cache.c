/*
 * Finished answers, by landlord and path; and one lock for some of the landlords each, for who builds an answer.
 */
#include "access/answer_cache.h"

#include <sys/mman.h>

#include "base/shared.h"
#include "base/shared_cache.h"

enum { BUILDERS = 256, PATIENCE_NS = 500000000 };

struct answer_cache {
	struct shared_cache *answers;
	pthread_mutex_t builders[BUILDERS];     /* by landlord */
};

struct answer_cache *answer_cache_create(unsigned slots, unsigned slot_size)
{
	struct answer_cache *cache = shared_memory("answers", sizeof *cache);

	cache->answers = shared_cache_create("answers", slots, slot_size);
	shared_mutex_init(cache->builders, BUILDERS);
	return cache;
}

void answer_cache_free(struct answer_cache *cache)
{
	if (cache == NULL)
		return;
	shared_cache_free(cache->answers);
	munmap(cache, sizeof *cache);
}

static pthread_mutex_t *builder(struct answer_cache *cache, uint64_t user)
{
	return &cache->builders[user % BUILDERS];
}

bool answer_cache_begin(struct answer_cache *cache, uint64_t user, bool *waited_r)
{
	*waited_r = !shared_mutex_try(builder(cache, user));
	return !*waited_r || shared_mutex_wait(builder(cache, user), PATIENCE_NS);
}

void answer_cache_end(struct answer_cache *cache, uint64_t user)
{
	pthread_mutex_unlock(builder(cache, user));
}

bool answer_cache_get(struct answer_cache *cache, uint64_t user, uint64_t *version, jour today, const char *path,
                      struct text *body)
{
	struct shared_key key = shared_key(user, path);
	struct shared_stamp stamp = {*version, today};

	if (!shared_cache_get(cache->answers, &key, &stamp, body))
		return false;
	*version = stamp.version;
	return true;
}

void answer_cache_put(struct answer_cache *cache, uint64_t user, uint64_t version, jour today, const char *path,
                      const struct text *body)
{
	struct shared_key key = shared_key(user, path);

	shared_cache_put(cache->answers, &key, &(struct shared_stamp){version, today}, body->data, body->len);
}
