/*
 * What carries deliveries away, as the courier (delivery/courier.h) drives it.
 *
 * A job goes start(), `ready`, go(), `done`. A transport puts a job on `ready` when all that is left is the point
 * of no return: the final dot of a mail, the request to a gateway. The courier then commits the delivery as
 * transmitting and answers with go(), or with drop() when it may not be sent. On `done` the job's outcome says what
 * became of it. A job may also come back on `again`, before go() or after it: nothing of it is with the other side and
 * it may be started anew, after go() by way of the queue. Nothing here blocks.
 */
#ifndef DELIVERY_TRANSPORT_H
#define DELIVERY_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/text.h"
#include "delivery/wire.h"
#include "store/delivery.h"

struct batch;

/* One delivery on its way. It is on one list, or with its transport. */
struct job {
	struct job *next;
	struct batch *batch;            /* the claim it belongs to; the courier's */
	const struct delivery *delivery;
	struct pool *pool;              /* the claim's: what the outcome refers to lives in it */
	struct text bytes;              /* the rendered mail, or the text of the SMS; the transport may change them */
	void *carrier;                  /* the transport's own */
	unsigned again;                 /* how often it has come back */
	bool gone_on;                   /* go() was called: the database has it as transmitting */
	struct delivery_outcome outcome;
};

struct job_list {
	struct job *first, **last;
	unsigned n;
};

void job_list_init(struct job_list *list);
void job_list_add(struct job_list *list, struct job *job);
struct job *job_list_take(struct job_list *list);               /* NULL when empty */
void job_list_move(struct job_list *to, struct job_list *from);  /* all of them, to the end */

enum { JOB_ERROR_MAX = 300 };

struct transport {
	enum delivery_channel channel;
	int64_t timeout;                /* seconds: how long one job may take, from start() to `done` */
	struct job_list ready, done, again;
	const char *down;               /* why the other side cannot be reached at all, a literal; NULL: it can */

	/*
	 * How many jobs start() would take now, `waiting` being how many there are: connections are opened for that
	 * many.
	 */
	unsigned (*room)(struct transport *transport, unsigned waiting);
	void (*start)(struct transport *transport, struct job *job);
	void (*go)(struct transport *transport, struct job *job);
	void (*drop)(struct transport *transport, struct job *job);
	/* Names descriptors to wait for, and reads and writes what can be after the wait. */
	void (*wait)(struct transport *transport, struct wire *wire);
	void (*work)(struct transport *transport, struct wire *wire);
	/* Says good-bye where that is customary and frees. */
	void (*free)(struct transport *transport);
};

/* Empties the lists. */
void transport_init(struct transport *transport);

/* Puts the job on `done`. QUEUED means to be tried again later. The error is copied, bounded, made printable ASCII. */
void transport_done(struct transport *transport, struct job *job, enum delivery_state state, const char *error);

/* Each returns NULL after logging what is wrong with the configuration. The settings and the wire are borrowed. */
struct transport *transport_smtp(const struct settings *settings, struct wire *wire);
struct transport *transport_gateway(const struct settings *settings, struct wire *wire);
struct transport *transport_file(const struct settings *settings, enum delivery_channel channel);

#endif
