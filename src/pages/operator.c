/*
 * What a monitoring system asks.
 */
#include "pages/operator.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/prefork.h"
#include "store/delivery.h"

void operator_health(struct app *app, struct request *request)
{
	enum db_status status = db_ping(app->db);
	if (status != DB_OK)
		log_event(LOG_LEVEL_ERROR, "unhealthy", "database", db_status_name(status), NULL);
	struct json_out *json = response_json(request, status == DB_OK ? 200 : 503);
	json_object(json);
	json_ku64(json, "status", status == DB_OK ? 200 : 503);
	json_kstr(json, "database", status == DB_OK ? "ok" : "down");
	json_object_end(json);
	response_header(request, "Cache-Control", "no-store");
}

struct totals {
	uint64_t requests, us;
	uint64_t by_class[6];
	unsigned processes[CREW_KINDS], busy;
	int64_t longest_us;
};

/* A slot outlives the worker that uses it, so its counters only grow. */
static struct totals sum_slots(const struct prefork *prefork)
{
	struct totals totals = {0};
	int64_t now = clock_mono_us();
	for (unsigned i = 0; i < prefork->n_slots; i++) {
		struct worker_slot *slot = &prefork->slots[i];
		int64_t since = atomic_load(&slot->busy_since);
		totals.requests += atomic_load(&slot->requests);
		totals.us += atomic_load(&slot->total_us);
		for (int c = 0; c < 6; c++)
			totals.by_class[c] += atomic_load(&slot->by_class[c]);
		if (atomic_load(&slot->pid) > 0)
			totals.processes[slot->kind]++;
		if (since == 0)
			continue;
		totals.busy++;
		if (now - since > totals.longest_us)
			totals.longest_us = now - since;
	}
	return totals;
}

static void describe(struct text *out, const char *name, const char *type, const char *help)
{
	text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_requests(struct text *out, const struct totals *totals)
{
	describe(out, "bailleur_requests_total", "counter", "Requests answered, by class of status.");
	for (int c = 1; c < 6; c++)
		text_printf(out, "bailleur_requests_total{class=\"%dxx\"} %llu\n", c,
		            (unsigned long long)totals->by_class[c]);
	describe(out, "bailleur_request_seconds", "summary", "Time spent on requests.");
	text_printf(out, "bailleur_request_seconds_sum %llu.%06llu\nbailleur_request_seconds_count %llu\n",
	            (unsigned long long)(totals->us / 1000000), (unsigned long long)(totals->us % 1000000),
	            (unsigned long long)totals->requests);
	describe(out, "bailleur_workers", "gauge", "Workers running.");
	text_printf(out, "bailleur_workers %u\n", totals->processes[CREW_WORKER]);
	describe(out, "bailleur_express", "gauge", "Processes that answer at once what is known.");
	text_printf(out, "bailleur_express %u\n", totals->processes[CREW_EXPRESS]);
	describe(out, "bailleur_shuttle", "gauge", "Processes that store single messages together.");
	text_printf(out, "bailleur_shuttle %u\n", totals->processes[CREW_SHUTTLE]);
	describe(out, "bailleur_workers_busy", "gauge", "Processes with a request in progress.");
	text_printf(out, "bailleur_workers_busy %u\n", totals->busy);
	describe(out, "bailleur_request_longest_seconds", "gauge", "Age of the oldest request in progress.");
	text_printf(out, "bailleur_request_longest_seconds %lld.%06lld\n", (long long)(totals->longest_us / 1000000),
	            (long long)(totals->longest_us % 1000000));
}

static const char *channel_label(enum delivery_channel channel)
{
	return channel == DELIVERY_MAIL ? "email" : "sms";
}

static void write_outbox(struct text *out, const struct delivery_count *counts, size_t n)
{
	int64_t now = clock_now_ms();
	describe(out, "bailleur_deliveries", "gauge", "Deliveries in the outbox, by channel and state.");
	for (size_t i = 0; i < n; i++)
		text_printf(out, "bailleur_deliveries{channel=\"%s\",state=\"%s\"} %llu\n",
		            channel_label(counts[i].channel), delivery_state_name(counts[i].state),
		            (unsigned long long)counts[i].n);
	describe(out, "bailleur_deliveries_oldest_seconds", "gauge", "Age of the oldest delivery still under way.");
	for (size_t i = 0; i < n; i++) {
		enum delivery_state state = counts[i].state;
		if (!delivery_state_has_left(state) && !delivery_state_is_error(state))
			text_printf(out, "bailleur_deliveries_oldest_seconds{channel=\"%s\",state=\"%s\"} %lld\n",
			            channel_label(counts[i].channel), delivery_state_name(state),
			            (long long)((now - counts[i].oldest) / 1000));
	}
}

/*
 * Counting takes the longer the more there is. What took long to count is good for twenty times as long, so that
 * however often somebody asks, a worker spends a twentieth of its time on it at most.
 */
static enum db_status count_deliveries(struct app *app, struct pool *pool, const struct delivery_count **counts_r,
                                       size_t *n_r)
{
	enum { SHORT = 100000, TIMES = 20 };     /* SHORT in microseconds */
	static struct delivery_count kept[2 * DELIVERY_STATES];
	static size_t n_kept;
	static int64_t good_until;
	struct delivery_count *counts = NULL;
	int64_t begin = clock_mono_us(), took;
	enum db_status status = DB_OK;

	if (begin >= good_until) {
		status = delivery_counts(app->db, pool, &counts, &n_kept);
		took = clock_mono_us() - begin;
		if (status != DB_OK)
			n_kept = 0;
		if (n_kept > 0)
			memcpy(kept, counts, n_kept * sizeof *kept);
		good_until = status == DB_OK && took > SHORT ? begin + took * TIMES : 0;
	}
	*counts_r = kept;
	*n_r = n_kept;
	return status;
}

void operator_metrics(struct app *app, struct request *request)
{
	const struct delivery_count *counts = NULL;
	size_t n = 0;
	enum db_status status = count_deliveries(app, request->pool, &counts, &n);
	if (status != DB_OK)
		log_event(LOG_LEVEL_ERROR, "database", "what", "metrics", "outcome", db_status_name(status), NULL);
	struct text *out = response_text(request, 200, "text/plain; version=0.0.4; charset=utf-8");
	describe(out, "bailleur_database_up", "gauge", "1 when the database answered.");
	text_printf(out, "bailleur_database_up %d\n", status == DB_OK);
	if (app->prefork != NULL && app->prefork->slots != NULL) {
		struct totals totals = sum_slots(app->prefork);
		write_requests(out, &totals);
	}
	if (status == DB_OK)
		write_outbox(out, counts, n);
	response_header(request, "Cache-Control", "no-store");
}
