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
#include "http/shuttle.h"

enum {
	HELD_MAX = 512,                 /* connections, if the process may have as many … */
	OTHER_FDS = 64,                 /* … beside its other descriptors */
	FDS_MAX = 1024,                 /* descriptors are less than that */
	SWEEP_MS = 500,                 /* how often silent connections are looked for */
	CROWDED_NS = 1000000,           /* pause when something has to wait for room */
	GLANCES = 3 * AT_ONCE_MOST      /* of a round, and of the shuttle's two loads */
};

struct express {
	struct duty duty;
	int epoll;
	int64_t since[FDS_MAX];         /* when a connection last did something, by descriptor; 0: not held */
	unsigned held, room;            /* connections that it has, and may have */
	int64_t swept;
	bool crowded;                   /* something could not be taken, or given away */
	struct glance *spare[GLANCES];  /* not in use */
	unsigned n_spare;
	struct shuttle shuttle;
};

/* Requests that are answered at once, together. */
struct round {
	struct ticket tickets[AT_ONCE_MOST];
	unsigned n;
	int64_t since;                  /* when they were looked at */
};

/* By which it is given connections. */
static const struct handoff *queue(const struct express *express)
{
	return &express->duty.config->crew->to[express->duty.slot->kind];
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
	if (handoff_give(&express->duty.config->crew->to[CREW_WORKER], fd))
		return;
	express->crowded = true;
	if (hold(express, fd))
		express->since[fd] = since;
	else
		close(fd);
}

/* Takes what is in the queue, so many at most and as far as there is room. */
static void adopt(struct express *express, const struct handoff *queue, unsigned most)
{
	for (unsigned n = 0; n < most && express->held < express->room; n++) {
		int fd = handoff_take(queue);

		if (fd < 0)
			return;
		if (!hold(express, fd))
			close(fd);
	}
}

/* When there is no room for more, what else is in the queue is for the workers. */
static void overflow(struct express *express, const struct handoff *queue)
{
	const struct handoff *workers = &express->duty.config->crew->to[CREW_WORKER];
	bool empty = false;

	while (!empty && handoff_has_room(workers)) {
		int fd = handoff_take(queue);

		empty = fd < 0;
		if (!empty && !handoff_give(workers, fd))
			close(fd);
	}
	express->crowded = express->crowded || !empty;
}

static void welcome(struct express *express)
{
	adopt(express, queue(express), HELD_MAX);
	if (express->held == express->room)
		overflow(express, queue(express));
}

/* Throws what was made of the request away; in the connection it may still stand. */
static void tear_up(struct express *express, const struct ticket *ticket)
{
	glance_end(ticket->glance);
	express->spare[express->n_spare++] = ticket->glance;
}

static unsigned flags_of(const struct express *express, struct request *request)
{
	bool whole = request->fault == HTTP_FAULT_NONE && !request->is_batch;

	return whole && router_find(express->duty.config->router, request) ? request->route->flags : 0;
}

/* Until its answer is known nothing that happens on the connection is of interest. */
static bool board(struct express *express, const struct ticket *ticket)
{
	if (!shuttle_board(&express->shuttle, ticket))
		return false;
	epoll_ctl(express->epoll, EPOLL_CTL_DEL, ticket->fd, NULL);
	return true;
}

static bool take(struct express *express, struct round *round, const struct ticket *ticket)
{
	unsigned flags = flags_of(express, ticket->request);

	if ((flags & ROUTE_TOGETHER) != 0)
		return board(express, ticket);
	if ((flags & ROUTE_AT_ONCE) == 0)
		return false;
	round->tickets[round->n++] = *ticket;
	return true;
}

static void look(struct express *express, struct round *round, int fd)
{
	struct ticket ticket = {.fd = fd, .glance = express->spare[--express->n_spare], .since = round->since};
	enum glance_result seen = glance_look(ticket.glance, fd, &ticket.request);

	if (seen == GLANCE_REQUEST && take(express, round, &ticket))
		return;
	tear_up(express, &ticket);
	if (seen == GLANCE_END)
		drop(express, fd);
	else if (seen != GLANCE_NOTHING)
		pass(express, fd);
}

/* Returns false when the connection, its request still in it, is for somebody who can wait for the peer. */
static bool answer(struct express *express, const struct ticket *ticket)
{
	const struct request *request = ticket->request;
	long bytes;

	log_set_request(request->id);
	bytes = glance_answer(ticket->glance);
	if (bytes != ANSWER_LATER)
		duty_account(express->duty.slot, request, ticket->since, bytes);
	log_set_request(NULL);
	if (bytes == ANSWER_LATER)
		return false;
	express->since[ticket->fd] = clock_mono_us();
	if (bytes < 0 || !glance_keeps(ticket->glance))
		drop(express, ticket->fd);
	return true;
}

static void settle(struct express *express, const struct ticket *ticket)
{
	if (ticket->request->status == 0 || !answer(express, ticket))
		pass(express, ticket->fd);
	tear_up(express, ticket);
}

/* Workers that are to end too may not look any more: then it is served here, like all that still comes. */
static void leave_to_others(struct express *express, int fd)
{
	if (duty_stop() != DUTY_DRAIN)
		pass(express, fd);
}

/* What is done is not to be done again by another: one who does not take his answer now goes without it. */
static void get_off(struct express *express, const struct ticket *ticket)
{
	bool open = watch(express, ticket->fd);

	if (open && ticket->request->status == 0)
		leave_to_others(express, ticket->fd);
	else if (!open || !answer(express, ticket))
		drop(express, ticket->fd);
	tear_up(express, ticket);
}

static void unload(struct express *express, struct load *load)
{
	shuttle_answer(&express->shuttle, load);
	for (unsigned i = 0; i < load->n; i++)
		get_off(express, &load->tickets[i]);
	shuttle_unload(load);
}

static void note_busy(struct express *express, int64_t since)
{
	atomic_store(&express->duty.slot->busy_since, since);
}

static void serve(struct express *express, const struct epoll_event *events, int n)
{
	const struct worker_config *config = express->duty.config;
	struct load *load = shuttle_arrive(&express->shuttle, false);
	struct round round = {.since = clock_mono_us()};
	struct request *requests[AT_ONCE_MOST];

	note_busy(express, round.since);
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == queue(express)->out)
			welcome(express);
		else if (events[i].data.fd != shuttle_fd(&express->shuttle))
			look(express, &round, events[i].data.fd);
	}
	log_set_request(NULL);
	shuttle_depart(&express->shuttle);
	if (load != NULL)
		unload(express, load);
	for (unsigned i = 0; i < round.n; i++)
		requests[i] = round.tickets[i].request;
	if (round.n > 0)
		config->answer_at_once(config->app, requests, round.n);
	for (unsigned i = 0; i < round.n; i++)
		settle(express, &round.tickets[i]);
	note_busy(express, shuttle_since(&express->shuttle));
}

static void bring_all_home(struct express *express)
{
	struct load *load;

	shuttle_depart(&express->shuttle);
	while ((load = shuttle_arrive(&express->shuttle, true)) != NULL) {
		shuttle_depart(&express->shuttle);
		unload(express, load);
		note_busy(express, shuttle_since(&express->shuttle));
	}
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
	adopt(express, queue(express), HELD_MAX);
	express->crowded = express->held == express->room;
	if (duty_stop() == DUTY_RETIRE)
		give_all_away(express);
	if (express->held == 0 && duty_listen(&express->duty) == DUTY_DRAIN)
		adopt(express, &crew->to[CREW_WORKER], 1);
	return express->held > 0;
}

static void finish(struct express *express)
{
	struct epoll_event events[AT_ONCE_MOST];

	bring_all_home(express);
	express->duty.config->be_patient(express->duty.config->app);
	while (has_more(express)) {
		int n = epoll_pwait(express->epoll, events, AT_ONCE_MOST, DUTY_IDLE_MAX_US / 1000, &express->duty.waiting);

		if (n == 0)
			drop_all(express);
		for (int i = 0; i < n; i++)
			if (events[i].data.fd != queue(express)->out)
				serve_alone(express, events[i].data.fd);
		sweep(express);
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

	event.data.fd = queue(express)->out;
	express->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(express->epoll, EPOLL_CTL_ADD, event.data.fd, &event) == 0 &&
	    (shuttle_fd(&express->shuttle) < 0 || watch(express, shuttle_fd(&express->shuttle))))
		return 0;
	log_event(LOG_LEVEL_ERROR, "epoll", "error", strerror(errno), NULL);
	return -1;
}

/* Without a shuttle those of a round do. */
static void make_glances(struct express *express)
{
	unsigned n = express->duty.config->together != NULL ? GLANCES : AT_ONCE_MOST;

	while (express->n_spare < n)
		express->spare[express->n_spare++] = glance_create(express->duty.config->body_max);
}

int express_serve(struct worker_slot *slot, const struct worker_config *config)
{
	struct express *express = mem_alloc(sizeof *express);
	int status = EXIT_FAILURE;

	if (shuttle_open(&express->shuttle, config->together, config->app) != 0)
		goto err0;
	if (duty_begin(&express->duty, slot, config) != 0)
		goto err1;
	make_glances(express);
	express->room = room();
	if (open_queue(express) == 0) {
		run(express);
		finish(express);
		status = EXIT_SUCCESS;
	}
	while (express->n_spare > 0)
		glance_free(express->spare[--express->n_spare]);
	duty_end(&express->duty);
err1:
	shuttle_close(&express->shuttle);
err0:
	free(express);
	return status;
}
