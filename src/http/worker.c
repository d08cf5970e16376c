/*
 * A worker's loop: which connection to serve next, and when to end.
 *
 * nginx keeps connections open between requests. A worker holds several of them and serves whichever speaks, so that an
 * idle one never stands in the way: new connections are taken at once by workers that hold none, and a moment later by
 * workers that wait on idle ones. Nor does a busy one: when others wait while every worker is kept busy, connections
 * are handed back to nginx.
 *
 * A connection whose next request is likely one for the express or the shuttle is given to it (express.h), and what
 * that cannot answer comes back like a new one, through the second of two doors.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/duty.h"
#include "http/worker.h"

enum {
	CONNECTIONS_MAX = 16,           /* held at once, all but one of them idle */
	BUSY_GRACE_MS = 10,             /* how long a kept connection is preferred to new ones */
	TAKE_GRACE_MS = 2,              /* how long others have to take a new connection first */
	LOOK_EVERY_US = 20000           /* how often a busy worker looks whether others wait */
};

/* What comes from the express is a request: it waits for nobody's grace. */
enum { DOOR_EXPRESS, DOOR_LISTEN, DOORS };

struct connection {
	int fd;
	int64_t since;                  /* when it last did something */
};

struct worker {
	struct duty duty;
	int doors[DOORS];               /* where connections come in: the listening socket, what the express gives */
	int doors_epoll;                /* the same, to be waited at without waking all who wait there */
	struct connection connection[CONNECTIONS_MAX];  /* oldest first */
	unsigned n;
	int64_t looked;                 /* when it last looked whether others wait */
	bool closed_door;               /* takes no new connections any more */
	bool broken;
};

static void forget(struct worker *worker, unsigned i)
{
	memmove(&worker->connection[i], &worker->connection[i + 1],
	        (worker->n - i - 1) * sizeof(worker->connection[0]));
	worker->n--;
}

static void set_timeouts(int fd)
{
	struct timeval timeout = {.tv_sec = DUTY_PEER_TIMEOUT_S};
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));    /* fails on a Unix socket, which needs none */
}

static void hold(struct worker *worker, int fd)
{
	worker->connection[worker->n++] = (struct connection){.fd = fd, .since = clock_mono_us()};
}

/* Takes one connection that waits at the socket; another worker may have been faster. Returns false: none was there. */
static bool take_new(struct worker *worker)
{
	int fd = accept4(worker->doors[DOOR_LISTEN], NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		set_timeouts(fd);
		hold(worker, fd);
	} else if (errno == EAGAIN) {
		return false;
	} else if (errno != EINTR && errno != ECONNABORTED) {
		log_event(LOG_LEVEL_ERROR, "accept", "error", strerror(errno), NULL);
		worker->broken = true;
	}
	return true;
}

/* The same for what the express or, when both are to end, another worker gave. */
static bool take_given(struct worker *worker, const struct handoff *handoff)
{
	int fd = handoff_take(handoff);

	if (fd >= 0)
		hold(worker, fd);
	return fd >= 0;
}

static void take(struct worker *worker, int door)
{
	if (door == DOOR_LISTEN)
		take_new(worker);
	else
		take_given(worker, &worker->duty.config->crew->to[CREW_WORKER]);
}

/* Closes what has been silent for too long. Returns true when it closed one. */
static bool drop_idle(struct worker *worker)
{
	bool dropped = false;

	while (worker->n > 0 && clock_mono_us() - worker->connection[0].since > DUTY_IDLE_MAX_US) {
		close(worker->connection[0].fd);
		forget(worker, 0);
		dropped = true;
	}
	return dropped;
}

/*
 * Waits until a connection can be read, or until one waits at one of the first `doors` doors; -1 waits for ever, but
 * for a signal. Returns the index of the connection, n + that of the door, or -1.
 */
static int wait_for(struct worker *worker, unsigned doors, int ms)
{
	struct pollfd polled[CONNECTIONS_MAX + DOORS];
	struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	unsigned n = worker->n, all = n + doors;

	for (unsigned i = 0; i < n; i++)
		polled[i] = (struct pollfd){.fd = worker->connection[i].fd, .events = POLLIN};
	for (unsigned i = n; i < all; i++)
		polled[i] = (struct pollfd){.fd = worker->doors[i - n], .events = POLLIN};
	if (ppoll(polled, all, ms < 0 ? NULL : &timeout, &worker->duty.waiting) <= 0)
		return -1;
	for (unsigned i = 0; i < all; i++)
		if (polled[i].revents != 0)
			return (int)i;
	return -1;
}

/* Nothing to serve: waits at the doors, from where the kernel wakes one worker for one connection. */
static void wait_at_doors(struct worker *worker)
{
	struct epoll_event event;

	if (epoll_pwait(worker->doors_epoll, &event, 1, -1, &worker->duty.waiting) == 1)
		take(worker, event.data.fd);
}

/* While it takes new connections. Returns the index of a connection to serve, or -1 to look again. */
static int wait_open(struct worker *worker)
{
	bool room = worker->n < CONNECTIONS_MAX;
	int found;

	if (worker->n == 0) {
		wait_at_doors(worker);
		return -1;
	}
	found = wait_for(worker, room ? DOOR_EXPRESS + 1 : 0, room ? BUSY_GRACE_MS : DUTY_IDLE_MAX_US / 1000);
	if (found < 0) {
		if (duty_stop() != DUTY_GO_ON || (!room && !drop_idle(worker)))
			return -1;
		found = wait_for(worker, DOORS, -1);
	}
	if (found < (int)worker->n)
		return found;
	found -= (int)worker->n;
	if (found == DOOR_EXPRESS || wait_for(worker, 0, TAKE_GRACE_MS) < 0)
		take(worker, found);
	return -1;
}

/*
 * Takes what waits already: for others, when they go on, not what waits at the doors, but what may have been given to
 * an express that is no more. The doors are closed when nothing waits any more.
 */
static void take_the_last(struct worker *worker)
{
	const struct crew *crew = worker->duty.config->crew;
	bool alone = duty_stop() == DUTY_DRAIN;

	while (!worker->closed_door && !worker->broken && worker->n < CONNECTIONS_MAX)
		worker->closed_door = !take_given(worker, &crew->to[CREW_EXPRESS]) &&
		                      !take_given(worker, &crew->to[CREW_SHUTTLE]) &&
		                      (!alone || (!take_given(worker, &crew->to[CREW_WORKER]) && !take_new(worker)));
}

/* When it is to end: no new connections but those that wait already, and the kept ones until nginx closes them. */
static int wait_closing(struct worker *worker)
{
	int found;

	take_the_last(worker);
	if (worker->n == 0)
		return -1;
	found = wait_for(worker, 0, DUTY_IDLE_MAX_US / 1000);
	if (found < 0)
		drop_idle(worker);
	return found;
}

/* Who is likely to answer the next request on a connection, by the flags of the route of the last one. */
static enum crew_kind next_kind(const struct worker *worker, unsigned flags)
{
	const unsigned *processes = worker->duty.config->crew->processes;

	if (duty_stop() != DUTY_GO_ON)
		return CREW_WORKER;
	if ((flags & ROUTE_TOGETHER) != 0 && processes[CREW_SHUTTLE] > 0)
		return CREW_SHUTTLE;
	return (flags & ROUTE_EXPRESS) != 0 && processes[CREW_EXPRESS] > 0 ? CREW_EXPRESS : CREW_WORKER;
}

/*
 * Should nginx stop using the connection? When this worker is to end, or when others wait that nobody takes: under
 * load, the kept ones of one nginx process could else hold all workers for as long as the load lasts.
 */
static bool is_last(void *arg, unsigned flags)
{
	struct worker *worker = arg;
	struct pollfd doors[DOORS];
	int64_t now;

	if (duty_stop() != DUTY_GO_ON)
		return true;
	if (next_kind(worker, flags) != CREW_WORKER)
		return false;
	now = clock_mono_us();
	if (now - worker->looked < LOOK_EVERY_US)
		return false;
	worker->looked = now;
	for (unsigned i = 0; i < DOORS; i++)
		doors[i] = (struct pollfd){.fd = worker->doors[i], .events = POLLIN};
	return poll(doors, DOORS, 0) > 0;
}

/* One request of the connection; it stays open if the peer wants that. */
static void serve(struct worker *worker, unsigned i)
{
	int fd = worker->connection[i].fd;
	enum crew_kind kind;
	unsigned flags;

	forget(worker, i);
	if (!duty_serve(&worker->duty, fd, is_last, worker, &flags))
		return;
	kind = next_kind(worker, flags);
	if (kind == CREW_WORKER || !handoff_give(&worker->duty.config->crew->to[kind], fd))
		hold(worker, fd);
}

static void run(struct worker *worker)
{
	while (!worker->broken) {
		int found = duty_listen(&worker->duty) == DUTY_GO_ON ? wait_open(worker) : wait_closing(worker);

		if (found >= 0)
			serve(worker, (unsigned)found);
		else if (duty_stop() != DUTY_GO_ON && worker->closed_door && worker->n == 0)
			break;
	}
}

static int open_doors(struct worker *worker, int listen_fd)
{
	worker->doors[DOOR_LISTEN] = listen_fd;
	worker->doors[DOOR_EXPRESS] = worker->duty.config->crew->to[CREW_WORKER].out;
	worker->doors_epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < DOORS; i++) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = i};

		if (epoll_ctl(worker->doors_epoll, EPOLL_CTL_ADD, worker->doors[i], &event) != 0) {
			log_event(LOG_LEVEL_ERROR, "epoll", "error", strerror(errno), NULL);
			return -1;
		}
	}
	return 0;
}

int worker_serve(int listen_fd, struct worker_slot *slot, const struct worker_config *config)
{
	struct worker worker = {0};

	if (duty_begin(&worker.duty, slot, config) != 0)
		return EXIT_FAILURE;
	worker.broken = open_doors(&worker, listen_fd) != 0;
	run(&worker);
	duty_end(&worker.duty);
	return worker.broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
