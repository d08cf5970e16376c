/*
 * Posting one webhook.
 */
#include "delivery/webhook_post.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "domain/delivery_state.h"
#include "domain/network.h"
#include "domain/webhook_signature.h"

enum { ANSWER_MAX = 64 * 1024, SECOND_MS = 1000, RETRY_AFTER_MAX = 24 * 3600, GONE = 410 };

static size_t take_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct webhook_post *post = arg;

	(void)bytes;
	post->received += size * n;
	return post->received > ANSWER_MAX ? 0 : size * n;
}

/* Called with the address a name has resolved to, before anything is sent there. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct settings *settings = arg;

	(void)purpose;
	if (!settings->webhook_allow_private && !network_is_public(&address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The list of headers is set once; what changes with each event is written into its lines. */
static void link_headers(struct webhook_post *post)
{
	static char type[] = "Content-Type: application/json; charset=utf-8", expect[] = "Expect:";
	char *lines[WEBHOOK_POST_HEADERS] = {type, post->id, post->timestamp, NULL, expect};

	for (unsigned i = 0; i < WEBHOOK_POST_HEADERS; i++)
		post->headers[i] = (struct curl_slist){
			.data = lines[i], .next = i + 1 < WEBHOOK_POST_HEADERS ? &post->headers[i + 1] : NULL,
		};
}

void webhook_post_open(struct webhook_post *post, const struct settings *settings, void *owner,
                       void (*ended)(struct wire_user *user, CURLcode result))
{
	CURL *easy = curl_easy_init();

	*post = (struct webhook_post){.user.ended = ended, .owner = owner, .settings = settings, .easy = easy};
	link_headers(post);
	wire_options(easy, settings->webhook_allow_private ? "https,http" : "https");
	curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)settings->webhook_timeout);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, settings);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "bailleur/" VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	if (settings->webhook_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, settings->webhook_ca_file);
}

void webhook_post_close(struct webhook_post *post)
{
	curl_easy_cleanup(post->easy);
	text_free(&post->signature);
}

static void sign(struct webhook_post *post)
{
	static const char id_name[] = "webhook-id: ", name[] = "webhook-signature: ";
	const struct webhook_endpoint *endpoint = post->task->endpoint;
	const char *id = post->id + sizeof id_name - 1, *body = post->task->event->body;
	int64_t now = clock_now_ms() / SECOND_MS;
	char uuid[ID_UUID_TEXT];
	struct text value = {0};

	id_uuid_text(post->task->event->uuid, uuid);
	snprintf(post->id, sizeof post->id, "%smsg_%s", id_name, uuid);
	snprintf(post->timestamp, sizeof post->timestamp, "webhook-timestamp: %lld", (long long)now);
	webhook_sign(&value, endpoint->secret, endpoint->secret_len, id, now, body);
	if (endpoint->old_secret_len > 0)
		webhook_sign(&value, endpoint->old_secret, endpoint->old_secret_len, id, now, body);
	text_clear(&post->signature);
	text_puts(&post->signature, name);
	text_add(&post->signature, value.data, value.len);
	text_free(&value);
	post->headers[3].data = post->signature.data;
}

void webhook_post_begin(struct webhook_post *post, struct wire *wire, struct webhook_task *task)
{
	post->task = task;
	post->received = 0;
	sign(post);
	curl_easy_setopt(post->easy, CURLOPT_URL, task->endpoint->url);
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(task->event->body));
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, task->event->body);
	FAULT("webhook.before_post");
	wire_begin(wire, post->easy);
}

static int64_t retry_delay(const struct webhook_post *post)
{
	unsigned random = 0;
	curl_off_t asked = 0;
	long delay;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = (unsigned)clock_mono_us();
	delay = delivery_retry_delay(post->task->target->failures + 1, (long)post->settings->webhook_retry_first,
	                             (long)post->settings->webhook_retry_max, random);
	curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &asked);
	if (asked > RETRY_AFTER_MAX)
		asked = RETRY_AFTER_MAX;
	return asked > delay ? asked : delay;
}

/* What a failed attempt means: tried again after a rest of the endpoint, given up, or the end of the endpoint. */
static void set_failed(const struct webhook_post *post, struct pool *pool, CURLcode result, struct webhook_outcome *o)
{
	o->retry_at = clock_now_ms() + retry_delay(post) * SECOND_MS;
	if (o->status == 0)
		o->error = pool_strdup(pool, curl_easy_strerror(result));
	else
		o->error = pool_printf(pool, "HTTP status %u", o->status);
	if (o->status == GONE)
		o->state = "failed";
	else
		o->state = o->retry_at < post->task->event->expires_at ? "queued" : "expired";
}

/*
 * What this says of the endpoint. Attempts that were on their way together count as one failure; the longest rest that
 * any of them asked for holds, and a success among them does not end it.
 */
static void set_health(struct webhook_target *target, struct webhook_outcome *o)
{
	bool failed = o->error != NULL;

	if (o->status == GONE)
		o->health = WEBHOOK_GONE;
	else if (failed && !target->resting)
		o->health = WEBHOOK_FAILED;
	else if (failed && o->retry_at > target->rest_until)
		o->health = WEBHOOK_FAILED_TOO;
	else if (!failed && !target->resting && target->failures > 0)
		o->health = WEBHOOK_WELL;
	if (o->health == WEBHOOK_WELL)
		target->failures = 0;
	target->resting = target->resting || failed;
	target->unrecorded += failed;
	if (failed && o->retry_at > target->rest_until)
		target->rest_until = o->retry_at;
}

static void log_outcome(const struct webhook_post *post, const struct webhook_outcome *o)
{
	enum log_level level = o->error != NULL ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG;

	if (level > (enum log_level)post->settings->log_level)
		return;
	log_event(level, "webhook", "event", log_num((int64_t)o->id), "client", log_num((int64_t)o->client_id), "state",
	          o->state, "attempt", log_num(post->task->event->attempt), "error", o->error != NULL ? o->error : "-",
	          NULL);
}

void webhook_post_end(struct webhook_post *post, struct wire *wire, struct pool *pool, CURLcode result)
{
	struct webhook_outcome *o = &post->task->outcome;
	long status = 0;

	FAULT("webhook.answered");
	*o = (struct webhook_outcome){.id = post->task->event->id, .client_id = post->task->event->client_id,
	                             .url = post->task->endpoint->url};
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	/* An answer too long to be read to its end is an answer all the same. */
	o->status = result == CURLE_OK || result == CURLE_WRITE_ERROR ? (unsigned)status : 0;
	if (o->status / 100 == 2)
		o->state = "sent";
	else
		set_failed(post, pool, result, o);
	set_health(post->task->target, o);
	log_outcome(post, o);
	wire_end(wire, post->easy);
	post->task = NULL;
}
