/*
 * The records of an answer: what libfcgi's stream buffer of 8 kB would make several writes of is one.
 */
#include "http/answer.h"

#include <errno.h>
#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/status.h"

/* Buffers that one large answer made larger are given back. */
enum { BUFFER_KEEP = 256 * 1024 };

/* A multiple of 8, so that only the last record of an answer needs padding. */
enum { RECORD_MAX = FCGI_MAX_LENGTH & ~7 };

static void put_header(struct text *out, unsigned id, unsigned char type, size_t len, size_t padding)
{
	FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(len >> 8),
		.contentLengthB0 = (unsigned char)len,
		.paddingLength = (unsigned char)padding,
	};

	text_add(out, &header, sizeof(header));
}

/* `head` and then `body` as one stream, cut into records. */
static void put_stdout(struct text *out, unsigned id, const struct text *head, const char *body, size_t body_len)
{
	static const char zeros[8];
	size_t total = head->len + body_len, at = 0;

	while (at < total) {
		size_t len = total - at < RECORD_MAX ? total - at : RECORD_MAX, end = at + len, padding = -len & 7;

		put_header(out, id, FCGI_STDOUT, len, padding);
		if (at < head->len) {
			size_t n = (end < head->len ? end : head->len) - at;

			text_add(out, head->data + at, n);
			at += n;
		}
		if (at < end)           /* a body without a byte may have no address either */
			text_add(out, body + (at - head->len), end - at);
		text_add(out, zeros, padding);
		at = end;
	}
	put_header(out, id, FCGI_STDOUT, 0, 0);
}

static void put_end(struct text *out, unsigned id, bool close)
{
	FCGI_EndRequestBody end = {.protocolStatus = FCGI_REQUEST_COMPLETE};

	put_header(out, id, FCGI_END_REQUEST, sizeof(end), 0);
	text_add(out, &end, sizeof(end));
	/*
	 * A connection can only be closed by nginx without a race: closed here, nginx may be sending the next request
	 * on it at this moment, and must answer 502 for it. But nginx keeps a connection only when nothing follows the
	 * end of a request: so an empty management record, which says nothing, makes it close.
	 */
	if (close) {
		FCGI_Header nothing = {.version = FCGI_VERSION_1, .type = FCGI_GET_VALUES_RESULT};

		text_add(out, &nothing, sizeof(nothing));
	}
}

static void put_line(struct text *head, const char *name, const char *value)
{
	text_puts(head, name);
	text_add(head, ": ", 2);
	text_puts(head, value);
	text_add(head, "\r\n", 2);
}

static void write_head(struct text *head, const struct request *request)
{
	text_clear(head);
	text_add(head, "Status: ", 8);
	text_u64(head, request->status);
	text_putc(head, ' ');
	text_puts(head, status_reason(request->status));
	text_add(head, "\r\n", 2);
	if (request->type != NULL)
		put_line(head, "Content-Type", request->type);
	text_puts(head, "Content-Length: ");
	text_u64(head, request->body->len);
	text_add(head, "\r\n", 2);
	put_line(head, "X-Request-Id", request->id);
	for (unsigned i = 0; i < request->n_headers; i++)
		put_line(head, request->header[i].name, request->header[i].value);
	text_add(head, "\r\n", 2);
}

/* Signals are blocked, and a peer that takes nothing for long is given up by the socket's own timeout. */
static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* What can be written without waiting; -1 with errno. */
static ssize_t write_some(int fd, const struct text *out)
{
	return send(fd, out->data, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

long answer_send(struct answer *answer, int fd, unsigned id, const struct request *request, bool close, bool wait)
{
	size_t body_len = request->method == HTTP_HEAD ? 0 : request->body->len;
	ssize_t begun = 0;

	write_head(&answer->head, request);
	text_clear(&answer->out);
	put_stdout(&answer->out, id, &answer->head, request->body->data, body_len);
	put_end(&answer->out, id, close);
	if (!wait && answer->out.len > ANSWER_AT_ONCE_MAX)
		return ANSWER_LATER;
	if (!wait) {
		begun = write_some(fd, &answer->out);
		if (begun < 0 && errno == EAGAIN)
			return ANSWER_LATER;
	}
	if (begun >= 0 && write_all(fd, answer->out.data + begun, answer->out.len - (size_t)begun))
		return (long)body_len;
	log_event(LOG_LEVEL_WARN, "answer-lost", "error", strerror(errno), NULL);
	return ANSWER_LOST;
}

void answer_shrink(struct answer *answer)
{
	if (answer->out.capacity > BUFFER_KEEP)
		text_free(&answer->out);
}

void answer_free(struct answer *answer)
{
	text_free(&answer->head);
	text_free(&answer->out);
}
