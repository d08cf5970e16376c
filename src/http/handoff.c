/*
 * Connections sent as descriptors over a Unix socket (unix(7), SCM_RIGHTS). What is in the socket's buffer outlives the
 * process that put it there.
 */
#include "http/handoff.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* Room for the one descriptor that a message carries. */
union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int handoff_create(struct handoff *handoff)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
		log_event(LOG_LEVEL_ERROR, "handoff", "error", strerror(errno), NULL);
		return -1;
	}
	*handoff = (struct handoff){.in = pair[0], .out = pair[1]};
	return 0;
}

bool handoff_give(const struct handoff *handoff, int fd)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	union control control = {{0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
	                     .msg_controllen = sizeof control.bytes};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(handoff->in, &msg, MSG_NOSIGNAL) != 1)
		return false;
	close(fd);
	return true;
}

bool handoff_has_room(const struct handoff *handoff)
{
	struct pollfd in = {.fd = handoff->in, .events = POLLOUT};

	return poll(&in, 1, 0) == 1 && (in.revents & POLLOUT) != 0;
}

int handoff_take(const struct handoff *handoff)
{
	char byte;
	struct iovec iov = {&byte, 1};
	union control control;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
	                     .msg_controllen = sizeof control.bytes};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(handoff->out, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&msg);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS) {
		log_event(LOG_LEVEL_ERROR, "handoff", "error", "no descriptor", NULL);  /* this process has too many */
		return -1;
	}
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}
