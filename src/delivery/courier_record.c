/*
 * Outcomes, and what the database is told of them.
 */
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/courier_private.h"

enum {
	READY_ENOUGH = 16,                      /* so many are committed without waiting for more */
	READY_AFTER = 1500,                     /* microseconds for which one that stands ready waits for company */
	RECORD_AFTER = 50 * 1000                /* for which an outcome does */
};

static void add_final(struct lane *lane, struct job *job)
{
	text_free(&job->bytes);
	if (lane->finals.n == 0)
		lane->finals_since = clock_mono_us();
	job_list_add(&lane->finals, job);
}

void courier_decide(struct lane *lane, struct job *job, enum delivery_state state, const char *error)
{
	job->outcome.id = job->delivery->id;
	job->outcome.state = state;
	job->outcome.error = error;
	add_final(lane, job);
}

void courier_release(struct lane *lane, struct job *job)
{
	job->batch->released = true;
	job->outcome.retry_at = clock_now_ms();
	courier_decide(lane, job, DELIVERY_QUEUED, NULL);
}

static unsigned random_bits(void)
{
	unsigned bits = 0;

	if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
		bits = (unsigned)clock_mono_us();
	return bits;
}

void courier_set_retry(const struct settings *settings, struct job *job)
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

void courier_log_outcome(const struct courier *courier, const struct job *job)
{
	static const enum log_level levels[DELIVERY_STATES] = {
		[DELIVERY_SENT] = LOG_LEVEL_DEBUG, [DELIVERY_QUEUED] = LOG_LEVEL_INFO,
		[DELIVERY_SUPPRESSED] = LOG_LEVEL_INFO, [DELIVERY_FAILED] = LOG_LEVEL_WARN,
		[DELIVERY_EXPIRED] = LOG_LEVEL_WARN, [DELIVERY_UNKNOWN] = LOG_LEVEL_WARN,
	};
	enum log_level level = levels[job->outcome.state];

	if (level <= (enum log_level)courier->settings->log_level)
		log_event(level, "delivery", "id", log_num((int64_t)job->delivery->id), "message",
		          log_num((int64_t)job->delivery->message_id), "state", delivery_state_name(job->outcome.state),
		          "attempt", log_num(job->delivery->attempt), "error",
		          job->outcome.error != NULL ? job->outcome.error : "-", NULL);
}

/*
 * The database has it as transmitting, and nothing of it has left: only what is claimed anew may be transmitted again.
 * At its first attempt it is due at once, since a server that was restarted must not delay it; after that it waits, for
 * the server may have gone away because of it.
 */
static void put_back(const struct courier *courier, struct lane *lane, struct job *job)
{
	if (job->delivery->attempt == 1) {
		courier_release(lane, job);
		return;
	}
	job->outcome.state = DELIVERY_QUEUED;
	job->outcome.error = "connection lost before the end of the message";
	courier_set_retry(courier->settings, job);
	courier_log_outcome(courier, job);
	courier_decide(lane, job, job->outcome.state, job->outcome.error);
}

static void start_anew(const struct courier *courier, struct lane *lane, struct job *job)
{
	if (job->gone_on) {
		put_back(courier, lane, job);
		return;
	}
	text_free(&job->bytes);
	job_list_add(&lane->waiting, job);
}

void courier_collect(struct courier *courier, struct lane *lane)
{
	struct transport *transport = lane->transport;
	struct job *job;

	lane->under_way -= transport->done.n + transport->again.n;
	while ((job = job_list_take(&transport->done)) != NULL) {
		if (job->outcome.state == DELIVERY_QUEUED)
			courier_set_retry(courier->settings, job);
		courier_log_outcome(courier, job);
		add_final(lane, job);
	}
	while ((job = job_list_take(&transport->again)) != NULL)
		start_anew(courier, lane, job);
}

bool courier_lease_is_short(const struct lane *lane, const struct job *job, int64_t now)
{
	return now + lane->transport->timeout * SECOND + LEASE_MARGIN > job->batch->lease_end;
}

/*
 * A commit costs nearly the same for one as for many, and more than sending a mail does. So deliveries that stand
 * ready wait a moment for the others that are about to, and outcomes for a delivery that has to be committed anyway.
 */
bool courier_record_is_due(const struct courier *courier, const struct lane *lane, int64_t now)
{
	unsigned ready = lane->transport->ready.n;

	if (courier->db_again_at > now || desk_busy(courier->records.desk))
		return false;
	if (ready > 0)
		return ready >= READY_ENOUGH || ready == lane->under_way || lane->ready_since + READY_AFTER <= now;
	return lane->finals.n > 0 && (lane->under_way == 0 || lane->finals.n >= RECORD_AT_ONCE / 2 ||
	                              lane->finals_since + RECORD_AFTER <= now);
}

static void add_to_errand(struct errand *errand, struct job *job, const struct delivery_outcome *outcome)
{
	errand->jobs[errand->n] = job;
	errand->outcomes[errand->n++] = *outcome;
}

/* Ready jobs of the batch, to be committed as transmitting; those whose lease has become short go back to the queue. */
static void gather_ready(struct lane *lane, struct errand *errand)
{
	struct transport *transport = lane->transport;
	int64_t now = clock_mono_us();
	struct job_list keep;
	struct job *job;

	job_list_init(&keep);
	while ((job = job_list_take(&transport->ready)) != NULL) {
		struct delivery_outcome transmitting = {.id = job->delivery->id, .state = DELIVERY_TRANSMITTING,
		                                        .number = job->outcome.number};

		if (job->batch != errand->batch || errand->n == RECORD_AT_ONCE) {
			job_list_add(&keep, job);
		} else if (courier_lease_is_short(lane, job, now)) {
			transport->drop(transport, job);
			lane->under_way--;
			courier_release(lane, job);
		} else {
			add_to_errand(errand, job, &transmitting);
		}
	}
	job_list_move(&transport->ready, &keep);
}

static void gather_finals(struct lane *lane, struct errand *errand)
{
	struct job_list keep;
	struct job *job;

	job_list_init(&keep);
	while ((job = job_list_take(&lane->finals)) != NULL) {
		if (job->batch != errand->batch || errand->n == RECORD_AT_ONCE)
			job_list_add(&keep, job);
		else
			add_to_errand(errand, job, &job->outcome);
	}
	job_list_move(&lane->finals, &keep);
}

static void fault_points(const struct errand *errand, const char *transmitting, const char *final)
{
#ifdef FAULT_POINTS
	bool any[2] = {false, false};

	for (size_t i = 0; i < errand->n; i++)
		any[errand->outcomes[i].state == DELIVERY_TRANSMITTING] = true;
	if (any[1])
		FAULT(transmitting);
	if (any[0])
		FAULT(final);
#else
	(void)errand, (void)transmitting, (void)final;
#endif
}

/* At the desk. */
static void write_down(void *arg)
{
	struct courier *courier = arg;
	struct errand *errand = &courier->records.errand;

	errand->status = delivery_record(courier->records.db, courier->sender, errand->batch->claim_id, errand->outcomes,
	                                 errand->n, errand->lost);
}

/* The batch of the job that has waited longest. */
static struct batch *first_batch(const struct lane *lane)
{
	const struct job *ready = lane->transport->ready.first;
	const struct job *job = ready != NULL ? ready : lane->finals.first;

	return job != NULL ? job->batch : NULL;
}

bool courier_record(struct courier *courier, struct lane *lane)
{
	struct errand *errand = &courier->records.errand;

	errand->lane = lane;
	errand->batch = first_batch(lane);
	errand->n = 0;
	if (errand->batch == NULL)
		return false;
	gather_ready(lane, errand);
	gather_finals(lane, errand);
	lane->ready_since = 0;
	if (errand->n == 0)
		return false;
	errand->type = ERRAND_RECORD;
	memset(errand->lost, 0, errand->n * sizeof *errand->lost);
	fault_points(errand, "sender.before_transmitting", "sender.before_record");
	desk_give(courier->records.desk, write_down, courier);
	return true;
}

/*
 * It may be sent, and the database says so. But how long that took is not known beforehand, and the lease has not
 * become longer by it: when the rest is too short now, the delivery goes back to the queue, nothing of it having left.
 */
static void go_on(struct lane *lane, struct job *job)
{
	if (!courier_lease_is_short(lane, job, clock_mono_us())) {
		job->gone_on = true;
		lane->transport->go(lane->transport, job);
		return;
	}
	log_event(LOG_LEVEL_WARN, "lease-short", "delivery", log_num((int64_t)job->delivery->id), NULL);
	lane->transport->drop(lane->transport, job);
	lane->under_way--;
	courier_release(lane, job);
}

/* The database has the transition: on with the job, or to the end of it. */
static void recorded(struct courier *courier, struct lane *lane, size_t i)
{
	const struct errand *errand = &courier->records.errand;
	struct job *job = errand->jobs[i];
	struct transport *transport = lane->transport;
	bool transmitting = errand->outcomes[i].state == DELIVERY_TRANSMITTING;

	if (transmitting && !errand->lost[i]) {
		job->outcome.number++;
		go_on(lane, job);
		return;
	}
	if (transmitting) {
		transport->drop(transport, job);
		lane->under_way--;
		text_free(&job->bytes);
	}
	if (errand->lost[i])
		log_event(LOG_LEVEL_WARN, "claim-lost", "delivery", log_num((int64_t)job->delivery->id), "state",
		          delivery_state_name(errand->outcomes[i].state), NULL);
	else
		progress_count(&courier->progress, transport->channel, errand->outcomes[i].state);
	job->batch->left--;
}

/*
 * The database could not write it down. What was to be transmitted is not; it goes back to the queue when the
 * database is there again. Outcomes are kept until their lease is over, when another sender will have taken them for
 * unknown.
 */
static void unrecorded(struct courier *courier, struct lane *lane, size_t i)
{
	const struct errand *errand = &courier->records.errand;
	struct job *job = errand->jobs[i];
	int64_t now = clock_mono_us();

	if (errand->outcomes[i].state == DELIVERY_TRANSMITTING) {
		lane->transport->drop(lane->transport, job);
		lane->under_way--;
		courier_release(lane, job);
	} else if (now < job->batch->lease_end && (!courier->stopping || now < courier->give_up_at)) {
		add_final(lane, job);
	} else {
		log_event(LOG_LEVEL_ERROR, "outcome-not-recorded", "delivery", log_num((int64_t)job->delivery->id),
		          "state", delivery_state_name(job->outcome.state), NULL);
		courier->failed = true;
		job->batch->left--;
	}
}

void courier_recorded(struct courier *courier)
{
	struct errand *errand = &courier->records.errand;
	struct lane *lane = errand->lane;

	if (errand->status == DB_OK)
		fault_points(errand, "sender.transmitting", "sender.recorded");
	else
		courier_db_failed(courier, &courier->records, "record");
	for (size_t i = 0; i < errand->n; i++) {
		if (errand->status == DB_OK)
			recorded(courier, lane, i);
		else
			unrecorded(courier, lane, i);
	}
	courier_collect(courier, lane);
}
