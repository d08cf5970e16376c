/*
 * The start of a program.
 */
#include "base/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"

int program_misused(const struct program *program)
{
	fputs(program->usage, stderr);
	return program->misuse;
}

int program_line(struct program *program, int argc, char **argv, const struct option *options, const char *letters,
                 int (*own)(void *arg, int option, const char *value), void *arg)
{
	int option, status;

	while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (option) {
		case 'c':
			program->config = optarg;
			break;
		case 'h':
			fputs(program->usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("%s " VERSION "\n", program->name);
			return EXIT_SUCCESS;
		case '?':
			return program_misused(program);
		default:
			status = own(arg, option, optarg);
			if (status != 0)
				return status;
		}
	}
	return optind == argc ? -1 : program_misused(program);
}

int program_log(const struct program *program, const struct settings *settings)
{
	const char *path = settings->log_file[0] != '\0' ? settings->log_file : NULL;

	return log_open(program->name, path, (enum log_level)settings->log_level);
}

int program_start(const struct program *program, const struct settings *settings)
{
	if (program_log(program, settings) != 0) {
		fprintf(stderr, "%s: %s: %s\n", program->name, settings->log_file, strerror(errno));
		return -1;
	}
	if (secret_init() != 0) {
		fprintf(stderr, "%s: libsodium does not start\n", program->name);
		return -1;
	}
	return 0;
}
