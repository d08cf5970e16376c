/*
 * Work of several processes, done together by one of them.
 *
 * What costs nearly the same for one as for many, as a query may, is worth gathering: each process puts its item
 * into memory they share, and whichever finds the lane free leads: it does all that wait, while the next ones gather.
 * Nobody ever waits for company, but for those that wait for nothing else than the processor; a lone process does its
 * own item at once.
 *
 * A leader may die at any moment, or hang: those it leads notice, and are told that it is not known what became of
 * their item; those that wait behind it go on alone.
 */
#ifndef BASE_GATHER_H
#define BASE_GATHER_H

#include <stddef.h>

struct gather;

enum gather_end {
	GATHER_DONE,
	GATHER_ALONE,           /* not done: to be done by oneself */
	GATHER_DOUBTFUL         /* tried, and perhaps still being; whether it was or will be done is not known */
};

/*
 * Does the n items (1 to as many as gather_create() was told), which other processes may have put there; results are
 * written into them.
 * GATHER_ALONE gives them all back.
 */
typedef enum gather_end gather_fn(void *const *items, size_t n, void *arg);

enum { GATHER_GROUP = 64 };

/*
 * To be made before the processes are forked. item_size: bytes of an item; most: items that are done together, at most
 * GATHER_GROUP.
 */
struct gather *gather_create(const char *name, size_t item_size, size_t most);

/* For this process alone: others that have it go on. Accepts NULL. */
void gather_free(struct gather *gather);

/*
 * Where this process puts its item before gather_do(), and finds its results after GATHER_DONE; not always the same
 * place. NULL: no room, or gather is NULL.
 */
void *gather_item(struct gather *gather);

/* Has the item done, by this process or by another that leads; do_all(…, arg) is called when this one leads. */
enum gather_end gather_do(struct gather *gather, gather_fn *do_all, void *arg);

#endif
