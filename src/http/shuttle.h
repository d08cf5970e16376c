/*
 * Requests of one kind whose work costs nearly the same for one as for many, a commit, and takes a while: it is done
 * for all of a load at a desk, while the loop goes on and the next load gathers.
 */
#ifndef HTTP_SHUTTLE_H
#define HTTP_SHUTTLE_H

#include "base/desk.h"
#include "http/worker.h"

struct glance;

/* A request that stands in the connection `fd`, as seen through its glance. */
struct ticket {
	int fd;
	struct glance *glance;
	struct request *request;
	int64_t since;                  /* clock_mono_us() when it was looked at */
};

struct load {
	struct ticket tickets[AT_ONCE_MOST];
	unsigned n;
	void *group;                    /* what is to be done with them, as `together` has it */
};

struct shuttle {
	const struct together *together;
	struct desk *desk;
	struct load loads[2];
	struct load *here, *away;       /* the one that gathers, and that at the desk or NULL */
};

/*
 * Without `together` (NULL) nobody boards, and there is no desk. Returns 0, or -1 after logging. Free with
 * shuttle_close(), which waits for the desk.
 */
int shuttle_open(struct shuttle *shuttle, const struct together *together, struct app *app);
void shuttle_close(struct shuttle *shuttle);

/* Takes the request into the next load. False: it is not one of those that are done together, or there is no room. */
bool shuttle_board(struct shuttle *shuttle, const struct ticket *ticket);

/* Gives what has gathered to the desk, if that is idle and there is something. */
void shuttle_depart(struct shuttle *shuttle);

/*
 * The load whose work is done, if there is one, else NULL; `wait` for the one that is away. Its requests are answered
 * by shuttle_answer(), which need not hold up the next departure; then it is emptied with shuttle_unload().
 */
struct load *shuttle_arrive(struct shuttle *shuttle, bool wait);
void shuttle_answer(const struct shuttle *shuttle, struct load *load);
void shuttle_unload(struct load *load);

/* When the oldest request in hand began; 0: there is none. */
int64_t shuttle_since(const struct shuttle *shuttle);

/* Readable when a load has arrived; -1: there is no desk. */
int shuttle_fd(const struct shuttle *shuttle);

#endif
