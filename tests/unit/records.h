/*
 * A connection with a peer that speaks FastCGI, for the tests of looks at it: what the peer sends is made of records
 * that may be wrong in any way.
 */
#ifndef TESTS_UNIT_RECORDS_H
#define TESTS_UNIT_RECORDS_H

#include <fastcgi.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/glance.h"
#include "unit.h"

enum { ID = 0x0102, BODY_MAX = 1024 * 1024, SEEN_MAX = 256 * 1024 };

static struct glance *glance;
static int near, far;                   /* the connection: ours, and the peer's */
static struct text stream;

static inline void connect_pair(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	near = pair[0];
	far = pair[1];
}

static inline void disconnect_pair(void)
{
	close(near);
	close(far);
}

static inline void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	glance = glance_create(BODY_MAX);
	connect_pair();
}

static inline void teardown(void)
{
	disconnect_pair();
	text_free(&stream);
	glance_free(glance);
}

/* Where in a stream of records the next one goes, and what is odd about it. */
struct writer {
	struct text *to;
	unsigned version, id;
	unsigned padding;
	size_t cut;                     /* bytes of content of a record at most; 0: all in one */
};

static inline void put_record(const struct writer *writer, unsigned type, const void *content, size_t len)
{
	unsigned char header[FCGI_HEADER_LEN] = {
		(unsigned char)writer->version, (unsigned char)type, (unsigned char)(writer->id >> 8),
		(unsigned char)writer->id, (unsigned char)(len >> 8), (unsigned char)len,
		(unsigned char)writer->padding,
	};

	text_add(writer->to, header, sizeof header);
	text_add(writer->to, content, len);
	for (unsigned i = 0; i < writer->padding; i++)
		text_putc(writer->to, (char)0xA5);
}

static inline void put_stream(const struct writer *writer, unsigned type, const struct text *content)
{
	size_t cut = writer->cut > 0 ? writer->cut : content->len;

	for (size_t at = 0; at < content->len; at += cut)
		put_record(writer, type, content->data + at, content->len - at < cut ? content->len - at : cut);
}

static inline void put_begin(const struct writer *writer, unsigned role, bool keep)
{
	unsigned char body[8] = {(unsigned char)(role >> 8), (unsigned char)role, keep ? FCGI_KEEP_CONN : 0};

	put_record(writer, FCGI_BEGIN_REQUEST, body, sizeof body);
}

static inline void put_length(struct text *to, size_t len, bool is_long)
{
	if (is_long || len > 0x7F) {
		text_putc(to, (char)(0x80 | len >> 24));
		text_putc(to, (char)(len >> 16));
		text_putc(to, (char)(len >> 8));
	}
	text_putc(to, (char)len);
}

/* "NAME=value|NAME=value" as pairs with their lengths; in a value, '~' stands for NUL. */
static inline void put_params(struct text *to, const char *params, bool is_long)
{
	while (*params != '\0') {
		size_t len = strcspn(params, "|"), name_len = strcspn(params, "=");
		const char *value = params + name_len + 1;
		size_t value_len = len - name_len - 1;

		put_length(to, name_len, is_long);
		put_length(to, value_len, is_long);
		text_add(to, params, name_len);
		for (size_t i = 0; i < value_len; i++)
			text_putc(to, value[i] == '~' ? '\0' : value[i]);
		params += len + (params[len] == '|');
	}
}

static inline void transmit(const char *bytes, size_t len)
{
	if (len > 0)
		ck_assert_int_eq(send(far, bytes, len, MSG_DONTWAIT), (ssize_t)len);
}

/* Is what was sent, all of it and nothing else, in the socket? */
static inline void assert_untouched(size_t len)
{
	static char seen[SEEN_MAX];
	ssize_t there = recv(near, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT);

	ck_assert_int_eq(there, len > 0 ? (ssize_t)len : -1);
	if (len > 0)
		ck_assert_mem_eq(seen, stream.data, len);
}

#endif
