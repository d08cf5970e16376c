/*
 * What the baselines share: a clock, strict numbers, a whole file in memory, the summary line that scripts/bench reads.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>

/* Seconds on the monotonic clock. */
double bench_now(void);

/* A decimal of [min, max]; anything else ends the program with the option's name. */
long bench_number(const char *what, const char *text, long min, long max);

/* The whole file, NUL-terminated; the caller frees it. A file that cannot be read ends the program. */
char *bench_slurp(const char *path, size_t *len_r);

/* "done=N seconds=S rate=R errors=E" on standard output. */
void bench_report(unsigned long done, double seconds, unsigned long errors);

#endif
