/*
 * The table of options, between the files that make up the configuration: settings.c and settings_check.c.
 */
#ifndef BASE_SETTINGS_TABLE_H
#define BASE_SETTINGS_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/settings.h"

enum settings_type {
	SETTINGS_STRING,        /* char * */
	SETTINGS_NUMBER,        /* int64_t, as are the next two */
	SETTINGS_DURATION,
	SETTINGS_SIZE,
	SETTINGS_BOOL,          /* bool */
	SETTINGS_CHOICE,        /* int */
	SETTINGS_CHOICE_TEXT    /* char *, and its number in an int at id_target */
};

struct settings_choice {
	const char *name;
	int value;
};

struct settings_option {
	const char *group;
	const char *name;
	enum settings_type type;
	size_t target;          /* offset in struct settings */
	const char *fallback;   /* the value when none is given, written as in the file */
	int64_t min;
	int64_t max;
	const char *meaning;
	const struct settings_choice *choices;
	long id_target;
};

extern const struct settings_option settings_options[];
extern const size_t settings_n_options;

/*
 * What must hold of values together, or of texts beyond their length; also fills in what follows from others.
 * `lines` has the line of each option, 0 when it was not given. Returns 0, or -1 with the error written.
 */
int settings_check(struct settings *settings, const char *path, const unsigned *lines, FILE *err);

#endif
