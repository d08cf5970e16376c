/*
 * Webhooks: claim, sign, post, record.
 *
 * The database's part is done at two desks (threads, with a connection each), so that neither the wire nor a claim
 * waits for a commit: at one outcomes are recorded, hundreds at once, at the other the next events are claimed, while
 * the last are still on their way. An endpoint's first failure gives back what else was claimed for it; the endpoint
 * then rests, for longer with each failure.
 */
#include "delivery/webhooks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/desk.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/log.h"
#include "delivery/webhook_post.h"
#include "delivery/webhook_target.h"
#include "delivery/wire.h"

enum {
	CLAIM_SIZE = 512,
	WAITING_ENOUGH = 1024,                  /* with so many, more is claimed only now and then, for other clients */
	BATCHES_MAX = 32,                       /* claims in hand at once: a slow endpoint keeps one, not the sender */
	RECORD_AT_ONCE = 512,
	RECORD_ENOUGH = 512,                    /* so many outcomes are recorded without waiting for more */
	SECOND = 1000000,                       /* in clock_mono_us() */
	RECORD_AFTER = SECOND / 20,             /* for which an outcome waits for company */
	CLAIM_AGAIN = SECOND,                   /* after a claim found nothing */
	CLAIM_OTHERS = SECOND / 4,              /* after one that found something, with enough waiting */
	DB_PAUSE = SECOND / 2,                  /* after the database failed */
	DB_PATIENCE = 30 * SECOND,              /* for which outcomes are kept while it does */
	REST_BUSY = 4,                          /* posts under way, with fewer of which each answer is waited for */
	REST_MAX = SECOND / 1000,
	HOLD = 5,                               /* seconds for which a claimed event may wait for its turn */
	LEASE_MARGIN = 60                       /* seconds of a lease, left for recording after a post */
};

/* One claim: its events share a lease and a pool. */
struct webhook_batch {
	struct webhook_batch *next;
	struct pool *pool;
	uint8_t claim_id[ID_UUID_SIZE];
	size_t left;                            /* not yet recorded */
	int64_t last_begin;                     /* after that a post could outlast the lease */
};

/* A desk with a connection of its own, and how its last job ended. */
struct office {
	struct desk *desk;
	struct db *db;
	enum db_status status;
};

struct claims {
	struct office office;
	struct webhook_wish wish;
	struct webhook_batch *batch;            /* with its pool */
	struct webhook_share *shares;           /* claimed */
	size_t n;
	bool overtaken;                         /* something has been recorded since the claim was begun */
};

struct records {
	struct office office;
	struct webhook_task *tasks[RECORD_AT_ONCE];
	struct webhook_outcome outcomes[RECORD_AT_ONCE];
	size_t n;
};

struct webhooks {
	const struct settings *settings;
	struct claims claims;
	struct records records;
	struct wire wire;
	struct webhook_post *posts;
	unsigned n_posts, busy;
	unsigned flown, ended;                  /* posts under way at the last rest, and ended since */
	long rest;                              /* so long, in microseconds */
	struct webhook_targets targets;
	struct webhook_batch *batches;
	unsigned n_batches;
	struct pool *spare;
	struct webhook_task *finals, **finals_end;      /* outcomes to be recorded */
	size_t n_finals;
	int64_t finals_since, claim_at, claimed_at, db_again_at;
	int64_t give_up_at;                     /* to record, after which nothing is tried again; 0: nothing has failed */
	int signals;
	bool once, claimed, stopping, failed;
};

static void db_failed(struct webhooks *w, const struct office *office, const char *what)
{
	log_event(LOG_LEVEL_ERROR, what, "status", db_status_name(office->status), "database", db_error(office->db),
	          NULL);
	w->failed = w->stopping = true;
	w->db_again_at = clock_mono_us() + DB_PAUSE;
}

/* Batches */

static struct webhook_batch *batch_open(struct webhooks *w)
{
	struct pool *pool = w->spare != NULL ? w->spare : pool_create();
	struct webhook_batch *batch = pool_alloc(pool, sizeof *batch);

	w->spare = NULL;
	batch->next = w->batches;
	batch->pool = pool;
	id_uuid7(batch->claim_id);
	batch->left = 1;                        /* the claim itself, until it is done */
	batch->last_begin = clock_mono_us() + (int64_t)HOLD * SECOND;
	w->batches = batch;
	w->n_batches++;
	return batch;
}

static void batch_close(struct webhooks *w, struct webhook_batch *batch)
{
	struct webhook_batch **at = &w->batches;
	struct pool *pool = batch->pool;

	while (*at != batch)
		at = &(*at)->next;
	*at = batch->next;
	w->n_batches--;
	pool_reset(pool);
	if (w->spare == NULL)
		w->spare = pool;
	else
		pool_free(pool);
}

static void task_done(struct webhooks *w, struct webhook_task *task)
{
	struct webhook_batch *batch = task->batch;

	if (task->outcome.error != NULL)
		task->target->unrecorded--;
	if (--batch->left == 0)
		batch_close(w, batch);
}

/* Outcomes */

static void add_final(struct webhooks *w, struct webhook_task *task)
{
	if (w->n_finals++ == 0)
		w->finals_since = clock_mono_us();
	task->next = NULL;
	*w->finals_end = task;
	w->finals_end = &task->next;
}

static struct webhook_task *take_final(struct webhooks *w)
{
	struct webhook_task *task = w->finals;

	if (task == NULL)
		return NULL;
	w->finals = task->next;
	if (w->finals == NULL)
		w->finals_end = &w->finals;
	w->n_finals--;
	return task;
}

static void give_back(struct webhooks *w, struct webhook_task *task, int64_t now)
{
	task->outcome = (struct webhook_outcome){
		.id = task->event->id, .client_id = task->event->client_id, .state = "queued", .retry_at = now,
		.released = true,
	};
	add_final(w, task);
}

static void give_back_all(struct webhooks *w, struct webhook_target *target)
{
	int64_t now = clock_now_ms();
	struct webhook_task *task;

	while ((task = webhook_target_take(&w->targets, target)) != NULL)
		give_back(w, task, now);
}

/* At the desk. */
static void do_record(void *arg)
{
	struct records *records = arg;

	records->office.status = webhook_record(records->office.db, records->outcomes, records->n);
}

static bool record_is_due(const struct webhooks *w, int64_t now)
{
	if (desk_busy(w->records.office.desk) || w->n_finals == 0 || w->db_again_at > now)
		return false;
	return w->n_finals >= RECORD_ENOUGH || w->busy == 0 || w->finals_since + RECORD_AFTER <= now;
}

static void record(struct webhooks *w)
{
	struct records *records = &w->records;
	struct webhook_task *task;

	records->n = 0;
	while (records->n < RECORD_AT_ONCE && (task = take_final(w)) != NULL) {
		records->tasks[records->n] = task;
		records->outcomes[records->n] = task->outcome;
		records->outcomes[records->n++].claim_id = task->batch->claim_id;
	}
	FAULT("webhook.before_record");
	desk_give(records->office.desk, do_record, records);
}

static void record_failed(struct webhooks *w)
{
	db_failed(w, &w->records.office, "webhook-record");
	if (w->give_up_at == 0)
		w->give_up_at = clock_mono_us() + DB_PATIENCE;
}

/* Unrecorded for good, they are due again after the lease; the other side knows them by their id. */
static void recorded(struct webhooks *w)
{
	struct records *records = &w->records;
	bool ok = records->office.status == DB_OK;

	if (ok)
		FAULT("webhook.recorded");
	else
		record_failed(w);
	for (size_t i = 0; i < records->n; i++) {
		if (ok || clock_mono_us() >= w->give_up_at)
			task_done(w, records->tasks[i]);
		else
			add_final(w, records->tasks[i]);
	}
	w->claim_at = 0;                        /* what comes after them in order may be due */
	w->claims.overtaken = true;
}

/* Claims */

/* At the desk. */
static void do_claim(void *arg)
{
	struct claims *claims = arg;

	claims->office.status = webhook_claim(claims->office.db, claims->batch->pool, &claims->wish, &claims->shares,
	                                      &claims->n);
}

/* The next claim is made while the last events of the one before are still on their way. */
static bool may_claim(const struct webhooks *w, int64_t now)
{
	if (desk_busy(w->claims.office.desk) || w->stopping || (w->once && w->claimed) || w->n_batches >= BATCHES_MAX)
		return false;
	if (w->claim_at > now || w->db_again_at > now)
		return false;
	return w->targets.waiting < WAITING_ENOUGH || w->claimed_at + CLAIM_OTHERS <= now;
}

static void claim(struct webhooks *w)
{
	struct claims *claims = &w->claims;

	claims->batch = batch_open(w);
	claims->n = 0;
	claims->overtaken = false;
	claims->wish.claim_id = claims->batch->claim_id;
	claims->wish.rooms = webhook_targets_begin_claim(&w->targets, claims->batch->pool, &claims->wish.n_rooms);
	desk_give(claims->office.desk, do_claim, claims);
}

static void add_share(struct webhooks *w, struct webhook_batch *batch, const struct webhook_share *share)
{
	struct webhook_target *target = webhook_target_of(&w->targets, &share->endpoint);
	struct webhook_task *tasks = pool_alloc(batch->pool, (share->n + 1) * sizeof *tasks);

	target->mark = share->mark;
	batch->left += share->n;
	for (size_t i = 0; i < share->n; i++) {
		tasks[i].event = &share->events[i];
		tasks[i].endpoint = &share->endpoint;
		tasks[i].batch = batch;
		webhook_target_wait(&w->targets, target, &tasks[i]);
	}
	if (w->stopping || target->resting)
		give_back_all(w, target);
}

/* A claim that something recorded has overtaken may have found nothing only because of that. */
static void claimed(struct webhooks *w)
{
	struct claims *claims = &w->claims;

	if (claims->office.status != DB_OK)
		db_failed(w, &claims->office, "webhook-claim");
	w->claimed = true;
	w->claimed_at = clock_mono_us();
	w->claim_at = claims->n > 0 || claims->overtaken ? 0 : w->claimed_at + CLAIM_AGAIN;
	for (size_t i = 0; i < claims->n; i++)
		add_share(w, claims->batch, &claims->shares[i]);
	if (--claims->batch->left == 0)
		batch_close(w, claims->batch);
}

/* Posts */

static void post_ended(struct http_conn *conn, CURLcode result)
{
	struct webhook_post *post = (struct webhook_post *)conn;
	struct webhooks *w = post->owner;
	struct webhook_task *task = post->task;

	webhook_post_end(post, task->batch->pool, result);
	webhook_target_ended(&w->targets, task->target, task->outcome.error == NULL);
	w->busy--;
	w->ended++;
	add_final(w, task);
	if (task->target->resting)
		give_back_all(w, task->target);
}

static void stop(struct webhooks *w)
{
	w->stopping = true;
	for (struct webhook_target *target = w->targets.all; target != NULL; target = target->next)
		give_back_all(w, target);
}

/* The next that may begin, with enough of its lease left. */
static struct webhook_task *next_task(struct webhooks *w)
{
	int64_t now = clock_mono_us();
	struct webhook_task *task;

	while ((task = webhook_targets_next(&w->targets)) != NULL && task->batch->last_begin < now) {
		webhook_target_ended(&w->targets, task->target, task->target->well);
		webhook_target_late(task->target);
		give_back(w, task, clock_now_ms());
	}
	return task;
}

static void begin_posts(struct webhooks *w)
{
	struct webhook_task *task;

	while (w->busy < w->n_posts && w->targets.waiting > 0 && (task = next_task(w)) != NULL) {
		w->busy++;
		webhook_post_begin(webhook_post_choose(w->posts, w->n_posts, task->endpoint->url), task);
	}
}

/* On those that wait for libcurl, or for nothing, this does nothing. */
static void work(struct webhooks *w)
{
	int64_t now = clock_mono_us();

	for (unsigned i = 0; i < w->n_posts; i++)
		http_conn_work(&w->posts[i].conn, now);
}

/* The loop */

/* Goes on with what the desks have done. What was recorded comes first: a claim may have been waiting for it. */
static void take_back(struct webhooks *w)
{
	if (desk_take(w->records.office.desk))
		recorded(w);
	if (desk_take(w->claims.office.desk))
		claimed(w);
}

static void employ(struct webhooks *w)
{
	int64_t now = clock_mono_us();

	if (record_is_due(w, now))
		record(w);
	if (may_claim(w, now))
		claim(w);
}

/* How long the next wait may be, in milliseconds. */
static int patience(const struct webhooks *w)
{
	int64_t until = w->db_again_at;

	if (desk_busy(w->records.office.desk) || w->n_finals == 0)
		return CLAIM_OTHERS / 1000;
	if (until < w->finals_since + RECORD_AFTER)
		until = w->finals_since + RECORD_AFTER;
	until -= clock_mono_us();
	return until > 0 ? (int)(until / 1000) + 1 : 0;
}

/*
 * Being woken for each answer by itself costs as much as all the rest of a post, and the receiver pays for it too:
 * while many are on their way, some of them may come first, for a millisecond at most. Between a third and a half is
 * aimed at: with all of them the receiver would stand still. Of one so quick that more come during the shortest sleep,
 * some 50 us, they are looked for at once.
 */
static void rest(struct webhooks *w)
{
	if (w->ended > w->flown / 2)
		w->rest -= (w->rest + 3) / 4;
	else if (w->ended < w->flown / 3)
		w->rest += w->rest / 4 + 1;
	if (w->rest > REST_MAX)
		w->rest = REST_MAX;
	w->ended = 0;
	w->flown = w->busy;
	if (w->busy >= REST_BUSY && w->rest > 0)
		nanosleep(&(struct timespec){.tv_nsec = w->rest * 1000}, NULL);
}

static void wait_for_something(struct webhooks *w)
{
	char bytes[512];
	unsigned place;

	rest(w);
	wire_forget(&w->wire);
	place = wire_want(&w->wire, w->signals, CURL_WAIT_POLLIN);
	if (desk_busy(w->records.office.desk))
		wire_want(&w->wire, desk_fd(w->records.office.desk), CURL_WAIT_POLLIN);
	if (desk_busy(w->claims.office.desk))
		wire_want(&w->wire, desk_fd(w->claims.office.desk), CURL_WAIT_POLLIN);
	for (unsigned i = 0; i < w->n_posts; i++)
		http_conn_wait(&w->posts[i].conn);
	wire_wait(&w->wire, patience(w));
	work(w);
	if ((wire_events(&w->wire, place) & CURL_WAIT_POLLIN) != 0 && read(w->signals, bytes, sizeof bytes) > 0)
		stop(w);
}

/* Nothing in hand, and the last claim found nothing, or no more are wanted. */
static bool is_finished(const struct webhooks *w)
{
	if (w->batches != NULL || desk_busy(w->records.office.desk) || desk_busy(w->claims.office.desk))
		return false;
	return w->stopping || (w->once && w->claimed) || w->claim_at > 0;
}

static void run(struct webhooks *w)
{
	do {
		take_back(w);
		if (w->stopping && w->targets.waiting > 0)
			stop(w);
		begin_posts(w);
		employ(w);
		if (!is_finished(w))
			wait_for_something(w);
	} while (!is_finished(w));
}

int webhooks_run(const struct settings *settings, struct db *db, bool once, int signals)
{
	struct webhooks *w = mem_alloc(sizeof *w);
	int result = -1;

	*w = (struct webhooks){.settings = settings, .records.office.db = db, .claims.office.db = db_open(settings),
	                       .once = once, .signals = signals, .n_posts = (unsigned)settings->webhook_connections};
	w->finals_end = &w->finals;
	w->claims.wish = (struct webhook_wish){
		.lease = HOLD + settings->webhook_timeout + LEASE_MARGIN, .size = CLAIM_SIZE,
		.room = WEBHOOK_QUOTA_FIRST,
	};
	if (wire_open(&w->wire, w->n_posts) != 0)
		goto err0;
	w->records.office.desk = desk_open();
	w->claims.office.desk = desk_open();
	if (w->records.office.desk == NULL || w->claims.office.desk == NULL)
		goto err1;
	webhook_targets_init(&w->targets, w->n_posts);
	w->posts = mem_alloc(w->n_posts * sizeof *w->posts);
	for (unsigned i = 0; i < w->n_posts; i++)
		webhook_post_open(&w->posts[i], &w->wire, settings, w, post_ended);
	run(w);
	for (unsigned i = 0; i < w->n_posts; i++)
		webhook_post_close(&w->posts[i]);
	free(w->posts);
	webhook_targets_free(&w->targets);
	pool_free(w->spare);
	result = w->failed ? -1 : 0;
err1:
	desk_close(w->records.office.desk);
	desk_close(w->claims.office.desk);
	wire_close(&w->wire);
err0:
	db_close(w->claims.office.db);
	free(w);
	return result;
}
