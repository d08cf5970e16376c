/*
 * What the files of the courier share: courier.c (the loop, claiming, starting) and courier_record.c (outcomes and
 * what the database is told of them).
 */
#ifndef DELIVERY_COURIER_PRIVATE_H
#define DELIVERY_COURIER_PRIVATE_H

#include "base/desk.h"
#include "base/settings.h"
#include "delivery/courier.h"
#include "delivery/progress.h"
#include "delivery/render.h"
#include "delivery/transport.h"
#include "delivery/wire.h"

enum {
	LANES = 2,
	RECORD_AT_ONCE = 512,
	SECOND = 1000000,                       /* in clock_mono_us() */
	LEASE_MARGIN = SECOND                   /* of a lease, left for what comes after a transmission */
};

/* One claim: its deliveries share a lease, an id and a pool. */
struct batch {
	struct batch *next;
	struct lane *lane;
	struct pool *pool;
	uint8_t claim_id[ID_UUID_SIZE];
	struct job *jobs;
	size_t left;                            /* not yet recorded */
	int64_t lease_end;
	bool released;                          /* some went back to the queue, due at once */
};

/* One channel. A job is in `waiting`, with the transport, in `finals`, or being recorded. */
struct lane {
	struct transport *transport;
	struct job_list waiting;
	struct job_list finals;                 /* outcomes to be recorded */
	int64_t finals_since;
	unsigned under_way;
	int64_t ready_since;                    /* 0: none stands ready */
	int64_t claim_at;
	bool claimed;
};

/* What a desk is doing. */
struct errand {
	enum { ERRAND_NONE, ERRAND_CLAIM, ERRAND_RECORD, ERRAND_SWEEP, ERRAND_COUNT } type;
	struct lane *lane;
	struct batch *batch;
	struct delivery *deliveries;            /* claimed */
	size_t n;                               /* claimed, or to be recorded */
	struct job *jobs[RECORD_AT_ONCE];
	struct delivery_outcome outcomes[RECORD_AT_ONCE];
	bool lost[RECORD_AT_ONCE];
	uint64_t counted;                       /* swept, or due */
	enum db_status status;
};

/* A desk with a connection of its own. Only the function of its errand touches these until it is done. */
struct office {
	struct desk *desk;
	struct db *db;
	struct errand errand;
};

struct courier {
	const struct settings *settings;
	const struct courier_options *options;
	struct office records;                  /* writes down what happens to deliveries */
	struct office claims;                   /* claims the next ones, sweeps and counts meanwhile */
	struct wire wire;
	struct render *render;
	char sender[96];
	struct lane lanes[LANES];
	unsigned record_turn, claim_turn;       /* which lane comes first */
	struct batch *batches;
	unsigned n_batches;
	struct pool *spare;
	struct progress progress;
	int64_t sweep_at, db_again_at, give_up_at;
	bool stopping, failed;
};

/* Logs that the errand failed; nothing is asked of the database for a moment. */
void courier_db_failed(struct courier *courier, const struct office *office, const char *what);

/* A job that never left: its outcome is known without a transport. */
void courier_decide(struct lane *lane, struct job *job, enum delivery_state state, const char *error);

/* Back to the queue as if it had not been claimed. */
void courier_release(struct lane *lane, struct job *job);

/* Sets when a delivery is tried again; one that would come too late has expired. */
void courier_set_retry(const struct settings *settings, struct job *job);

void courier_log_outcome(const struct courier *courier, const struct job *job);

/* Takes back from the transport what it is done with. */
void courier_collect(struct courier *courier, struct lane *lane);

/* Would the lease end before a transmission begun now may? */
bool courier_lease_is_short(const struct lane *lane, const struct job *job, int64_t now);

/* Is there something to write down, and is now the time? */
bool courier_record_is_due(const struct courier *courier, const struct lane *lane, int64_t now);

/* Gives the idle desk what one batch of the lane has to write down. Returns false when there was nothing. */
bool courier_record(struct courier *courier, struct lane *lane);

/* Goes on with what the desk has written down, or could not. */
void courier_recorded(struct courier *courier);

#endif
