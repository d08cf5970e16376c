/*
 * Anonymous mappings, and the robust process-shared mutexes of POSIX.
 */
#include "base/shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/log.h"

enum { SECOND_NS = 1000000000 };

void *shared_memory(const char *what, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED) {
		log_event(LOG_LEVEL_ERROR, "shared-memory", "of", what, "error", strerror(errno), NULL);
		exit(EXIT_FAILURE);
	}
	return at;
}

void shared_mutex_init(pthread_mutex_t *mutexes, size_t n)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (size_t i = 0; i < n; i++)
		pthread_mutex_init(&mutexes[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
}

static bool is_held(pthread_mutex_t *mutex, int result)
{
	if (result == EOWNERDEAD)
		result = pthread_mutex_consistent(mutex);
	return result == 0;
}

bool shared_mutex_try(pthread_mutex_t *mutex)
{
	return is_held(mutex, pthread_mutex_trylock(mutex));
}

bool shared_mutex_wait(pthread_mutex_t *mutex, int64_t patience_ns)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += patience_ns;
	if (until.tv_nsec >= SECOND_NS) {
		until.tv_nsec -= SECOND_NS;
		until.tv_sec++;
	}
	return is_held(mutex, pthread_mutex_timedlock(mutex, &until));
}
