/*
 * Webhooks: claim, sign, post, record.
 *
 * A claim is worked through whole before the next: as many posts at once as the configuration says, but only a part of them
 * for one endpoint, so that a slow one leaves room for the others; what has not begun in time is given back. The first
 * failure of an endpoint gives back what else was claimed for it; the endpoint then rests, for longer with each failure.
 */
#include "delivery/webhooks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/log.h"
#include "delivery/wire.h"
#include "domain/delivery_state.h"
#include "domain/network.h"
#include "domain/webhook_signature.h"
#include "store/webhook.h"

enum {
	CLAIM_SIZE = 500, ANSWER_MAX = 64 * 1024, SHARE = 4, LEASE_MARGIN = 60, SECOND_MS = 1000,
	ROUND = 5,              /* seconds in which the posts of a claim begin */
	RETRY_AFTER_MAX = 24 * 3600, RECORD_AT_ONCE = 64
};

/* One endpoint within a claim. */
struct target {
	struct target *next;
	struct webhook_endpoint endpoint;
	unsigned busy;
	bool resting;                   /* it failed: nothing more in this claim */
	int64_t rest_until;             /* ms; the latest that a failure asked for */
};

struct task {
	const struct webhook_event *event;
	struct target *target;
	bool begun;
};

/* One connection's worth of posting. */
struct post {
	struct wire_user user;          /* first: libcurl's end comes back as this */
	struct webhooks *webhooks;
	CURL *easy;
	struct curl_slist *headers;
	struct task *task;              /* NULL: free */
	size_t received;
};

struct webhooks {
	const struct settings *settings;
	struct db *db;
	struct wire wire;
	struct pool *pool;
	uint8_t claim_id[ID_UUID_SIZE];
	struct post *posts;
	unsigned n_posts, busy;
	struct target *targets;
	struct task *tasks;
	size_t n_tasks, first;          /* those before `first` are begun */
	int64_t begin_until;            /* clock_mono_us() */
	struct webhook_outcome done[RECORD_AT_ONCE];
	size_t n_done;
	int signals;
	bool stopping, failed;
};

static void record_all(struct webhooks *w)
{
	enum db_status status;

	if (w->n_done == 0)
		return;
	FAULT("webhook.before_record");
	status = webhook_record(w->db, w->claim_id, w->done, w->n_done);
	if (status != DB_OK) {
		/* Unrecorded, they are due again after the lease; the other side knows them by their id. */
		log_event(LOG_LEVEL_ERROR, "webhook-record", "status", db_status_name(status), "database", db_error(w->db), NULL);
		w->failed = w->stopping = true;
	}
	FAULT("webhook.recorded");
	w->n_done = 0;
}

static void record(struct webhooks *w, const struct webhook_outcome *outcome)
{
	if (w->n_done == RECORD_AT_ONCE)
		record_all(w);
	w->done[w->n_done++] = *outcome;
}

static void give_back(struct webhooks *w, struct task *task)
{
	task->begun = true;
	record(w, &(struct webhook_outcome){.id = task->event->id, .client_id = task->event->client_id, .state = "queued",
	                                    .retry_at = clock_now_ms(), .released = true});
}

static int64_t retry_delay(const struct webhooks *w, const struct post *post)
{
	unsigned random = 0;
	curl_off_t asked = 0;
	long delay;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = (unsigned)clock_mono_us();
	delay = delivery_retry_delay(post->task->target->endpoint.failures + 1, (long)w->settings->webhook_retry_first,
	                             (long)w->settings->webhook_retry_max, random);
	curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &asked);
	if (asked > RETRY_AFTER_MAX)
		asked = RETRY_AFTER_MAX;
	return asked > delay ? asked : delay;
}

/* What a failed attempt means: tried again after a rest of the endpoint, given up, or the end of the endpoint. */
static void set_failed(struct webhooks *w, const struct post *post, CURLcode result, struct webhook_outcome *o)
{
	const struct webhook_event *event = post->task->event;

	o->retry_at = clock_now_ms() + retry_delay(w, post) * SECOND_MS;
	if (o->status == 0)
		o->error = pool_strdup(w->pool, curl_easy_strerror(result));
	else
		o->error = pool_printf(w->pool, "HTTP status %u", o->status);
	if (o->status == 410)
		o->state = "failed";
	else
		o->state = o->retry_at < event->expires_at ? "queued" : "expired";
}

/*
 * What this says of the endpoint. Attempts that were on their way together count as one failure; the longest rest that any
 * of them asked for holds, and a success among them does not end it.
 */
static void set_health(struct target *target, struct webhook_outcome *o)
{
	bool failed = o->error != NULL;

	if (o->status == 410)
		o->health = WEBHOOK_GONE;
	else if (failed && (!target->resting || o->retry_at > target->rest_until))
		o->health = WEBHOOK_FAILED;
	else if (!failed && !target->resting && target->endpoint.failures > 0)
		o->health = WEBHOOK_WELL;
	o->url = target->endpoint.url;
	target->resting = target->resting || failed;
	if (failed && o->retry_at > target->rest_until)
		target->rest_until = o->retry_at;
}

static void post_ended(struct wire_user *user, CURLcode result)
{
	struct post *post = (struct post *)user;
	struct webhooks *w = post->webhooks;
	struct target *target = post->task->target;
	struct webhook_outcome o = {.id = post->task->event->id, .client_id = post->task->event->client_id};
	long status = 0;

	FAULT("webhook.answered");
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	/* An answer too long to be read to its end is an answer all the same. */
	o.status = result == CURLE_OK || result == CURLE_WRITE_ERROR ? (unsigned)status : 0;
	if (o.status / 100 == 2)
		o.state = "sent";
	else
		set_failed(w, post, result, &o);
	set_health(target, &o);
	log_event(o.error != NULL ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "webhook", "event", log_num((int64_t)o.id), "client",
	          log_num((int64_t)o.client_id), "state", o.state, "attempt", log_num(post->task->event->attempt), "error",
	          o.error != NULL ? o.error : "-", NULL);
	record(w, &o);
	wire_end(&w->wire, post->easy);
	curl_slist_free_all(post->headers);
	post->headers = NULL;
	post->task = NULL;
	target->busy--;
	w->busy--;
}

static size_t take_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct post *post = arg;

	(void)bytes;
	post->received += size * n;
	return post->received > ANSWER_MAX ? 0 : size * n;
}

/* Called with the address a name has resolved to, before anything is sent there. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct webhooks *w = arg;

	(void)purpose;
	if (!w->settings->webhook_allow_private && !network_is_public(&address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void post_init(struct webhooks *w, struct post *post)
{
	CURL *easy = curl_easy_init();

	*post = (struct post){.user.ended = post_ended, .webhooks = w, .easy = easy};
	wire_options(easy, w->settings->webhook_allow_private ? "https,http" : "https");
	curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)w->settings->webhook_timeout);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, w);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "bailleur/" VERSION);
	if (w->settings->webhook_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, w->settings->webhook_ca_file);
}

static struct curl_slist *headers(struct webhooks *w, const struct task *task)
{
	const struct webhook_endpoint *endpoint = &task->target->endpoint;
	int64_t now = clock_now_ms() / SECOND_MS;
	char uuid[ID_UUID_TEXT];
	const char *id;
	struct text signature = {0};
	struct curl_slist *list = NULL;

	id_uuid_text(task->event->uuid, uuid);
	id = pool_printf(w->pool, "msg_%s", uuid);
	webhook_sign(&signature, endpoint->secret, endpoint->secret_len, id, now, task->event->body);
	if (endpoint->old_secret_len > 0)
		webhook_sign(&signature, endpoint->old_secret, endpoint->old_secret_len, id, now, task->event->body);
	list = curl_slist_append(list, "Content-Type: application/json; charset=utf-8");
	list = curl_slist_append(list, pool_printf(w->pool, "webhook-id: %s", id));
	list = curl_slist_append(list, pool_printf(w->pool, "webhook-timestamp: %lld", (long long)now));
	list = curl_slist_append(list, pool_printf(w->pool, "webhook-signature: %s", signature.data));
	list = curl_slist_append(list, "Expect:");
	text_free(&signature);
	return list;
}

static void begin(struct webhooks *w, struct post *post, struct task *task)
{
	task->begun = true;
	task->target->busy++;
	w->busy++;
	post->task = task;
	post->received = 0;
	post->headers = headers(w, task);
	curl_easy_setopt(post->easy, CURLOPT_URL, task->target->endpoint.url);
	curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(task->event->body));
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, task->event->body);
	FAULT("webhook.before_post");
	wire_begin(&w->wire, post->easy);
}

/* Alone in the claim an endpoint may have all connections; beside others it gets its share. */
static unsigned share(const struct webhooks *w)
{
	unsigned part = w->n_posts / SHARE;

	if (w->targets != NULL && w->targets->next == NULL)
		return w->n_posts;
	return part > 0 ? part : 1;
}

/* The next task that may begin now; NULL: none. Those of endpoints that failed are given back on the way. */
static struct task *next_task(struct webhooks *w)
{
	while (w->first < w->n_tasks && w->tasks[w->first].begun)
		w->first++;
	for (size_t i = w->first; i < w->n_tasks; i++) {
		struct task *task = &w->tasks[i];

		if (task->begun)
			continue;
		if (w->stopping || task->target->resting || clock_mono_us() >= w->begin_until)
			give_back(w, task);
		else if (task->target->busy < share(w))
			return task;
	}
	return NULL;
}

static void fill(struct webhooks *w)
{
	for (unsigned i = 0; i < w->n_posts; i++) {
		struct task *task;

		if (w->posts[i].task != NULL)
			continue;
		task = next_task(w);
		if (task == NULL)
			return;
		begin(w, &w->posts[i], task);
	}
}

static void wait_for_something(struct webhooks *w)
{
	char bytes[512];
	unsigned place;

	wire_forget(&w->wire);
	place = wire_want(&w->wire, w->signals, CURL_WAIT_POLLIN);
	wire_wait(&w->wire, 1000);
	if ((wire_events(&w->wire, place) & CURL_WAIT_POLLIN) != 0 && read(w->signals, bytes, sizeof bytes) > 0)
		w->stopping = true;
}

static struct target *find_target(struct webhooks *w, uint64_t client)
{
	struct target *target;

	for (target = w->targets; target != NULL; target = target->next)
		if (target->endpoint.client_id == client)
			return target;
	target = pool_alloc(w->pool, sizeof *target);
	if (webhook_endpoint_get(w->db, w->pool, client, &target->endpoint) != DB_OK || target->endpoint.disabled) {
		target->endpoint.client_id = client;
		target->resting = true;
	}
	target->next = w->targets;
	w->targets = target;
	return target;
}

/*
 * A claim is worked through whole before the next, and must be within its lease: what slow endpoints leave of it is given
 * back, so that those whose events came later have their turn. `asked`: when the claim was begun.
 */
static int64_t begin_until(int64_t asked)
{
	int64_t now = clock_mono_us(), latest = asked + LEASE_MARGIN / 2 * INT64_C(1000000);

	return (now < latest ? now : latest) + ROUND * INT64_C(1000000);
}

/* Works through one claim. Returns how many it held; 0 too when it could not be made. */
static size_t work(struct webhooks *w)
{
	struct webhook_event *events = NULL;
	int64_t lease = ROUND + w->settings->webhook_timeout + LEASE_MARGIN, asked = clock_mono_us();
	enum db_status status;
	size_t n = 0;

	pool_reset(w->pool);
	id_uuid7(w->claim_id);
	status = webhook_claim(w->db, w->pool, w->claim_id, CLAIM_SIZE, lease, &events, &n);
	if (status != DB_OK) {
		log_event(LOG_LEVEL_ERROR, "webhook-claim", "status", db_status_name(status), "database", db_error(w->db), NULL);
		w->failed = true;
		return 0;
	}
	w->targets = NULL;
	w->tasks = pool_alloc(w->pool, (n + 1) * sizeof *w->tasks);
	w->n_tasks = n;
	w->first = 0;
	for (size_t i = 0; i < n; i++)
		w->tasks[i] = (struct task){.event = &events[i], .target = find_target(w, events[i].client_id)};
	w->begin_until = begin_until(asked);
	for (fill(w); w->busy > 0; fill(w)) {
		wait_for_something(w);
		record_all(w);
	}
	record_all(w);
	return n;
}

int webhooks_run(const struct settings *settings, struct db *db, bool once, int signals)
{
	struct webhooks w = {.settings = settings, .db = db, .signals = signals,
	                     .n_posts = (unsigned)settings->webhook_connections};
	size_t n;

	if (wire_open(&w.wire, w.n_posts) != 0)
		return -1;
	w.pool = pool_create();
	w.posts = mem_alloc(w.n_posts * sizeof *w.posts);
	for (unsigned i = 0; i < w.n_posts; i++)
		post_init(&w, &w.posts[i]);
	do
		n = work(&w);
	while (n > 0 && !once && !w.stopping);
	for (unsigned i = 0; i < w.n_posts; i++)
		curl_easy_cleanup(w.posts[i].easy);
	free(w.posts);
	wire_close(&w.wire);
	pool_free(w.pool);
	return w.failed ? -1 : 0;
}
