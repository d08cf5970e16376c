/*
 * One line an event. Nothing here allocates: it must work when memory has run out.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { LOG_LINE = 4096, LOG_NUMBERS = 8 };

/* A line under construction; what does not fit is left out, and its end says so. */
struct line {
	char bytes[LOG_LINE];
	size_t len;
	bool quoted;                    /* inside a quoted value */
	bool cut;
};

static struct {
	const char *program;
	char path[PATH_MAX];            /* "" is standard error */
	int fd;
	enum log_level level;
} logger = { .program = "bailleur", .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO };

static _Thread_local char request_id[LOG_REQUEST];       /* each thread serves its own */

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char cut_mark[] = "\" cut=1";         /* its quote only to end a value that was cut */

static int open_path(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

int log_open(const char *program, const char *path, enum log_level level)
{
	int fd = STDERR_FILENO;

	if (path != NULL) {
		if (strlen(path) >= sizeof(logger.path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open_path(path);
		if (fd < 0)
			return -1;
	}
	if (logger.fd != STDERR_FILENO)
		close(logger.fd);
	logger.fd = fd;
	logger.program = program;
	logger.level = level;
	snprintf(logger.path, sizeof(logger.path), "%s", path != NULL ? path : "");
	return 0;
}

/* When the new file cannot be opened, the old one goes on being written: better there than nowhere. */
void log_reopen(void)
{
	int fd;

	if (logger.path[0] == '\0')
		return;
	fd = open_path(logger.path);
	if (fd < 0) {
		log_event(LOG_LEVEL_ERROR, "log-reopen", "path", logger.path, "error", strerror(errno), NULL);
		return;
	}
	/* In one step: another thread may be writing. */
	while (dup3(fd, logger.fd, O_CLOEXEC) < 0 && (errno == EINTR || errno == EBUSY))
		;
	close(fd);
}

void log_set_request(const char *id)
{
	snprintf(request_id, sizeof(request_id), "%s", id != NULL ? id : "");
}

const char *log_request(void)
{
	return request_id;
}

static void put(struct line *line, const char *s, size_t len)
{
	/* Room is kept for the mark and the line's end. */
	if (line->cut || len > sizeof(line->bytes) - sizeof(cut_mark) - 1 - line->len) {
		line->cut = true;
		return;
	}
	memcpy(line->bytes + line->len, s, len);
	line->len += len;
}

static bool needs_quotes(const char *value)
{
	if (*value == '\0')
		return true;
	for (; *value != '\0'; value++)
		if (*value <= ' ' || *value >= 0x7F || *value == '"' || *value == '\\' || *value == '=')
			return true;
	return false;
}

/* ASCII only, so that no byte of a client can move a terminal's cursor or begin a line. */
static void put_escaped(struct line *line, const char *value)
{
	char hex[5];

	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\') {
			put(line, (char[]){'\\', (char)c}, 2);
		} else if (c == '\n') {
			put(line, "\\n", 2);
		} else if (c >= ' ' && c < 0x7F) {
			put(line, value, 1);
		} else {
			snprintf(hex, sizeof(hex), "\\x%02x", c);
			put(line, hex, 4);
		}
	}
}

static void put_value(struct line *line, const char *value)
{
	if (!needs_quotes(value)) {
		put(line, value, strlen(value));
		return;
	}
	put(line, "\"", 1);
	line->quoted = !line->cut;
	put_escaped(line, value);
	put(line, "\"", 1);
	line->quoted = line->quoted && line->cut;
}

static void put_pair(struct line *line, const char *key, const char *value)
{
	put(line, " ", 1);
	put(line, key, strlen(key));
	put(line, "=", 1);
	put_value(line, value);
}

static void begin(struct line *line, enum log_level level, const char *event)
{
	int64_t now = clock_now_ms();
	char iso[CLOCK_ISO_SIZE], head[128];
	int len;

	line->len = 0;
	line->cut = line->quoted = false;
	clock_iso(now, iso);
	len = snprintf(head, sizeof(head), "%.19s.%03dZ %s %s[%ld] %s", iso, (int)(now % 1000), level_names[level],
	               logger.program, (long)getpid(), event);
	put(line, head, (size_t)len < sizeof(head) ? (size_t)len : sizeof(head) - 1);
	if (request_id[0] != '\0')
		put_pair(line, "id", request_id);
}

/* One write; a log that cannot be written stops nothing. */
static void finish(struct line *line)
{
	int saved = errno;
	ssize_t n;

	if (line->cut) {
		const char *mark = line->quoted ? cut_mark : cut_mark + 1;
		size_t len = strlen(mark);

		memcpy(line->bytes + line->len, mark, len);
		line->len += len;
	}
	line->bytes[line->len++] = '\n';
	do
		n = write(logger.fd, line->bytes, line->len);
	while (n < 0 && errno == EINTR);
	errno = saved;
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line line;
	const char *key, *value;
	va_list args;

	if (level > logger.level)
		return;
	begin(&line, level, event);
	va_start(args, event);
	while ((key = va_arg(args, const char *)) != NULL && (value = va_arg(args, const char *)) != NULL)
		put_pair(&line, key, value);
	va_end(args);
	finish(&line);
}

void log_msg(enum log_level level, const char *event, const char *format, ...)
{
	char message[LOG_LINE / 2];
	struct line line;
	va_list args;

	if (level > logger.level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	begin(&line, level, event);
	put_pair(&line, "msg", message);
	finish(&line);
}

const char *log_num(int64_t value)
{
	static _Thread_local char numbers[LOG_NUMBERS][24];
	static _Thread_local unsigned next;
	char *text = numbers[next++ % LOG_NUMBERS];

	snprintf(text, sizeof(numbers[0]), "%lld", (long long)value);
	return text;
}
