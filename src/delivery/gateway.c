/*
 * SMS through an HTTP gateway: Kannel's sendsms, or any other described by the configuration.
 *
 * A gateway has no final dot: the point of no return is the request itself. So a request is made ready, the delivery
 * committed as transmitting, and then the request is sent, once: libcurl, which would quietly repeat a request whose
 * kept connection turned out to be closed, is stopped from that, since the gateway may have taken it.
 *
 * There are twice as many requests in hand as connections: while some are on the wire, others are made ready and
 * committed, and stand by until a connection is free. Each has one request before it, so it stands by for no longer
 * than the timeout, and then has the timeout for itself: however slow the gateway, standing by must make none of its
 * answers come too late. A lease too short for both allows no more requests than connections.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/gateway_request.h"
#include "delivery/transport.h"
#include "domain/content.h"
#include "domain/sms_text.h"
#include "domain/token.h"

enum { CONNECT_SECONDS = 10, ANSWER_MAX = 200, US = 1000000, LEASE_SPARE = 5 };

/* One request at a time. */
struct slot {
	struct wire_user user;          /* first */
	struct gateway *gateway;
	CURL *easy;
	struct job *job;                /* NULL: free */
	struct slot *next;              /* of those that stand by */
	int64_t begin_by;               /* clock_mono_us(): later it is not begun */
	bool on_wire;
	unsigned passes;                /* how often libcurl was about to send the request */
	bool answered;                  /* a status line of this request has come */
	struct curl_slist *headers;
	struct text url, body, answer;
	char error[CURL_ERROR_SIZE];
};

struct gateway {
	struct transport transport;     /* first */
	const struct settings *settings;
	struct wire *wire;
	struct slot *slots;
	unsigned n, used;
	unsigned connections, on_wire;
	struct slot *first, *last;      /* committed, and waiting for a connection */
	enum gateway_escape body_escape;
};

static void release(struct slot *slot)
{
	slot->job = NULL;
	slot->gateway->used--;
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	text_clear(&slot->url);
	text_clear(&slot->body);
	text_clear(&slot->answer);
}

static void finish(struct slot *slot, enum delivery_state state, const char *error)
{
	struct job *job = slot->job;

	release(slot);
	transport_done(&slot->gateway->transport, job, state, error);
}

/*
 * A status that says that the message was not taken, for a reason that is not the message's: wrong credentials, wrong
 * address, too many requests, out of service. Time, or the operator, will mend it.
 */
static bool is_for_later(long status)
{
	static const long codes[] = {401, 403, 404, 405, 407, 408, 425, 429, 503};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (status == codes[i])
			return true;
	return status / 100 == 3;
}

/*
 * Kannel says 202 for a message it took, 4xx for one that can never be sent, 403 for wrong credentials, 503 for "try
 * again later". Other 5xx (a proxy's 502 or 504, a gateway's 500) do not tell whether the message was taken before it
 * failed.
 */
static void judge(struct slot *slot, long status)
{
	const struct settings *settings = slot->gateway->settings;
	bool kannel = settings->sms_transport_id == TRANSPORT_KANNEL;
	const char *error = pool_printf(slot->job->pool, "SMS gateway: %ld %s", status,
	                                slot->answer.len > 0 ? slot->answer.data : "");

	if (kannel ? status == 202 : gateway_is_success(settings->sms_success, status))
		finish(slot, DELIVERY_SENT, NULL);
	else if (is_for_later(status))
		finish(slot, DELIVERY_QUEUED, error);
	else if (status / 100 == 4 || status == 501 || status == 505)
		finish(slot, DELIVERY_FAILED, error);
	else
		finish(slot, DELIVERY_UNKNOWN, error);
}

/* libcurl did not get an answer: nothing was asked when it never came to sending, otherwise nobody knows. */
static void judge_failure(struct slot *slot, CURLcode result)
{
	struct gateway *gateway = slot->gateway;

	log_event(LOG_LEVEL_WARN, "sms-gateway", "delivery", log_num((int64_t)slot->job->delivery->id), "wrong",
	          curl_easy_strerror(result), "asked", slot->passes > 0 ? "yes" : "no", NULL);
	if (slot->passes > 0) {
		finish(slot, DELIVERY_UNKNOWN, "no answer from the SMS gateway");
		return;
	}
	gateway->transport.down = "SMS gateway not reachable";
	finish(slot, DELIVERY_QUEUED, gateway->transport.down);
}

static void begin(struct slot *slot)
{
	if (slot->gateway->transport.down != NULL) {
		finish(slot, DELIVERY_QUEUED, slot->gateway->transport.down);
	} else if (clock_mono_us() > slot->begin_by) {
		finish(slot, DELIVERY_QUEUED, "no connection to the SMS gateway became free in time");
	} else {
		FAULT("sms.before_request");
		slot->on_wire = true;
		slot->gateway->on_wire++;
		wire_begin(slot->gateway->wire, slot->easy);
	}
}

static void begin_next(struct gateway *gateway)
{
	while (gateway->first != NULL && gateway->on_wire < gateway->connections) {
		struct slot *slot = gateway->first;

		gateway->first = slot->next;
		begin(slot);
	}
}

static void leave_wire(struct slot *slot)
{
	wire_end(slot->gateway->wire, slot->easy);
	slot->on_wire = false;
	slot->gateway->on_wire--;
}

static void slot_ended(struct wire_user *user, CURLcode result)
{
	struct slot *slot = (struct slot *)user;
	struct gateway *gateway = slot->gateway;
	long status = 0;

	leave_wire(slot);
	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	FAULT("sms.answer");
	/* A complete status line tells, even when the rest of the answer was lost on the way. */
	if (slot->answered && status >= 200)
		judge(slot, status);
	else
		judge_failure(slot, result);
	begin_next(gateway);
}

/*
 * Runs when a connection is there and the request is about to be written; a second time only when libcurl would
 * repeat it.
 */
static int about_to_ask(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct slot *slot = arg;

	(void)remote, (void)local, (void)remote_port, (void)local_port;
	return slot->passes++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t keep_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct slot *slot = arg;
	size_t len = size * n, room = ANSWER_MAX - slot->answer.len;

	text_add(&slot->answer, bytes, len < room ? len : room);
	return len;
}

static size_t see_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct slot *slot = arg;

	if (size * n > 5 && memcmp(bytes, "HTTP/", 5) == 0)
		slot->answered = true;
	return size * n;
}

#ifdef FAULT_POINTS
static int watch(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	(void)easy, (void)bytes, (void)len, (void)arg;
	if (type == CURLINFO_HEADER_OUT)
		FAULT("sms.after_request");
	return 0;
}
#endif

static unsigned gateway_room(struct transport *transport, unsigned waiting)
{
	struct gateway *gateway = (struct gateway *)transport;

	(void)waiting;
	return gateway->n - gateway->used;
}

/* The header lines of the configuration, separated by '|', with their placeholders filled in. */
static struct curl_slist *make_headers(const struct settings *settings, const struct gateway_message *message)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	struct text line = {0};

	if (settings->sms_transport_id == TRANSPORT_KANNEL)
		return list;
	for (const char *at = settings->sms_headers; *at != '\0';) {
		size_t len = strcspn(at, "|");
		char *one = mem_strdup(at);

		one[len] = '\0';
		text_clear(&line);
		gateway_fill(&line, one + strspn(one, " "), GATEWAY_HEADER, message);
		if (line.len > 0)
			list = curl_slist_append(list, line.data);
		free(one);
		at += len + (at[len] == '|');
	}
	text_free(&line);
	return list;
}

static void make_request(struct slot *slot, const struct gateway_message *message)
{
	const struct settings *settings = slot->gateway->settings;
	bool post = settings->sms_transport_id == TRANSPORT_HTTP && strcmp(settings->sms_method, "POST") == 0;

	slot->headers = make_headers(settings, message);
	if (settings->sms_transport_id == TRANSPORT_KANNEL) {
		gateway_kannel_url(&slot->url, settings, message);
	} else {
		gateway_fill(&slot->url, settings->sms_url, GATEWAY_URL, message);
		gateway_fill(&slot->body, settings->sms_body, slot->gateway->body_escape, message);
	}
	curl_easy_setopt(slot->easy, CURLOPT_URL, slot->url.data);
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
	if (post) {
		curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)slot->body.len);
		curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, slot->body.len > 0 ? slot->body.data : "");
	}
}

/* An address for this attempt alone: what is said of another must not be taken for it. */
static const char *report_url(const struct settings *settings, const struct job *job)
{
	char token[TOKEN_REPORT_SIZE];

	if (!settings->sms_reports)
		return "";
	token_make_report(settings->secret, job->delivery->id, job->delivery->number, token);
	return pool_printf(job->pool, "%s/hooks/sms/%s", settings->base_url, token);
}

static void gateway_start(struct transport *transport, struct job *job)
{
	struct gateway *gateway = (struct gateway *)transport;
	const struct delivery *delivery = job->delivery;
	const struct settings *settings = gateway->settings;
	struct slot *slot = gateway->slots;
	char id[ID_UUID_TEXT];
	struct gateway_message message = {
		.to = delivery->recipient, .id = id, .report_url = report_url(settings, job), .ucs2 = job->outcome.ucs2,
		.from = delivery->originator != NULL && *delivery->originator != '\0' ? delivery->originator
		                                                                      : settings->sms_sender,
		.text = job->bytes.data != NULL ? job->bytes.data : "",
	};

	while (slot->job != NULL)
		slot++;
	id_uuid_text(delivery->uuid, id);
	slot->job = job;
	slot->passes = 0;
	slot->answered = false;
	gateway->used++;
	job->carrier = slot;
	make_request(slot, &message);
	job_list_add(&transport->ready, job);
}

static void gateway_go(struct transport *transport, struct job *job)
{
	struct gateway *gateway = (struct gateway *)transport;
	struct slot *slot = job->carrier;

	slot->begin_by = clock_mono_us() + (gateway->settings->sms_timeout + 1) * US;
	slot->next = NULL;
	if (gateway->first == NULL)
		gateway->first = slot;
	else
		gateway->last->next = slot;
	gateway->last = slot;
	begin_next(gateway);
}

static void gateway_drop(struct transport *transport, struct job *job)
{
	(void)transport;
	release(job->carrier);
}

/* libcurl waits and works for the requests. */
static void gateway_nothing(struct transport *transport, struct wire *wire)
{
	(void)transport, (void)wire;
}

static void gateway_free(struct transport *transport)
{
	struct gateway *gateway = (struct gateway *)transport;

	for (unsigned i = 0; i < gateway->n; i++) {
		struct slot *slot = &gateway->slots[i];

		if (slot->on_wire)
			leave_wire(slot);
		if (slot->job != NULL)
			release(slot);
		curl_easy_cleanup(slot->easy);
		text_free(&slot->url);
		text_free(&slot->body);
		text_free(&slot->answer);
	}
	free(gateway->slots);
	free(gateway);
}

static void slot_init(struct slot *slot, struct gateway *gateway)
{
	const struct settings *settings = gateway->settings;
	long connect = settings->sms_timeout < CONNECT_SECONDS ? (long)settings->sms_timeout : CONNECT_SECONDS;
	CURL *easy = curl_easy_init();

	*slot = (struct slot){.user.ended = slot_ended, .gateway = gateway, .easy = easy};
	wire_options(easy, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, connect);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)settings->sms_timeout);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_ask);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, see_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "bailleur/" VERSION);
	if (settings->sms_transport_id == TRANSPORT_HTTP && settings->sms_user[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, settings->sms_user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, settings->sms_password);
	}
#ifdef FAULT_POINTS
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, watch);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
#endif
}

/* How many requests there may be for each connection; so many timeouts, and a second of hesitation, may one take. */
static unsigned per_connection(const struct settings *settings)
{
	return settings->lease > 2 * settings->sms_timeout + LEASE_SPARE ? 2 : 1;
}

struct transport *transport_gateway(const struct settings *settings, struct wire *wire)
{
	unsigned each = per_connection(settings);
	struct gateway *gateway;

	if (strncmp(settings->sms_url, "http://", 7) != 0 && strncmp(settings->sms_url, "https://", 8) != 0) {
		log_event(LOG_LEVEL_ERROR, "configuration", "file", settings->file, "wrong",
		          "SMS by a gateway need sms url, http:// or https://", NULL);
		return NULL;
	}
	gateway = mem_alloc(sizeof *gateway);
	*gateway = (struct gateway){
		.transport = {
			.channel = DELIVERY_SMS, .timeout = each * settings->sms_timeout + (each - 1),
			.room = gateway_room, .start = gateway_start, .go = gateway_go, .drop = gateway_drop,
			.wait = gateway_nothing, .work = gateway_nothing,
			.free = gateway_free,
		},
		.settings = settings, .wire = wire, .connections = (unsigned)settings->sms_connections,
		.n = each * (unsigned)settings->sms_connections,
		.body_escape = gateway_body_escape(settings->sms_headers, settings->sms_body),
	};
	transport_init(&gateway->transport);
	gateway->slots = mem_alloc(gateway->n * sizeof *gateway->slots);
	for (unsigned i = 0; i < gateway->n; i++)
		slot_init(&gateway->slots[i], gateway);
	return &gateway->transport;
}
