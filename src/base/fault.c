/*
 * Named points at which a test may end the process as a power cut would. Empty unless --enable-fault-points.
 */
#include "base/fault.h"

#ifdef FAULT_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

void fault_point(const char *name)
{
	static uint64_t passages;
	const char *chosen = getenv("BAILLEUR_FAULT");
	uint64_t count;

	if (chosen == NULL || !is_chosen(chosen, name, &count))
		return;
	if (++passages != count || !first_time())
		return;
	log_event(LOG_LEVEL_WARN, "fault-point", "name", name, NULL);
	kill(getpid(), SIGKILL);
}

#endif
