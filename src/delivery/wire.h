/*
 * The one place where the sender waits: libcurl's transfers and the descriptors that transports handle themselves.
 */
#ifndef DELIVERY_WIRE_H
#define DELIVERY_WIRE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a transfer of libcurl reports its end to: its CURLOPT_PRIVATE points to one. */
struct wire_user {
	void (*ended)(struct wire_user *user, CURLcode result);
};

struct wire {
	CURLM *multi;
	unsigned transfers;             /* libcurl has something to do for so many handles */
	struct curl_waitfd *fds;
	unsigned n_fds, capacity;
};

/* Returns 0, or -1 after logging. `connections`: how many libcurl may keep open. */
int wire_open(struct wire *wire, unsigned connections);
void wire_close(struct wire *wire);

/*
 * Wanting events (CURL_WAIT_POLLIN, CURL_WAIT_POLLOUT) of a descriptor at the next wire_wait(); the place returned is
 * for wire_events() after it.
 */
unsigned wire_want(struct wire *wire, curl_socket_t fd, short events);
short wire_events(const struct wire *wire, unsigned place);

/*
 * Waits for something to happen, at most so long, then lets libcurl work and tells the users of transfers that ended.
 */
void wire_wait(struct wire *wire, int milliseconds);

/* Forgets what was wanted; before the next round of wire_want(). */
void wire_forget(struct wire *wire);

/* Gives a handle to libcurl, whose end will be told, and takes it back. */
void wire_begin(struct wire *wire, CURL *easy);
void wire_end(struct wire *wire, CURL *easy);

/* Options that every transfer has: no signals, no redirects, no proxies from the environment, these protocols only. */
void wire_options(CURL *easy, const char *protocols);

#endif
