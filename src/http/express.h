/*
 * The express: a process that serves many connections at once, and only requests that need no waiting.
 *
 * Workers serve one request at a time, since a handler waits: for statements, for a commit. An answer that is known
 * already, when all it takes is one question for many of them, is worth another order of things: the express looks at
 * all connections on which something has come, has those requests answered together that can be, and gives each other
 * connection, its request still in it, to the workers, by a queue (handoff.h) that is one of their doors. They give it
 * back when its next request is likely one for the express again.
 *
 * nginx knows nothing of it, and nothing depends on it: where it is not, or has died, workers answer the same.
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
