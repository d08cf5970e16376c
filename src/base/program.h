/*
 * What every program does before its own work: read its command line, open the log its configuration names, start
 * libsodium.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <getopt.h>

#include "base/settings.h"

struct program {
	const char *name;               /* a literal: of the log and of messages */
	const char *usage;              /* what --help prints */
	int misuse;                     /* the exit status when the command line makes no sense */
	const char *config;             /* the configuration file; PROGRAM_CONFIG to begin with */
};

#define PROGRAM_CONFIG SYSCONFDIR "/bailleur/bailleur.conf"

/* The options that every program has: rows of its table for getopt_long(), and their letters. */
#define PROGRAM_OPTIONS {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, \
	{"version", no_argument, NULL, 'V'}
#define PROGRAM_LETTERS "c:hV"

/*
 * Reads the command line, which holds options only. `own` is given each option that is the program's own, with its
 * value; what it returns other than 0 becomes the exit status, after a message of its own. Returns -1 to go on, or the
 * exit status.
 */
int program_line(struct program *program, int argc, char **argv, const struct option *options, const char *letters,
                 int (*own)(void *arg, int option, const char *value), void *arg);

/* Says on standard error how the program is called. Returns its status for that. */
int program_misused(const struct program *program);

/* Opens the log as configured, again too. Returns 0, or -1 with errno. */
int program_log(const struct program *program, const struct settings *settings);

/* Log and libsodium. Returns 0, or -1 after saying on standard error what is wrong. */
int program_start(const struct program *program, const struct settings *settings);

#endif
