/*
 * The lines of an INI file: `[group]`, `name = value`, comments on lines of their own (`#`, `;`), values optionally in
 * quotes. What the groups and names mean is the caller's affair (settings.c).
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include <stdbool.h>
#include <stdio.h>

struct ini {
	const char *path;
	FILE *err;
	unsigned line;          /* of the group or option being handed over */
};

struct ini_reader {
	/* Is this group read? 1: yes; 0: it is another program's, none of its lines matters; -1: refused and said. */
	int (*group)(struct ini *ini, void *arg, const char *group);
	/* One option of a group that is read. 0, or -1: refused and said. */
	int (*option)(struct ini *ini, void *arg, const char *group, const char *name, const char *value);
};

/* Reads the whole of `copy`, which is what `path` holds, up to the first error, which is written to `err`. 0, or -1. */
int ini_read(const char *path, const char *copy, FILE *err, const struct ini_reader *reader, void *arg);

/* Writes `path:line: …` (without a line when it is 0); always -1, for `return ini_error(…)`. */
int ini_error(const struct ini *ini, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
