/*
 * Memory of one request: many small allocations, all given back at once.
 *
 * Allocation never returns NULL: a process that cannot get memory logs and exits, and its master starts another.
 * Nothing is acknowledged before its commit, so ending there loses nothing.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool;

/* Creates an empty pool. Free with pool_free(). */
struct pool *pool_create(void);

/* Frees the pool and all it gave out, after running its clean-ups; accepts NULL. */
void pool_free(struct pool *pool);

/* Gives back all that was allocated, after running the clean-ups; keeps a first block for the next request. */
void pool_reset(struct pool *pool);

/* Zeroed, aligned for any type; valid until pool_reset(). */
void *pool_alloc(struct pool *pool, size_t size);

/* Copies with a NUL added. pool_strdup() of NULL is NULL. */
char *pool_strdup(struct pool *pool, const char *s);
char *pool_strndup(struct pool *pool, const char *s, size_t len);
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Room for one more: `items` holds n of *capacity elements of `size` bytes; returns it, or a copy twice as large with
 * *capacity updated. Start with NULL and *capacity 0. What was outgrown stays in the pool until its reset.
 */
void *pool_grow(struct pool *pool, void *items, size_t n, size_t *capacity, size_t size);

/* Runs fn(arg) when the pool is reset or freed; last registered runs first. For what is not pool memory (json-c). */
void pool_at_reset(struct pool *pool, void (*fn)(void *arg), void *arg);

/* malloc, calloc, realloc, strdup that never return NULL, for what outlives a request. Free with free(). */
void *mem_alloc(size_t size);
void *mem_realloc(void *old, size_t size);
char *mem_strdup(const char *s);

#endif
