/*
 * A serving process: its signals, and one request after the other by way of libfcgi.
 */
#include "http/duty.h"

#include <errno.h>
#include <fcgiapp.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/exchange.h"

static volatile sig_atomic_t stop_how, reopen_log;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		reopen_log = 1;
	else if (number == SIGTERM)
		stop_how = DUTY_DRAIN;          /* also of one that was to retire: those it could rely on end too */
	else if (stop_how == DUTY_GO_ON)
		stop_how = DUTY_RETIRE;
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

int duty_begin(struct duty *duty, struct worker_slot *slot, const struct worker_config *config)
{
	if (FCGX_Init() != 0) {
		log_event(LOG_LEVEL_ERROR, "libfcgi", "error", strerror(errno), NULL);
		return -1;
	}
	*duty = (struct duty){.slot = slot, .config = config, .exchange = exchange_create(config->body_max)};
	set_signals(&duty->waiting);
	atomic_store(&slot->ready, 1);
	return 0;
}

void duty_end(struct duty *duty)
{
	exchange_free(duty->exchange);
}

enum duty_stop duty_listen(const struct duty *duty)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, &duty->waiting, &blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return duty_stop();
}

enum duty_stop duty_stop(void)
{
	if (reopen_log) {
		reopen_log = 0;
		log_reopen();
	}
	return (enum duty_stop)stop_how;
}

static const char *method_name(enum http_method method)
{
	return method == HTTP_GET ? "GET" : method == HTTP_POST ? "POST" : method == HTTP_HEAD ? "HEAD" : "other";
}

void duty_account(struct worker_slot *slot, const struct request *request, int64_t began, long bytes)
{
	int64_t us = clock_mono_us() - began;
	unsigned class = request->status / 100;

	atomic_fetch_add_explicit(&slot->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->by_class[class < 6 ? class : 5], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->total_us, (uint64_t)us, memory_order_relaxed);
	log_event(LOG_LEVEL_INFO, "request", "method", method_name(request->method), "route",
	          request->route != NULL ? request->route->path : "-", "status", log_num(request->status), "us",
	          log_num(us),
	          "bytes", log_num(bytes), NULL);
}

/* Who repeats requests under a key, or sends many in one, is likely to go on so, and that is not done together. */
static unsigned flags_of(const struct request *request)
{
	unsigned flags = request->route != NULL ? request->route->flags : 0;

	return request->is_batch || request->idempotency_key != NULL ? flags & ~(unsigned)ROUTE_TOGETHER : flags;
}

bool duty_serve(struct duty *duty, int fd, bool (*is_last)(void *arg, unsigned flags), void *arg, unsigned *flags_r)
{
	const struct worker_config *config = duty->config;
	int64_t began = clock_mono_us();
	struct request *request;
	bool open = false;

	*flags_r = 0;
	atomic_store(&duty->slot->busy_since, began);
	request = exchange_receive(duty->exchange, fd);
	if (request != NULL) {
		long bytes;

		router_handle(config->router, config->app, request);
		*flags_r = flags_of(request);
		bytes = exchange_send(duty->exchange, is_last(arg, *flags_r));
		duty_account(duty->slot, request, began, bytes);
		open = exchange_end(duty->exchange);
	}
	atomic_store(&duty->slot->busy_since, 0);
	return open;
}
