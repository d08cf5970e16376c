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

enum { SECOND_MS = 1000, RETRY_AFTER_MAX = 24 * 3600, GONE = 410 };

/* Called with the address a name has resolved to, before anything is sent there. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct settings *settings = arg;

	(void)purpose;
	if (!settings->webhook_allow_private && !network_is_public(&address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void webhook_post_open(struct webhook_post *post, struct wire *wire, const struct settings *settings, void *owner,
                       void (*ended)(struct http_conn *conn, CURLcode result))
{
	CURL *easy;

	*post = (struct webhook_post){.owner = owner, .settings = settings};
	http_conn_open(&post->conn, wire, settings->webhook_allow_private ? "https,http" : "https", ended);
	easy = post->conn.easy;
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, settings);
	if (settings->webhook_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, settings->webhook_ca_file);
}

void webhook_post_close(struct webhook_post *post)
{
	http_conn_close(&post->conn);
	text_free(&post->headers);
	text_free(&post->signature);
}

struct webhook_post *webhook_post_choose(struct webhook_post *posts, unsigned n, const char *url)
{
	struct webhook_post *best = NULL;

	for (struct webhook_post *post = posts; post < posts + n; post++) {
		if (post->task != NULL)
			continue;
		if (http_conn_leads_to(&post->conn, url))
			return post;
		if (best == NULL || post->conn.state == HTTP_CONN_CLOSED)
			best = post;
	}
	return best;
}

static void set_headers(struct webhook_post *post)
{
	const struct webhook_endpoint *endpoint = post->task->endpoint;
	const char *body = post->task->event->body;
	int64_t now = clock_now_ms() / SECOND_MS;
	char uuid[ID_UUID_TEXT], id[sizeof uuid + sizeof "msg_"];

	id_uuid_text(post->task->event->uuid, uuid);
	snprintf(id, sizeof id, "msg_%s", uuid);
	text_clear(&post->signature);
	webhook_sign(&post->signature, endpoint->secret, endpoint->secret_len, id, now, body);
	if (endpoint->old_secret_len > 0)
		webhook_sign(&post->signature, endpoint->old_secret, endpoint->old_secret_len, id, now, body);
	text_clear(&post->headers);
	text_printf(&post->headers, "Content-Type: application/json; charset=utf-8\r\nwebhook-id: %s\r\n"
	            "webhook-timestamp: %lld\r\nwebhook-signature: %s\r\n", id, (long long)now, post->signature.data);
}

void webhook_post_begin(struct webhook_post *post, struct webhook_task *task)
{
	post->task = task;
	set_headers(post);
	FAULT("webhook.before_post");
	http_conn_post(&post->conn, task->endpoint->url, &post->headers, task->event->body,
	               post->settings->webhook_timeout);
}

/* Seconds, or a date; 0: nothing that can be read. */
static int64_t asked_delay(const char *retry_after)
{
	uint64_t seconds = 0;
	time_t date;

	if (text_to_u64(retry_after, 0, RETRY_AFTER_MAX, &seconds) == 0)
		return (int64_t)seconds;
	if (strspn(retry_after, "0123456789") == strlen(retry_after))
		return retry_after[0] != '\0' ? RETRY_AFTER_MAX : 0;
	date = curl_getdate(retry_after, NULL);
	return date < 0 ? 0 : date - clock_now_ms() / SECOND_MS;
}

static int64_t retry_delay(const struct webhook_post *post)
{
	unsigned random = 0;
	int64_t asked = asked_delay(post->conn.reply.retry_after);
	long delay;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = (unsigned)clock_mono_us();
	delay = delivery_retry_delay(post->task->target->failures + 1, (long)post->settings->webhook_retry_first,
	                             (long)post->settings->webhook_retry_max, random);
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
	if (failed)
		webhook_target_failed(target, o->retry_at);
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

void webhook_post_end(struct webhook_post *post, struct pool *pool, CURLcode result)
{
	struct webhook_outcome *o = &post->task->outcome;

	FAULT("webhook.answered");
	*o = (struct webhook_outcome){.id = post->task->event->id, .client_id = post->task->event->client_id,
	                             .url = post->task->endpoint->url};
	o->status = result == CURLE_OK ? post->conn.reply.status : 0;
	if (o->status / 100 == 2)
		o->state = "sent";
	else
		set_failed(post, pool, result, o);
	set_health(post->task->target, o);
	log_outcome(post, o);
	post->task = NULL;
}
