/*
 * Work of several processes, done together by one of them: a slot in shared memory for each process, a mutex that the
 * leader holds while it takes items, and one in each slot that says whether its owner, who led, is still at it.
 *
 * The mutexes are robust: the kernel releases those of a process that dies, however it dies.
 */
#include "base/gather.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pool.h"

enum {
	SLOTS = 128,                    /* processes, old and new ones during a reload */
	WAIT_NS = 20000000              /* how soon a dead leader is noticed */
};

/* EMPTY → READY by its owner, → TAKEN by a leader, → an end by the leader, → EMPTY by its owner. */
enum slot_state { SLOT_EMPTY, SLOT_READY, SLOT_TAKEN, SLOT_END };       /* and SLOT_END + an enum gather_end */

struct slot {
	_Atomic int pid;                /* whose it is; 0: nobody's */
	_Atomic uint32_t state;         /* a futex */
	uint32_t leader;                /* number of the slot whose owner took it */
	pthread_mutex_t leads;          /* held by its owner while it leads and until it has settled what it took */
	alignas(max_align_t) unsigned char item[];
};

struct shared {
	pthread_mutex_t lane;           /* held by who takes items */
	alignas(max_align_t) unsigned char slots[];
};

struct gather {
	size_t slot_size;
	struct shared *shared;
	struct slot *own;               /* of this process */
	bool has_lane;
};

static struct slot *slot_at(const struct gather *gather, size_t i)
{
	return (struct slot *)(void *)(gather->shared->slots + i * gather->slot_size);
}

/* Tries to take it; one whose holder died is as good as free. */
static bool try_lock(pthread_mutex_t *mutex)
{
	int result = pthread_mutex_trylock(mutex);

	if (result == EOWNERDEAD)
		result = pthread_mutex_consistent(mutex);
	return result == 0;
}

struct gather *gather_create(const char *name, size_t item_size)
{
	struct gather *gather = mem_alloc(sizeof *gather);
	pthread_mutexattr_t attributes;
	void *at;

	gather->slot_size = (sizeof(struct slot) + item_size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	at = mmap(NULL, sizeof *gather->shared + SLOTS * gather->slot_size, PROT_READ | PROT_WRITE,
	          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		log_event(LOG_LEVEL_WARN, "gather", "of", name, "error", strerror(errno), NULL);
		free(gather);
		return NULL;
	}
	gather->shared = at;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&gather->shared->lane, &attributes);
	for (size_t i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slot_at(gather, i)->leads, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return gather;
}

static void wake(struct slot *slot)
{
	syscall(SYS_futex, &slot->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Only what still is taken: its owner may have given up waiting, after its leader seemed dead. */
static void settle(struct slot *slot, enum gather_end end)
{
	uint32_t taken = SLOT_TAKEN;

	if (atomic_compare_exchange_strong(&slot->state, &taken, SLOT_END + (uint32_t)end))
		wake(slot);
}

/* A leader settles what it took before it gives `leads` back: a slot that is taken after that will never be settled. */
static bool is_abandoned(struct gather *gather, struct slot *slot)
{
	struct slot *leader = slot_at(gather, slot->leader);

	if (!try_lock(&leader->leads))
		return false;
	pthread_mutex_unlock(&leader->leads);
	return atomic_load(&slot->state) == SLOT_TAKEN;
}

/* One of those that came meanwhile may lead. */
static void leave_lane(struct gather *gather)
{
	gather->has_lane = false;
	pthread_mutex_unlock(&gather->shared->lane);
	for (size_t i = 0; i < SLOTS; i++) {
		if (atomic_load(&slot_at(gather, i)->state) == SLOT_READY) {
			wake(slot_at(gather, i));
			return;
		}
	}
}

/* The slot of a process that is no more, while nobody takes items and when nobody is at this one. */
static bool inherit(struct gather *gather, struct slot *slot, int self)
{
	int pid = atomic_load(&slot->pid);
	bool ours = false;

	if (pid == 0 || kill(pid, 0) == 0 || errno != ESRCH || !try_lock(&gather->shared->lane))
		return false;
	if (atomic_load(&slot->state) != SLOT_TAKEN || is_abandoned(gather, slot))
		ours = atomic_compare_exchange_strong(&slot->pid, &pid, self);
	if (ours)
		atomic_store(&slot->state, SLOT_EMPTY);
	leave_lane(gather);
	return ours;
}

static struct slot *find_own(struct gather *gather)
{
	int self = (int)getpid();

	if (gather->own != NULL && atomic_load(&gather->own->pid) == self)
		return gather->own;
	gather->own = NULL;
	for (size_t i = 0; i < SLOTS && gather->own == NULL; i++) {
		struct slot *slot = slot_at(gather, i);
		int nobody = 0;

		if (atomic_compare_exchange_strong(&slot->pid, &nobody, self) || inherit(gather, slot, self))
			gather->own = slot;
	}
	return gather->own;
}

void *gather_item(struct gather *gather)
{
	struct slot *slot = gather != NULL ? find_own(gather) : NULL;

	return slot != NULL ? slot->item : NULL;
}

static size_t take(struct gather *gather, struct slot *taken[GATHER_GROUP], void *items[GATHER_GROUP])
{
	uint32_t self = (uint32_t)(((unsigned char *)gather->own - gather->shared->slots) / gather->slot_size);
	size_t n = 0;

	for (size_t i = 0; i < SLOTS && n < GATHER_GROUP; i++) {
		struct slot *slot = slot_at(gather, i);
		uint32_t ready = SLOT_READY;

		if (atomic_load_explicit(&slot->state, memory_order_relaxed) != SLOT_READY)
			continue;
		slot->leader = self;            /* nobody else takes while the lane is held */
		if (!atomic_compare_exchange_strong(&slot->state, &ready, SLOT_TAKEN))
			continue;
		taken[n] = slot;
		items[n++] = slot->item;
	}
	return n;
}

/* Has the lane, and leaves it. */
static void lead(struct gather *gather, gather_fn *do_all, void *arg)
{
	struct slot *taken[GATHER_GROUP];
	void *items[GATHER_GROUP];
	enum gather_end end;
	size_t n;

	gather->has_lane = true;
	while (!try_lock(&gather->own->leads))
		;                               /* held by who looks whether we live, for an instant */
	n = take(gather, taken, items);
	if (n > 0) {
		end = do_all(gather, items, n, arg);
		for (size_t i = 0; i < n; i++)
			settle(taken[i], end);
	}
	pthread_mutex_unlock(&gather->own->leads);
	gather_pass_on(gather);
}

void gather_pass_on(struct gather *gather)
{
	if (gather->has_lane)
		leave_lane(gather);
}

enum gather_end gather_do(struct gather *gather, gather_fn *do_all, void *arg)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	struct slot *slot = gather->own;
	uint32_t state = SLOT_READY;

	atomic_store(&slot->state, state);
	while ((state = atomic_load(&slot->state)) < SLOT_END) {
		if (state == SLOT_READY && try_lock(&gather->shared->lane))
			lead(gather, do_all, arg);
		else if (syscall(SYS_futex, &slot->state, FUTEX_WAIT, state, &pause, NULL, 0) != 0 && errno == ETIMEDOUT &&
		         state == SLOT_TAKEN && is_abandoned(gather, slot))
			settle(slot, GATHER_DOUBTFUL);
	}
	atomic_store(&slot->state, SLOT_EMPTY);
	return (enum gather_end)(state - SLOT_END);
}
