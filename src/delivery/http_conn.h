/*
 * A connection that posts over HTTP/1.1, one request after another to the same URL.
 *
 * libcurl opens it: name, the check of the address, TCP, TLS and its certificate (CURLOPT_CONNECT_ONLY). Requests and
 * answers go over curl_easy_send() and curl_easy_recv(), which costs half of what a transfer of libcurl does.
 */
#ifndef DELIVERY_HTTP_CONN_H
#define DELIVERY_HTTP_CONN_H

#include "base/text.h"
#include "delivery/http_reply.h"
#include "delivery/wire.h"

enum http_conn_state {
	HTTP_CONN_CLOSED,
	HTTP_CONN_CONNECTING,           /* libcurl's until it says that it has ended */
	HTTP_CONN_IDLE,
	HTTP_CONN_BUSY                  /* writing a request, waiting for its answer */
};

struct http_conn {
	struct wire_user user;          /* first: libcurl's end comes back as this */
	void (*ended)(struct http_conn *conn, CURLcode result);
	struct wire *wire;
	CURL *easy;
	enum http_conn_state state;
	bool tls;
	bool used;                      /* it has carried an answer */
	bool cut;                       /* the request could not be written to its end */
	curl_socket_t fd;
	int place;                      /* in the wire's list, or -1 */
	struct text url, head, request; /* head: what each request to this URL begins with */
	size_t sent;                    /* of the request */
	int64_t deadline;               /* clock_mono_us() */
	struct http_reply reply;        /* to the last request */
};

/*
 * Initialises; the caller sets further options of `easy`, such as who may be connected to. `ended` is told the end of
 * each post: CURLE_OK when an answer has come, which is in `reply`, until the next begins. Free with http_conn_close().
 */
void http_conn_open(struct http_conn *conn, struct wire *wire, const char *protocols,
                    void (*ended)(struct http_conn *conn, CURLcode result));
void http_conn_close(struct http_conn *conn);

/* May a post to this URL go over it without connecting first? */
bool http_conn_leads_to(const struct http_conn *conn, const char *url);

/*
 * Posts, over a connection to another URL if need be; `headers` are whole lines. A kept connection that turns out to
 * have been closed is opened again, once. `ended` may be told before this returns.
 */
void http_conn_post(struct http_conn *conn, const char *url, const struct text *headers, const char *body,
                    int64_t seconds);

/* Before and after wire_wait(). */
void http_conn_wait(struct http_conn *conn);
void http_conn_work(struct http_conn *conn, int64_t now);

#endif
