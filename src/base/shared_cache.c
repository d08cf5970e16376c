/*
 * A table of fixed slots in shared memory, two candidates a key, one word of state a slot.
 */
#include "base/shared_cache.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "base/shared.h"

/*
 * A slot's header; its bytes follow. `state` is in one word how often the slot was filled (the upper half) and who is
 * filling it now (the lower half, a process id; 0: nobody), so that of those who find its writer dead only one takes it
 * over, and a writer that dies at any instruction has said who it is.
 */
struct slot {
	_Atomic uint64_t state;
	_Atomic uint32_t len;
	uint64_t used;                  /* counts up with every put: the older of two candidates gives way */
	struct shared_key key;
	struct shared_stamp stamp;
	char bytes[];
};

struct shared_cache {
	unsigned slots;
	size_t slot_size;               /* bytes of an entry */
	size_t stride;
	_Atomic uint64_t puts;
	_Alignas(64) char memory[];
};

struct shared_cache *shared_cache_create(const char *name, unsigned slots, size_t slot_size)
{
	size_t stride = (sizeof(struct slot) + slot_size + 63) / 64 * 64;
	struct shared_cache *cache = shared_memory(name, sizeof *cache + stride * slots);

	cache->slots = slots;
	cache->slot_size = slot_size;
	cache->stride = stride;
	return cache;
}

void shared_cache_free(struct shared_cache *cache)
{
	if (cache != NULL)
		munmap(cache, sizeof *cache + cache->stride * cache->slots);
}

struct shared_key shared_key(uint64_t number, const char *text)
{
	crypto_generichash_state state;
	struct shared_key key;

	crypto_generichash_init(&state, NULL, 0, SHARED_KEY);
	crypto_generichash_update(&state, (const void *)&number, sizeof number);
	crypto_generichash_update(&state, (const void *)text, strlen(text));
	crypto_generichash_final(&state, key.bytes, SHARED_KEY);
	return key;
}

/* The `i`th of the two slots where this key may be. */
static struct slot *candidate(struct shared_cache *cache, const struct shared_key *key, int i)
{
	uint64_t hash;

	memcpy(&hash, key->bytes + sizeof hash * (size_t)i, sizeof hash);
	return (struct slot *)(void *)(cache->memory + cache->stride * (hash & (cache->slots - 1)));
}

static bool is_key(const struct slot *slot, const struct shared_key *key)
{
	return memcmp(slot->key.bytes, key->bytes, SHARED_KEY) == 0;
}

static bool holds(const struct slot *slot, const struct shared_key *key, const struct shared_stamp *stamp)
{
	return slot->stamp.version >= stamp->version && slot->stamp.day == stamp->day && is_key(slot, key);
}

static pid_t writer_of(uint64_t state)
{
	return (pid_t)(uint32_t)state;
}

/*
 * Copies a slot out if it is the one asked for and nobody wrote to it meanwhile. Built with ThreadSanitizer this would
 * be told a race; it is one, and the second look at the state is what makes its result count or not.
 */
static bool copy_out(struct shared_cache *cache, struct slot *slot, const struct shared_key *key,
                     struct shared_stamp *stamp, struct text *to)
{
	uint64_t before = atomic_load_explicit(&slot->state, memory_order_acquire);
	uint64_t version = slot->stamp.version;
	size_t start = to->len, len = atomic_load_explicit(&slot->len, memory_order_relaxed);

	if (writer_of(before) != 0 || len > cache->slot_size || !holds(slot, key, stamp))
		return false;
	text_add(to, slot->bytes, len);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) != before) {
		to->len = start;
		return false;
	}
	stamp->version = version;
	return true;
}

bool shared_cache_get(struct shared_cache *cache, const struct shared_key *key, struct shared_stamp *stamp,
                      struct text *to)
{
	return copy_out(cache, candidate(cache, key, 0), key, stamp, to) ||
	       copy_out(cache, candidate(cache, key, 1), key, stamp, to);
}

/*
 * Takes the slot for writing; also from a writer that is no more. Returns its state now, or 0 when another one writes.
 */
static uint64_t take(struct slot *slot)
{
	uint64_t state = atomic_load(&slot->state);
	uint64_t mine = ((state >> 32) + 1) << 32 | (uint32_t)getpid();
	pid_t writer = writer_of(state);

	if (writer != 0 && (kill(writer, 0) == 0 || errno != ESRCH))
		return 0;
	return atomic_compare_exchange_strong(&slot->state, &state, mine) ? mine : 0;
}

/* Where it is to go: its own place, or that of the older of two others. */
static struct slot *choose(struct shared_cache *cache, const struct shared_key *key)
{
	struct slot *first = candidate(cache, key, 0), *second = candidate(cache, key, 1);

	if (is_key(first, key))
		return first;
	if (is_key(second, key))
		return second;
	return first->used <= second->used ? first : second;
}

void shared_cache_put(struct shared_cache *cache, const struct shared_key *key, const struct shared_stamp *stamp,
                      const void *bytes, size_t len)
{
	struct slot *slot = choose(cache, key);
	uint64_t state = len <= cache->slot_size ? take(slot) : 0;

	if (state == 0)
		return;
	atomic_thread_fence(memory_order_release);
	slot->used = atomic_fetch_add(&cache->puts, 1) + 1;
	slot->stamp = *stamp;
	slot->key = *key;
	atomic_store_explicit(&slot->len, (uint32_t)len, memory_order_relaxed);
	memcpy(slot->bytes, bytes, len);
	atomic_store_explicit(&slot->state, state & ~(uint64_t)UINT32_MAX, memory_order_release);
}
