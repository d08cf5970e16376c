/*
 * The master: holds the listening socket, and keeps N workers running, the express and the shuttle.
 *
 * Signals: SIGTERM and SIGINT stop gracefully, SIGHUP reloads (new workers first, then the old ones finish), SIGUSR1
 * reopens the log. Signals are blocked except inside sigtimedwait(), and in a worker where it waits (duty.h). A worker
 * whose master dies stops by itself.
 */
#ifndef HTTP_PREFORK_H
#define HTTP_PREFORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/handoff.h"

/* What a process of a master is. The express and the shuttle are the same program (express.h), for other requests. */
enum crew_kind {
	CREW_WORKER = 0,
	CREW_EXPRESS,                   /* answers at once what is known already */
	CREW_SHUTTLE,                   /* does together what is done together */
	CREW_KINDS
};

/* How many there are of each kind, and how they are given connections by the others. */
struct crew {
	unsigned processes[CREW_KINDS]; /* workers: at least 1 */
	struct handoff to[CREW_KINDS];
};

/* Shared between the master and its workers (an anonymous mapping made before the first fork). */
struct worker_slot {
	_Atomic int pid;
	_Atomic int64_t busy_since;     /* clock_mono_us() when the request in progress began; 0: idle */
	enum crew_kind kind;            /* set by the master before the fork */
	_Atomic int ready;              /* the worker has come as far as waiting for requests */
	_Atomic uint64_t requests;      /* this and the following outlive the worker: they only grow */
	_Atomic uint64_t by_class[6];   /* answers by status / 100 */
	_Atomic uint64_t total_us;
};

struct prefork {
	int listen_fd;
	struct crew crew;               /* .processes are to be set, the rest is by prefork_run() */
	int64_t request_deadline;       /* seconds */
	int64_t stop_timeout;           /* seconds */
	struct worker_slot *slots;      /* set by prefork_run(); at least 2 x processes: old and new during a reload */
	unsigned n_slots;

	/* Runs in the child, as what slot->kind says; its return value is the exit status. */
	int (*worker)(struct prefork *prefork, struct worker_slot *slot, void *arg);
	/*
	 * SIGHUP: reads the configuration again in the master; non-zero keeps the old one. May change crew.processes (no
	 * further than there are slots for), deadlines and arg.
	 */
	int (*reload)(struct prefork *prefork, void *arg);
	void *arg;
};

/* Returns the exit status of the program, after every worker has gone. */
int prefork_run(struct prefork *prefork);

/*
 * The listening socket: one made for `address`, a path (mode 0660, and its group when `group` is not NULL) or
 * host:port; when `address` is NULL, what systemd (LISTEN_FDS, checked against LISTEN_PID) or spawn-fcgi (descriptor 0)
 * gave. Returns the descriptor, or -1 after logging why.
 */
int prefork_listen(const char *address, const char *group);

/* Removes the path that prefork_listen() made, if it is still its own: nobody is to come any more. */
void prefork_unlisten(void);

#endif
