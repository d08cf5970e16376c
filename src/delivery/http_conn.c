/*
 * Posting over HTTP/1.1 on kept connections.
 */
#include "delivery/http_conn.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"

enum { READ_SIZE = 4096, NO_PLACE = -1, MS = 1000 };

static void drop(struct http_conn *conn)
{
	if (conn->state != HTTP_CONN_CLOSED)
		wire_end(conn->wire, conn->easy);
	conn->state = HTTP_CONN_CLOSED;
	conn->used = false;
	conn->place = NO_PLACE;
}

/* Anything but a whole answer, with nothing behind it, to a whole request is the end of the connection. */
static void end(struct http_conn *conn, CURLcode result, bool clean)
{
	if (result == CURLE_OK && clean && conn->reply.keep && !conn->cut) {
		conn->state = HTTP_CONN_IDLE;
		conn->used = true;
	} else {
		drop(conn);
	}
	conn->ended(conn, result);
}

static void start(struct http_conn *conn)
{
	int64_t left = (conn->deadline - clock_mono_us()) / MS;

	conn->state = HTTP_CONN_CONNECTING;
	curl_easy_setopt(conn->easy, CURLOPT_TIMEOUT_MS, left > 0 ? (long)left : 1L);
	wire_begin(conn->wire, conn->easy);
}

/*
 * The other side has gone. One that had closed a kept connection meanwhile has seen nothing of the request, or says
 * nothing of it: a new connection is tried.
 */
static void lost(struct http_conn *conn, CURLcode result)
{
	if (http_reply_ends(&conn->reply)) {
		end(conn, CURLE_OK, false);
	} else if (conn->used && conn->reply.framing == 0) {
		drop(conn);
		start(conn);
	} else if (result != CURLE_OK) {
		end(conn, result, false);
	} else {
		end(conn, conn->reply.framing == 0 ? CURLE_GOT_NOTHING : CURLE_PARTIAL_FILE, false);
	}
}

/* Reads what has come. A TLS record may hold more than the descriptor tells, so it reads until there is no more. */
static void read_answer(struct http_conn *conn)
{
	char bytes[READ_SIZE];
	size_t n, taken;

	do {
		CURLcode result;

		n = 0;
		result = curl_easy_recv(conn->easy, bytes, sizeof bytes, &n);
		if (result == CURLE_AGAIN)
			return;
		if (result != CURLE_OK || n == 0) {
			lost(conn, result);
			return;
		}
		taken = http_reply_take(&conn->reply, bytes, n);
		if (conn->reply.step == HTTP_REPLY_WRONG) {
			end(conn, CURLE_WEIRD_SERVER_REPLY, false);
			return;
		}
		if (conn->reply.step == HTTP_REPLY_DONE) {
			end(conn, CURLE_OK, taken == n && conn->sent == conn->request.len);
			return;
		}
	} while (conn->tls || n == sizeof bytes);
}

/* Whoever does not want to read all of it may have said why. */
static void write_request(struct http_conn *conn)
{
	while (conn->sent < conn->request.len) {
		size_t n = 0;
		CURLcode result = curl_easy_send(conn->easy, conn->request.data + conn->sent,
		                                 conn->request.len - conn->sent, &n);

		if (result == CURLE_AGAIN)
			return;
		if (result != CURLE_OK) {
			conn->cut = true;
			conn->sent = conn->request.len;
			read_answer(conn);
			return;
		}
		conn->sent += n;
	}
}

static void begin(struct http_conn *conn)
{
	conn->state = HTTP_CONN_BUSY;
	conn->sent = 0;
	conn->cut = false;
	write_request(conn);
}

static void connected(struct wire_user *user, CURLcode result)
{
	struct http_conn *conn = (struct http_conn *)user;

	if (result == CURLE_OK)
		result = curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &conn->fd);
	if (result == CURLE_OK && conn->fd == CURL_SOCKET_BAD)
		result = CURLE_COULDNT_CONNECT;
	if (result == CURLE_OK)
		begin(conn);
	else
		end(conn, result, false);
}

/* One part of the URL, as libcurl reads it, with what belongs around it if there is one. */
static bool add_part(struct text *head, CURLU *parts, CURLUPart part, unsigned flags, const char *before)
{
	char *value = NULL;
	bool there = curl_url_get(parts, part, &value, flags) == CURLUE_OK;

	if (there) {
		text_puts(head, before);
		text_puts(head, value);
	}
	curl_free(value);
	return there;
}

/* Reads the URL once for all its posts. */
static bool set_url(struct http_conn *conn, const char *url)
{
	CURLU *parts = curl_url();
	bool good;

	drop(conn);
	text_clear(&conn->url);
	text_puts(&conn->url, url);
	text_clear(&conn->head);
	curl_easy_setopt(conn->easy, CURLOPT_URL, url);
	good = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	       add_part(&conn->head, parts, CURLUPART_PATH, 0, "POST ");
	if (good) {
		add_part(&conn->head, parts, CURLUPART_QUERY, 0, "?");
		good = add_part(&conn->head, parts, CURLUPART_HOST, 0, " HTTP/1.1\r\nHost: ");
		add_part(&conn->head, parts, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, ":");
		text_puts(&conn->head, "\r\nUser-Agent: bailleur/" VERSION "\r\nAccept: */*\r\n");
	}
	conn->tls = strncasecmp(url, "https:", sizeof "https:" - 1) == 0;
	curl_url_cleanup(parts);
	if (!good)
		text_clear(&conn->url);
	return good;
}

void http_conn_open(struct http_conn *conn, struct wire *wire, const char *protocols,
                    void (*ended)(struct http_conn *conn, CURLcode result))
{
	CURL *easy = curl_easy_init();

	*conn = (struct http_conn){.user.ended = connected, .ended = ended, .wire = wire, .easy = easy,
	                           .place = NO_PLACE};
	wire_options(easy, protocols);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, conn);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

void http_conn_close(struct http_conn *conn)
{
	drop(conn);
	curl_easy_cleanup(conn->easy);
	text_free(&conn->url);
	text_free(&conn->head);
	text_free(&conn->request);
}

bool http_conn_leads_to(const struct http_conn *conn, const char *url)
{
	return conn->state == HTTP_CONN_IDLE && strcmp(conn->url.data, url) == 0;
}

void http_conn_post(struct http_conn *conn, const char *url, const struct text *headers, const char *body,
                    int64_t seconds)
{
	struct text *request = &conn->request;
	size_t len = strlen(body);

	conn->deadline = clock_mono_us() + seconds * MS * MS;
	conn->reply = (struct http_reply){0};
	if ((conn->url.len == 0 || strcmp(conn->url.data, url) != 0) && !set_url(conn, url)) {
		end(conn, CURLE_URL_MALFORMAT, false);
		return;
	}
	text_clear(request);
	text_add(request, conn->head.data, conn->head.len);
	text_add(request, headers->data, headers->len);
	text_puts(request, "Content-Length: ");
	text_u64(request, len);
	text_puts(request, "\r\n\r\n");
	text_add(request, body, len);
	if (conn->state == HTTP_CONN_IDLE)
		begin(conn);
	else
		start(conn);
}

void http_conn_wait(struct http_conn *conn)
{
	bool writing = conn->state == HTTP_CONN_BUSY && conn->sent < conn->request.len;

	conn->place = NO_PLACE;
	if (conn->state >= HTTP_CONN_IDLE)
		conn->place = (int)wire_want(conn->wire, conn->fd, CURL_WAIT_POLLIN | (writing ? CURL_WAIT_POLLOUT : 0));
}

/* What is said on an idle connection is its end, or nothing that was asked for. */
void http_conn_work(struct http_conn *conn, int64_t now)
{
	short events = conn->place == NO_PLACE ? 0 : wire_events(conn->wire, (unsigned)conn->place);

	if (conn->state == HTTP_CONN_IDLE && events != 0)
		drop(conn);
	if (conn->state == HTTP_CONN_BUSY && (events & CURL_WAIT_POLLOUT) != 0)
		write_request(conn);
	if (conn->state == HTTP_CONN_BUSY && (events & CURL_WAIT_POLLIN) != 0)
		read_answer(conn);
	if (conn->state == HTTP_CONN_BUSY && conn->deadline < now)
		end(conn, CURLE_OPERATION_TIMEDOUT, false);
}
