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
 * The longest that is written without waiting: a socket whose peer took all that came before, as nginx does, has room
 * for it (net.core.wmem_default is 208 kB), so that nothing is begun that its end must be waited for.
 */
enum { ANSWER_AT_ONCE_MAX = 128 * 1024 };

/* What answer_send() returns instead of a number of bytes. */
enum {
	ANSWER_LOST = -1,               /* the peer was not there to take it, says the log */
	ANSWER_LATER = -2               /* there is no room for it now, or it is too long; nothing was sent */
};

/*
 * Writes the request's answer to the connection `fd`, as that of FastCGI request `id`. With `close` the peer is told,
 * in a way that nginx heeds, not to use this connection again; without `wait`, ANSWER_LATER may be the end of it.
 * Returns the number of bytes of content, or ANSWER_….
 */
long answer_send(struct answer *answer, int fd, unsigned id, const struct request *request, bool close, bool wait);

/* Gives back what a large answer has taken. */
void answer_shrink(struct answer *answer);
void answer_free(struct answer *answer);

#endif
