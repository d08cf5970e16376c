/*
 * The listening socket: inherited, or made here.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "http/prefork.h"

enum { SYSTEMD_FIRST_FD = 3, HOST_MAX = 256 };

/* As long as the kernel allows: when it is full nginx answers 502 at once. */
enum { BACKLOG = 4096 };

/* The path that was made, and which file it is. */
static struct {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;
	ino_t inode;
} made;

static int fail(const char *what, const char *which)
{
	log_event(LOG_LEVEL_ERROR, "listen", "what", what, "address", which, "error", strerror(errno), NULL);
	return -1;
}

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes;
}

/* Workers never wait in accept(): what one saw waiting another may have taken. */
static int prepare(int fd, const char *which)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return fail("fcntl", which);
	if (listen(fd, BACKLOG) != 0)
		return fail("listen", which);
	return fd;
}

/* Out of the way of whatever takes descriptor 0 for standard input. */
static int move_from_stdin(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, SYSTEMD_FIRST_FD), null = open("/dev/null", O_RDONLY);

	if (fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fail("dup", "descriptor 0");
	close(null);
	return fd;
}

/* Returns -1 when systemd gave nothing to this process. */
static int systemd_fd(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t for_pid = 0, n = 0;

	if (pid == NULL || fds == NULL || text_to_u64(pid, 1, INT32_MAX, &for_pid) != 0 ||
	    for_pid != (uint64_t)getpid())
		return -1;
	if (text_to_u64(fds, 1, INT32_MAX, &n) != 0 || !is_listening(SYSTEMD_FIRST_FD))
		return -1;
	if (n > 1)
		log_event(LOG_LEVEL_WARN, "listen", "what", "only the first socket of systemd is used", NULL);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return SYSTEMD_FIRST_FD;
}

static int inherited(void)
{
	int fd = systemd_fd();

	if (fd >= 0)
		return prepare(fd, "systemd");
	if (is_listening(STDIN_FILENO)) {
		fd = move_from_stdin();
		return fd < 0 ? -1 : prepare(fd, "descriptor 0");
	}
	log_event(LOG_LEVEL_ERROR, "listen", "what", "no socket: neither --listen, nor systemd, nor spawn-fcgi", NULL);
	return -1;
}

/* A socket file whose owner has gone is removed; one that answers, or another file, is left alone. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int probe, connected;

	if (lstat(address->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -1;
	connected = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	if (connected == 0 || errno != ECONNREFUSED) {
		close(probe);
		errno = EADDRINUSE;
		return -1;
	}
	close(probe);
	return unlink(address->sun_path);
}

static int give_group(const char *path, const char *group)
{
	struct group *entry;

	if (group == NULL)
		return 0;
	errno = 0;
	entry = getgrnam(group);
	if (entry == NULL) {
		errno = errno ? errno : ENOENT;
		return -1;
	}
	return lchown(path, (uid_t)-1, entry->gr_gid);
}

static void remember(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	memcpy(made.path, path, strlen(path) + 1);
	made.device = st.st_dev;
	made.inode = st.st_ino;
}

/* Whoever may connect may speak for any client address: owner and group only, from the first moment. */
static int listen_path(const char *path, const char *group)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, bound;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return fail("path", path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (remove_stale(&address) != 0)
		return fail("path", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail("socket", path);
	mask = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound != 0) {
		fail("bind", path);
		goto err;
	}
	remember(path);
	if (give_group(path, group) != 0) {
		fail("group", group);
		goto err;
	}
	if (prepare(fd, path) < 0)
		goto err;
	return fd;

err:
	prefork_unlisten();
	close(fd);
	return -1;
}

static int bind_one(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol), yes = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, info->ai_addr, info->ai_addrlen) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* host:port or [address]:port. */
static int listen_port(const char *address, const char *colon)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
	bool bracketed = address[0] == '[' && colon > address && colon[-1] == ']';
	const char *from = address + bracketed;
	size_t len = (size_t)(colon - from) - bracketed;
	char host[HOST_MAX];
	int fd = -1, rc;

	if (len == 0 || len >= sizeof(host)) {
		errno = EINVAL;
		return fail("host", address);
	}
	memcpy(host, from, len);
	host[len] = '\0';
	rc = getaddrinfo(host, colon + 1, &hints, &list);
	if (rc != 0) {
		log_event(LOG_LEVEL_ERROR, "listen", "address", address, "error", gai_strerror(rc), NULL);
		return -1;
	}
	for (const struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next)
		fd = bind_one(info);
	freeaddrinfo(list);
	if (fd < 0)
		return fail("bind", address);
	return prepare(fd, address);
}

int prefork_listen(const char *address, const char *group)
{
	const char *colon;

	if (address == NULL)
		return inherited();
	colon = strrchr(address, ':');
	if (colon == NULL || strchr(address, '/') != NULL)
		return listen_path(address, group);
	return listen_port(address, colon);
}

void prefork_unlisten(void)
{
	struct stat st;

	if (made.path[0] == '\0')
		return;
	if (lstat(made.path, &st) == 0 && st.st_dev == made.device && st.st_ino == made.inode)
		unlink(made.path);
	made.path[0] = '\0';
}
