/*
 * The queue of connections between processes: order, who owns a descriptor when, and what outlives whom.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/handoff.h"
#include "unit.h"

/* More than fit into the queue. */
enum { MANY = 100000 };

static struct handoff queue;

static void setup(void)
{
	ck_assert_int_eq(handoff_create(&queue), 0);
}

static void teardown(void)
{
	close(queue.in);
	close(queue.out);
}

/* A connection whose peer can be asked who has it: returns our end. */
static int connection(int *peer_r)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*peer_r = pair[1];
	return pair[0];
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Can it be taken from? */
static bool has_some(void)
{
	struct pollfd pollfd = {.fd = queue.out, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN) != 0;
}

static void assert_connected(int fd, int peer)
{
	char byte = 0;

	ck_assert_int_eq(write(fd, "!", 1), 1);
	ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(byte, '!');
}

/* Nobody has the other end any more. */
static void assert_abandoned(int peer)
{
	char byte;

	ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
}

static void assert_exits_well(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

START_TEST(order)
{
	int peers[5], fds[5];

	for (int i = 0; i < COUNT(peers); i++) {
		int fd = connection(&peers[i]);

		ck_assert(handoff_give(&queue, fd));
		ck_assert(!is_open(fd));
		ck_assert(has_some());
	}
	for (int i = 0; i < COUNT(peers); i++) {
		fds[i] = handoff_take(&queue);
		ck_assert_int_ge(fds[i], 0);
		assert_connected(fds[i], peers[i]);
	}
	ck_assert(!has_some());
	for (int i = 0; i < COUNT(peers); i++) {
		close(fds[i]);
		assert_abandoned(peers[i]);     /* nothing else held it: not the giver, not the queue */
		close(peers[i]);
	}
}
END_TEST

START_TEST(nothing)
{
	int peer;

	ck_assert(!has_some());
	ck_assert_int_eq(handoff_take(&queue), -1);
	ck_assert(handoff_give(&queue, connection(&peer)));
	close(handoff_take(&queue));
	ck_assert_int_eq(handoff_take(&queue), -1);
	close(queue.in);
	ck_assert_int_eq(handoff_take(&queue), -1);
	queue.in = -1;
	close(peer);
}
END_TEST

START_TEST(no_descriptor)
{
	int peer, fd = connection(&peer);

	close(fd);
	ck_assert(!handoff_give(&queue, fd));
	ck_assert(!handoff_give(&queue, -1));
	ck_assert_int_eq(handoff_take(&queue), -1);
	close(peer);
}
END_TEST

/* Programs that are started get neither the queue nor what came out of it; and nobody waits for it. */
START_TEST(flags)
{
	int peer, fd = connection(&peer);

	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert(handoff_give(&queue, fd));
	fd = handoff_take(&queue);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);   /* as it was */
	ck_assert_int_ne(fcntl(queue.in, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(queue.out, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(queue.in, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(queue.out, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	close(peer);
}
END_TEST

/* Another process takes what this one has given. */
START_TEST(other_takes)
{
	int peer;
	pid_t child;
	char byte = 0;

	ck_assert(handoff_give(&queue, connection(&peer)));
	child = fork();
	if (child == 0) {
		int fd = handoff_take(&queue);

		_exit(fd >= 0 && write(fd, "c", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_exits_well(child);
	ck_assert_int_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(byte, 'c');
	assert_abandoned(peer);
	ck_assert_int_eq(handoff_take(&queue), -1);
	close(peer);
}
END_TEST

/* What a process has put in is there when it has ended, in whatever way. */
START_TEST(giver_dies)
{
	int peers[2], fds[2] = {connection(&peers[0]), connection(&peers[1])}, status;
	pid_t child = fork();

	if (child == 0) {
		if (handoff_give(&queue, fds[0]) && handoff_give(&queue, fds[1]))
			raise(SIGKILL);
		_exit(EXIT_FAILURE);
	}
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (int i = 0; i < COUNT(peers); i++) {
		int fd = handoff_take(&queue);

		ck_assert_int_ge(fd, 0);
		assert_connected(fd, peers[i]);
		close(fd);
		assert_abandoned(peers[i]);
		close(peers[i]);
	}
	ck_assert_int_eq(handoff_take(&queue), -1);
}
END_TEST

/* The taker that dies before it has taken leaves all to the next. */
START_TEST(taker_dies)
{
	int peer, fd;
	pid_t child;

	ck_assert(handoff_give(&queue, connection(&peer)));
	child = fork();
	if (child == 0)
		_exit(has_some() ? EXIT_SUCCESS : EXIT_FAILURE);
	assert_exits_well(child);
	fd = handoff_take(&queue);
	ck_assert_int_ge(fd, 0);
	assert_connected(fd, peer);
	close(fd);
	close(peer);
}
END_TEST

/* Gives copies of the connection until there is no room; returns how many went in, and the one that did not. */
static int fill(int fd, int *left_r)
{
	for (int n = 0; n < MANY; n++) {
		int copy = dup(fd);

		ck_assert_int_ge(copy, 0);
		if (!handoff_give(&queue, copy)) {
			*left_r = copy;
			return n;
		}
	}
	ck_abort_msg("a queue without end");
	return 0;
}

START_TEST(full)
{
	int peer, fd = connection(&peer), left, n = fill(fd, &left), taken = 0;

	ck_assert_int_gt(n, 100);
	ck_assert(is_open(left));
	assert_connected(left, peer);
	ck_assert(!handoff_give(&queue, left));         /* still */
	ck_assert(is_open(left));
	for (int out; (out = handoff_take(&queue)) >= 0; taken++) {
		assert_connected(out, peer);
		close(out);
	}
	ck_assert_int_eq(taken, n);                     /* what was refused did not go in by halves */
	ck_assert(handoff_give(&queue, left));
	ck_assert(!is_open(left));
	left = handoff_take(&queue);
	assert_connected(left, peer);
	close(left);
	close(fd);
	assert_abandoned(peer);
	close(peer);
}
END_TEST

/* A process that can open nothing more takes nothing, and is none the worse for it. */
START_TEST(no_room_for_descriptors)
{
	const char *preload = getenv("LD_PRELOAD");
	int peer, fd;
	struct rlimit limit, none;

	if (preload != NULL && strstr(preload, "valgrind") != NULL)
		return;                 /* it keeps such limits from the kernel */
	fd = connection(&peer);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	ck_assert(handoff_give(&queue, fd));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(handoff_take(&queue), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_abandoned(peer);         /* that connection is lost: whoever takes must have room */
	ck_assert(handoff_give(&queue, peer));
	fd = handoff_take(&queue);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("handoff");
	TCase *tcase = tcase_create("handoff");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, order);
	tcase_add_test(tcase, nothing);
	tcase_add_test(tcase, no_descriptor);
	tcase_add_test(tcase, flags);
	tcase_add_test(tcase, other_takes);
	tcase_add_test(tcase, giver_dies);
	tcase_add_test(tcase, taker_dies);
	tcase_add_test(tcase, full);
	tcase_add_test(tcase, no_room_for_descriptors);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
