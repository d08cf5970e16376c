/*
 * An answer on its way: the FastCGI records of it, written at once.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>

#include "http/request.h"

/* Where an answer is put together; one serves any number of answers, one after the other. Zeroed at first. */
struct answer {
	struct text head;               /* header lines */
	struct text out;                /* records */
};

/*
 * Writes the request's answer to the connection `fd`, as that of FastCGI request `id`. With `close` the peer is told, in
 * a way that nginx heeds, not to use this connection again. Returns the number of bytes of content, or -1 after logging
 * when the peer was not there to take them.
 */
long answer_send(struct answer *answer, int fd, unsigned id, const struct request *request, bool close);

/* Gives back what a large answer has taken. */
void answer_shrink(struct answer *answer);
void answer_free(struct answer *answer);

#endif
