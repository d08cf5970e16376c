/*
 * The master's loop. It does nothing but wait for signals, with a tick once a second, so that nothing in it can hang.
 *
 * Workers belong to a generation; a reload starts a new one and, when all of that are ready, tells the older ones to
 * finish. A worker that dies is replaced; when it died at once, after a pause that grows from one time to the next.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/shared.h"
#include "http/prefork.h"

enum {
	SLOTS_MIN = 64,                 /* room for reloads that ask for more workers, or follow one another */
	TICK_MS = 1000, HURRY_MS = 20,  /* how long it waits for a signal; when something is due soon */
	AT_ONCE_US = 1000000,           /* a worker that lived for less died at once */
	PAUSE_MIN_US = 100000, PAUSE_MAX_US = 10000000,
	SECOND_US = 1000000
};

/* What the master alone knows of the worker in a slot; pid 0: none. */
struct child {
	pid_t pid;
	unsigned generation;
	int64_t started;
	int64_t kill_at;                /* it was told to stop, and must have by then; 0: it was not told */
	bool killed;
};

struct master {
	struct prefork *prefork;
	struct child *children;         /* one a slot */
	unsigned generation;
	bool reload_due;
	bool stopping;
	int64_t pause;                  /* before a worker is started again */
	int64_t not_before;
	int status;
	sigset_t signals;
};

/* Blocked from here on, in the workers too: each lets them in only where it waits. */
static void block_signals(sigset_t *signals)
{
	static const int all[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sigaddset(signals, all[i]);
		signal(all[i], SIG_DFL);        /* an inherited SIG_IGN would discard it */
	}
	sigprocmask(SIG_BLOCK, signals, NULL);
}

static void __attribute__((noreturn)) be_worker(struct prefork *prefork, struct worker_slot *slot, pid_t master)
{
	static const char *const names[CREW_KINDS] = {[CREW_EXPRESS] = "api-express", [CREW_SHUTTLE] = "api-shuttle"};

	if (names[slot->kind] != NULL)
		prctl(PR_SET_NAME, names[slot->kind]);  /* in ps and top */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		_exit(EXIT_SUCCESS);            /* it died before that */
	exit(prefork->worker(prefork, slot, prefork->arg));
}

static void start_worker(struct master *master, unsigned i, enum crew_kind kind)
{
	struct worker_slot *slot = &master->prefork->slots[i];
	pid_t self = getpid(), pid;

	atomic_store(&slot->ready, 0);
	atomic_store(&slot->busy_since, 0);
	slot->kind = kind;
	pid = fork();
	if (pid == 0)
		be_worker(master->prefork, slot, self);
	if (pid < 0) {
		log_event(LOG_LEVEL_ERROR, "fork", "error", strerror(errno), NULL);
		master->not_before = clock_mono_us() + PAUSE_MAX_US;
		return;
	}
	atomic_store(&slot->pid, pid);
	master->children[i] = (struct child){.pid = pid, .generation = master->generation, .started = clock_mono_us()};
}

static unsigned count(const struct master *master)
{
	unsigned n = 0;

	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		n += master->children[i].pid != 0;
	return n;
}

/* Those of the current generation that are of this kind. */
static unsigned count_current(const struct master *master, enum crew_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		n += master->children[i].pid != 0 && master->children[i].generation == master->generation &&
		     master->prefork->slots[i].kind == kind;
	return n;
}

static void start_missing_of(struct master *master, enum crew_kind kind)
{
	unsigned have = count_current(master, kind), most = master->prefork->crew.processes[kind];

	for (unsigned i = 0; i < master->prefork->n_slots && have < most; i++) {
		if (clock_mono_us() < master->not_before)
			return;
		if (master->children[i].pid == 0) {
			start_worker(master, i, kind);
			have++;
		}
	}
}

/* Starts what is missing of the current generation. */
static void start_missing(struct master *master)
{
	for (int kind = 0; kind < CREW_KINDS; kind++)
		start_missing_of(master, (enum crew_kind)kind);
}

/* One step a pause, however many die in it. */
static void pause_longer(struct master *master, int64_t now)
{
	if (now < master->not_before)
		return;
	master->pause = master->pause == 0 ? PAUSE_MIN_US : 2 * master->pause;
	if (master->pause > PAUSE_MAX_US)
		master->pause = PAUSE_MAX_US;
	master->not_before = now + master->pause;
}

static void note_end(struct master *master, const struct child *child, int status)
{
	int64_t now = clock_mono_us(), lived = now - child->started;
	bool in_order = child->kill_at != 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (in_order)
		return;
	log_event(LOG_LEVEL_ERROR, "worker-died", "pid", log_num(child->pid), "signal",
	          log_num(WIFSIGNALED(status) ? WTERMSIG(status) : 0), "status",
	          log_num(WIFEXITED(status) ? WEXITSTATUS(status) : 0), "lived_us", log_num(lived), NULL);
	if (child->kill_at != 0)
		master->status = master->stopping ? EXIT_FAILURE : master->status;
	else if (lived < AT_ONCE_US)
		pause_longer(master, now);
	else
		master->pause = 0;
}

static void reap(struct master *master)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < master->prefork->n_slots; i++) {
			struct child *child = &master->children[i];

			if (child->pid != pid)
				continue;
			note_end(master, child, status);
			*child = (struct child){0};
			atomic_store(&master->prefork->slots[i].pid, 0);
			atomic_store(&master->prefork->slots[i].busy_since, 0);
			break;
		}
	}
}

static void tell(struct master *master, struct child *child, int signal_number)
{
	kill(child->pid, signal_number);
	child->kill_at = clock_mono_us() + master->prefork->stop_timeout * SECOND_US;
}

static void tell_all(struct master *master, int signal_number)
{
	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		if (master->children[i].pid != 0)
			tell(master, &master->children[i], signal_number);
}

/* Ends a worker that does not answer any more. What it had not committed is undone, and its client was told nothing. */
static void end_worker(struct child *child, const char *why)
{
	log_event(LOG_LEVEL_ERROR, why, "pid", log_num(child->pid), NULL);
	kill(child->pid, SIGKILL);
	child->killed = true;
}

static bool is_over_deadline(const struct prefork *prefork, struct worker_slot *slot)
{
	int64_t since = atomic_load(&slot->busy_since);

	return since != 0 && clock_mono_us() - since > prefork->request_deadline * SECOND_US &&
	       atomic_load(&slot->busy_since) == since;
}

static void watch(struct master *master)
{
	int64_t now = clock_mono_us();

	for (unsigned i = 0; i < master->prefork->n_slots; i++) {
		struct child *child = &master->children[i];

		if (child->pid == 0 || child->killed)
			continue;
		if (is_over_deadline(master->prefork, &master->prefork->slots[i]))
			end_worker(child, "worker-deadline");
		else if (child->kill_at != 0 && now > child->kill_at)
			end_worker(child, "worker-stop-timeout");
	}
}

static bool has(const struct master *master, enum crew_kind kind)
{
	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		if (master->children[i].pid != 0 && master->children[i].kill_at == 0 &&
		    master->prefork->slots[i].kind == kind && atomic_load(&master->prefork->slots[i].ready) != 0)
			return true;
	return false;
}

/* What was given to an express that is no more is for the workers. */
static void pass_on(const struct master *master, enum crew_kind kind)
{
	const struct crew *crew = &master->prefork->crew;
	int fd;

	if (has(master, kind))
		return;
	while (handoff_has_room(&crew->to[CREW_WORKER]) && (fd = handoff_take(&crew->to[kind])) >= 0)
		if (!handoff_give(&crew->to[CREW_WORKER], fd))
			close(fd);
}

static void pass_all_on(const struct master *master)
{
	for (int kind = CREW_WORKER + 1; kind < CREW_KINDS; kind++)
		pass_on(master, (enum crew_kind)kind);
}

static unsigned wanted(const struct prefork *prefork)
{
	unsigned n = 0;

	for (int kind = 0; kind < CREW_KINDS; kind++)
		n += prefork->crew.processes[kind];
	return n;
}

static bool is_generation_ready(const struct master *master)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		if (master->children[i].pid != 0 && master->children[i].generation == master->generation)
			ready += atomic_load(&master->prefork->slots[i].ready) != 0;
	return ready >= wanted(master->prefork);
}

/* Are there workers of older generations that were not told to stop? */
static bool has_old(const struct master *master)
{
	for (unsigned i = 0; i < master->prefork->n_slots; i++) {
		const struct child *child = &master->children[i];

		if (child->pid != 0 && child->generation != master->generation && child->kill_at == 0)
			return true;
	}
	return false;
}

static void retire_old(struct master *master)
{
	if (!has_old(master) || !is_generation_ready(master))
		return;
	for (unsigned i = 0; i < master->prefork->n_slots; i++) {
		struct child *child = &master->children[i];

		if (child->pid != 0 && child->generation != master->generation && child->kill_at == 0)
			tell(master, child, SIGQUIT);
	}
	log_event(LOG_LEVEL_INFO, "reloaded", "workers", log_num(master->prefork->crew.processes[CREW_WORKER]), NULL);
}

/* There is one worker at least, whatever else is wanted. */
static void limit(struct prefork *prefork, unsigned most)
{
	unsigned *processes = prefork->crew.processes, all = wanted(prefork);

	if (all <= most)
		return;
	for (unsigned kind = CREW_KINDS; kind-- > 0; most -= processes[kind]) {
		unsigned room = kind == CREW_WORKER ? most : most - 1;

		if (processes[kind] > room)
			processes[kind] = room;
	}
	log_event(LOG_LEVEL_WARN, "too-many-workers", "wanted", log_num(all), "started", log_num(wanted(prefork)),
	          "remedy", "restart", NULL);
}

/* A reload waits until the one before it has left slots for a new generation. */
static void reload_if_due(struct master *master)
{
	struct prefork *prefork = master->prefork;
	unsigned most;

	if (!master->reload_due || count(master) + wanted(prefork) > prefork->n_slots)
		return;
	master->reload_due = false;
	if (prefork->reload != NULL && prefork->reload(prefork, prefork->arg) != 0)
		return;
	most = prefork->n_slots - count(master);
	limit(prefork, most < prefork->n_slots / 2 ? most : prefork->n_slots / 2);
	master->generation++;
	master->not_before = master->pause = 0;
}

static void stop(struct master *master)
{
	if (master->stopping)
		return;
	log_event(LOG_LEVEL_INFO, "stopping", "workers", log_num(count(master)), NULL);
	master->stopping = true;
	master->reload_due = false;
	prefork_unlisten();
	tell_all(master, SIGTERM);
}

static void reopen(struct master *master)
{
	log_reopen();
	for (unsigned i = 0; i < master->prefork->n_slots; i++)
		if (master->children[i].pid != 0)
			kill(master->children[i].pid, SIGUSR1);
}

/* Short while a moment that no signal announces is near: a generation getting ready, the end of a pause. */
static int64_t tick_ms(const struct master *master)
{
	int64_t now = clock_mono_us();

	for (int kind = 0; kind < CREW_KINDS; kind++)
		if (master->prefork->crew.processes[kind] > 0 && !has(master, (enum crew_kind)kind))
			return HURRY_MS;
	if (has_old(master) || (master->not_before > now && master->not_before - now < TICK_MS * 1000))
		return HURRY_MS;
	return TICK_MS;
}

static void wait_signal(struct master *master)
{
	int64_t ms = tick_ms(master);
	struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	switch (sigtimedwait(&master->signals, NULL, &timeout)) {
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		stop(master);
		break;
	case SIGHUP:
		master->reload_due = !master->stopping;
		break;
	case SIGUSR1:
		reopen(master);
		break;
	default:
		break;          /* SIGCHLD, or time to look around */
	}
}

static void run(struct master *master)
{
	while (!master->stopping || count(master) > 0) {
		reap(master);
		watch(master);
		reload_if_due(master);
		if (!master->stopping) {
			start_missing(master);
			retire_old(master);
			pass_all_on(master);
		} else if (count(master) == 0) {
			return;
		}
		wait_signal(master);
	}
}

int prefork_run(struct prefork *prefork)
{
	struct master master = {.prefork = prefork, .status = EXIT_SUCCESS};
	unsigned processes = wanted(prefork);

	prefork->n_slots = 4 * processes > SLOTS_MIN ? 4 * processes : SLOTS_MIN;
	for (int kind = 0; kind < CREW_KINDS; kind++)
		if (handoff_create(&prefork->crew.to[kind]) != 0)
			return EXIT_FAILURE;
	prefork->slots = shared_memory("workers", prefork->n_slots * sizeof(struct worker_slot));
	master.children = mem_alloc(prefork->n_slots * sizeof(*master.children));
	block_signals(&master.signals);
	log_event(LOG_LEVEL_INFO, "started", "workers", log_num(prefork->crew.processes[CREW_WORKER]), NULL);
	run(&master);
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	free(master.children);
	munmap(prefork->slots, prefork->n_slots * sizeof(struct worker_slot));
	prefork->slots = NULL;
	return master.status;
}
