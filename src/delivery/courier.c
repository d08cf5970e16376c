/*
 * The sender's loop. It never waits for one delivery: each turn claims, starts, records and lets the transports work, as far as
 * each can go, and then waits for whatever happens first.
 *
 * One call of delivery_record() a turn writes down the outcomes that have come in and commits as transmitting the deliveries that
 * stand before their point of no return; only then does the transport go on with those.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/courier.h"
#include "delivery/progress.h"
#include "delivery/render.h"
#include "delivery/transport.h"

enum {
	LANES = 2,
	BATCHES_MAX = 16,                       /* claims in hand at once: one slow delivery keeps one, not the sender */
	RECORD_AT_ONCE = 512,
	SECOND = 1000000,                       /* in clock_mono_us() */
	LEASE_MARGIN = SECOND,                  /* of a lease, left for what comes after a transmission */
	RECORD_AFTER = 50 * 1000,               /* an outcome is not kept waiting for company longer than this */
	CLAIM_AGAIN = SECOND,                   /* after a claim found nothing */
	SWEEP_EVERY = 30 * SECOND,
	DB_PAUSE = SECOND / 2,                  /* after the database failed */
	STOP_PATIENCE = 30                      /* seconds to go on trying to record after a stop was asked for */
};

/* One claim: its deliveries share a lease, an id and a pool. */
struct batch {
	struct batch *next;
	struct pool *pool;
	uint8_t claim_id[ID_UUID_SIZE];
	struct job *jobs;
	size_t left;                            /* not yet recorded */
	int64_t lease_end;
};

/* One channel. A job is in `waiting`, with the transport, or in `finals`. */
struct lane {
	struct transport *transport;
	struct job_list waiting;
	struct job_list finals;                 /* outcomes to be recorded */
	int64_t finals_since;
	unsigned under_way;
	unsigned ready_before;                  /* how many were ready in the turn before */
	int64_t claim_at;
	bool claimed;
};

struct courier {
	const struct settings *settings;
	const struct courier_options *options;
	struct db *db;
	struct wire wire;
	struct render *render;
	char sender[96];
	struct lane lanes[LANES];
	struct batch *batches;
	unsigned n_batches;
	struct pool *spare;
	struct progress progress;
	int64_t sweep_at, db_again_at, give_up_at;
	bool stopping, failed;
	struct job *recording[RECORD_AT_ONCE];
	struct delivery_outcome outcomes[RECORD_AT_ONCE];
	bool lost[RECORD_AT_ONCE];
};

static struct transport *open_transport(struct courier *courier, enum delivery_channel channel)
{
	const struct settings *settings = courier->settings;
	int id = channel == DELIVERY_MAIL ? settings->mail_transport_id : settings->sms_transport_id;

	if (id == TRANSPORT_FILE)
		return transport_file(settings, channel);
	return channel == DELIVERY_MAIL ? transport_smtp(settings, &courier->wire) : transport_gateway(settings, &courier->wire);
}

/* A lease that ends before a transmission may would let another sender send the same. */
static bool lease_suffices(const struct settings *settings, const struct transport *transport)
{
	if (settings->lease * SECOND > transport->timeout * SECOND + 2 * LEASE_MARGIN)
		return true;
	log_event(LOG_LEVEL_ERROR, "configuration", "file", settings->file, "wrong",
	          "sender lease must be longer than the transport's timeout by more than two seconds", "lease",
	          log_num(settings->lease), "timeout", log_num(transport->timeout), NULL);
	return false;
}

static void fail(struct courier *courier, const char *what, enum db_status status)
{
	log_event(LOG_LEVEL_ERROR, what, "status", db_status_name(status), "database", db_error(courier->db), NULL);
}

/* Batches */

static struct batch *batch_open(struct courier *courier)
{
	struct pool *pool = courier->spare != NULL ? courier->spare : pool_create();
	struct batch *batch = pool_alloc(pool, sizeof *batch);

	courier->spare = NULL;
	*batch = (struct batch){.next = courier->batches, .pool = pool};
	courier->batches = batch;
	courier->n_batches++;
	return batch;
}

static void batch_close(struct courier *courier, struct batch *batch)
{
	struct batch **at = &courier->batches;
	struct pool *pool = batch->pool;

	while (*at != batch)
		at = &(*at)->next;
	*at = batch->next;
	courier->n_batches--;
	pool_reset(pool);
	if (courier->spare == NULL)
		courier->spare = pool;
	else
		pool_free(pool);
}

static void close_finished_batches(struct courier *courier)
{
	for (struct batch *batch = courier->batches, *next; batch != NULL; batch = next) {
		next = batch->next;
		if (batch->left == 0)
			batch_close(courier, batch);
	}
}

/* Outcomes */

static void add_final(struct lane *lane, struct job *job)
{
	text_free(&job->bytes);
	if (lane->finals.n == 0)
		lane->finals_since = clock_mono_us();
	job_list_add(&lane->finals, job);
}

/* A job that never left: its outcome is known without a transport. */
static void decide(struct lane *lane, struct job *job, enum delivery_state state, const char *error)
{
	job->outcome.id = job->delivery->id;
	job->outcome.state = state;
	job->outcome.error = error;
	add_final(lane, job);
}

/* Back to the queue as if it had not been claimed. */
static void release(struct lane *lane, struct job *job)
{
	job->outcome.retry_at = clock_now_ms();
	decide(lane, job, DELIVERY_QUEUED, NULL);
}

static unsigned random_bits(void)
{
	unsigned bits = 0;

	if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
		bits = (unsigned)clock_mono_us();
	return bits;
}

/* When a delivery is tried again; one that would come too late has expired. */
static void set_retry(const struct settings *settings, struct job *job)
{
	const struct delivery *delivery = job->delivery;
	long delay = delivery_retry_delay(delivery->attempt, (long)settings->retry_first, (long)settings->retry_max,
	                                  random_bits());

	job->outcome.retry_at = clock_now_ms() + delay * INT64_C(1000);
	if (job->outcome.retry_at < delivery->expires_at)
		return;
	job->outcome.state = DELIVERY_EXPIRED;
	if (job->outcome.error == NULL)
		job->outcome.error = "expired";
}

static void log_outcome(const struct courier *courier, const struct job *job)
{
	static const enum log_level levels[DELIVERY_STATES] = {
		[DELIVERY_SENT] = LOG_LEVEL_DEBUG, [DELIVERY_QUEUED] = LOG_LEVEL_INFO, [DELIVERY_SUPPRESSED] = LOG_LEVEL_INFO,
		[DELIVERY_FAILED] = LOG_LEVEL_WARN, [DELIVERY_EXPIRED] = LOG_LEVEL_WARN, [DELIVERY_UNKNOWN] = LOG_LEVEL_WARN,
	};
	enum log_level level = levels[job->outcome.state];

	if (level <= (enum log_level)courier->settings->log_level)
		log_event(level, "delivery", "id", log_num((int64_t)job->delivery->id), "message",
		          log_num((int64_t)job->delivery->message_id), "state", delivery_state_name(job->outcome.state), "attempt",
		          log_num(job->delivery->attempt), "error", job->outcome.error != NULL ? job->outcome.error : "-", NULL);
}

/* Takes back from the transport what it is done with. */
static void collect(struct courier *courier, struct lane *lane)
{
	struct transport *transport = lane->transport;
	struct job *job;

	lane->under_way -= transport->done.n + transport->again.n;
	while ((job = job_list_take(&transport->done)) != NULL) {
		if (job->outcome.state == DELIVERY_QUEUED)
			set_retry(courier->settings, job);
		log_outcome(courier, job);
		add_final(lane, job);
	}
	while ((job = job_list_take(&transport->again)) != NULL) {
		text_free(&job->bytes);
		job_list_add(&lane->waiting, job);
	}
}

/* Claiming */

static void add_job(struct courier *courier, struct lane *lane, struct batch *batch, struct job *job,
                    const struct delivery *delivery)
{
	*job = (struct job){.batch = batch, .delivery = delivery, .pool = batch->pool};
	if (delivery->unsubscribed)
		decide(lane, job, DELIVERY_SUPPRESSED, "recipient unsubscribed");
	else if (delivery->expires_at <= clock_now_ms())
		decide(lane, job, DELIVERY_EXPIRED, "expired");
	else
		job_list_add(&lane->waiting, job);
	if (job->outcome.state != DELIVERY_QUEUED)
		log_outcome(courier, job);
}

static bool may_claim(const struct courier *courier, const struct lane *lane, int64_t now)
{
	return !courier->stopping && lane->transport->down == NULL && lane->waiting.n == 0 && lane->claim_at <= now &&
	       courier->db_again_at <= now && courier->n_batches < BATCHES_MAX && !(courier->options->once && lane->claimed);
}

static void claim(struct courier *courier, struct lane *lane)
{
	int64_t now = clock_mono_us();
	struct delivery *deliveries;
	struct batch *batch;
	enum db_status status;
	size_t n = 0;

	if (!may_claim(courier, lane, now))
		return;
	batch = batch_open(courier);
	batch->lease_end = now + courier->settings->lease * SECOND;
	status = delivery_claim(courier->db, batch->pool, lane->transport->channel, courier->sender,
	                        (uint32_t)courier->settings->claim_size, courier->settings->lease, &deliveries, &n);
	if (status != DB_OK) {
		fail(courier, "claim", status);
		courier->failed = courier->stopping = true;
		n = 0;
	}
	if (n > 0)
		FAULT("sender.claimed");
	lane->claimed = true;
	lane->claim_at = n > 0 ? 0 : now + CLAIM_AGAIN;
	delivery_claim_id(batch->claim_id);
	batch->left = n;
	batch->jobs = pool_alloc(batch->pool, n * sizeof *batch->jobs);
	for (size_t i = 0; i < n; i++)
		add_job(courier, lane, batch, &batch->jobs[i], &deliveries[i]);
	close_finished_batches(courier);
}

/* Starting */

static bool lease_is_short(const struct lane *lane, const struct job *job, int64_t now)
{
	return now + lane->transport->timeout * SECOND + LEASE_MARGIN > job->batch->lease_end;
}

/* What will not be started in this run. */
static void give_back(struct courier *courier, struct lane *lane)
{
	struct job *job;

	while ((job = job_list_take(&lane->waiting)) != NULL) {
		if (courier->stopping) {
			release(lane, job);
			continue;
		}
		job->outcome.error = lane->transport->down;
		set_retry(courier->settings, job);
		decide(lane, job, job->outcome.state, job->outcome.error);
	}
}

static void start(struct courier *courier, struct lane *lane)
{
	struct transport *transport = lane->transport;
	int64_t now = clock_mono_us();
	unsigned room;

	if (courier->stopping || transport->down != NULL)
		give_back(courier, lane);
	if (lane->waiting.n == 0 || courier->db_again_at > now)
		return;
	for (room = transport->room(transport, lane->waiting.n); room > 0 && lane->waiting.n > 0; room--) {
		struct job *job = job_list_take(&lane->waiting);

		if (lease_is_short(lane, job, now)) {
			release(lane, job);
			continue;
		}
		render_job(courier->render, job);
		FAULT("sender.rendered");
		lane->under_way++;
		transport->start(transport, job);
	}
}

/* Recording */

/* Gathers what a batch has to record; ready jobs whose lease has become short go back to the queue instead. */
static size_t gather(struct courier *courier, struct batch *batch, struct lane *lane, size_t n)
{
	struct transport *transport = lane->transport;
	int64_t now = clock_mono_us();
	struct job_list keep;
	struct job *job;

	job_list_init(&keep);
	while ((job = job_list_take(&transport->ready)) != NULL) {
		if (job->batch != batch || n == RECORD_AT_ONCE) {
			job_list_add(&keep, job);
		} else if (lease_is_short(lane, job, now)) {
			transport->drop(transport, job);
			lane->under_way--;
			release(lane, job);
		} else {
			courier->recording[n] = job;
			courier->outcomes[n++] = (struct delivery_outcome){.id = job->delivery->id, .state = DELIVERY_TRANSMITTING};
		}
	}
	job_list_move(&transport->ready, &keep);
	while ((job = job_list_take(&lane->finals)) != NULL) {
		if (job->batch != batch || n == RECORD_AT_ONCE) {
			job_list_add(&keep, job);
		} else {
			courier->recording[n] = job;
			courier->outcomes[n++] = job->outcome;
		}
	}
	job_list_move(&lane->finals, &keep);
	return n;
}

/* The database has the transition: on with the job, or to the end of it. */
static void recorded(struct courier *courier, struct lane *lane, size_t i)
{
	struct job *job = courier->recording[i];
	struct transport *transport = lane->transport;
	bool transmitting = courier->outcomes[i].state == DELIVERY_TRANSMITTING;

	if (transmitting && !courier->lost[i]) {
		transport->go(transport, job);
		return;
	}
	if (transmitting) {
		transport->drop(transport, job);
		lane->under_way--;
		text_free(&job->bytes);
	}
	if (courier->lost[i])
		log_event(LOG_LEVEL_WARN, "claim-lost", "delivery", log_num((int64_t)job->delivery->id), "state",
		          delivery_state_name(courier->outcomes[i].state), NULL);
	else
		progress_count(&courier->progress, transport->channel, courier->outcomes[i].state);
	job->batch->left--;
}

/*
 * The database could not write it down. What was to be transmitted is not; it goes back to the queue when the database is
 * there again. Outcomes are kept until their lease is over, when another sender will have taken them for unknown.
 */
static void unrecorded(struct courier *courier, struct lane *lane, size_t i)
{
	struct job *job = courier->recording[i];
	int64_t now = clock_mono_us();

	if (courier->outcomes[i].state == DELIVERY_TRANSMITTING) {
		lane->transport->drop(lane->transport, job);
		lane->under_way--;
		release(lane, job);
	} else if (now < job->batch->lease_end && (!courier->stopping || now < courier->give_up_at)) {
		add_final(lane, job);
	} else {
		log_event(LOG_LEVEL_ERROR, "outcome-not-recorded", "delivery", log_num((int64_t)job->delivery->id), "state",
		          delivery_state_name(job->outcome.state), NULL);
		courier->failed = true;
		job->batch->left--;
	}
}

static void fault_points(const struct courier *courier, size_t n, const char *transmitting, const char *final)
{
#ifdef FAULT_POINTS
	bool any[2] = {false, false};

	for (size_t i = 0; i < n; i++)
		any[courier->outcomes[i].state == DELIVERY_TRANSMITTING] = true;
	if (any[1])
		FAULT(transmitting);
	if (any[0])
		FAULT(final);
#else
	(void)courier, (void)n, (void)transmitting, (void)final;
#endif
}

static void record_batch(struct courier *courier, struct batch *batch, struct lane *lane)
{
	size_t n = gather(courier, batch, lane, 0);
	enum db_status status;

	if (n == 0)
		return;
	memset(courier->lost, 0, n * sizeof *courier->lost);
	fault_points(courier, n, "sender.before_transmitting", "sender.before_record");
	status = delivery_record(courier->db, courier->sender, batch->claim_id, courier->outcomes, n, courier->lost);
	if (status == DB_OK) {
		fault_points(courier, n, "sender.transmitting", "sender.recorded");
	} else {
		fail(courier, "record", status);
		courier->db_again_at = clock_mono_us() + DB_PAUSE;
	}
	for (size_t i = 0; i < n; i++) {
		if (status == DB_OK)
			recorded(courier, lane, i);
		else
			unrecorded(courier, lane, i);
	}
	collect(courier, lane);
}

/*
 * Is it time to write down? Deliveries that stand ready wait for a turn that brings no more of them, since a commit costs the
 * same for one as for many; outcomes wait a moment for a delivery that has to be committed anyway.
 */
static bool record_is_due(const struct courier *courier, const struct lane *lane, int64_t now)
{
	unsigned ready = lane->transport->ready.n;

	if (courier->db_again_at > now)
		return false;
	if (ready > 0)
		return ready <= lane->ready_before || ready == lane->under_way;
	return lane->finals.n > 0 && (lane->under_way == 0 || lane->finals.n >= RECORD_AT_ONCE / 2 ||
	                              lane->finals_since + RECORD_AFTER <= now);
}

static void record(struct courier *courier, struct lane *lane)
{
	if (!record_is_due(courier, lane, clock_mono_us())) {
		lane->ready_before = lane->transport->ready.n;
		return;
	}
	lane->ready_before = 0;
	for (struct batch *batch = courier->batches; batch != NULL; batch = batch->next)
		record_batch(courier, batch, lane);
	close_finished_batches(courier);
}

/* The loop */

static void sweep(struct courier *courier)
{
	int64_t now = clock_mono_us();
	uint64_t moved = 0;
	enum db_status status;

	if (now < courier->sweep_at || courier->stopping)
		return;
	courier->sweep_at = now + SWEEP_EVERY;
	status = delivery_sweep(courier->db, courier->sender, &moved);
	if (status != DB_OK)
		fail(courier, "sweep", status);
	if (moved > 0)
		log_event(LOG_LEVEL_WARN, "unknown", "deliveries", log_num((int64_t)moved), "why",
		          "their sender ended while it transmitted them", NULL);
}

static void read_signals(struct courier *courier, unsigned place)
{
	char bytes[512];

	if ((wire_events(&courier->wire, place) & CURL_WAIT_POLLIN) == 0)
		return;
	if (read(courier->options->signals, bytes, sizeof bytes) > 0 && !courier->stopping) {
		log_event(LOG_LEVEL_INFO, "stopping", NULL);
		courier->stopping = true;
		courier->give_up_at = clock_mono_us() + STOP_PATIENCE * INT64_C(1000000);
	}
}

/* How long the next wait may be, in milliseconds: not at all when there is something to do. */
static int patience(const struct courier *courier)
{
	int64_t now = clock_mono_us();
	int milliseconds = 1000;

	for (unsigned i = 0; i < LANES; i++) {
		const struct lane *lane = &courier->lanes[i];

		if (record_is_due(courier, lane, now) || (lane->transport->ready.n > 0 && courier->db_again_at <= now))
			return 0;
		if (lane->waiting.n > 0 && lane->under_way == 0)
			milliseconds = 100;
		if (lane->finals.n > 0 && milliseconds > 20)
			milliseconds = 20;
		if (may_claim(courier, lane, now))
			return 0;
	}
	return milliseconds;
}

static void wait_for_something(struct courier *courier)
{
	struct wire *wire = &courier->wire;
	unsigned place;

	wire_forget(wire);
	place = wire_want(wire, courier->options->signals, CURL_WAIT_POLLIN);
	for (unsigned i = 0; i < LANES; i++)
		courier->lanes[i].transport->wait(courier->lanes[i].transport, wire);
	wire_wait(wire, patience(courier));
	read_signals(courier, place);
	for (unsigned i = 0; i < LANES; i++) {
		courier->lanes[i].transport->work(courier->lanes[i].transport, wire);
		collect(courier, &courier->lanes[i]);
	}
}

/* Nothing in hand, and the last claims found nothing (or no more are wanted). */
static bool is_finished(const struct courier *courier)
{
	if (courier->batches != NULL)
		return false;
	for (unsigned i = 0; i < LANES; i++) {
		const struct lane *lane = &courier->lanes[i];

		if (!courier->stopping && lane->transport->down == NULL && !(courier->options->once && lane->claimed) &&
		    lane->claim_at == 0)
			return false;
	}
	return true;
}

static void run(struct courier *courier)
{
	do {
		sweep(courier);
		for (unsigned i = 0; i < LANES; i++)
			claim(courier, &courier->lanes[i]);
		for (unsigned i = 0; i < LANES; i++)
			start(courier, &courier->lanes[i]);
		for (unsigned i = 0; i < LANES; i++)
			record(courier, &courier->lanes[i]);
		progress_show(&courier->progress, courier->db, false);
		if (!is_finished(courier))
			wait_for_something(courier);
	} while (!is_finished(courier));
}

static void name_sender(struct courier *courier)
{
	char host[64] = "";

	gethostname(host, sizeof host - 1);
	snprintf(courier->sender, sizeof courier->sender, "%s:%ld", host, (long)getpid());
}

static int open_lanes(struct courier *courier)
{
	static const enum delivery_channel channels[LANES] = {DELIVERY_MAIL, DELIVERY_SMS};

	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &courier->lanes[i];

		job_list_init(&lane->waiting);
		job_list_init(&lane->finals);
		lane->transport = open_transport(courier, channels[i]);
		if (lane->transport == NULL || !lease_suffices(courier->settings, lane->transport))
			return -1;
	}
	return 0;
}

static void close_lanes(struct courier *courier)
{
	for (unsigned i = 0; i < LANES; i++)
		if (courier->lanes[i].transport != NULL)
			courier->lanes[i].transport->free(courier->lanes[i].transport);
}

int courier_run(const struct settings *settings, struct db *db, const struct courier_options *options)
{
	struct courier *courier = mem_alloc(sizeof *courier);
	int result = -1;

	*courier = (struct courier){.settings = settings, .options = options, .db = db};
	name_sender(courier);
	if (wire_open(&courier->wire, (unsigned)(settings->smtp_connections + settings->sms_connections)) != 0)
		goto err0;
	courier->render = render_create(settings);
	if (courier->render == NULL || open_lanes(courier) != 0)
		goto err1;
	progress_begin(&courier->progress, options->progress);
	run(courier);
	progress_show(&courier->progress, db, true);
	result = courier->failed ? -1 : 0;
err1:
	close_lanes(courier);
	render_free(courier->render);
	wire_close(&courier->wire);
	pool_free(courier->spare);
err0:
	free(courier);
	return result;
}

static int look_at(struct db *db, enum delivery_channel channel, const char *name)
{
	char when[CLOCK_ISO_SIZE];
	uint64_t due;
	int64_t next;
	enum db_status status = delivery_due(db, channel, &due, &next);

	if (status != DB_OK) {
		log_event(LOG_LEVEL_ERROR, "due", "status", db_status_name(status), "database", db_error(db), NULL);
		return -1;
	}
	printf("%s: %llu due", name, (unsigned long long)due);
	if (next > 0) {
		clock_iso(next, when);
		printf(", next at %s", when);
	}
	putchar('\n');
	return 0;
}

int courier_look(struct db *db)
{
	return look_at(db, DELIVERY_MAIL, "mail") != 0 || look_at(db, DELIVERY_SMS, "sms") != 0 ? -1 : 0;
}
