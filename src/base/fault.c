/*
 * Named points at which a test may end the process as a power cut would. Empty unless --enable-fault-points.
 */
#include "base/fault.h"

#ifdef FAULT_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* Is `name` the one of NAME[:COUNT]? Writes the count, 1 by default. */
static bool is_chosen(const char *chosen, const char *name, uint64_t *count_r)
{
	size_t len = strlen(name);

	*count_r = 1;
	if (strncmp(chosen, name, len) != 0)
		return false;
	if (chosen[len] == '\0')
		return true;
	return chosen[len] == ':' && text_to_u64(chosen + len + 1, 1, UINT64_MAX, count_r) == 0;
}

static bool first_time(void)
{
	const char *path = getenv("BAILLEUR_FAULT_ONCE");
	int fd;

	if (path == NULL)
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Is that process gone, or a zombie that its parent has not yet looked at? */
static bool is_dead(int64_t pid)
{
	char path[64], line[512] = "";
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, line, sizeof line - 1);
	close(fd);
	state = n > 0 ? strrchr(line, ')') : NULL;
	return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

/* Kills another process and returns once it has stopped running, so that the next step surely meets its absence. */
static void kill_victim(const char *text)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int64_t pid;

	if (text_to_i64(text, 2, INT32_MAX, &pid) != 0)
		return;
	kill((pid_t)pid, SIGKILL);
	for (unsigned i = 0; i < 10000 && !is_dead(pid); i++)
		nanosleep(&pause, NULL);
}

static void hold(const char *path)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	for (unsigned i = 0; i < 20000 && access(path, F_OK) == 0; i++)
		nanosleep(&pause, NULL);
}

void fault_point(const char *name)
{
	static _Atomic uint64_t passages;       /* threads pass, too */
	const char *chosen = getenv("BAILLEUR_FAULT"), *victim = getenv("BAILLEUR_FAULT_VICTIM");
	const char *held = getenv("BAILLEUR_FAULT_HOLD");
	uint64_t count;

	if (chosen == NULL || !is_chosen(chosen, name, &count))
		return;
	if (++passages != count || !first_time())
		return;
	log_event(LOG_LEVEL_WARN, "fault-point", "name", name, NULL);
	if (held != NULL)
		hold(held);
	else if (victim != NULL)
		kill_victim(victim);
	else
		kill(getpid(), SIGKILL);
}

#endif
