/*
 * A desk where one job at a time is done, on a thread of its own: while the caller goes on, as the sender does so that
 * the wire does not stand still during a commit, and the shuttle so that the next requests are read; or otherwise than
 * the caller would, as papers are drawn.
 */
#ifndef BASE_DESK_H
#define BASE_DESK_H

#include <stdbool.h>

struct desk;

/*
 * Starts the desk's thread, with the caller's signal mask. Returns NULL after logging. Free with desk_close(), which
 * waits.
 */
struct desk *desk_open(void);
void desk_close(struct desk *desk);

/* Has the desk been given a job that desk_take() has not yet taken back? */
bool desk_busy(const struct desk *desk);

/*
 * Gives fn(arg) to an idle desk; what it logs carries the request id of this thread. Until desk_take() says so the
 * caller leaves alone whatever fn uses.
 */
void desk_give(struct desk *desk, void (*fn)(void *arg), void *arg);

/* True once, when the job is done; the desk is idle again. */
bool desk_take(struct desk *desk);

/* Returns when the job given is done; the desk is idle again. */
void desk_wait(struct desk *desk);

/* Readable when a job is done, for poll(). */
int desk_fd(const struct desk *desk);

#endif
