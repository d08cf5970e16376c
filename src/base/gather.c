/*
 * Work of several processes, done together by one of them: a slot in shared memory for each process, a mutex that the
 * leader holds, and one in each slot that says whether its owner, who led, is still at it.
 */
#include "base/gather.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
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

#include "base/clock.h"
#include "base/pool.h"
#include "base/shared.h"

enum {
	SLOTS = 128,                    /* processes, old and new ones during a reload */
	YIELDS = 2,                     /* before a process goes to sleep */
	WAIT_NS = 20000000,             /* how soon a dead leader is noticed */
	PATIENCE_NS = 100000000,        /* for the lane, when a slot is to be inherited */
	LOOK_AGAIN = 1000000,           /* microseconds, after no slot was free: looking at all of them costs something */
	PATIENCE_READY = 1000000,       /* microseconds: so long a leader may keep others from leading, … */
	PATIENCE_TAKEN = 5000000        /* … and those it took from going on by themselves */
};

/*
 * EMPTY → READY by its owner, → TAKEN by a leader, → an end by the leader, → EMPTY by its owner.
 *
 * READY → CALLED by a leader that leaves the lane: the word itself changes, so that an owner about to fall asleep does
 * not; → READY by its owner, who then tries to lead.
 *
 * An owner whose leader hangs goes on without it: READY → EMPTY, or TAKEN → LEFT, which is the leader's until it sets
 * it EMPTY; the owner takes another slot meanwhile.
 */
enum slot_state {
	SLOT_EMPTY, SLOT_READY, SLOT_CALLED, SLOT_TAKEN, SLOT_LEFT,
	SLOT_END                        /* and SLOT_END + an enum gather_end */
};

struct slot {
	_Atomic int pid;                /* whose it is; 0: nobody's */
	_Atomic uint32_t state;         /* a futex */
	_Atomic bool sleeps;            /* its owner, until somebody wakes it */
	uint32_t leader;                /* number of the slot whose owner took it */
	pthread_mutex_t leads;          /* held by its owner while it leads and until it has settled what it took */
	alignas(max_align_t) unsigned char item[];
};

struct shared {
	pthread_mutex_t lane;           /* held by who leads */
	_Atomic size_t used;            /* so many slots, of the first ones, have ever had an owner */
	alignas(max_align_t) unsigned char slots[];
};

struct gather {
	size_t slot_size;
	size_t most;                    /* items of a group */
	struct shared *shared;
	struct slot *own;               /* of this process */
	struct slot *left;              /* was, and will be when its leader is done with it; NULL: none */
	int64_t look_at;                /* not before that for a slot */
};

static struct slot *slot_at(const struct gather *gather, size_t i)
{
	return (struct slot *)(void *)(gather->shared->slots + i * gather->slot_size);
}

struct gather *gather_create(const char *name, size_t item_size, size_t most)
{
	struct gather *gather = mem_alloc(sizeof *gather);

	gather->most = most;
	gather->slot_size = (sizeof(struct slot) + item_size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	gather->shared = shared_memory(name, sizeof *gather->shared + SLOTS * gather->slot_size);
	shared_mutex_init(&gather->shared->lane, 1);
	for (size_t i = 0; i < SLOTS; i++)
		shared_mutex_init(&slot_at(gather, i)->leads, 1);
	return gather;
}

void gather_free(struct gather *gather)
{
	if (gather == NULL)
		return;
	munmap(gather->shared, sizeof *gather->shared + SLOTS * gather->slot_size);
	free(gather);
}

static void wake(struct slot *slot)
{
	if (!atomic_load(&slot->sleeps))
		return;
	syscall(SYS_futex, &slot->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool change(struct slot *slot, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&slot->state, &from, to);
}

/* The last that its leader has to do with a slot. */
static void settle(struct slot *slot, enum gather_end end)
{
	if (change(slot, SLOT_TAKEN, SLOT_END + (uint32_t)end))
		wake(slot);
	else
		change(slot, SLOT_LEFT, SLOT_EMPTY);
}

static bool is_with_leader(const struct slot *slot)
{
	uint32_t state = atomic_load(&slot->state);

	return state == SLOT_TAKEN || state == SLOT_LEFT;
}

/* A leader settles what it took before it gives `leads` back: a slot that is taken after that will never be settled. */
static bool is_abandoned(struct gather *gather, struct slot *slot)
{
	struct slot *leader = slot_at(gather, slot->leader);

	if (!shared_mutex_try(&leader->leads))
		return false;
	pthread_mutex_unlock(&leader->leads);
	return is_with_leader(slot);
}

/* One of those that came meanwhile may lead. */
static void leave_lane(struct gather *gather)
{
	pthread_mutex_unlock(&gather->shared->lane);
	for (size_t i = 0, used = atomic_load(&gather->shared->used); i < used; i++) {
		struct slot *slot = slot_at(gather, i);

		if (atomic_load(&slot->state) == SLOT_READY && change(slot, SLOT_READY, SLOT_CALLED)) {
			wake(slot);
			return;
		}
	}
}

/* Is it of a process that is no more, or had our number, with nobody at it? To be asked while nobody takes items. */
static bool is_bereft(struct gather *gather, struct slot *slot, int self)
{
	int pid = atomic_load(&slot->pid);

	if (pid != self && (kill(pid, 0) == 0 || errno != ESRCH))
		return false;
	return !is_with_leader(slot) || is_abandoned(gather, slot);
}

/* All slots have owners: one whose owner died is ours then. */
static struct slot *inherit(struct gather *gather, int self)
{
	struct slot *ours = NULL;

	if (!shared_mutex_wait(&gather->shared->lane, PATIENCE_NS))
		return NULL;
	for (size_t i = 0; i < SLOTS && ours == NULL; i++) {
		if (is_bereft(gather, slot_at(gather, i), self))
			ours = slot_at(gather, i);
	}
	if (ours != NULL) {
		atomic_store(&ours->pid, self);
		atomic_store(&ours->state, SLOT_EMPTY);
	}
	leave_lane(gather);
	return ours;
}

/* Back to the slot that was left to its leader, once that is done with it. */
static void return_to_left(struct gather *gather)
{
	if (gather->left == NULL || atomic_load(&gather->left->state) != SLOT_EMPTY)
		return;
	if (gather->own != NULL && gather->own != gather->left)
		atomic_store(&gather->own->pid, 0);
	gather->own = gather->left;
	gather->left = NULL;
}

static void count_used(struct gather *gather, size_t n)
{
	size_t used = atomic_load(&gather->shared->used);

	while (used < n && !atomic_compare_exchange_weak(&gather->shared->used, &used, n))
		;
}

static struct slot *find_own(struct gather *gather)
{
	int self = (int)getpid();

	return_to_left(gather);
	if (gather->own != NULL && atomic_load(&gather->own->pid) == self)
		return gather->own;
	gather->own = NULL;
	if (clock_mono_us() < gather->look_at)
		return NULL;
	for (size_t i = 0; i < SLOTS && gather->own == NULL; i++) {
		struct slot *slot = slot_at(gather, i);
		int nobody = 0;

		if (atomic_compare_exchange_strong(&slot->pid, &nobody, self)) {
			gather->own = slot;
			count_used(gather, i + 1);
		}
	}
	if (gather->own == NULL)
		gather->own = inherit(gather, self);
	gather->look_at = gather->own == NULL ? clock_mono_us() + LOOK_AGAIN : 0;
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
	size_t used = atomic_load(&gather->shared->used), n = 0;

	for (size_t i = 0; i < used && n < gather->most; i++) {
		struct slot *slot = slot_at(gather, (self + i) % used);        /* so that it is among them itself */
		uint32_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);

		if (state != SLOT_READY && state != SLOT_CALLED)
			continue;
		slot->leader = self;            /* nobody else takes while the lane is held */
		if (!change(slot, SLOT_READY, SLOT_TAKEN) && !change(slot, SLOT_CALLED, SLOT_TAKEN))
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

	while (!shared_mutex_try(&gather->own->leads))
		sched_yield();                  /* held by who looks whether we live, for an instant */
	sched_yield();                  /* who is about to bring an item and only wants a processor does so first */
	n = take(gather, taken, items);
	if (n > 0) {
		end = do_all(items, n, arg);
		for (size_t i = 0; i < n; i++)
			settle(taken[i], end);
	}
	pthread_mutex_unlock(&gather->own->leads);
	leave_lane(gather);
}

/*
 * Waits a little for the state to be another one. Returns false when that took too long. Where processors are few,
 * giving way to the others is often all it takes, and costs less than going to sleep and being woken.
 */
static bool wait_for_change(struct slot *slot, uint32_t state)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	bool slept;

	for (int i = 0; i < YIELDS; i++) {
		sched_yield();
		if (atomic_load(&slot->state) != state)
			return true;
	}
	atomic_store(&slot->sleeps, true);      /* before the kernel looks at the state: wake() does it the other way round */
	slept = syscall(SYS_futex, &slot->state, FUTEX_WAIT, state, &pause, NULL, 0) == 0 || errno != ETIMEDOUT;
	atomic_store(&slot->sleeps, false);
	return slept;
}

/*
 * Waits a little for something to happen to the slot. Returns true, and the end, when it has been as it is for too
 * long: a leader may hang, with its database for one.
 */
static bool wait_or_give_up(struct gather *gather, struct slot *slot, uint32_t state, int64_t since,
                            enum gather_end *end_r)
{
	int64_t waited;

	if (wait_for_change(slot, state))
		return false;
	waited = clock_mono_us() - since;
	if (state == SLOT_TAKEN && is_abandoned(gather, slot)) {
		settle(slot, GATHER_DOUBTFUL);
		return false;
	}
	if (state == SLOT_READY && waited > PATIENCE_READY) {
		*end_r = GATHER_ALONE;
		return change(slot, SLOT_READY, SLOT_EMPTY);
	}
	if (state == SLOT_TAKEN && waited > PATIENCE_TAKEN && change(slot, SLOT_TAKEN, SLOT_LEFT)) {
		*end_r = GATHER_DOUBTFUL;
		gather->left = slot;
		gather->own = NULL;
		return true;
	}
	return false;
}

enum gather_end gather_do(struct gather *gather, gather_fn *do_all, void *arg)
{
	struct slot *slot = gather->own;
	int64_t since = clock_mono_us();
	enum gather_end given_up;
	uint32_t state;

	atomic_store(&slot->state, SLOT_READY);
	while ((state = atomic_load(&slot->state)) < SLOT_END) {
		if (state == SLOT_CALLED)
			change(slot, SLOT_CALLED, SLOT_READY);
		else if (state == SLOT_READY && shared_mutex_try(&gather->shared->lane))
			lead(gather, do_all, arg);
		else if (wait_or_give_up(gather, slot, state, since, &given_up))
			return given_up;
	}
	atomic_store(&slot->state, SLOT_EMPTY);
	return (enum gather_end)(state - SLOT_END);
}
