/*
 * Single messages of several workers, committed together.
 *
 * Stored alone, a message costs the server some 340 microseconds of processor time (a bare INSERT of one row: 100);
 * sixteen stored together cost 100 to 140 each. So workers of a host put their message into memory they share, and
 * whichever of them finds the lane free leads: it stores all that wait, while the next ones gather. Nobody ever waits
 * for company; a lone client has its own commit at once.
 *
 * Each message keeps a UUID of its own, made by the worker that was asked. A leader that dies, or whose commit ends in
 * doubt, leaves it to each worker to look its own message up (outbox.c does): shared or not, an answer means a commit.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "store/outbox_entry.h"

enum {
	LANES = 1,                      /* leaders at once; two make smaller groups, which costs more than it gains */
	SLOTS = 128,                    /* workers, old and new ones during a reload */
	GROUP = 64,                     /* messages a commit */
	TEXTS = 12,
	TEXT_BYTES = 32 * 1024,         /* of one message; longer ones go alone */
	WAIT_NS = 20000000              /* how soon a dead leader is noticed */
};

enum slot_state { SLOT_EMPTY, SLOT_READY, SLOT_TAKEN, SLOT_DONE, SLOT_GIVEN_BACK, SLOT_DOUBTFUL };

struct slot {
	_Atomic int pid;                /* of the worker whose it is; 0: nobody's */
	_Atomic uint32_t state;         /* a futex */
	uint64_t client_id;
	struct outbox_lifetime lifetime;
	uint8_t uuid[ID_UUID_SIZE];
	struct outbox_message message;  /* its texts are offsets into `bytes`; filled in again by the leader */
	uint32_t texts[TEXTS];          /* 0: NULL; else the offset and 1 */
	char bytes[TEXT_BYTES];
};

struct share {
	pthread_mutex_t leads[LANES];   /* robust: the death of a leader is told to the next */
	struct slot slots[SLOTS];
};

static struct share *share;             /* made before the fork; NULL: everyone for himself */
static struct slot *own;

int outbox_share(void)
{
	pthread_mutexattr_t attributes;
	void *at;

	if (share)
		return 0;
	at = mmap(NULL, sizeof *share, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		log_event(LOG_LEVEL_WARN, "outbox-share", "error", strerror(errno), NULL);
		return -1;
	}
	share = at;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (int lane = 0; lane < LANES; lane++)
		pthread_mutex_init(&share->leads[lane], &attributes);
	pthread_mutexattr_destroy(&attributes);
	return 0;
}

static unsigned lane_of(const struct slot *slot)
{
	return (unsigned)(slot - share->slots) % LANES;
}

static void wake(struct slot *slot)
{
	syscall(SYS_futex, &slot->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void settle_slot(struct slot *slot, enum slot_state state)
{
	atomic_store(&slot->state, state);
	wake(slot);
}

/* What a leader that died had taken: nobody knows whether it was committed. */
static void take_over(unsigned lane)
{
	log_event(LOG_LEVEL_WARN, "outbox-leader-died", "lane", log_num(lane), NULL);
	for (unsigned i = lane; i < SLOTS; i += LANES)
		if (atomic_load(&share->slots[i].state) == SLOT_TAKEN)
			settle_slot(&share->slots[i], SLOT_DOUBTFUL);
}

static bool try_lead(unsigned lane)
{
	int result = pthread_mutex_trylock(&share->leads[lane]);

	if (result == EOWNERDEAD) {
		pthread_mutex_consistent(&share->leads[lane]);
		take_over(lane);
		result = 0;
	}
	return result == 0;
}

/* The lane is free again: one of those that came meanwhile may lead. */
static void stop_leading(unsigned lane)
{
	pthread_mutex_unlock(&share->leads[lane]);
	for (unsigned i = lane; i < SLOTS; i += LANES) {
		if (atomic_load(&share->slots[i].state) == SLOT_READY) {
			wake(&share->slots[i]);
			return;
		}
	}
}

/* The slot of a worker that is no more, in a lane that nobody leads: nobody can be using it. */
static bool inherit(struct slot *slot, int self)
{
	int pid = atomic_load(&slot->pid);
	bool ours;

	if (pid == 0 || kill(pid, 0) == 0 || errno != ESRCH || !try_lead(lane_of(slot)))
		return false;
	ours = atomic_compare_exchange_strong(&slot->pid, &pid, self);
	if (ours)
		atomic_store(&slot->state, SLOT_EMPTY);
	stop_leading(lane_of(slot));
	return ours;
}

static struct slot *find_own(void)
{
	int self = (int)getpid();

	if (own && atomic_load(&own->pid) == self)
		return own;
	own = NULL;
	for (int i = 0; i < SLOTS && !own; i++) {
		int nobody = 0;

		if (atomic_compare_exchange_strong(&share->slots[i].pid, &nobody, self) || inherit(&share->slots[i], self))
			own = &share->slots[i];
	}
	return own;
}

/* The places of a message's texts, in one order for both directions. */
static void texts_of(struct outbox_message *m, const char **places[TEXTS])
{
	const char **all[TEXTS] = {
		&m->email, &m->email_to, &m->phone, &m->phone_to, &m->email_subject, &m->email_content, &m->sms_content,
		&m->identifier1, &m->identifier2, &m->email_originator, &m->sms_originator, &m->logo_url,
	};

	memcpy(places, all, sizeof all);
}

static bool put(struct slot *slot, const struct outbox_entry *entry)
{
	const char **places[TEXTS];
	size_t used = 0;

	slot->client_id = entry->client_id;
	slot->lifetime = entry->lifetime;
	memcpy(slot->uuid, entry->uuid, ID_UUID_SIZE);
	slot->message = *entry->message;
	texts_of(&slot->message, places);
	for (int i = 0; i < TEXTS; i++) {
		const char *text = *places[i];
		size_t size = text ? strlen(text) + 1 : 0;

		if (size > TEXT_BYTES - used)
			return false;
		slot->texts[i] = text ? (uint32_t)used + 1 : 0;
		if (text)
			memcpy(slot->bytes + used, text, size);
		used += size;
	}
	return true;
}

/* As an entry of the leader's, its texts where they lie. */
static void get(struct slot *slot, struct outbox_entry *entry)
{
	const char **places[TEXTS];

	texts_of(&slot->message, places);
	for (int i = 0; i < TEXTS; i++)
		*places[i] = slot->texts[i] ? slot->bytes + slot->texts[i] - 1 : NULL;
	*entry = (struct outbox_entry){.client_id = slot->client_id, .lifetime = slot->lifetime, .message = &slot->message};
	memcpy(entry->uuid, slot->uuid, ID_UUID_SIZE);
}

/* Stores all that wait in the lane, the leader's own among them. */
static void lead(struct db *db, unsigned lane)
{
	struct outbox_entry entries[GROUP];
	struct slot *taken[GROUP];
	enum slot_state end;
	enum db_status status;
	size_t n = 0;

	for (unsigned i = lane; i < SLOTS && n < GROUP; i += LANES) {
		uint32_t ready = SLOT_READY;

		if (!atomic_compare_exchange_strong(&share->slots[i].state, &ready, SLOT_TAKEN))
			continue;
		taken[n] = &share->slots[i];
		get(taken[n], &entries[n]);
		n++;
	}
	if (n == 0)
		return;
	FAULT("outbox.leading");
	status = outbox_store(db, entries, n);
	FAULT("outbox.led");
	end = status == DB_OK ? SLOT_DONE : status == DB_UNCERTAIN ? SLOT_DOUBTFUL : SLOT_GIVEN_BACK;
	for (size_t i = 0; i < n; i++)
		settle_slot(taken[i], end);
}

/* Until it is settled: leads when nobody does, else waits to be told. */
static enum slot_state wait_or_lead(struct db *db, struct slot *slot)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	unsigned lane = lane_of(slot);

	for (;;) {
		uint32_t state = atomic_load(&slot->state);

		if (state != SLOT_READY && state != SLOT_TAKEN)
			return (enum slot_state)state;
		if (try_lead(lane)) {
			lead(db, lane);
			stop_leading(lane);
		} else {
			syscall(SYS_futex, &slot->state, FUTEX_WAIT, state, &pause, NULL, 0);
		}
	}
}

enum outbox_shared outbox_share_entry(struct db *db, struct outbox_entry *entry)
{
	struct slot *slot = share ? find_own() : NULL;
	enum slot_state state;

	if (!slot || !put(slot, entry))
		return OUTBOX_SHARED_ALONE;
	atomic_store(&slot->state, SLOT_READY);
	state = wait_or_lead(db, slot);
	entry->message->id = slot->message.id;
	entry->message->unsubscribed = slot->message.unsubscribed;
	atomic_store(&slot->state, SLOT_EMPTY);
	return state == SLOT_DONE ? OUTBOX_SHARED_DONE
	     : state == SLOT_DOUBTFUL ? OUTBOX_SHARED_DOUBTFUL : OUTBOX_SHARED_ALONE;
}
