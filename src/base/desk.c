/*
 * One thread that does one job at a time.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/desk.h"
#include "base/log.h"
#include "base/pool.h"

struct desk {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t given;
	void (*fn)(void *arg);          /* the job to do; under the lock */
	void *arg;
	char request[LOG_REQUEST];      /* whose job it is, for the log */
	bool closing;                   /* under the lock */
	bool busy;                      /* the caller's view */
	int done_fd;
};

static void tell_done(struct desk *desk)
{
	uint64_t one = 1;

	while (write(desk->done_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void *serve(void *arg)
{
	struct desk *desk = arg;

	pthread_mutex_lock(&desk->lock);
	for (;;) {
		void (*fn)(void *arg);
		void *fn_arg;

		while (desk->fn == NULL && !desk->closing)
			pthread_cond_wait(&desk->given, &desk->lock);
		if (desk->fn == NULL)
			break;
		fn = desk->fn;
		fn_arg = desk->arg;
		desk->fn = NULL;
		log_set_request(desk->request);
		pthread_mutex_unlock(&desk->lock);
		fn(fn_arg);
		tell_done(desk);
		pthread_mutex_lock(&desk->lock);
	}
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

struct desk *desk_open(void)
{
	struct desk *desk = mem_alloc(sizeof *desk);
	int error;

	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->given, NULL);
	desk->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = desk->done_fd < 0 ? errno : pthread_create(&desk->thread, NULL, serve, desk);
	if (error == 0)
		return desk;
	log_event(LOG_LEVEL_ERROR, "thread", "error", strerror(error), NULL);
	if (desk->done_fd >= 0)
		close(desk->done_fd);
	free(desk);
	return NULL;
}

void desk_close(struct desk *desk)
{
	if (desk == NULL)
		return;
	pthread_mutex_lock(&desk->lock);
	desk->closing = true;
	pthread_cond_signal(&desk->given);
	pthread_mutex_unlock(&desk->lock);
	pthread_join(desk->thread, NULL);
	pthread_mutex_destroy(&desk->lock);
	pthread_cond_destroy(&desk->given);
	close(desk->done_fd);
	free(desk);
}

bool desk_busy(const struct desk *desk)
{
	return desk->busy;
}

void desk_give(struct desk *desk, void (*fn)(void *arg), void *arg)
{
	desk->busy = true;
	pthread_mutex_lock(&desk->lock);
	desk->fn = fn;
	desk->arg = arg;
	snprintf(desk->request, sizeof desk->request, "%s", log_request());
	pthread_cond_signal(&desk->given);
	pthread_mutex_unlock(&desk->lock);
}

bool desk_take(struct desk *desk)
{
	uint64_t times;

	if (!desk->busy || read(desk->done_fd, &times, sizeof times) != sizeof times)
		return false;
	desk->busy = false;
	return true;
}

void desk_wait(struct desk *desk)
{
	struct pollfd done = {.fd = desk->done_fd, .events = POLLIN};

	while (desk->busy && !desk_take(desk))
		poll(&done, 1, -1);
}

int desk_fd(const struct desk *desk)
{
	return desk->done_fd;
}
