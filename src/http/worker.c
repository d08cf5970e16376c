/*
 * A worker's loop: which connection to serve next, and when to end.
 *
 * nginx keeps connections open between requests. A worker holds several of them and serves whichever speaks, so that an
 * idle one never stands in the way: new connections are taken at once by workers that hold none, and a moment later by
 * workers that wait on idle ones. Nor does a busy one: when others wait while every worker is kept busy, connections
 * are handed back to nginx.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/worker.h"

enum {
	CONNECTIONS_MAX = 16,           /* held at once, all but one of them idle */
	PEER_TIMEOUT_S = 10,            /* a request comes whole, and its answer is taken, within this */
	BUSY_GRACE_MS = 10,             /* how long a kept connection is preferred to new ones */
	TAKE_GRACE_MS = 2,              /* how long others have to take a new connection first */
	LOOK_EVERY_US = 20000,          /* how often a busy worker looks whether others wait */
	IDLE_MAX_US = 2000000,          /* nginx closes an idle connection after 1 s; a longer silence is nobody's */
};

struct connection {
	int fd;
	int64_t since;                  /* when it last did something */
};

struct worker {
	int listen_fd;
	struct worker_slot *slot;
	const struct worker_config *config;
	struct exchange *exchange;
	struct connection connection[CONNECTIONS_MAX];  /* oldest first */
	unsigned n;
	int64_t looked;                 /* when it last looked whether others wait */
	sigset_t waiting;               /* the signal mask while it waits */
	bool closed_door;               /* takes no new connections any more */
	bool broken;
};

enum { STOP_NOT, STOP_DRAIN, STOP_RETIRE };

static volatile sig_atomic_t stop_how, reopen_log;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		reopen_log = 1;
	else
		stop_how = number == SIGQUIT ? STOP_RETIRE : STOP_DRAIN;
}

static bool was_signalled(void)
{
	return stop_how != STOP_NOT || reopen_log;
}

/* libfcgi has put its own handlers in place by now. */
static void set_signals(sigset_t *waiting)
{
	struct sigaction action = {.sa_handler = on_signal};
	static const int let_in[] = {SIGTERM, SIGQUIT, SIGUSR1};

	sigprocmask(SIG_BLOCK, NULL, waiting);
	for (size_t i = 0; i < sizeof(let_in) / sizeof(let_in[0]); i++) {
		sigaction(let_in[i], &action, NULL);
		sigdelset(waiting, let_in[i]);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void forget(struct worker *worker, unsigned i)
{
	memmove(&worker->connection[i], &worker->connection[i + 1],
	        (worker->n - i - 1) * sizeof(worker->connection[0]));
	worker->n--;
}

static void set_timeouts(int fd)
{
	struct timeval timeout = {.tv_sec = PEER_TIMEOUT_S};
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));    /* fails on a Unix socket, which needs none */
}

/* Takes one connection that waits at the socket; another worker may have been faster. */
static void take(struct worker *worker)
{
	int fd = accept4(worker->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		set_timeouts(fd);
		worker->connection[worker->n++] = (struct connection){.fd = fd, .since = clock_mono_us()};
	} else if (errno == EAGAIN) {
		worker->closed_door = stop_how != STOP_NOT;
	} else if (errno != EINTR && errno != ECONNABORTED) {
		log_event(LOG_LEVEL_ERROR, "accept", "error", strerror(errno), NULL);
		worker->broken = true;
	}
}

/* Closes what has been silent for too long. Returns true when it closed one. */
static bool drop_idle(struct worker *worker)
{
	bool dropped = false;

	while (worker->n > 0 && clock_mono_us() - worker->connection[0].since > IDLE_MAX_US) {
		close(worker->connection[0].fd);
		forget(worker, 0);
		dropped = true;
	}
	return dropped;
}

/*
 * Waits until a connection can be read, or with `door` until one waits at the socket; -1 waits for ever, but for a
 * signal. Returns the index of the connection, n for the socket, or -1.
 */
static int wait_for(struct worker *worker, bool door, int ms)
{
	struct pollfd polled[CONNECTIONS_MAX + 1];
	struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	unsigned n = worker->n;

	for (unsigned i = 0; i < n; i++)
		polled[i] = (struct pollfd){.fd = worker->connection[i].fd, .events = POLLIN};
	polled[n] = (struct pollfd){.fd = worker->listen_fd, .events = POLLIN};
	if (ppoll(polled, n + door, ms < 0 ? NULL : &timeout, &worker->waiting) <= 0)
		return -1;
	for (unsigned i = 0; i < n + door; i++)
		if (polled[i].revents != 0)
			return (int)i;
	return -1;
}

/* While it takes new connections. Returns the index of a connection to serve, or -1 to look again. */
static int wait_open(struct worker *worker)
{
	bool room = worker->n < CONNECTIONS_MAX;
	int found;

	if (worker->n > 0) {
		found = wait_for(worker, false, room ? BUSY_GRACE_MS : IDLE_MAX_US / 1000);
		if (found >= 0 || was_signalled() || (!room && !drop_idle(worker)))
			return found;
	}
	found = wait_for(worker, true, -1);
	if (found < 0 || (unsigned)found < worker->n)
		return found;
	if (worker->n > 0) {
		found = wait_for(worker, false, TAKE_GRACE_MS);
		if (found >= 0)
			return found;
	}
	take(worker);
	return -1;
}

/* When it is to end: no new connections but those that wait already, and the kept ones until nginx closes them. */
static int wait_closing(struct worker *worker)
{
	int found;

	if (stop_how == STOP_RETIRE)
		worker->closed_door = true;
	while (!worker->closed_door && !worker->broken && worker->n < CONNECTIONS_MAX)
		take(worker);
	if (worker->n == 0)
		return -1;
	found = wait_for(worker, false, IDLE_MAX_US / 1000);
	if (found < 0)
		drop_idle(worker);
	return found;
}

static const char *method_name(enum http_method method)
{
	return method == HTTP_GET ? "GET" : method == HTTP_POST ? "POST" : method == HTTP_HEAD ? "HEAD" : "other";
}

static void account(struct worker_slot *slot, const struct request *request, int64_t us, long bytes)
{
	unsigned class = request->status / 100;

	atomic_fetch_add_explicit(&slot->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->by_class[class < 6 ? class : 5], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->total_us, (uint64_t)us, memory_order_relaxed);
	log_event(LOG_LEVEL_INFO, "request", "method", method_name(request->method), "route",
	          request->route != NULL ? request->route->path : "-", "status", log_num(request->status), "us",
	          log_num(us),
	          "bytes", log_num(bytes), NULL);
}

/*
 * Should nginx stop using the connection? When this worker is to end, or when new connections wait that nobody takes:
 * under load, the kept ones of one nginx process could else hold all workers for as long as the load lasts.
 */
static bool is_last(struct worker *worker)
{
	struct pollfd door = {.fd = worker->listen_fd, .events = POLLIN};
	int64_t now;

	if (stop_how != STOP_NOT)
		return true;
	now = clock_mono_us();
	if (now - worker->looked < LOOK_EVERY_US)
		return false;
	worker->looked = now;
	return poll(&door, 1, 0) > 0;
}

/* One request of the connection; it stays open if the peer wants that. */
static void serve(struct worker *worker, unsigned i)
{
	const struct worker_config *config = worker->config;
	struct connection connection = worker->connection[i];
	int64_t began = clock_mono_us();
	struct request *request;
	long bytes;

	forget(worker, i);
	atomic_store(&worker->slot->busy_since, began);
	request = exchange_receive(worker->exchange, connection.fd);
	if (request != NULL) {
		router_handle(config->router, config->app, request);
		bytes = exchange_send(worker->exchange, is_last(worker));
		connection.since = clock_mono_us();
		account(worker->slot, request, connection.since - began, bytes);
		if (exchange_end(worker->exchange))
			worker->connection[worker->n++] = connection;
	}
	atomic_store(&worker->slot->busy_since, 0);
}

static void run(struct worker *worker)
{
	while (!worker->broken) {
		int found;

		if (reopen_log) {
			reopen_log = 0;
			log_reopen();
		}
		found = stop_how == STOP_NOT ? wait_open(worker) : wait_closing(worker);
		if (found >= 0)
			serve(worker, (unsigned)found);
		else if (stop_how != STOP_NOT && worker->closed_door && worker->n == 0)
			break;
	}
}

int worker_serve(int listen_fd, struct worker_slot *slot, const struct worker_config *config)
{
	struct worker worker = {.listen_fd = listen_fd, .slot = slot, .config = config};

	if (FCGX_Init() != 0) {
		log_event(LOG_LEVEL_ERROR, "libfcgi", "error", strerror(errno), NULL);
		return EXIT_FAILURE;
	}
	set_signals(&worker.waiting);
	worker.exchange = exchange_create(config->body_max);
	atomic_store(&slot->ready, 1);
	run(&worker);
	exchange_free(worker.exchange);
	return worker.broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
