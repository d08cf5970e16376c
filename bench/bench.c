/*
 * What the baselines share; see bench.h.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

long bench_number(const char *what, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		errx(2, "%s: a number from %ld to %ld is due, not \"%s\"", what, min, max, text);
	return value;
}

char *bench_slurp(const char *path, size_t *len_r)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	size_t len = 0, got;

	if (file == NULL)
		err(2, "%s", path);
	do {
		bytes = realloc(bytes, len + 65537);
		if (bytes == NULL)
			err(2, "memory");
		got = fread(bytes + len, 1, 65536, file);
		len += got;
	} while (got > 0);
	if (ferror(file))
		err(2, "%s", path);
	fclose(file);
	bytes[len] = '\0';
	*len_r = len;
	return bytes;
}

void bench_report(unsigned long done, double seconds, unsigned long errors)
{
	printf("done=%lu seconds=%.6f rate=%.1f errors=%lu\n", done, seconds, (double)done / seconds, errors);
}
