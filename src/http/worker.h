/*
 * One FastCGI worker: waits for a request, has it read whole, handled and answered, and throws its memory away.
 */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include "http/prefork.h"
#include "http/router.h"

enum { AT_ONCE_MOST = 32 };             /* requests that are answered together at most */

/*
 * How requests are done together, away from the express's loop. A group takes what it can; for what add() refuses
 * nothing was done, and a worker does it. work() does all of it, on another thread; answer() puts the answers into the
 * requests, and leaves the group empty. Those whose status is 0 then are for a worker too, and must not have been done.
 */
struct together {
	void *(*open)(struct app *app);         /* a group */
	void (*close)(void *group);
	bool (*add)(void *group, struct request *request);
	void (*work)(void *group);
	void (*answer)(void *group);
};

/* Answers those of the n requests that it can answer at once; of the others the status stays 0. */
typedef void answer_at_once_fn(struct app *app, struct request *const *requests, size_t n);

struct worker_config {
	size_t body_max;                /* bytes; a larger body is read to its end, dropped, and answered 413 */
	const struct router *router;
	struct app *app;
	const struct crew *crew;        /* how workers and the express give each other connections */
	answer_at_once_fn *answer_at_once;      /* of the express, as the following two */
	const struct together *together;        /* NULL: it does nothing together */
	void (*be_patient)(struct app *app);    /* from now on it does what workers do, and may wait as they do */
};

/*
 * Serves until told to stop, and then until nginx has closed the connections it kept. Returns the exit status of the
 * process. Signals, which must be blocked on entry and are let in only while it waits:
 *   SIGTERM  answer what has come, what waits at the socket too, then end
 *   SIGQUIT  answer what has come, then end: other workers take what waits
 *   SIGUSR1  open the log again
 */
int worker_serve(int listen_fd, struct worker_slot *slot, const struct worker_config *config);

#endif
