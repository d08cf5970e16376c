/*
 * The express, and the shuttle: processes that serve many connections at once, and only requests that need no waiting
 * of theirs.
 *
 * Workers serve one request at a time, since a handler waits: for statements, for a commit. Two kinds of requests are
 * worth another order of things: those whose answer is known already, when all it takes is one question for many of
 * them (ROUTE_AT_ONCE); and those that are cheap to do together, at a desk (shuttle.h), while the next ones come in
 * (ROUTE_TOGETHER). Such a process looks at all connections on which something has come, and gives each that it can do
 * nothing about, its request still in it, to the workers, by a queue (handoff.h) that is one of their doors. They give
 * it back when its next request is likely one of those again.
 *
 * It is one program for both; the express does the first, the shuttle the second and, on its connections, the first as
 * well. Workers sort connections by what was last asked on them, so that neither kind waits for the other, and each has
 * as many processes as are best for it: some for answers at once, and one for what is cheaper the more of it comes
 * together.
 *
 * nginx knows nothing of them, and nothing depends on them: where they are not, or have died, workers answer the same.
 */
#ifndef HTTP_EXPRESS_H
#define HTTP_EXPRESS_H

#include "http/worker.h"

/*
 * Serves until told to stop, by the signals of worker_serve(). At SIGQUIT the workers get its connections; at SIGTERM
 * it answers what comes like a worker until nginx has closed them. Returns the exit status of the process.
 */
int express_serve(struct worker_slot *slot, const struct worker_config *config);

#endif
