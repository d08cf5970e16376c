/*
 * Memory of one request: blocks that are carved from the front and given back together.
 *
 * Under AddressSanitizer what is not handed out is poisoned, and a gap follows each allocation, so that an overrun or a
 * use after the request is found as it would be with malloc().
 */
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif

#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { POOL_GAP = 16 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { POOL_GAP = 0 };
#endif

/* An ordinary request fits the first block, which is kept; what is larger than a quarter of one gets its own. */
enum { POOL_BLOCK = 32 * 1024, POOL_LARGE = POOL_BLOCK / 4 };

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

struct cleanup {
	struct cleanup *next;
	void (*fn)(void *arg);
	void *arg;
};

struct pool {
	struct block *first;            /* never freed before the pool is */
	struct block *current;          /* the one carved from */
	struct cleanup *cleanups;       /* last registered first */
};

static void __attribute__((noreturn)) out_of_memory(size_t size)
{
	log_msg(LOG_LEVEL_ERROR, "out-of-memory", "%zu bytes", size);
	exit(EXIT_FAILURE);
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (p == NULL)
		out_of_memory(size);
	return p;
}

void *mem_realloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (p == NULL)
		out_of_memory(size);
	return p;
}

char *mem_strdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(mem_alloc(size), s, size);
}

static struct block *block_create(size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		out_of_memory(size);
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		out_of_memory(size);
	block->next = NULL;
	block->size = size;
	block->used = 0;
	POISON(block->bytes, size);
	return block;
}

static void block_free(struct block *block)
{
	UNPOISON(block->bytes, block->size);
	free(block);
}

struct pool *pool_create(void)
{
	struct pool *pool = mem_alloc(sizeof(*pool));

	pool->first = pool->current = block_create(POOL_BLOCK);
	return pool;
}

/* A clean-up may register another, which is run too. */
static void run_cleanups(struct pool *pool)
{
	while (pool->cleanups != NULL) {
		struct cleanup *cleanup = pool->cleanups;

		pool->cleanups = cleanup->next;
		cleanup->fn(cleanup->arg);
	}
}

void pool_reset(struct pool *pool)
{
	struct block *next;

	run_cleanups(pool);
	for (struct block *block = pool->first->next; block != NULL; block = next) {
		next = block->next;
		block_free(block);
	}
	pool->first->next = NULL;
	pool->first->used = 0;
	POISON(pool->first->bytes, pool->first->size);
	pool->current = pool->first;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pool_reset(pool);
	block_free(pool->first);
	free(pool);
}

static void *block_take(struct block *block, size_t size, size_t rounded)
{
	unsigned char *p = block->bytes + block->used;

	block->used += rounded;
	UNPOISON(p, size);
	return memset(p, 0, size);
}

void *pool_alloc(struct pool *pool, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t rounded;
	struct block *block;

	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	rounded = (size + POOL_GAP + align - 1) & ~(align - 1);
	if (rounded <= pool->current->size - pool->current->used)
		return block_take(pool->current, size, rounded);

	block = block_create(rounded > POOL_LARGE ? rounded : POOL_BLOCK);
	block->next = pool->first->next;
	pool->first->next = block;
	if (rounded <= POOL_LARGE)
		pool->current = block;  /* a large one is full at once: what is left of the current stays in use */
	return block_take(block, size, rounded);
}

char *pool_strndup(struct pool *pool, const char *s, size_t len)
{
	char *copy = pool_alloc(pool, len + 1);

	if (len > 0)
		memcpy(copy, s, len);
	return copy;
}

char *pool_strdup(struct pool *pool, const char *s)
{
	return s != NULL ? pool_strndup(pool, s, strlen(s)) : NULL;
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	va_list args, again;
	char *text;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		log_event(LOG_LEVEL_ERROR, "bad-format", "format", format, NULL);
		abort();
	}
	text = pool_alloc(pool, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

void *pool_grow(struct pool *pool, void *items, size_t n, size_t *capacity, size_t size)
{
	void *more;

	if (n < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 16;
	more = pool_alloc(pool, *capacity * size);
	if (n > 0)
		memcpy(more, items, n * size);
	return more;
}

void pool_at_reset(struct pool *pool, void (*fn)(void *arg), void *arg)
{
	struct cleanup *cleanup = pool_alloc(pool, sizeof(*cleanup));

	cleanup->fn = fn;
	cleanup->arg = arg;
	cleanup->next = pool->cleanups;
	pool->cleanups = cleanup;
}
