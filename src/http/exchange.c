/*
 * Reads a request with libfcgi 2.4 and writes its answer.
 *
 * What is done here and not left to the library, and why:
 * - The connection is accepted and closed by our caller, who waits for it with signals unblocked; FCGX_Accept_r()
 *   finds it in `ipcFd` and never waits in accept() itself (the listening socket it knows is -1).
 * - The answer is written by one write(): the library's stream buffer of 8 kB would make several of it.
 * - stdin is read to its end whatever happens. What is left of it would be taken for the next request of a kept
 *   connection: a body could then say who the client is.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fastcgi.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "http/exchange.h"
#include "http/parse.h"
#include "http/status.h"

/* Buffers that one large request made larger are given back. */
enum { BUFFER_KEEP = 256 * 1024, DRAIN_CHUNK = 16 * 1024 };

/* A multiple of 8, so that only the last record of an answer needs padding. */
enum { RECORD_MAX = FCGI_MAX_LENGTH & ~7 };

/* The parameters that nginx sends; NULL when absent or empty. Others are not looked at. */
struct environment {
	const char *method, *path, *uri, *query, *content_type, *content_length, *remote_addr;
	const char *authorization, *idempotency_key, *api_key, *request_id;
};

static const struct {
	const char *name;
	size_t len;
	size_t at;
} ENVIRONMENT[] = {
#define ROW(name, field) {name, sizeof(name) - 1, offsetof(struct environment, field)}
	ROW("REQUEST_METHOD", method),
	ROW("DOCUMENT_URI", path),
	ROW("REQUEST_URI", uri),
	ROW("QUERY_STRING", query),
	ROW("CONTENT_TYPE", content_type),
	ROW("CONTENT_LENGTH", content_length),
	ROW("REMOTE_ADDR", remote_addr),
	ROW("HTTP_AUTHORIZATION", authorization),
	ROW("HTTP_IDEMPOTENCY_KEY", idempotency_key),
	ROW("HTTP_X_API_KEY", api_key),
	ROW("HTTP_X_REQUEST_ID", request_id),
#undef ROW
};

struct exchange {
	FCGX_Request fcgi;
	int fd;
	bool keep;
	size_t body_max;
	struct pool *pool;
	struct text in;                 /* the body of the request */
	struct text body;               /* that of the answer */
	struct text head;               /* header lines of the answer */
	struct text out;                /* records of the answer */
	size_t record;                  /* where the open record begins in `out` */
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
	text_free(&exchange->head);
	text_free(&exchange->out);
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

		for (size_t i = 0; i < sizeof(ENVIRONMENT) / sizeof(ENVIRONMENT[0]); i++) {
			const char **field = (const char **)(void *)((char *)environment + ENVIRONMENT[i].at);

			if (len != ENVIRONMENT[i].len || memcmp(*envp, ENVIRONMENT[i].name, len) != 0)
				continue;
			if (*field == NULL && (*envp)[len] == '=' && (*envp)[len + 1] != '\0')
				*field = *envp + len + 1;
			break;
		}
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

/* The path of a raw REQUEST_URI, decoded once; "" when it cannot be. */
static const char *decode_uri(struct pool *pool, const char *uri)
{
	char *path = pool_strndup(pool, uri, strcspn(uri, "?#")), *to = path;

	for (const char *from = path; *from != '\0'; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = text_hex_digit(from[1]);
		low = high < 0 ? -1 : text_hex_digit(from[2]);
		if (low < 0 || high + low == 0)
			return "";
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return path;
}

static enum http_method method_of(const char *name)
{
	if (name == NULL)
		return HTTP_OTHER;
	return strcmp(name, "GET") == 0    ? HTTP_GET
	       : strcmp(name, "POST") == 0 ? HTTP_POST
	       : strcmp(name, "HEAD") == 0 ? HTTP_HEAD
	                                   : HTTP_OTHER;
}

static void set_id(struct request *request, const char *given)
{
	uint8_t uuid[ID_UUID_SIZE];

	if (given != NULL && id_uuid_parse(given, uuid) == 0)
		memcpy(request->id, given, sizeof(request->id));
	else
		id_request(request->id);
	log_set_request(request->id);
}

/* The parts are separated by NULs, which none but the last can hold. */
static void hash_body(struct request *request, const struct environment *environment, const struct text *body)
{
	const char *const parts[] = {environment->method, request->path, environment->query};
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(request->body_hash));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = parts[i] != NULL ? parts[i] : "";

		crypto_generichash_update(&state, (const unsigned char *)part, strlen(part) + 1);
	}
	crypto_generichash_update(&state, (const unsigned char *)body->data, body->len);
	crypto_generichash_final(&state, request->body_hash, sizeof(request->body_hash));
}

static void set_headers(struct request *request, const struct environment *environment)
{
	request->method = method_of(environment->method);
	request->remote_addr = environment->remote_addr != NULL ? environment->remote_addr : "";
	request->authorization = environment->authorization;
	request->idempotency_key = environment->idempotency_key;
	request->api_key = environment->api_key;
	request->content_type = environment->content_type;
	if (environment->path != NULL)
		request->path = environment->path;
	else
		request->path = environment->uri != NULL ? decode_uri(request->pool, environment->uri) : "";
}

/* Reads the body and all parameters. Returns false when the peer went away in the middle of it. */
static bool read_request(struct exchange *exchange, const struct environment *environment)
{
	struct request *request = &exchange->request;
	uint64_t announced = 0, length;
	bool well_formed = environment->content_length == NULL ||
	                   text_to_u64(environment->content_length, 0, INT64_MAX, &announced) == 0;

	length = read_body(exchange, announced);
	if (FCGX_GetError(exchange->fcgi.in) != 0)
		return false;
	if (length > exchange->body_max)
		request_fault(request, HTTP_FAULT_TOO_LARGE, "body", strlen("body"));
	else if (!well_formed || length != announced)
		request_fault(request, HTTP_FAULT_BODY, "body", strlen("body"));
	if (environment->query != NULL)
		parse_form(request, environment->query, strlen(environment->query));
	if (request->fault == HTTP_FAULT_NONE)
		parse_body(request, exchange->in.data, exchange->in.len);
	if (request->idempotency_key != NULL)
		hash_body(request, environment, &exchange->in);
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
	set_id(request, environment.request_id);
	set_headers(request, &environment);
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

static void put_header(struct exchange *exchange, unsigned char type, size_t len, size_t padding)
{
	unsigned id = (unsigned)exchange->fcgi.requestId;
	FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(len >> 8),
		.contentLengthB0 = (unsigned char)len,
		.paddingLength = (unsigned char)padding,
	};

	text_add(&exchange->out, &header, sizeof(header));
}

/* `head` and then `body` as one stream, cut into records. */
static void put_stdout(struct exchange *exchange, const char *body, size_t body_len)
{
	static const char zeros[8];
	const struct text *head = &exchange->head;
	size_t total = head->len + body_len, at = 0;

	while (at < total) {
		size_t len = total - at < RECORD_MAX ? total - at : RECORD_MAX, end = at + len, padding = -len & 7;

		put_header(exchange, FCGI_STDOUT, len, padding);
		if (at < head->len) {
			size_t n = (end < head->len ? end : head->len) - at;

			text_add(&exchange->out, head->data + at, n);
			at += n;
		}
		text_add(&exchange->out, body + (at - head->len), end - at);
		text_add(&exchange->out, zeros, padding);
		at = end;
	}
	put_header(exchange, FCGI_STDOUT, 0, 0);
}

static void put_end(struct exchange *exchange, bool last)
{
	FCGI_EndRequestBody end = {.protocolStatus = FCGI_REQUEST_COMPLETE};

	put_header(exchange, FCGI_END_REQUEST, sizeof(end), 0);
	text_add(&exchange->out, &end, sizeof(end));
	/*
	 * A connection can only be closed by nginx without a race: closed here, nginx may be sending the next request
	 * on it at this moment, and must answer 502 for it. But nginx keeps a connection only when nothing follows the
	 * end of a request: so an empty management record, which says nothing, makes it close.
	 */
	if (last && exchange->keep) {
		FCGI_Header nothing = {.version = FCGI_VERSION_1, .type = FCGI_GET_VALUES_RESULT};

		text_add(&exchange->out, &nothing, sizeof(nothing));
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

long exchange_send(struct exchange *exchange, bool last)
{
	const struct request *request = &exchange->request;
	size_t body_len = request->method == HTTP_HEAD ? 0 : request->body->len;

	write_head(&exchange->head, request);
	text_clear(&exchange->out);
	put_stdout(exchange, request->body->data, body_len);
	put_end(exchange, last);
	if (write_all(exchange->fd, exchange->out.data, exchange->out.len))
		return (long)body_len;
	log_event(LOG_LEVEL_WARN, "answer-lost", "error", strerror(errno), NULL);
	exchange->keep = false;
	return -1;
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
	shrink(&exchange->out);
	if (!keep)
		close(exchange->fd);
	exchange->fd = -1;
	return keep;
}
