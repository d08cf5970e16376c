/*
 * The endpoints of a run of webhooks, what waits for each, and whose turn it is.
 *
 * No endpoint can take all connections: one that has answered well in this run has at most three quarters of them, one
 * that has not yet done so one or two, and all of those together at most half. So endpoints that are slow or dead leave
 * room for the others, and take turns with each other.
 */
#ifndef DELIVERY_WEBHOOK_TARGET_H
#define DELIVERY_WEBHOOK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/webhook.h"

struct webhook_batch;
struct webhook_target;

/* One event in hand: it waits for its turn, is being posted, or is to be recorded. */
struct webhook_task {
	struct webhook_task *next;
	const struct webhook_event *event;
	const struct webhook_endpoint *endpoint;        /* as the claim found it */
	struct webhook_target *target;
	struct webhook_batch *batch;
	struct webhook_outcome outcome;
};

struct webhook_target {
	struct webhook_target *next;            /* of all */
	struct webhook_target *turn;            /* the next of those with something waiting */
	uint64_t client_id;
	uint32_t failures;                      /* as the last claim found it */
	struct webhook_task *first, *last;      /* waiting */
	unsigned waiting;
	unsigned quota;                         /* so many may wait: it grows while they soon get their turn */
	unsigned begun;                         /* posts since the quota was set */
	unsigned busy;                          /* being posted */
	bool in_turn;
	bool well;                              /* it has taken an event in this run, and not failed since */
	bool resting;                           /* it failed: nothing more until a claim made after that is recorded */
	bool settled;                           /* all its failures were recorded when the last claim was begun */
	int64_t rest_until;                     /* ms; the latest that a failure asked for */
	unsigned unrecorded;                    /* failures that are not yet recorded */
	struct webhook_mark mark;               /* where the last claim ended for want of room */
	unsigned marked;                        /* claims one after another that began at one */
};

struct webhook_targets {
	struct webhook_target *all;
	struct webhook_target *first, *last;    /* those with something waiting, in turn */
	size_t waiting;                         /* tasks of all */
	unsigned connections;
	unsigned unproven;                      /* posts under way to endpoints that are not well */
};

void webhook_targets_init(struct webhook_targets *targets, unsigned connections);
void webhook_targets_free(struct webhook_targets *targets);

/* How many may wait of an endpoint that is not known yet. */
enum { WEBHOOK_QUOTA_FIRST = 64 };

/*
 * To be called when a claim is begun, which will know of what is recorded by now. Returns how many events each known
 * endpoint has room for, in the pool: up to its quota, which grows when little of it is left waiting. A claim begins
 * where the last one ended, and now and then before everything: something may have become due there.
 */
struct webhook_room *webhook_targets_begin_claim(struct webhook_targets *targets, struct pool *pool, size_t *n_r);

/* The target of an endpoint that the claim begun last has found, brought up to date with it. */
struct webhook_target *webhook_target_of(struct webhook_targets *targets, const struct webhook_endpoint *endpoint);

/* Lets a task wait for its turn. */
void webhook_target_wait(struct webhook_targets *targets, struct webhook_target *target, struct webhook_task *task);

/* The task that may begin now, as begun; NULL: none may. Tell its end with webhook_target_ended(). */
struct webhook_task *webhook_targets_next(struct webhook_targets *targets);

/* A post has failed, which asks for a rest until then (ms). */
void webhook_target_failed(struct webhook_target *target, int64_t until);

/* A post has ended; `well`: the endpoint took the event. */
void webhook_target_ended(struct webhook_targets *targets, struct webhook_target *target, bool well);

/* What waits for it has waited too long. */
void webhook_target_late(struct webhook_target *target);

/* Takes back one of the tasks that wait for this target; NULL: none does. */
struct webhook_task *webhook_target_take(struct webhook_targets *targets, struct webhook_target *target);

#endif
