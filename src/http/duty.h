/*
 * What every process that serves requests has in common: signals, its slot, and the serving of one request.
 */
#ifndef HTTP_DUTY_H
#define HTTP_DUTY_H

#include <signal.h>
#include <stdbool.h>

#include "http/worker.h"

struct exchange;

enum {
	DUTY_PEER_TIMEOUT_S = 10,       /* a request comes whole, and its answer is taken, within this */
	DUTY_IDLE_MAX_US = 2000000      /* nginx closes an idle connection after 1 s; a longer silence is nobody's */
};

enum duty_stop { DUTY_GO_ON, DUTY_DRAIN, DUTY_RETIRE };

struct duty {
	struct worker_slot *slot;
	const struct worker_config *config;
	struct exchange *exchange;
	sigset_t waiting;               /* the signal mask while it waits; at other times signals are blocked */
};

/* Tells the master that this process is ready. Returns 0, or -1 after logging. End with duty_end(). */
int duty_begin(struct duty *duty, struct worker_slot *slot, const struct worker_config *config);
void duty_end(struct duty *duty);

/*
 * Lets signals in for an instant: the kernel does not while something is always ready to be served. To be called once a
 * turn. Returns duty_stop().
 */
enum duty_stop duty_listen(const struct duty *duty);

/* Was it told to stop, and how? Opens the log again when it was told that. */
enum duty_stop duty_stop(void);

/*
 * Reads a request from the connection, has it handled, and answers; is_last(arg, flags), asked before the answer with
 * the flags of the request's route (0: it has none), tells whether nginx is to use the connection no more. Returns true
 * when the connection stays open, else it is closed. The flags are left in *flags_r.
 */
bool duty_serve(struct duty *duty, int fd, bool (*is_last)(void *arg, unsigned flags), void *arg, unsigned *flags_r);

/* Counts and logs a request that was answered with so many bytes (-1: in vain) since `began` (clock_mono_us()). */
void duty_account(struct worker_slot *slot, const struct request *request, int64_t began, long bytes);

#endif
