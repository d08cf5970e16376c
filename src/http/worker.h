/*
 * One FastCGI worker: accept, read one request whole, handle, answer, throw its memory away. The only other file that
 * knows libfcgi is worker.c.
 */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include "http/prefork.h"
#include "http/router.h"

struct worker_config {
	size_t body_max;                /* bytes; a larger body is read to its end, dropped, and answered 413 */
	const struct router *router;
	struct app *app;
};

/* Serves until told to stop. Returns the exit status of the process. */
int worker_serve(int listen_fd, struct worker_slot *slot, const struct worker_config *config);

#endif
