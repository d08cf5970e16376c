/*
 * Mails and SMS as files below the spool directory, to be looked at: what the demonstration and the tests use.
 *
 * A file is named after the delivery's UUID and comes into place by a rename, so a delivery that was already written is
 * recognised and never written twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "delivery/transport.h"

enum { FILES_AT_ONCE = 64, FILE_TIMEOUT = 1 };

struct files {
	struct transport transport;     /* first */
	const struct settings *settings;
	const char *ending;
	int directory;
	unsigned used;
};

static unsigned file_room(struct transport *transport, unsigned waiting)
{
	struct files *files = (struct files *)transport;

	(void)waiting;
	return FILES_AT_ONCE - files->used;
}

static void file_start(struct transport *transport, struct job *job)
{
	((struct files *)transport)->used++;
	job_list_add(&transport->ready, job);
}

static void file_drop(struct transport *transport, struct job *job)
{
	(void)job;
	((struct files *)transport)->used--;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Writes under a temporary name, then gives it its own. Returns 0, or -1 with errno. */
static int put(const struct files *files, const char *name, const struct text *bytes)
{
	char temporary[ID_UUID_TEXT + 16];
	int fd, saved;

	snprintf(temporary, sizeof temporary, ".%s.part", name);
	fd = openat(files->directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	if (write_all(fd, bytes->data, bytes->len) != 0 || fsync(fd) != 0)
		goto err0;
	close(fd);
	FAULT("file.before_rename");
	if (renameat(files->directory, temporary, files->directory, name) != 0)
		return -1;
	FAULT("file.renamed");
	return fsync(files->directory);
err0:
	saved = errno;
	close(fd);
	unlinkat(files->directory, temporary, 0);
	errno = saved;
	return -1;
}

/* The readable form of an SMS. */
static void frame_sms(const struct files *files, struct job *job)
{
	const struct delivery *delivery = job->delivery;
	struct text framed = {0};

	text_printf(&framed, "To: %s\nFrom: %s\nEncoding: %s\nSegments: %u\n\n", delivery->recipient,
	            delivery->originator != NULL ? delivery->originator : files->settings->sms_sender,
	            job->outcome.ucs2 ? "UCS-2" : "GSM 7-bit", job->outcome.segments);
	text_add(&framed, job->bytes.data, job->bytes.len);
	text_putc(&framed, '\n');
	text_free(&job->bytes);
	job->bytes = framed;
}

static void file_go(struct transport *transport, struct job *job)
{
	struct files *files = (struct files *)transport;
	char id[ID_UUID_TEXT], name[ID_UUID_TEXT + 8];

	files->used--;
	id_uuid_text(job->delivery->uuid, id);
	snprintf(name, sizeof name, "%s.%s", id, files->ending);
	if (transport->channel == DELIVERY_SMS)
		frame_sms(files, job);
	if (faccessat(files->directory, name, F_OK, 0) == 0 || put(files, name, &job->bytes) == 0) {
		transport_done(transport, job, DELIVERY_SENT, NULL);
		return;
	}
	log_event(LOG_LEVEL_ERROR, "spool", "directory", files->settings->spool, "wrong", strerror(errno), NULL);
	transport->down = "spool not writable";
	transport_done(transport, job, DELIVERY_QUEUED, transport->down);
}

static void file_nothing(struct transport *transport, struct wire *wire)
{
	(void)transport, (void)wire;
}

static void file_free(struct transport *transport)
{
	close(((struct files *)transport)->directory);
	free(transport);
}

struct transport *transport_file(const struct settings *settings, enum delivery_channel channel)
{
	struct files *files;
	int directory;

	if (mkdir(settings->spool, 0750) != 0 && errno != EEXIST)
		goto err0;
	directory = open(settings->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		goto err0;
	files = mem_alloc(sizeof *files);
	*files = (struct files){
		.transport = {
			.channel = channel, .timeout = FILE_TIMEOUT,
			.room = file_room, .start = file_start, .go = file_go, .drop = file_drop,
			.wait = file_nothing, .work = file_nothing, .free = file_free,
		},
		.settings = settings, .ending = channel == DELIVERY_MAIL ? "eml" : "txt", .directory = directory,
	};
	transport_init(&files->transport);
	return &files->transport;
err0:
	log_event(LOG_LEVEL_ERROR, "spool", "directory", settings->spool, "wrong", strerror(errno), NULL);
	return NULL;
}
