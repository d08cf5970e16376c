/*
 * Reads FastCGI records (FastCGI Specification 1.0, 3 to 5) out of a copy of what a socket holds: a BEGIN_REQUEST for a
 * responder, the streams PARAMS and STDIN, each with its end, and nothing behind them. Whatever differs is left to
 * libfcgi (exchange.h), in a process that has time to wait.
 */
#include "http/glance.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/answer.h"
#include "http/environment.h"

struct glance {
	int fd;
	unsigned id;                    /* of the FastCGI request */
	bool keep;
	size_t len;                     /* bytes of the request in the socket */
	size_t body_max;
	struct pool *pool;
	struct text params;             /* the two streams */
	struct text stdin_;
	struct text body;               /* of the answer */
	struct answer answer;
	struct request request;
};

struct glance *glance_create(size_t body_max)
{
	struct glance *glance = mem_alloc(sizeof *glance);

	glance->body_max = body_max;
	glance->pool = pool_create();
	return glance;
}

void glance_free(struct glance *glance)
{
	if (glance == NULL)
		return;
	pool_free(glance->pool);
	text_free(&glance->params);
	text_free(&glance->stdin_);
	text_free(&glance->body);
	answer_free(&glance->answer);
	free(glance);
}

/* What has not been read yet. */
struct rest {
	const unsigned char *at;
	size_t len;
};

struct record {
	unsigned type, id;
	struct rest content;
};

static bool take_record(struct rest *rest, struct record *record)
{
	const unsigned char *at = rest->at;
	size_t len, whole;

	if (rest->len < FCGI_HEADER_LEN || at[0] != FCGI_VERSION_1)
		return false;
	len = (size_t)at[4] << 8 | at[5];
	whole = FCGI_HEADER_LEN + len + at[6];
	if (rest->len < whole)
		return false;
	*record = (struct record){.type = at[1], .id = (unsigned)at[2] << 8 | at[3],
	                          .content = {at + FCGI_HEADER_LEN, len}};
	rest->at += whole;
	rest->len -= whole;
	return true;
}

static bool take_begin(struct glance *glance, struct rest *rest)
{
	struct record record;
	const unsigned char *at;

	if (!take_record(rest, &record) || record.type != FCGI_BEGIN_REQUEST || record.id == FCGI_NULL_REQUEST_ID ||
	    record.content.len != sizeof(FCGI_BeginRequestBody))
		return false;
	at = record.content.at;
	glance->id = record.id;
	glance->keep = (at[2] & FCGI_KEEP_CONN) != 0;
	return at[0] == 0 && at[1] == FCGI_RESPONDER;
}

/* The records of one stream, up to and with the empty one. */
static bool take_stream(const struct glance *glance, struct rest *rest, unsigned type, struct text *to)
{
	struct record record;

	text_clear(to);
	do {
		if (!take_record(rest, &record) || record.type != type || record.id != glance->id)
			return false;
		text_add(to, record.content.at, record.content.len);
	} while (record.content.len > 0);
	return true;
}

static bool take_length(struct rest *rest, size_t *len_r)
{
	const unsigned char *at = rest->at;
	size_t size = rest->len > 0 && at[0] >> 7 != 0 ? 4 : 1;

	if (rest->len < size)
		return false;
	if (size == 1)
		*len_r = at[0];
	else
		*len_r = (size_t)(at[0] & 0x7F) << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
	rest->at += size;
	rest->len -= size;
	return true;
}

/* One pair of name and value; the first of two that is not empty wins, as it does in exchange.c. */
static bool take_param(struct glance *glance, struct rest *rest, struct environment *environment)
{
	size_t name_len, value_len;
	const char **field, *value;

	if (!take_length(rest, &name_len) || !take_length(rest, &value_len) || rest->len < name_len ||
	    rest->len - name_len < value_len)
		return false;
	field = environment_field(environment, (const char *)rest->at, name_len);
	value = (const char *)rest->at + name_len;
	if (field != NULL && *field == NULL && value_len > 0) {
		if (memchr(value, '\0', value_len) != NULL)
			return false;
		*field = pool_strndup(glance->pool, value, value_len);
	}
	rest->at += name_len + value_len;
	rest->len -= name_len + value_len;
	return true;
}

/* Is what was copied one whole request? */
static bool read_request(struct glance *glance, struct rest rest)
{
	struct request *request = &glance->request;
	struct environment environment = {0};
	uint64_t announced;

	if (!take_begin(glance, &rest) || !take_stream(glance, &rest, FCGI_PARAMS, &glance->params) ||
	    !take_stream(glance, &rest, FCGI_STDIN, &glance->stdin_) || rest.len != 0)
		return false;
	rest = (struct rest){(const unsigned char *)glance->params.data, glance->params.len};
	while (rest.len > 0)
		if (!take_param(glance, &rest, &environment))
			return false;
	if (environment_length(&environment, &announced) != 0 || announced != glance->stdin_.len ||
	    glance->stdin_.len > glance->body_max)
		return false;
	environment_begin(&environment, request);
	environment_end(&environment, request, glance->stdin_.data, glance->stdin_.len);
	return true;
}

enum glance_result glance_look(struct glance *glance, int fd, struct request **request_r)
{
	static unsigned char copy[GLANCE_MAX + 1];      /* of the process; with room to see that there is more */
	ssize_t len = recv(fd, copy, sizeof copy, MSG_PEEK | MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return GLANCE_NOTHING;
	if (len <= 0)
		return GLANCE_END;
	glance->fd = fd;
	glance->len = (size_t)len;
	glance->request = (struct request){.pool = glance->pool, .body = &glance->body};
	text_clear(&glance->body);
	if (glance->len > GLANCE_MAX || !read_request(glance, (struct rest){copy, glance->len})) {
		glance_end(glance);
		return GLANCE_OTHER;
	}
	*request_r = &glance->request;
	return GLANCE_REQUEST;
}

/* The bytes are there: they were looked at, and nobody else reads this connection. */
static bool take_out(const struct glance *glance)
{
	static unsigned char seen[GLANCE_MAX];

	return recv(glance->fd, seen, glance->len, MSG_DONTWAIT) == (ssize_t)glance->len;
}

long glance_answer(struct glance *glance)
{
	long bytes = answer_send(&glance->answer, glance->fd, glance->id, &glance->request, false, false);

	return bytes < 0 || take_out(glance) ? bytes : ANSWER_LOST;
}

bool glance_keeps(const struct glance *glance)
{
	return glance->keep;
}

void glance_end(struct glance *glance)
{
	pool_reset(glance->pool);
	answer_shrink(&glance->answer);
}
