/*
 * The sender's loop. It never waits for one delivery: each turn starts, records, claims and lets the transports work,
 * as far as each can go, and then waits for whatever happens first. The database's part is done at two desks (threads,
 * each with a connection), one errand at a time at each, so that the wire goes on during a commit, and what is on its
 * way during a claim.
 *
 * One call of delivery_record() at a time writes down the outcomes that have come in and commits as transmitting the
 * deliveries that stand before their point of no return; only then does the transport go on with those.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/courier_private.h"

enum {
	BATCHES_MAX = 16,                       /* claims in hand at once: a slow delivery keeps one, not the sender */
	CLAIM_AGAIN = SECOND,                   /* after a claim found nothing */
	SWEEP_EVERY = 30 * SECOND,
	DB_PAUSE = SECOND / 2,                  /* after the database failed */
	STOP_PATIENCE = 30                      /* seconds to go on trying to record after a stop was asked for */
};

static struct transport *open_transport(struct courier *courier, enum delivery_channel channel)
{
	const struct settings *settings = courier->settings;
	int id = channel == DELIVERY_MAIL ? settings->mail_transport_id : settings->sms_transport_id;

	if (id == TRANSPORT_FILE)
		return transport_file(settings, channel);
	return channel == DELIVERY_MAIL ? transport_smtp(settings, &courier->wire)
	                                : transport_gateway(settings, &courier->wire);
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

void courier_db_failed(struct courier *courier, const struct office *office, const char *what)
{
	log_event(LOG_LEVEL_ERROR, what, "status", db_status_name(office->errand.status), "database",
	          db_error(office->db), NULL);
	courier->db_again_at = clock_mono_us() + DB_PAUSE;
}

/* Batches */

static struct batch *batch_open(struct courier *courier, struct lane *lane)
{
	struct pool *pool = courier->spare != NULL ? courier->spare : pool_create();
	struct batch *batch = pool_alloc(pool, sizeof *batch);

	courier->spare = NULL;
	*batch = (struct batch){.next = courier->batches, .lane = lane, .pool = pool};
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
	if (batch->released)
		batch->lane->claim_at = 0;      /* they are due, whatever the last claim found */
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

/* Claiming */

/* No attempt after its time: a reminder that waited for a slow server must not come after the appointment. */
static bool has_expired(struct courier *courier, struct lane *lane, struct job *job)
{
	if (job->delivery->expires_at > clock_now_ms())
		return false;
	courier_decide(lane, job, DELIVERY_EXPIRED, "expired");
	courier_log_outcome(courier, job);
	return true;
}

static void add_job(struct courier *courier, struct lane *lane, struct batch *batch, struct job *job,
                    const struct delivery *delivery)
{
	*job = (struct job){.batch = batch, .delivery = delivery, .pool = batch->pool,
	                    .outcome.number = delivery->number};
	if (delivery->unsubscribed) {
		courier_decide(lane, job, DELIVERY_SUPPRESSED, "recipient unsubscribed");
		courier_log_outcome(courier, job);
	} else if (!has_expired(courier, lane, job)) {
		job_list_add(&lane->waiting, job);
	}
}

/* The next claim is made while the last of the one before are still on their way. */
static bool may_claim(const struct courier *courier, const struct lane *lane, int64_t now)
{
	return !courier->stopping && lane->transport->down == NULL && lane->claim_at <= now &&
	       courier->db_again_at <= now && courier->n_batches < BATCHES_MAX && !desk_busy(courier->claims.desk) &&
	       lane->waiting.n < (unsigned)courier->settings->claim_size / 4 + 1 &&
	       !(courier->options->once && lane->claimed);
}

/* At the desk. */
static void do_claim(void *arg)
{
	struct courier *courier = arg;
	struct errand *errand = &courier->claims.errand;
	struct batch *batch = errand->batch;

	errand->status = delivery_claim(courier->claims.db, batch->pool, errand->lane->transport->channel, courier->sender,
	                                (uint32_t)courier->settings->claim_size, courier->settings->lease,
	                                &errand->deliveries, &errand->n);
	delivery_claim_id(batch->claim_id);
}

static void claim(struct courier *courier, struct lane *lane)
{
	struct errand *errand = &courier->claims.errand;

	errand->type = ERRAND_CLAIM;
	errand->lane = lane;
	errand->batch = batch_open(courier, lane);
	errand->batch->left = 1;        /* the claim itself, until it is done */
	errand->batch->lease_end = clock_mono_us() + courier->settings->lease * SECOND;
	errand->n = 0;
	desk_give(courier->claims.desk, do_claim, courier);
}

static void claimed(struct courier *courier)
{
	struct errand *errand = &courier->claims.errand;
	struct batch *batch = errand->batch;
	struct lane *lane = errand->lane;

	if (errand->status != DB_OK) {
		courier_db_failed(courier, &courier->claims, "claim");
		courier->failed = courier->stopping = true;
		courier->give_up_at = clock_mono_us() + STOP_PATIENCE * INT64_C(1000000);
		errand->n = 0;
	}
	if (errand->n > 0)
		FAULT("sender.claimed");
	lane->claimed = true;
	lane->claim_at = errand->n > 0 ? 0 : clock_mono_us() + CLAIM_AGAIN;
	batch->left = errand->n;
	batch->jobs = pool_alloc(batch->pool, errand->n * sizeof *batch->jobs);
	for (size_t i = 0; i < errand->n; i++)
		add_job(courier, lane, batch, &batch->jobs[i], &errand->deliveries[i]);
}

/* Starting */

/* What will not be started in this run. */
static void give_back(struct courier *courier, struct lane *lane)
{
	struct job *job;

	while ((job = job_list_take(&lane->waiting)) != NULL) {
		if (courier->stopping) {
			courier_release(lane, job);
			continue;
		}
		job->outcome.error = lane->transport->down;
		courier_set_retry(courier->settings, job);
		courier_decide(lane, job, job->outcome.state, job->outcome.error);
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

		if (courier_lease_is_short(lane, job, now)) {
			courier_release(lane, job);
			continue;
		}
		if (has_expired(courier, lane, job))
			continue;
		render_job(courier->render, job);
		FAULT("sender.rendered");
		lane->under_way++;
		transport->start(transport, job);
	}
}

/* The loop */

/* At the desk. */
static void do_sweep(void *arg)
{
	struct courier *courier = arg;
	struct office *office = &courier->claims;

	office->errand.status = delivery_sweep(office->db, courier->sender, &office->errand.counted);
}

static void swept(struct courier *courier)
{
	const struct errand *errand = &courier->claims.errand;

	if (errand->status != DB_OK)
		courier_db_failed(courier, &courier->claims, "sweep");
	else if (errand->counted > 0)
		log_event(LOG_LEVEL_WARN, "unknown", "deliveries", log_num((int64_t)errand->counted), "why",
		          "their sender ended while it transmitted them", NULL);
}

/* At the desk. */
static void do_count(void *arg)
{
	struct courier *courier = arg;
	struct office *office = &courier->claims;
	uint64_t mail = 0, sms = 0;
	int64_t next;

	office->errand.status = delivery_due(office->db, DELIVERY_MAIL, &mail, &next);
	if (office->errand.status == DB_OK)
		office->errand.status = delivery_due(office->db, DELIVERY_SMS, &sms, &next);
	office->errand.counted = mail + sms;
}

static uint64_t in_hand(const struct courier *courier)
{
	uint64_t n = 0;

	for (const struct batch *batch = courier->batches; batch != NULL; batch = batch->next)
		n += batch->left;
	return n;
}

static void give_errand(struct courier *courier, int type, void (*fn)(void *arg))
{
	courier->claims.errand.type = type;
	courier->claims.errand.counted = 0;
	desk_give(courier->claims.desk, fn, courier);
}

/* Finds something to write down. */
static void employ_records(struct courier *courier, int64_t now)
{
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &courier->lanes[++courier->record_turn % LANES];

		if (courier_record_is_due(courier, lane, now) && courier_record(courier, lane))
			return;
	}
}

/* Finds something to claim. What a sweep finds has waited for a lease: it comes first. */
static void employ_claims(struct courier *courier, int64_t now)
{
	if (now >= courier->sweep_at && !courier->stopping) {
		courier->sweep_at = now + SWEEP_EVERY;
		give_errand(courier, ERRAND_SWEEP, do_sweep);
		return;
	}
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &courier->lanes[++courier->claim_turn % LANES];

		if (may_claim(courier, lane, now)) {
			claim(courier, lane);
			return;
		}
	}
	if (progress_wants_count(&courier->progress, now))
		give_errand(courier, ERRAND_COUNT, do_count);
}

static void employ(struct courier *courier)
{
	int64_t now = clock_mono_us();

	if (!desk_busy(courier->records.desk))
		employ_records(courier, now);
	if (!desk_busy(courier->claims.desk))
		employ_claims(courier, now);
}

/* Goes on with what the desk has done. */
static void take_back(struct courier *courier, struct office *office)
{
	if (!desk_take(office->desk))
		return;
	switch (office->errand.type) {
	case ERRAND_CLAIM: claimed(courier); break;
	case ERRAND_RECORD: courier_recorded(courier); break;
	case ERRAND_SWEEP: swept(courier); break;
	case ERRAND_COUNT: progress_counted(&courier->progress, office->errand.counted + in_hand(courier)); break;
	case ERRAND_NONE: break;
	}
	office->errand.type = ERRAND_NONE;
	close_finished_batches(courier);
}

static void read_signals(struct courier *courier, unsigned place)
{
	char bytes[512];

	if ((wire_events(&courier->wire, place) & CURL_WAIT_POLLIN) == 0)
		return;
	if (read(courier->options->signals, bytes, sizeof bytes) > 0 && !courier->stopping) {
		log_event(LOG_LEVEL_INFO, "stopping", NULL);
		if (courier->options->companion > 0)
			kill(courier->options->companion, SIGTERM);
		courier->stopping = true;
		courier->give_up_at = clock_mono_us() + STOP_PATIENCE * INT64_C(1000000);
	}
}

/* How long the next wait may be, in milliseconds: not at all when there is something to do. */
static int patience(const struct courier *courier)
{
	int64_t now = clock_mono_us();
	bool recording = desk_busy(courier->records.desk);
	int milliseconds = 1000;

	for (unsigned i = 0; i < LANES; i++) {
		const struct lane *lane = &courier->lanes[i];

		if (courier->db_again_at > now && milliseconds > 100)
			milliseconds = 100;
		else if (courier_record_is_due(courier, lane, now) || may_claim(courier, lane, now))
			return 0;
		else if (recording)
			continue;
		else if (lane->transport->ready.n > 0)
			milliseconds = 1;
		else if (lane->finals.n > 0 && milliseconds > 20)
			milliseconds = 20;
		else if (lane->waiting.n > 0 && lane->under_way == 0 && milliseconds > 100)
			milliseconds = 100;
	}
	return milliseconds;
}

static void wait_for_something(struct courier *courier)
{
	struct wire *wire = &courier->wire;
	unsigned place;

	wire_forget(wire);
	place = wire_want(wire, courier->options->signals, CURL_WAIT_POLLIN);
	if (desk_busy(courier->records.desk))
		wire_want(wire, desk_fd(courier->records.desk), CURL_WAIT_POLLIN);
	if (desk_busy(courier->claims.desk))
		wire_want(wire, desk_fd(courier->claims.desk), CURL_WAIT_POLLIN);
	for (unsigned i = 0; i < LANES; i++) {
		courier->lanes[i].transport->wait(courier->lanes[i].transport, wire);
	}
	wire_wait(wire, patience(courier));
	read_signals(courier, place);
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &courier->lanes[i];

		lane->transport->work(lane->transport, wire);
		courier_collect(courier, lane);
		if (lane->transport->ready.n > 0 && lane->ready_since == 0)
			lane->ready_since = clock_mono_us();
	}
}

/* Nothing in hand, and the last claims found nothing (or no more are wanted). */
static bool is_finished(const struct courier *courier)
{
	if (courier->batches != NULL || desk_busy(courier->records.desk) || desk_busy(courier->claims.desk))
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
		take_back(courier, &courier->records);
		take_back(courier, &courier->claims);
		for (unsigned i = 0; i < LANES; i++)
			start(courier, &courier->lanes[i]);
		employ(courier);
		progress_show(&courier->progress, false);
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

	*courier = (struct courier){.settings = settings, .options = options, .records.db = db,
	                            .claims.db = db_open(settings)};
	name_sender(courier);
	if (wire_open(&courier->wire, (unsigned)(settings->smtp_connections + settings->sms_connections)) != 0)
		goto err0;
	courier->render = render_create(settings);
	courier->records.desk = desk_open();
	courier->claims.desk = desk_open();
	if (courier->render == NULL || courier->records.desk == NULL || courier->claims.desk == NULL ||
	    open_lanes(courier) != 0)
		goto err1;
	progress_begin(&courier->progress, options->progress);
	run(courier);
	progress_show(&courier->progress, true);
	result = courier->failed ? -1 : 0;
err1:
	desk_close(courier->records.desk);
	desk_close(courier->claims.desk);
	close_lanes(courier);
	render_free(courier->render);
	wire_close(&courier->wire);
	pool_free(courier->spare);
err0:
	db_close(courier->claims.db);
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
