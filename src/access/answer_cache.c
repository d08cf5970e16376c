/*
 * Finished answers in shared memory: a table of fixed slots, two candidates a key, one word of state a slot.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "access/answer_cache.h"
#include "base/log.h"

enum { KEY_SIZE = 16, BUILDERS = 256, PATIENCE_NS = 500000000 };

/*
 * A slot's header; its bytes follow. `state` is in one word how often the slot was filled (the upper half) and who is
 * filling it now (the lower half, a process id; 0: nobody), so that of those who find its writer dead only one takes it
 * over, and a writer that dies at any instruction has said who it is.
 */
struct slot {
	_Atomic uint64_t state;
	_Atomic uint32_t len;
	uint64_t used;                  /* counts up with every put: the older of two candidates gives way */
	uint8_t key[KEY_SIZE];          /* of user and path */
	uint64_t version;
	jour today;
	char bytes[];
};

struct answer_cache {
	unsigned slots;
	size_t slot_size;               /* bytes of an answer */
	size_t stride;
	_Atomic uint64_t puts;
	pthread_mutex_t builders[BUILDERS];     /* robust; by landlord */
	_Alignas(64) char memory[];
};

static void init_builders(struct answer_cache *cache)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < BUILDERS; i++)
		pthread_mutex_init(&cache->builders[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
}

struct answer_cache *answer_cache_create(unsigned slots, unsigned slot_size)
{
	size_t stride = (sizeof(struct slot) + slot_size + 63) / 64 * 64;
	struct answer_cache *cache;

	cache = mmap(NULL, sizeof *cache + stride * slots, PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (cache == MAP_FAILED) {
		log_event(LOG_LEVEL_ERROR, "answer-cache", "error", strerror(errno), NULL);
		exit(1);
	}
	cache->slots = slots;
	cache->slot_size = slot_size;
	cache->stride = stride;
	init_builders(cache);
	return cache;
}

static pthread_mutex_t *builder(struct answer_cache *cache, uint64_t user)
{
	return &cache->builders[user % BUILDERS];
}

static int lock_patiently(pthread_mutex_t *mutex)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PATIENCE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return pthread_mutex_timedlock(mutex, &until);
}

bool answer_cache_begin(struct answer_cache *cache, uint64_t user, bool *waited_r)
{
	pthread_mutex_t *mutex = builder(cache, user);
	int result = pthread_mutex_trylock(mutex);

	*waited_r = result == EBUSY;
	if (result == EBUSY)
		result = lock_patiently(mutex);
	if (result == EOWNERDEAD)
		result = pthread_mutex_consistent(mutex);
	return result == 0;
}

void answer_cache_end(struct answer_cache *cache, uint64_t user)
{
	pthread_mutex_unlock(builder(cache, user));
}

static void make_key(uint64_t user, const char *path, uint8_t key[KEY_SIZE])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, KEY_SIZE);
	crypto_generichash_update(&state, (const void *)&user, sizeof user);
	crypto_generichash_update(&state, (const void *)path, strlen(path));
	crypto_generichash_final(&state, key, KEY_SIZE);
}

/* The `i`th of the two slots where this key may be. */
static struct slot *candidate(struct answer_cache *cache, const uint8_t key[KEY_SIZE], int i)
{
	uint64_t hash;

	memcpy(&hash, key + 8 * i, sizeof hash);
	return (struct slot *)(void *)(cache->memory + cache->stride * (hash & (cache->slots - 1)));
}

static bool holds(const struct slot *slot, const uint8_t key[KEY_SIZE], uint64_t version, jour today)
{
	return slot->version == version && slot->today == today && memcmp(slot->key, key, KEY_SIZE) == 0;
}

static pid_t writer_of(uint64_t state)
{
	return (pid_t)(uint32_t)state;
}

/*
 * Copies a slot out if it is the one asked for and nobody wrote to it meanwhile. Built with ThreadSanitizer this would
 * be told a race; it is one, and the second look at the state is what makes its result count or not.
 */
static bool copy_out(struct answer_cache *cache, struct slot *slot, const uint8_t key[KEY_SIZE], uint64_t version,
                     jour today, struct text *body)
{
	uint64_t before = atomic_load_explicit(&slot->state, memory_order_acquire);
	size_t start = body->len, len = atomic_load_explicit(&slot->len, memory_order_relaxed);

	if (writer_of(before) != 0 || len > cache->slot_size || !holds(slot, key, version, today))
		return false;
	text_add(body, slot->bytes, len);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) == before)
		return true;
	body->len = start;
	return false;
}

bool answer_cache_get(struct answer_cache *cache, uint64_t user, uint64_t version, jour today, const char *path,
                      struct text *body)
{
	uint8_t key[KEY_SIZE];

	make_key(user, path, key);
	return copy_out(cache, candidate(cache, key, 0), key, version, today, body) ||
	       copy_out(cache, candidate(cache, key, 1), key, version, today, body);
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

void answer_cache_put(struct answer_cache *cache, uint64_t user, uint64_t version, jour today, const char *path,
                      const struct text *body)
{
	uint8_t key[KEY_SIZE];
	struct slot *first, *second, *slot;
	uint64_t state;

	if (body->len > cache->slot_size)
		return;
	make_key(user, path, key);
	first = candidate(cache, key, 0);
	second = candidate(cache, key, 1);
	if (memcmp(first->key, key, KEY_SIZE) == 0)
		slot = first;
	else if (memcmp(second->key, key, KEY_SIZE) == 0)
		slot = second;
	else
		slot = first->used <= second->used ? first : second;
	state = take(slot);
	if (state == 0)
		return;
	atomic_thread_fence(memory_order_release);
	slot->used = atomic_fetch_add(&cache->puts, 1) + 1;
	slot->version = version;
	slot->today = today;
	memcpy(slot->key, key, KEY_SIZE);
	atomic_store_explicit(&slot->len, (uint32_t)body->len, memory_order_relaxed);
	memcpy(slot->bytes, body->data, body->len);
	atomic_store_explicit(&slot->state, state & ~(uint64_t)UINT32_MAX, memory_order_release);
}
