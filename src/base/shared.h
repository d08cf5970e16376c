/*
 * Memory that processes share, and mutexes in it.
 */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeroed memory that this process and those it forks have in common; taken from the machine only where it is written
 * to. Ends the process when there is none, with `what` in the log. munmap() gives it back.
 */
void *shared_memory(const char *what, size_t size);

/*
 * Robust mutexes: the kernel releases those of a process that dies, however it dies, and the next one gets them as if
 * nothing had been; so what they guard must be good at every instruction.
 */
void shared_mutex_init(pthread_mutex_t *mutexes, size_t n);

/* Takes it if it is free. Given back with pthread_mutex_unlock(). */
bool shared_mutex_try(pthread_mutex_t *mutex);

/* The same, waiting for it so many nanoseconds at most (less than a second). */
bool shared_mutex_wait(pthread_mutex_t *mutex, int64_t patience_ns);

#endif
