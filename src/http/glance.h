/*
 * A look at a request that stands whole in a connection's receive buffer, without taking it out: it can still be given,
 * untouched, to another process. What is larger or comes in pieces, or is not exactly what nginx sends, is not for
 * this.
 */
#ifndef HTTP_GLANCE_H
#define HTTP_GLANCE_H

#include "http/request.h"

struct glance;

enum glance_result {
	GLANCE_REQUEST = 0,
	GLANCE_NOTHING,         /* not a byte yet */
	GLANCE_OTHER,           /* something else is there */
	GLANCE_END              /* the peer has closed, or the connection is broken */
};

enum { GLANCE_MAX = 16 * 1024 };        /* bytes of a request, its records included */

/* `body_max`: a larger body is GLANCE_OTHER. Free with glance_free(), which accepts NULL. */
struct glance *glance_create(size_t body_max);
void glance_free(struct glance *glance);

/* Looks at the connection `fd`. After GLANCE_REQUEST the request is in *request_r, until glance_end(). */
enum glance_result glance_look(struct glance *glance, int fd, struct request **request_r);

/*
 * Sends the answer that is in the request, and takes the request out. Returns the number of bytes of content sent;
 * ANSWER_LOST: the connection is of no use any more; ANSWER_LATER: the peer does not take it now, and nothing was done.
 */
long glance_answer(struct glance *glance);

/* Did the peer ask to keep the connection open? */
bool glance_keeps(const struct glance *glance);

/* Throws what was made of the request away. */
void glance_end(struct glance *glance);

#endif
