/*
 * FastCGI records in a socket: what a look accepts, libfcgi reads as the same request afterwards; and the answer takes
 * out all of it.
 */
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz_params.h"
#include "http/exchange.h"
#include "http/glance.h"

enum { BODY_MAX = 4 * 1024 };

static struct glance *glance;
static struct exchange *exchange;
static struct text params;

static void begin(void)
{
	MUST(FCGX_Init() == 0);
	glance = glance_create(BODY_MAX);
	exchange = exchange_create(BODY_MAX);
}

static size_t pair_length(const uint8_t **at)
{
	const uint8_t *from = *at;

	if (from[0] < 0x80) {
		*at += 1;
		return from[0];
	}
	*at += 4;
	return (size_t)(from[0] & 0x7F) << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
}

/*
 * Does libfcgi understand an accepted request as it is meant? It takes the '=' in a name for the end of it, and the
 * padding of BEGIN_REQUEST and of the end of PARAMS for a record.
 */
static bool is_plain(const uint8_t *data, size_t size)
{
	text_clear(&params);
	for (const uint8_t *at = data; at < data + size;) {
		size_t len = (size_t)at[4] << 8 | at[5];

		if ((at[1] == FCGI_BEGIN_REQUEST || (at[1] == FCGI_PARAMS && len == 0)) && at[6] != 0)
			return false;
		if (at[1] == FCGI_PARAMS)
			text_add(&params, at + FCGI_HEADER_LEN, len);
		at += FCGI_HEADER_LEN + len + at[6];
	}
	for (const uint8_t *at = (uint8_t *)params.data, *end = at + params.len; at < end;) {
		size_t name_len = pair_length(&at), value_len = pair_length(&at);

		if (memchr(at, '=', name_len) != NULL)
			return false;
		at += name_len + value_len;
	}
	return true;
}

static void check_untouched(int fd, const uint8_t *data, size_t size)
{
	static uint8_t seen[2 * GLANCE_MAX];

	MUST(size <= sizeof(seen));
	MUST(recv(fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT) == (size > 0 ? (ssize_t)size : -1));
	MUST(memcmp(seen, data, size) == 0);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_same_params(const struct params *a, const struct params *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n; i++)
		MUST(same_text(a->at[i].name, b->at[i].name) && same_text(a->at[i].value, b->at[i].value) &&
		     a->at[i].len == b->at[i].len && a->at[i].kind == b->at[i].kind);
}

static void check_same(const struct request *a, const struct request *b)
{
	MUST(a->method == b->method && same_text(a->path, b->path) && same_text(a->remote_addr, b->remote_addr));
	MUST(same_text(a->authorization, b->authorization) && same_text(a->api_key, b->api_key));
	MUST(same_text(a->idempotency_key, b->idempotency_key) && same_text(a->content_type, b->content_type));
	MUST(a->fault == b->fault && same_text(a->fault_name, b->fault_name));
	MUST(memcmp(a->body_hash, b->body_hash, sizeof(a->body_hash)) == 0);
	check_same_params(&a->params, &b->params);
	MUST(a->is_batch == b->is_batch && a->n_items == b->n_items);
	for (size_t i = 0; i < a->n_items; i++)
		check_same_params(&a->items[i], &b->items[i]);
}

/* The same bytes as they come to a worker. */
static void check_worker(const struct request *looked_at, const uint8_t *data, size_t size, bool keep)
{
	struct request *request;
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[1], data, size) == (ssize_t)size);
	MUST(shutdown(pair[1], SHUT_WR) == 0);
	request = exchange_receive(exchange, pair[0]);
	MUST(request != NULL);
	check_same(looked_at, request);
	MUST(exchange_end(exchange) == keep);
	if (keep)
		close(pair[0]);
	close(pair[1]);
}

static void check_answer(struct request *request, int fd)
{
	char byte;

	response_text(request, 200, "text/plain");
	MUST(glance_answer(glance) == 0);
	MUST(recv(fd, &byte, 1, MSG_DONTWAIT) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request *request;
	enum glance_result result;
	int pair[2];

	if (glance == NULL)
		begin();
	if (size > GLANCE_MAX + 1)
		return 0;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[1], data, size) == (ssize_t)size);
	result = glance_look(glance, pair[0], &request);
	check_untouched(pair[0], data, size);
	MUST(result == GLANCE_REQUEST || result == (size == 0 ? GLANCE_NOTHING : GLANCE_OTHER));
	if (result == GLANCE_REQUEST) {
		MUST(size <= GLANCE_MAX);
		if (is_plain(data, size))
			check_worker(request, data, size, glance_keeps(glance));
		check_answer(request, pair[0]);
		glance_end(glance);
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}
