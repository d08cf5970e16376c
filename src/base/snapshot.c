/*
 * A file without a name (memfd_create(2)), which /proc shows to its owner.
 */
#include "base/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int to, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, bytes, len);

		if (n < 0 && errno != EINTR)
			return -1;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int copy(int from, int to)
{
	char bytes[4096];
	struct stat original;
	ssize_t n;

	while ((n = read(from, bytes, sizeof bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write_all(to, bytes, (size_t)n) != 0)
			return -1;
	}
	if (fstat(from, &original) != 0)
		return -1;
	return fchmod(to, (original.st_mode & 0777) | S_IRUSR);
}

int snapshot_take(struct snapshot *snapshot, const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return -1;
	*snapshot = (struct snapshot){.fd = memfd_create("configuration", MFD_CLOEXEC)};
	if (snapshot->fd < 0)
		goto err0;
	snprintf(snapshot->path, sizeof snapshot->path, "/proc/self/fd/%d", snapshot->fd);
	if (copy(from, snapshot->fd) != 0 || access(snapshot->path, R_OK) != 0)
		goto err1;
	close(from);
	return 0;

err1:
	close(snapshot->fd);
err0:
	*snapshot = (struct snapshot){0};
	close(from);
	return -1;
}

void snapshot_drop(struct snapshot *snapshot)
{
	if (snapshot->path[0] != '\0')
		close(snapshot->fd);
	*snapshot = (struct snapshot){0};
}
