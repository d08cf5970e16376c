/*
 * A queue of open connections between the processes of a master: who puts one in lets go of it, and whoever takes it
 * serves it from then on.
 */
#ifndef HTTP_HANDOFF_H
#define HTTP_HANDOFF_H

#include <stdbool.h>

struct handoff {
	int in, out;                    /* a pair of sockets; `out` can be polled for what is there to be taken */
};

/* To be made before the processes are forked, and as long-lived as they are. Returns 0, or -1 after logging. */
int handoff_create(struct handoff *handoff);

/* Puts a connection in, and closes it here. Returns false, and leaves it alone, when there is no room. */
bool handoff_give(const struct handoff *handoff, int fd);

/* Would it take one now? False from a quarter full on. */
bool handoff_has_room(const struct handoff *handoff);

/* Takes one out, closed on exec; -1: there is none. */
int handoff_take(const struct handoff *handoff);

#endif
