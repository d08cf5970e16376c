/*
 * The configuration file: what is refused is explained with its place, and what is accepted is whole and within bounds.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/settings.h"
#include "fuzz.h"

static void check_settings(const struct settings *s)
{
	size_t len = strlen(s->base_url);

	MUST(len > 0 && s->base_url[len - 1] != '/');
	MUST(strlen(s->secret) >= 32);
	MUST(s->workers >= 1 && s->request_deadline >= 1 && s->body_max >= 1 && s->claim_size >= 1);
	MUST(s->templates != NULL && s->log_file != NULL && s->db_hosts != NULL && s->maps_key != NULL);
	MUST(s->smtp_host != NULL && s->sms_url != NULL && s->smtp_port >= 0 && s->smtp_port <= 65535);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings;
	char path[64], *said = NULL;
	size_t said_len = 0;
	int fd = memfd_create("settings", 0);
	FILE *err = open_memstream(&said, &said_len);
	int result;

	MUST(fd >= 0 && err != NULL && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	result = settings_load(&settings, path, err);
	fclose(err);
	if (result == 0) {
		check_settings(&settings);
		settings_free(&settings);
	} else {
		MUST(strncmp(said, path, strlen(path)) == 0 && said[said_len - 1] == '\n');
	}
	free(said);
	close(fd);
	return 0;
}
