/*
 * Reads a request with libfcgi 2.4 and writes its answer.
 *
 * What is done here and not left to the library, and why:
 * - The connection is accepted and closed by our caller, who waits for it with signals unblocked; FCGX_Accept_r()
 *   finds it in `ipcFd` and never waits in accept() itself (the listening socket it knows is -1).
 * - The answer is written by one write() (answer.h): the library's stream buffer of 8 kB would make several of it.
 * - stdin is read to its end whatever happens. What is left of it would be taken for the next request of a kept
 *   connection: a body could then say who the client is.
 */
#include <fcgiapp.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "http/answer.h"
#include "http/environment.h"
#include "http/exchange.h"

/* Buffers that one large request made larger are given back. */
enum { BUFFER_KEEP = 256 * 1024, DRAIN_CHUNK = 16 * 1024 };

struct exchange {
	FCGX_Request fcgi;
	int fd;
	bool keep;
	size_t body_max;
	struct pool *pool;
	struct text in;                 /* the body of the request */
	struct text body;               /* that of the answer */
	struct answer answer;           /* its records */
	struct request request;
};

struct exchange *exchange_create(size_t body_max)
{
	struct exchange *exchange = mem_alloc(sizeof(*exchange));

	FCGX_InitRequest(&exchange->fcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	exchange->fd = -1;
	exchange->body_max = body_max;
	exchange->pool = pool_create();
	return exchange;
}

void exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	pool_free(exchange->pool);
	text_free(&exchange->in);
	text_free(&exchange->body);
	answer_free(&exchange->answer);
	free(exchange);
}

/* Returns false when there was no request; the library has closed the connection then. */
static bool accept_request(FCGX_Request *fcgi, int fd)
{
	fcgi->ipcFd = fd;
	fcgi->keepConnection = 1;       /* or FCGX_Accept_r() would begin by closing it */
	FCGX_Detach(fcgi);              /* when it closes: at once, without waiting 2 s for the peer to do so */
	if (FCGX_Accept_r(fcgi) == 0)
		return true;
	fcgi->ipcFd = -1;
	return false;
}

/* The first of two parameters of one name wins, as FCGX_GetParam() has it: nginx sends its own before the client's. */
static void read_environment(struct environment *environment, char **envp)
{
	memset(environment, 0, sizeof(*environment));
	for (; *envp != NULL; envp++) {
		size_t len = (size_t)(strchrnul(*envp, '=') - *envp);
		const char **field = environment_field(environment, *envp, len);

		if (field != NULL && *field == NULL && (*envp)[len] == '=' && (*envp)[len + 1] != '\0')
			*field = *envp + len + 1;
	}
}

/* Reads on to the end of stdin and returns how many bytes there were. */
static uint64_t drain(FCGX_Stream *stream)
{
	char trash[DRAIN_CHUNK];
	uint64_t total = 0;
	int n;

	while ((n = FCGX_GetStr(trash, sizeof(trash), stream)) > 0)
		total += (unsigned)n;
	return total;
}

/* Reads stdin to its end; what fits is in exchange->in. Returns the number of bytes there were. */
static uint64_t read_body(struct exchange *exchange, uint64_t announced)
{
	FCGX_Stream *stream = exchange->fcgi.in;

	text_clear(&exchange->in);
	if (announced > 0 && announced <= exchange->body_max) {
		text_reserve(&exchange->in, announced);
		exchange->in.len = (size_t)FCGX_GetStr(exchange->in.data, (int)announced, stream);
		exchange->in.data[exchange->in.len] = '\0';
	}
	return exchange->in.len + drain(stream);
}

/* Reads the body and all parameters. Returns false when the peer went away in the middle of it. */
static bool read_request(struct exchange *exchange, const struct environment *environment)
{
	struct request *request = &exchange->request;
	uint64_t announced, length;
	bool well_formed = environment_length(environment, &announced) == 0;

	length = read_body(exchange, announced);
	if (FCGX_GetError(exchange->fcgi.in) != 0)
		return false;
	if (length > exchange->body_max)
		request_fault(request, HTTP_FAULT_TOO_LARGE, "body", strlen("body"));
	else if (!well_formed || length != announced)
		request_fault(request, HTTP_FAULT_BODY, "body", strlen("body"));
	environment_end(environment, request, exchange->in.data, exchange->in.len);
	return true;
}

/* Frees what the library holds; the connection is ours. */
static void release(struct exchange *exchange)
{
	FCGX_Free(&exchange->fcgi, 0);
	exchange->fcgi.ipcFd = -1;
	log_set_request(NULL);
	pool_reset(exchange->pool);
}

struct request *exchange_receive(struct exchange *exchange, int fd)
{
	struct request *request = &exchange->request;
	struct environment environment;

	if (!accept_request(&exchange->fcgi, fd))
		return NULL;
	exchange->fd = fd;
	exchange->keep = exchange->fcgi.keepConnection != 0;
	*request = (struct request){.pool = exchange->pool, .body = &exchange->body};
	text_clear(&exchange->body);
	read_environment(&environment, exchange->fcgi.envp);
	environment_begin(&environment, request);
	/* An end of the connection within the parameters does not make FCGX_Accept_r() fail. */
	if (FCGX_GetError(exchange->fcgi.in) != 0 || exchange->fcgi.role != FCGI_RESPONDER)
		goto broken;
	if (!read_request(exchange, &environment))
		goto broken;
	return request;

broken:
	log_event(LOG_LEVEL_WARN, "request-broken", "error", log_num(FCGX_GetError(exchange->fcgi.in)), NULL);
	release(exchange);
	close(fd);
	return NULL;
}

long exchange_send(struct exchange *exchange, bool last)
{
	long bytes = answer_send(&exchange->answer, exchange->fd, (unsigned)exchange->fcgi.requestId, &exchange->request,
	                         last && exchange->keep, true);

	if (bytes < 0)
		exchange->keep = false;
	return bytes;
}

static void shrink(struct text *text)
{
	if (text->capacity > BUFFER_KEEP)
		text_free(text);
}

bool exchange_end(struct exchange *exchange)
{
	bool keep = exchange->keep;

	release(exchange);
	shrink(&exchange->in);
	shrink(&exchange->body);
	answer_shrink(&exchange->answer);
	if (!keep)
		close(exchange->fd);
	exchange->fd = -1;
	return keep;
}
