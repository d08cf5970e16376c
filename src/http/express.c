/*
 * The express's loop: what came on any connection is looked at, answered together, or given away.
 */
#include "http/express.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/answer.h"
#include "http/duty.h"
#include "http/glance.h"

enum {
	HELD_MAX = 512,                 /* connections, if the process may have as many … */
	OTHER_FDS = 64,                 /* … beside its other descriptors */
	FDS_MAX = 1024,                 /* descriptors are less than that */
	SWEEP_MS = 500,                 /* how often silent connections are looked for */
	CROWDED_NS = 1000000            /* pause when something has to wait for room */
};

struct express {
	struct duty duty;
	int epoll;
	int64_t since[FDS_MAX];         /* when a connection last did something, by descriptor; 0: not held */
	unsigned held, room;            /* connections that it has, and may have */
	int64_t swept;
	bool crowded;                   /* something could not be taken, or given away */
	struct glance *glances[AT_ONCE_MOST];
};

/* Requests that are looked at together, each by the glance of its index. */
struct round {
	int fds[AT_ONCE_MOST];
	struct request *requests[AT_ONCE_MOST];
	unsigned n;
	int64_t began;
};

static bool is_queue(const struct express *express, int fd)
{
	return fd == express->duty.config->crew->to_express.out;
}

static bool watch(const struct express *express, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(express->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool hold(struct express *express, int fd)
{
	if (fd >= FDS_MAX || !watch(express, fd))
		return false;
	express->since[fd] = clock_mono_us();
	express->held++;
	return true;
}

/* Before the descriptor is closed: the connection may live on in another process, and would go on being reported. */
static void let_go(struct express *express, int fd)
{
	epoll_ctl(express->epoll, EPOLL_CTL_DEL, fd, NULL);
	express->since[fd] = 0;
	express->held--;
}

static void drop(struct express *express, int fd)
{
	let_go(express, fd);
	close(fd);
}

/* To the workers; when their queue is full it is kept, and looked at again. */
static void pass(struct express *express, int fd)
{
	int64_t since = express->since[fd];

	let_go(express, fd);
	if (handoff_give(&express->duty.config->crew->to_workers, fd))
		return;
	express->crowded = true;
	if (hold(express, fd))
		express->since[fd] = since;
	else
		close(fd);
}

/* Takes what is in the queue, so many at most and as far as there is room; the rest stays where it is. */
static void adopt(struct express *express, const struct handoff *queue, unsigned most)
{
	for (unsigned n = 0; n < most && express->held < express->room; n++) {
		int fd = handoff_take(queue);

		if (fd < 0)
			return;
		if (!hold(express, fd))
			close(fd);
	}
	if (express->held == express->room)
		express->crowded = true;
}

static bool is_for_us(const struct express *express, struct request *request)
{
	return router_find(express->duty.config->router, request) && (request->route->flags & ROUTE_AT_ONCE) != 0 &&
	       request->fault == HTTP_FAULT_NONE && !request->is_batch;
}

static void look(struct express *express, struct round *round, int fd)
{
	struct glance *glance = express->glances[round->n];
	struct request *request;

	switch (glance_look(glance, fd, &request)) {
	case GLANCE_REQUEST:
		if (is_for_us(express, request)) {
			round->fds[round->n] = fd;
			round->requests[round->n++] = request;
			break;
		}
		glance_end(glance);
		pass(express, fd);
		break;
	case GLANCE_OTHER:
		pass(express, fd);
		break;
	case GLANCE_END:
		drop(express, fd);
		break;
	case GLANCE_NOTHING:
		break;
	}
}

/* Returns false when the connection, its request still in it, is for somebody who can wait for the peer. */
static bool answer(struct express *express, const struct round *round, unsigned i)
{
	struct glance *glance = express->glances[i];
	const struct request *request = round->requests[i];
	int fd = round->fds[i];
	long bytes;

	log_set_request(request->id);
	bytes = glance_answer(glance);
	if (bytes != ANSWER_LATER)
		duty_account(express->duty.slot, request, round->began, bytes);
	log_set_request(NULL);
	if (bytes == ANSWER_LATER)
		return false;
	express->since[fd] = clock_mono_us();
	if (bytes < 0 || !glance_keeps(glance))
		drop(express, fd);
	return true;
}

static void settle(struct express *express, const struct round *round, unsigned i)
{
	if (round->requests[i]->status == 0 || !answer(express, round, i))
		pass(express, round->fds[i]);
	glance_end(express->glances[i]);
}

static void serve(struct express *express, const struct epoll_event *events, int n)
{
	const struct worker_config *config = express->duty.config;
	struct round round = {.began = clock_mono_us()};

	atomic_store(&express->duty.slot->busy_since, round.began);
	for (int i = 0; i < n; i++) {
		if (is_queue(express, events[i].data.fd))
			adopt(express, &config->crew->to_express, HELD_MAX);
		else
			look(express, &round, events[i].data.fd);
	}
	log_set_request(NULL);
	if (round.n > 0)
		config->answer_at_once(config->app, round.requests, round.n);
	for (unsigned i = 0; i < round.n; i++)
		settle(express, &round, i);
	atomic_store(&express->duty.slot->busy_since, 0);
}

static bool is_silent(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* Closes what has been silent for too long; what has come meanwhile is for the next round. */
static void sweep(struct express *express)
{
	int64_t now = clock_mono_us();

	if (now - express->swept < SWEEP_MS * 1000)
		return;
	express->swept = now;
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (express->since[fd] != 0 && now - express->since[fd] > DUTY_IDLE_MAX_US && is_silent(fd))
			drop(express, fd);
}

static void wait_for_room(const struct express *express)
{
	const struct timespec pause = {.tv_nsec = CROWDED_NS};

	if (express->crowded)
		nanosleep(&pause, NULL);
}

static void run(struct express *express)
{
	struct epoll_event events[AT_ONCE_MOST];

	while (duty_listen(&express->duty) == DUTY_GO_ON) {
		int n = epoll_pwait(express->epoll, events, AT_ONCE_MOST, express->held > 0 ? SWEEP_MS : -1,
		                    &express->duty.waiting);

		express->crowded = false;
		if (n > 0)
			serve(express, events, n);
		sweep(express);
		wait_for_room(express);
	}
}

static bool always_last(void *arg, unsigned flags)
{
	(void)arg;
	(void)flags;
	return true;
}

/* A request whatever it is, answered here; nginx then closes the connection. */
static void serve_alone(struct express *express, int fd)
{
	unsigned flags;

	let_go(express, fd);
	if (duty_serve(&express->duty, fd, always_last, NULL, &flags) && !hold(express, fd))
		close(fd);
}

static void give_all_away(struct express *express)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (express->since[fd] != 0)
			pass(express, fd);
}

static void drop_all(struct express *express)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		if (express->since[fd] != 0)
			drop(express, fd);
}

/*
 * What nobody else may be there for any more: what workers have given, and then, one at a time since workers may still
 * be at it, what they were given. Returns false when there is nothing left.
 */
static bool has_more(struct express *express)
{
	const struct crew *crew = express->duty.config->crew;

	duty_listen(&express->duty);
	express->crowded = false;
	adopt(express, &crew->to_express, HELD_MAX);
	if (duty_stop() == DUTY_RETIRE)
		give_all_away(express);
	if (express->held == 0 && duty_listen(&express->duty) == DUTY_DRAIN)
		adopt(express, &crew->to_workers, 1);
	return express->held > 0;
}

static void finish(struct express *express)
{
	struct epoll_event events[AT_ONCE_MOST];

	express->duty.config->be_patient(express->duty.config->app);
	while (has_more(express)) {
		int n = epoll_pwait(express->epoll, events, AT_ONCE_MOST, DUTY_IDLE_MAX_US / 1000, &express->duty.waiting);

		if (n == 0)
			drop_all(express);
		for (int i = 0; i < n; i++)
			if (!is_queue(express, events[i].data.fd))
				serve_alone(express, events[i].data.fd);
		wait_for_room(express);
	}
}

static unsigned room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= HELD_MAX + OTHER_FDS)
		return HELD_MAX;
	return limit.rlim_cur > OTHER_FDS ? (unsigned)limit.rlim_cur - OTHER_FDS : 1;
}

static int open_queue(struct express *express)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};

	event.data.fd = express->duty.config->crew->to_express.out;
	express->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(express->epoll, EPOLL_CTL_ADD, event.data.fd, &event) == 0)
		return 0;
	log_event(LOG_LEVEL_ERROR, "epoll", "error", strerror(errno), NULL);
	return -1;
}

int express_serve(struct worker_slot *slot, const struct worker_config *config)
{
	struct express *express = mem_alloc(sizeof *express);
	int status = EXIT_FAILURE;

	if (duty_begin(&express->duty, slot, config) != 0)
		goto err0;
	for (unsigned i = 0; i < AT_ONCE_MOST; i++)
		express->glances[i] = glance_create(config->body_max);
	express->room = room();
	if (open_queue(express) == 0) {
		run(express);
		finish(express);
		status = EXIT_SUCCESS;
	}
	for (unsigned i = 0; i < AT_ONCE_MOST; i++)
		glance_free(express->glances[i]);
	duty_end(&express->duty);
err0:
	free(express);
	return status;
}
