/*
 * The thread that draws.
 */
#include "documents/drawing.h"

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

#include "base/desk.h"

/*
 * By which a tenth is left of a processor that one other wants too. Further down nobody else gains measurably, and on a
 * machine without rest a paper might not be finished before its reader has gone.
 */
enum { LOWER = 10 };

static struct desk *desk;

/* On Linux a priority is a thread's; 0 is the one that asks. */
static void step_back(void *arg)
{
	(void)arg;
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + LOWER);
}

static struct desk *open_deaf_desk(void)
{
	struct desk *opened;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	opened = desk_open();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return opened;
}

static void do_there(void (*fn)(void *arg), void *arg)
{
	desk_give(desk, fn, arg);
	desk_wait(desk);
}

void drawing_do(void (*draw)(void *arg), void *arg)
{
	if (desk == NULL) {
		desk = open_deaf_desk();
		if (desk == NULL) {
			draw(arg);
			return;
		}
		do_there(step_back, NULL);
	}
	do_there(draw, arg);
}

void drawing_end(void)
{
	desk_close(desk);
	desk = NULL;
}
