/*
 * Mails over SMTP (RFC 5321), several connections at once, each used for many mails.
 *
 * libcurl opens the connections: name, TCP, TLS and its certificate, greeting, EHLO, STARTTLS, AUTH
 * (CURLOPT_CONNECT_ONLY). The mails themselves are sent here, over curl_easy_send() and curl_easy_recv(), for two
 * reasons: libcurl waits for the answer to the final dot without letting anything else run, so that one slow answer
 * would hold up every connection; and what matters most here is to know, at every byte, whether the point of no
 * return has been passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/smtp_reply.h"
#include "delivery/smtp_text.h"
#include "delivery/transport.h"

enum { CONNECT_SECONDS = 30, REOPEN_SECONDS = 10, READ_SIZE = 4096, NO_PLACE = -1 };

static const char DOT[] = ".\r\n";

enum conn_state {
	CONN_CLOSED,
	CONN_CONNECTING,        /* libcurl's until it says that it has ended */
	CONN_IDLE,
	CONN_ENVELOPE,          /* MAIL, RCPT, DATA: waiting for answers */
	CONN_BODY,              /* writing the mail, all but the dot */
	CONN_HELD,              /* the mail is written; waiting for go() or drop() */
	CONN_DOT,               /* writing the dot: the point of no return */
	CONN_ANSWER,            /* waiting for the answer to it */
	CONN_RESET              /* waiting for the answer to RSET */
};

enum stage { STAGE_MAIL, STAGE_RCPT, STAGE_DATA };

struct conn {
	struct wire_user user;          /* first: libcurl's end comes back as this */
	struct smtp *smtp;
	CURL *easy;
	enum conn_state state;
	curl_socket_t fd;
	int place;                      /* in the wire's list, or NO_PLACE */
	bool pipelining;
	unsigned carried;               /* mails taken by the server on this connection */
	struct job *job;
	enum stage stage;               /* whose answer comes next */
	struct smtp_reply refusal;      /* the first; code 0: none */
	struct text in, commands;
	const char *out;                /* still to be written */
	size_t left;
	int64_t deadline;               /* clock_mono_us() */
	int64_t reopen_at;
	char error[CURL_ERROR_SIZE];
};

struct smtp {
	struct transport transport;     /* first */
	const struct settings *settings;
	struct wire *wire;
	struct conn *conns;
	unsigned n;
};

/* The end of a connection, whatever it was doing; what it carried has been dealt with. */
static void conn_close(struct conn *conn)
{
	if (conn->state != CONN_CLOSED)
		wire_end(conn->smtp->wire, conn->easy);
	conn->state = CONN_CLOSED;
	conn->job = NULL;
	conn->left = 0;
	conn->carried = 0;
	text_clear(&conn->in);
}

static void finish(struct conn *conn, enum delivery_state state, const char *error)
{
	struct job *job = conn->job;

	conn->job = NULL;
	transport_done(&conn->smtp->transport, job, state, error);
}

/*
 * Nothing of the mail is with the server. On a connection that had been of use (servers close those after so many
 * mails or so long, or are restarted) it starts again at once, as often as there are connections to be so old;
 * otherwise it is tried later.
 */
static void not_sent(struct conn *conn, const char *why)
{
	struct job *job = conn->job;

	if (conn->carried == 0 || job->again > conn->smtp->n) {
		finish(conn, DELIVERY_QUEUED, why);
		return;
	}
	job->again++;
	conn->job = NULL;
	job_list_add(&conn->smtp->transport.again, job);
}

/* The connection is of no use any more: what that means for the mail depends on how far it had got. */
static void conn_broken(struct conn *conn, const char *why)
{
	bool begun = conn->state == CONN_ANSWER || (conn->state == CONN_DOT && conn->left < sizeof DOT - 1);

	if (conn->job != NULL && begun)
		finish(conn, DELIVERY_UNKNOWN, why);
	else if (conn->job != NULL)
		not_sent(conn, why);
	conn_close(conn);
}

/* Writes what can be written now. Returns false when the connection broke. */
static bool conn_write(struct conn *conn)
{
	while (conn->left > 0) {
		size_t n = 0;
		CURLcode result = curl_easy_send(conn->easy, conn->out, conn->left, &n);

		if (result == CURLE_AGAIN)
			return true;
		if (result != CURLE_OK) {
			conn_broken(conn, "connection to the mail server lost");
			return false;
		}
		conn->out += n;
		conn->left -= n;
	}
	if (conn->state == CONN_BODY) {
		conn->state = CONN_HELD;
		job_list_add(&conn->smtp->transport.ready, conn->job);
	} else if (conn->state == CONN_DOT) {
		conn->state = CONN_ANSWER;
		FAULT("sender.after_dot");
	}
	return true;
}

static bool conn_say(struct conn *conn, const char *bytes, size_t len)
{
	conn->out = bytes;
	conn->left = len;
	return conn_write(conn);
}

static bool say_command(struct conn *conn, enum stage stage)
{
	const char *from = conn->smtp->settings->mail_from;

	if (stage == STAGE_MAIL)
		text_printf(&conn->commands, "MAIL FROM:<%s>\r\n", from);
	else if (stage == STAGE_RCPT)
		text_printf(&conn->commands, "RCPT TO:<%s>\r\n", conn->job->delivery->recipient);
	else
		text_puts(&conn->commands, "DATA\r\n");
	if (conn->pipelining && stage != STAGE_DATA)
		return say_command(conn, stage + 1);
	return conn_say(conn, conn->commands.data, conn->commands.len);
}

/* The mail was refused before its dot: the connection stays of use after RSET. */
static void refused(struct conn *conn)
{
	const struct smtp_reply *reply = &conn->refusal;
	enum smtp_verdict verdict = smtp_reply_judge(reply, 2);

	if (reply->code == 421) {
		not_sent(conn, reply->text);
		conn_close(conn);
		return;
	}
	finish(conn, verdict == SMTP_NEVER ? DELIVERY_FAILED : DELIVERY_QUEUED, reply->text);
	conn->state = CONN_RESET;
	text_clear(&conn->commands);
	text_puts(&conn->commands, "RSET\r\n");
	conn_say(conn, conn->commands.data, conn->commands.len);
}

static void next_stage(struct conn *conn)
{
	conn->stage++;
	if (conn->pipelining)
		return;
	text_clear(&conn->commands);
	say_command(conn, conn->stage);
}

static void send_body(struct conn *conn)
{
	conn->state = CONN_BODY;
	conn_say(conn, conn->job->bytes.data, conn->job->bytes.len);
}

/* An answer to MAIL, RCPT or DATA. With pipelining all three come, even after one was a refusal. */
static void envelope_reply(struct conn *conn, const struct smtp_reply *reply)
{
	bool last = conn->stage == STAGE_DATA;
	bool yes = smtp_reply_judge(reply, last ? 354 : 2) == SMTP_YES;

	if (!yes && conn->refusal.code == 0)
		conn->refusal = *reply;
	if (last && yes && conn->refusal.code != 0) {
		/* It wants a mail for nobody: end without a dot. */
		finish(conn, smtp_reply_judge(&conn->refusal, 2) == SMTP_NEVER ? DELIVERY_FAILED : DELIVERY_QUEUED,
		       conn->refusal.text);
		conn_close(conn);
	} else if (last && yes) {
		send_body(conn);
	} else if (!yes && (last || !conn->pipelining || reply->code == 421)) {
		refused(conn);
	} else {
		next_stage(conn);
	}
}

static void answer_reply(struct conn *conn, const struct smtp_reply *reply)
{
	char id[128];

	FAULT("sender.answer");
	switch (smtp_reply_judge(reply, 2)) {
	case SMTP_YES:
		if (smtp_reply_queue_id(reply, id, sizeof id))
			conn->job->outcome.remote_id = pool_strdup(conn->job->pool, id);
		finish(conn, DELIVERY_SENT, NULL);
		break;
	case SMTP_LATER:
		finish(conn, DELIVERY_QUEUED, reply->text);
		break;
	case SMTP_NEVER:
		finish(conn, DELIVERY_FAILED, reply->text);
		break;
	case SMTP_UNCLEAR:
		finish(conn, DELIVERY_UNKNOWN, reply->text);
		break;
	}
	conn->carried++;
	conn->state = CONN_IDLE;
	if (reply->code == 421 || reply->code < 200 || reply->code / 100 == 3)
		conn_close(conn);
}

static void conn_reply(struct conn *conn, const struct smtp_reply *reply)
{
	switch (conn->state) {
	case CONN_ENVELOPE:
		envelope_reply(conn, reply);
		break;
	case CONN_BODY:
		conn->refusal = *reply;         /* it does not want to hear the rest */
		finish(conn, smtp_reply_judge(reply, 2) == SMTP_NEVER ? DELIVERY_FAILED : DELIVERY_QUEUED, reply->text);
		conn_close(conn);
		break;
	case CONN_ANSWER:
		answer_reply(conn, reply);
		break;
	case CONN_RESET:
		conn->state = CONN_IDLE;
		if (reply->code / 100 != 2)
			conn_close(conn);
		break;
	default:                                /* unasked: 421, it is about to close */
		conn_broken(conn, reply->text);
		break;
	}
}

/* Answers every whole reply in the buffer; a reply may end the connection or start the next mail's commands. */
static void conn_replies(struct conn *conn)
{
	struct smtp_reply reply;
	int got = 0;

	while (conn->state != CONN_CLOSED && conn->state != CONN_HELD && conn->in.len > 0 &&
	       (got = smtp_reply_take(&conn->in, &reply)) > 0)
		conn_reply(conn, &reply);
	if (got < 0 && conn->state != CONN_CLOSED)
		conn_broken(conn, "the mail server does not speak SMTP");
}

/* Reads what has come. A TLS record may hold more than the descriptor tells, so it reads until there is no more. */
static void conn_read(struct conn *conn)
{
	bool tls = conn->smtp->settings->smtp_tls != TLS_NONE;

	for (;;) {
		char bytes[READ_SIZE];
		size_t n = 0;
		CURLcode result = curl_easy_recv(conn->easy, bytes, sizeof bytes, &n);

		if (result == CURLE_AGAIN)
			return;
		if (result != CURLE_OK || n == 0) {
			conn_broken(conn, "connection to the mail server lost");
			return;
		}
		text_add(&conn->in, bytes, n);
		conn_replies(conn);
		if (conn->state == CONN_CLOSED || conn->state == CONN_HELD || (!tls && n < sizeof bytes))
			return;
	}
}

/* Each line of the server while libcurl speaks with it: what EHLO announces last is what holds. */
static size_t greeting_line(char *line, size_t size, size_t n, void *arg)
{
	struct conn *conn = arg;
	size_t len = size * n;

	if (len >= 3 && memcmp(line, "220", 3) == 0)
		conn->pipelining = false;
	if (len >= 14 && memcmp(line, "250", 3) == 0 && memcmp(line + 4, "PIPELINING", 10) == 0)
		conn->pipelining = true;
	return len;
}

/* With the last connection gone nothing can be sent: the courier is told. */
static void connect_failed(struct conn *conn, CURLcode result)
{
	struct smtp *smtp = conn->smtp;
	bool any = false;

	log_event(LOG_LEVEL_WARN, "smtp-connect", "host", smtp->settings->smtp_host, "wrong",
	          conn->error[0] != '\0' ? conn->error : curl_easy_strerror(result), NULL);
	conn_close(conn);
	conn->reopen_at = clock_mono_us() + REOPEN_SECONDS * INT64_C(1000000);
	for (unsigned i = 0; i < smtp->n; i++)
		any = any || smtp->conns[i].state != CONN_CLOSED;
	if (!any)
		smtp->transport.down = "mail server not reachable";
}

static void conn_ended(struct wire_user *user, CURLcode result)
{
	struct conn *conn = (struct conn *)user;

	if (result == CURLE_OK)
		result = curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &conn->fd);
	if (result != CURLE_OK || conn->fd == CURL_SOCKET_BAD) {
		connect_failed(conn, result);
		return;
	}
	conn->state = CONN_IDLE;
	conn->smtp->transport.down = NULL;
	/* Also ties the connection to this handle, so that libcurl does not clear it away as unused. */
	conn_read(conn);
}

static void conn_open(struct conn *conn)
{
	conn->state = CONN_CONNECTING;
	conn->place = NO_PLACE;
	conn->pipelining = false;
	conn->error[0] = '\0';
	wire_begin(conn->smtp->wire, conn->easy);
}

static unsigned smtp_room(struct transport *transport, unsigned waiting)
{
	struct smtp *smtp = (struct smtp *)transport;
	int64_t now = clock_mono_us();
	unsigned idle = 0, coming = 0;

	for (unsigned i = 0; i < smtp->n; i++) {
		idle += smtp->conns[i].state == CONN_IDLE;
		coming += smtp->conns[i].state == CONN_CONNECTING;
	}
	for (unsigned i = 0; i < smtp->n && idle + coming < waiting; i++) {
		struct conn *conn = &smtp->conns[i];

		if (conn->state == CONN_CLOSED && conn->reopen_at <= now) {
			conn_open(conn);
			coming++;
		}
	}
	return idle;
}

static void smtp_start(struct transport *transport, struct job *job)
{
	struct smtp *smtp = (struct smtp *)transport;
	struct conn *conn = smtp->conns;

	if (!smtp_is_path(job->delivery->recipient)) {
		transport_done(transport, job, DELIVERY_FAILED, "invalid recipient");
		return;
	}
	while (conn->state != CONN_IDLE)
		conn++;
	smtp_stuff_dots(&job->bytes);
	job->carrier = conn;
	conn->job = job;
	conn->state = CONN_ENVELOPE;
	conn->stage = STAGE_MAIL;
	conn->refusal.code = 0;
	conn->deadline = clock_mono_us() + transport->timeout * 1000000;
	text_clear(&conn->commands);
	say_command(conn, STAGE_MAIL);
}

/*
 * While the mail was held the server must not have said anything, nor gone: whatever it said is no answer to the dot,
 * but a refusal of what it has read so far. Returns true when it was silent; otherwise the mail has been dealt with.
 */
static bool was_silent(struct conn *conn)
{
	char byte;
	size_t n = 0;
	CURLcode result = curl_easy_recv(conn->easy, &byte, 1, &n);

	if (result == CURLE_AGAIN && conn->in.len == 0)
		return true;
	conn->state = CONN_BODY;
	text_add(&conn->in, &byte, n);
	if (result == CURLE_OK && n > 0)
		conn_read(conn);
	else
		conn_replies(conn);
	if (conn->state != CONN_CLOSED)
		conn_broken(conn, "connection to the mail server lost");
	return false;
}

static void smtp_go(struct transport *transport, struct job *job)
{
	struct conn *conn = job->carrier;

	FAULT("sender.before_dot");
	if (!was_silent(conn))
		return;
	conn->state = CONN_DOT;
	conn->deadline = clock_mono_us() + transport->timeout * 1000000;
	conn_say(conn, DOT, sizeof DOT - 1);
}

static void smtp_drop(struct transport *transport, struct job *job)
{
	(void)transport;
	conn_close(job->carrier);       /* without the dot the server throws away what it has */
}

static void smtp_wait(struct transport *transport, struct wire *wire)
{
	struct smtp *smtp = (struct smtp *)transport;

	for (unsigned i = 0; i < smtp->n; i++) {
		struct conn *conn = &smtp->conns[i];
		short events = conn->left > 0 ? CURL_WAIT_POLLIN | CURL_WAIT_POLLOUT : CURL_WAIT_POLLIN;

		conn->place = NO_PLACE;
		if (conn->state >= CONN_IDLE && conn->state != CONN_HELD)
			conn->place = (int)wire_want(wire, conn->fd, events);
	}
}

static void smtp_work(struct transport *transport, struct wire *wire)
{
	struct smtp *smtp = (struct smtp *)transport;
	int64_t now = clock_mono_us();

	for (unsigned i = 0; i < smtp->n; i++) {
		struct conn *conn = &smtp->conns[i];
		short events = conn->place == NO_PLACE ? 0 : wire_events(wire, (unsigned)conn->place);

		if (conn->state < CONN_IDLE)
			continue;
		if ((events & CURL_WAIT_POLLOUT) != 0 && !conn_write(conn))
			continue;
		if ((events & CURL_WAIT_POLLIN) != 0)
			conn_read(conn);
		if (conn->state > CONN_IDLE && conn->state != CONN_HELD && conn->deadline < now)
			conn_broken(conn, "the mail server did not answer in time");
	}
}

static void smtp_free(struct transport *transport)
{
	struct smtp *smtp = (struct smtp *)transport;

	for (unsigned i = 0; i < smtp->n; i++) {
		struct conn *conn = &smtp->conns[i];
		size_t n;

		if (conn->state == CONN_IDLE)
			curl_easy_send(conn->easy, "QUIT\r\n", 6, &n);
		conn_close(conn);
		curl_easy_cleanup(conn->easy);
		text_free(&conn->in);
		text_free(&conn->commands);
	}
	free(smtp->conns);
	free(smtp);
}

static unsigned default_port(const struct settings *settings)
{
	static const unsigned ports[] = {[TLS_NONE] = 25, [TLS_STARTTLS] = 587, [TLS_IMPLICIT] = 465};

	return settings->smtp_port != 0 ? (unsigned)settings->smtp_port : ports[settings->smtp_tls];
}

static void set_url(CURL *easy, const struct settings *settings)
{
	bool v6 = strchr(settings->smtp_host, ':') != NULL;
	char *helo = curl_easy_escape(easy, settings->smtp_helo, 0);
	struct text url = {0};

	text_printf(&url, "%s://%s%s%s:%u/%s", settings->smtp_tls == TLS_IMPLICIT ? "smtps" : "smtp", v6 ? "[" : "",
	            settings->smtp_host, v6 ? "]" : "", default_port(settings), helo != NULL ? helo : "");
	curl_easy_setopt(easy, CURLOPT_URL, url.data);
	curl_free(helo);
	text_free(&url);
}

static size_t discard(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes, (void)arg;
	return size * n;
}

static void conn_init(struct conn *conn, struct smtp *smtp)
{
	const struct settings *settings = smtp->settings;
	long connect = settings->smtp_timeout < CONNECT_SECONDS ? (long)settings->smtp_timeout : CONNECT_SECONDS;
	bool tls = settings->smtp_tls != TLS_NONE;
	CURL *easy = curl_easy_init();

	*conn = (struct conn){.user.ended = conn_ended, .smtp = smtp, .easy = easy, .place = NO_PLACE};
	wire_options(easy, "smtp,smtps");
	set_url(easy, settings);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, conn);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, conn->error);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, connect);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, connect);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings->smtp_verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->smtp_verify ? 2L : 0L);
	if (settings->smtp_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, settings->smtp_ca_file);
	if (settings->smtp_user[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_USERNAME, settings->smtp_user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, settings->smtp_password);
	}
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, greeting_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, conn);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
}

struct transport *transport_smtp(const struct settings *settings, struct wire *wire)
{
	struct smtp *smtp;

	if (settings->smtp_host[0] == '\0' || !smtp_is_path(settings->mail_from)) {
		log_event(LOG_LEVEL_ERROR, "configuration", "file", settings->file, "wrong",
		          "mail by SMTP needs smtp host and smtp mail_from", NULL);
		return NULL;
	}
	smtp = mem_alloc(sizeof *smtp);
	*smtp = (struct smtp){
		.transport = {
			.channel = DELIVERY_MAIL, .timeout = settings->smtp_timeout,
			.room = smtp_room, .start = smtp_start, .go = smtp_go, .drop = smtp_drop,
			.wait = smtp_wait, .work = smtp_work, .free = smtp_free,
		},
		.settings = settings, .wire = wire, .n = (unsigned)settings->smtp_connections,
	};
	transport_init(&smtp->transport);
	smtp->conns = mem_alloc(smtp->n * sizeof *smtp->conns);
	for (unsigned i = 0; i < smtp->n; i++)
		conn_init(&smtp->conns[i], smtp);
	return &smtp->transport;
}
