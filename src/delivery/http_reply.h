/*
 * The answer to an HTTP/1.1 request (RFC 9112), read as it comes: its status, when to try again, where it ends, and
 * whether another request may follow it on the connection. Of its body nothing is kept.
 */
#ifndef DELIVERY_HTTP_REPLY_H
#define DELIVERY_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_REPLY_LINE = 256,                  /* of a longer line only so much is looked at */
	HTTP_REPLY_RETRY = 64,
	HTTP_REPLY_MAX = 64 * 1024              /* of what surrounds the body; of the body */
};

enum http_reply_step {
	HTTP_REPLY_STATUS, HTTP_REPLY_HEADERS, HTTP_REPLY_BODY, HTTP_REPLY_TO_END, HTTP_REPLY_CHUNK_SIZE,
	HTTP_REPLY_CHUNK, HTTP_REPLY_CHUNK_END, HTTP_REPLY_TRAILER, HTTP_REPLY_DONE, HTTP_REPLY_WRONG
};

/* {0} is one of which nothing has come. */
struct http_reply {
	enum http_reply_step step;              /* what comes next; DONE: all has come, WRONG: this is not HTTP */
	unsigned status;                        /* 0: not known yet; 200 to 999, or 101 */
	bool keep;                              /* DONE: the connection may be used again */
	char retry_after[HTTP_REPLY_RETRY];     /* as it came; "": nothing, or too long to be either form */
	bool chunked, has_length, other_coding;
	uint64_t left;                          /* bytes of the body, or of the chunk */
	size_t framing, body;                   /* bytes so far */
	char line[HTTP_REPLY_LINE + 1];
	size_t line_len;
};

/* Reads on, at most to the end of the answer; returns how many of the bytes belong to it. */
size_t http_reply_take(struct http_reply *reply, const char *bytes, size_t len);

/* The connection has ended: is that the answer's end too? */
bool http_reply_ends(struct http_reply *reply);

#endif
