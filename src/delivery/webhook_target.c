/*
 * Whose event is posted next.
 */
#include "delivery/webhook_target.h"

#include <stdlib.h>

#include "base/pool.h"

enum {
	PROBES = 2,             /* posts at once to an endpoint of which nothing is known */
	QUOTA_MIN = 16, QUOTA_MAX = 2048, QUOTA_GROWTH = 4,
	MARKED_MAX = 15         /* claims that begin where the last one ended, before one that looks at all */
};

void webhook_targets_init(struct webhook_targets *targets, unsigned connections)
{
	*targets = (struct webhook_targets){.connections = connections};
}

void webhook_targets_free(struct webhook_targets *targets)
{
	for (struct webhook_target *target = targets->all, *next; target != NULL; target = next) {
		next = target->next;
		free(target);
	}
	*targets = (struct webhook_targets){0};
}

static void set_quota(struct webhook_target *target, unsigned quota)
{
	target->quota = quota < QUOTA_MAX ? quota : QUOTA_MAX;
	target->begun = 0;
}

/* Little of its quota is left waiting, or a whole one has had its turn since it was set. */
static bool is_quick(const struct webhook_target *target)
{
	return target->waiting < target->quota / 2 || target->begun >= target->quota;
}

/* A mark is good for one claim, which leaves another. */
static struct webhook_mark take_mark(struct webhook_target *target)
{
	struct webhook_mark mark = target->mark;

	target->mark = (struct webhook_mark){0};
	if (mark.id == 0 || target->marked == MARKED_MAX) {
		target->marked = 0;
		return target->mark;
	}
	target->marked++;
	return mark;
}

struct webhook_room *webhook_targets_begin_claim(struct webhook_targets *targets, struct pool *pool, size_t *n_r)
{
	struct webhook_room *rooms;
	size_t n = 0;

	for (const struct webhook_target *target = targets->all; target != NULL; target = target->next)
		n++;
	rooms = pool_alloc(pool, (n + 1) * sizeof *rooms);
	n = 0;
	for (struct webhook_target *target = targets->all; target != NULL; target = target->next) {
		if (target->well && target->quota < QUOTA_MAX && is_quick(target))
			set_quota(target, target->quota * QUOTA_GROWTH);
		target->settled = target->unrecorded == 0;
		rooms[n++] = (struct webhook_room){
			.client_id = target->client_id,
			.room = target->waiting < target->quota ? target->quota - target->waiting : 0,
			.mark = take_mark(target),
		};
	}
	*n_r = n;
	return rooms;
}

static struct webhook_target *find(struct webhook_targets *targets, uint64_t client)
{
	struct webhook_target *target;

	for (target = targets->all; target != NULL; target = target->next)
		if (target->client_id == client)
			return target;
	target = mem_alloc(sizeof *target);
	*target = (struct webhook_target){.next = targets->all, .client_id = client, .quota = WEBHOOK_QUOTA_FIRST};
	targets->all = target;
	return target;
}

struct webhook_target *webhook_target_of(struct webhook_targets *targets, const struct webhook_endpoint *endpoint)
{
	struct webhook_target *target = find(targets, endpoint->client_id);

	/* A claim begun before all its failures were recorded may not know of them; another has found the rest over. */
	if (target->resting && !target->settled)
		return target;
	target->failures = endpoint->failures;
	target->resting = false;
	target->rest_until = 0;
	return target;
}

void webhook_target_failed(struct webhook_target *target, int64_t until)
{
	target->resting = true;
	target->settled = false;
	target->unrecorded++;
	if (until > target->rest_until)
		target->rest_until = until;
}

void webhook_target_late(struct webhook_target *target)
{
	set_quota(target, target->quota / 2 > QUOTA_MIN ? target->quota / 2 : QUOTA_MIN);
}

static void join(struct webhook_targets *targets, struct webhook_target *target)
{
	if (target->in_turn)
		return;
	target->in_turn = true;
	target->turn = NULL;
	if (targets->first == NULL)
		targets->first = target;
	else
		targets->last->turn = target;
	targets->last = target;
}

void webhook_target_wait(struct webhook_targets *targets, struct webhook_target *target, struct webhook_task *task)
{
	task->target = target;
	task->next = NULL;
	if (target->first == NULL)
		target->first = task;
	else
		target->last->next = task;
	target->last = task;
	targets->waiting++;
	target->waiting++;
	join(targets, target);
}

struct webhook_task *webhook_target_take(struct webhook_targets *targets, struct webhook_target *target)
{
	struct webhook_task *task = target->first;

	if (task == NULL)
		return NULL;
	target->first = task->next;
	targets->waiting--;
	target->waiting--;
	return task;
}

static bool may_begin(const struct webhook_targets *targets, const struct webhook_target *target)
{
	unsigned all = targets->connections;

	if (target->well)
		return target->busy < all - all / 4;
	if (targets->unproven > 0 && targets->unproven >= all / 2)
		return false;
	return target->busy < (target->failures > 0 ? 1 : PROBES);
}

/* Takes the first out of the turn, and puts it at the end again if something waits for it still. */
static struct webhook_target *pass(struct webhook_targets *targets)
{
	struct webhook_target *target = targets->first;

	targets->first = target->turn;
	target->in_turn = false;
	if (target->first != NULL)
		join(targets, target);
	return target;
}

struct webhook_task *webhook_targets_next(struct webhook_targets *targets)
{
	const struct webhook_target *seen = NULL;

	while (targets->first != NULL && targets->first != seen) {
		struct webhook_target *target = targets->first;

		if (target->first != NULL && may_begin(targets, target)) {
			struct webhook_task *task = webhook_target_take(targets, target);

			target->busy++;
			target->begun++;
			targets->unproven += !target->well;
			pass(targets);
			return task;
		}
		pass(targets);
		if (seen == NULL && target->in_turn)
			seen = target;
	}
	return NULL;
}

void webhook_target_ended(struct webhook_targets *targets, struct webhook_target *target, bool well)
{
	/* All its posts under way are counted as unproven, or none. */
	if (!target->well)
		targets->unproven -= target->busy;
	target->busy--;
	target->well = well && !target->resting;
	if (!target->well)
		targets->unproven += target->busy;
}
