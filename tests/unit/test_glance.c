/*
 * Looks at requests in a socket: what is one, what it says, that a look takes nothing out, and that libfcgi, in the
 * process to which such a connection may be given, then reads the same.
 */
#include <fcgiapp.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "http/exchange.h"
#include "http/glance.h"
#include "records.h"
#include "unit.h"

#define MINIMAL "REQUEST_METHOD=GET|DOCUMENT_URI=/x"
#define PLAIN "REQUEST_METHOD=GET|DOCUMENT_URI=/a b|QUERY_STRING=q=1&r=%C3%A9|CONTENT_LENGTH=|REMOTE_ADDR=::1"
#define POST "REQUEST_METHOD=POST|DOCUMENT_URI=/p|CONTENT_TYPE=application/x-www-form-urlencoded|"
#define LONG_NAME "HTTP_" \
	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" \
	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define WHOLE "BPpSs"

/*
 * The script, a letter a step: B begin, P and S what is in PARAMS and STDIN, p and s their ends; A ABORT_REQUEST,
 * D DATA, V GET_VALUES, U a type that does not exist; R begin of an authorizer, H of a role beyond a byte, E a begin
 * with too short a body; x a stray byte. From here on: 0 and 2 another request id, 1 the right one again, v version 2.
 * Begin and ends are not padded; b, q, t are those that are, where libfcgi loses its way.
 */
static const struct row {
	const char *what, *script, *params, *body;
	size_t cut;
	unsigned padding;
	bool long_lengths;
	enum glance_result expected;
	enum http_method method;
	const char *path, *seen;        /* seen: the parameters, each as "name=value;" */
	enum http_fault fault;
} ROWS[] = {
	/* Requests. */
	{.what = "get", .script = WHOLE, .params = PLAIN, .method = HTTP_GET, .path = "/a b", .seen = "q=1;r=é;"},
	{.what = "post", .script = WHOLE, .params = POST "CONTENT_LENGTH=7", .body = "a=1&b=2",
	 .method = HTTP_POST, .path = "/p", .seen = "a=1;b=2;"},
	{.what = "query, then body", .script = WHOLE, .params = POST "CONTENT_LENGTH=3|QUERY_STRING=a=0", .body = "a=1",
	 .method = HTTP_POST, .path = "/p", .seen = "a=0;a=1;"},
	{.what = "byte by byte", .script = WHOLE, .params = POST "CONTENT_LENGTH=7", .body = "a=1&b=2", .cut = 1,
	 .method = HTTP_POST, .path = "/p", .seen = "a=1;b=2;"},
	{.what = "pieces", .script = WHOLE, .params = POST "CONTENT_LENGTH=7", .body = "a=1&b=2", .cut = 5,
	 .padding = 3,
	 .method = HTTP_POST, .path = "/p", .seen = "a=1;b=2;"},
	{.what = "padding everywhere", .script = "bPqSt", .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .padding = 255,
	 .method = HTTP_POST, .path = "/p", .seen = "a=1;"},
	{.what = "padding", .script = WHOLE, .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .padding = 255, .method = HTTP_POST, .path = "/p", .seen = "a=1;"},
	{.what = "lengths of 4 bytes", .script = WHOLE, .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .long_lengths = true, .method = HTTP_POST, .path = "/p", .seen = "a=1;"},
	{.what = "4 bytes, cut", .script = WHOLE, .params = PLAIN, .cut = 3, .long_lengths = true,
	 .method = HTTP_GET, .path = "/a b", .seen = "q=1;r=é;"},
	{.what = "long name", .script = WHOLE, .params = LONG_NAME "=v|" MINIMAL, .method = HTTP_GET, .path = "/x"},
	{.what = "long value", .script = WHOLE, .params = "HTTP_X=" LONG_NAME "|" MINIMAL, .method = HTTP_GET,
	 .path = "/x"},
	{.what = "no parameters", .script = "Bps", .params = "", .method = HTTP_OTHER, .path = ""},
	{.what = "head", .script = WHOLE, .params = "REQUEST_METHOD=HEAD|DOCUMENT_URI=/h", .method = HTTP_HEAD,
	 .path = "/h"},
	{.what = "other method", .script = WHOLE, .params = "REQUEST_METHOD=get|DOCUMENT_URI=/h", .method = HTTP_OTHER,
	 .path = "/h"},
	{.what = "raw path", .script = WHOLE, .params = "REQUEST_METHOD=GET|REQUEST_URI=/a%20b?c=d", .method = HTTP_GET,
	 .path = "/a b"},
	{.what = "bad raw path", .script = WHOLE, .params = "REQUEST_METHOD=GET|REQUEST_URI=/a%00b", .method = HTTP_GET,
	 .path = ""},
	{.what = "names alike", .script = WHOLE,
	 .params = MINIMAL "|DOCUMENT_UR=/y|DOCUMENT_URIS=/z|document_uri=/w|QUERY_STRIN=a=1", .method = HTTP_GET,
	 .path = "/x"},
	{.what = "empty name", .script = WHOLE, .params = "=v|" MINIMAL "|=", .method = HTTP_GET, .path = "/x"},
	{.what = "two of a name", .script = WHOLE, .params = MINIMAL "|DOCUMENT_URI=/y|REQUEST_METHOD=POST",
	 .method = HTTP_GET, .path = "/x"},
	{.what = "the first is empty", .script = WHOLE,
	 .params = "REQUEST_METHOD=|DOCUMENT_URI=|DOCUMENT_URI=|" MINIMAL "|DOCUMENT_URI=/y", .method = HTTP_GET,
	 .path = "/x"},
	{.what = "NUL in what nobody reads", .script = WHOLE, .params = MINIMAL "|HTTP_X=a~b", .method = HTTP_GET,
	 .path = "/x"},
	{.what = "NUL in a body", .script = WHOLE, .params = POST "CONTENT_LENGTH=5", .body = "a=%00",
	 .method = HTTP_POST, .path = "/p", .fault = HTTP_FAULT_PARAMETER},
	{.what = "bad query", .script = WHOLE, .params = MINIMAL "|QUERY_STRING=a=%zz", .method = HTTP_GET,
	 .path = "/x",
	 .fault = HTTP_FAULT_PARAMETER},
	{.what = "unreadable body", .script = WHOLE, .params = "CONTENT_TYPE=text/html|CONTENT_LENGTH=3|" MINIMAL,
	 .body = "a=1", .method = HTTP_GET, .path = "/x", .fault = HTTP_FAULT_BODY},
	{.what = "length 0", .script = WHOLE, .params = MINIMAL "|CONTENT_LENGTH=0", .method = HTTP_GET, .path = "/x"},
	{.what = "length 003", .script = WHOLE, .params = POST "CONTENT_LENGTH=003", .body = "a=1", .method = HTTP_POST,
	 .path = "/p", .seen = "a=1;"},

	/* Not for a glance. */
	{.what = "NUL", .script = WHOLE, .params = "REQUEST_METHOD=GET|DOCUMENT_URI=/x~y", .expected = GLANCE_OTHER},
	{.what = "NUL first", .script = WHOLE, .params = "DOCUMENT_URI=~|" MINIMAL, .expected = GLANCE_OTHER},
	{.what = "NUL last", .script = WHOLE, .params = MINIMAL "|HTTP_AUTHORIZATION=Basic eA==~",
	 .expected = GLANCE_OTHER},
	{.what = "no length", .script = WHOLE, .params = MINIMAL, .body = "a=1", .expected = GLANCE_OTHER},
	{.what = "empty length", .script = WHOLE, .params = MINIMAL "|CONTENT_LENGTH=", .body = "a",
	 .expected = GLANCE_OTHER},
	{.what = "less", .script = WHOLE, .params = POST "CONTENT_LENGTH=2", .body = "a=1", .expected = GLANCE_OTHER},
	{.what = "more", .script = WHOLE, .params = POST "CONTENT_LENGTH=4", .body = "a=1", .expected = GLANCE_OTHER},
	{.what = "length without a body", .script = "BPps", .params = POST "CONTENT_LENGTH=1",
	 .expected = GLANCE_OTHER},
	{.what = "length a word", .script = WHOLE, .params = POST "CONTENT_LENGTH=three", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "length and more", .script = WHOLE, .params = POST "CONTENT_LENGTH=3 ", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "negative length", .script = WHOLE, .params = POST "CONTENT_LENGTH=-3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "length with a sign", .script = WHOLE, .params = POST "CONTENT_LENGTH=+3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "length beyond 32 bits", .script = WHOLE, .params = POST "CONTENT_LENGTH=4294967299", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "length beyond 64 bits", .script = WHOLE, .params = POST "CONTENT_LENGTH=18446744073709551619",
	 .body = "a=1", .expected = GLANCE_OTHER},
	{.what = "version", .script = "vBPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "version of params", .script = "BvPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "version of the last", .script = "BPpSvs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "authorizer", .script = "RPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "role 257", .script = "HPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "short begin", .script = "EPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "id 0", .script = "0BPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "id of params", .script = "B2PpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "id of the end of params", .script = "BP2p1Ss", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "id of stdin", .script = "BPp2S1s", .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "id of the last", .script = "BPpS2s", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "another's id in between", .script = "BP2P1pSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "only an abort", .script = "A", .params = "", .expected = GLANCE_OTHER},
	{.what = "abort before", .script = "ABPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "abort in params", .script = "BPApSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "abort in stdin", .script = "BPpSAs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "abort after", .script = "BPpSsA", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "only a question", .script = "V", .params = "", .expected = GLANCE_OTHER},
	{.what = "question before", .script = "VBPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "question inside", .script = "BPVpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "question after", .script = "BPpSsV", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "data", .script = "BPpSsD", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "unknown type", .script = "BPpUSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "two begins", .script = "BBPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "params without begin", .script = "PpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "stdin first", .script = "BSsPp", .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "no end of params", .script = "BPSs", .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "no end of stdin", .script = "BPpS", .params = POST "CONTENT_LENGTH=3", .body = "a=1",
	 .expected = GLANCE_OTHER},
	{.what = "no stdin", .script = "BPp", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "two ends of params", .script = "BPppSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "two ends of stdin", .script = "BPpSss", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "a second request", .script = "BPpSs2BPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "the same again", .script = "BPpSsBPpSs", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "a byte more", .script = "BPpSsx", .params = MINIMAL, .expected = GLANCE_OTHER},
	{.what = "a byte", .script = "x", .params = "", .expected = GLANCE_OTHER},
};

static void put_step(struct writer *writer, const struct row *row, char step, bool keep)
{
	const struct writer bare = {.to = writer->to, .version = writer->version, .id = writer->id};
	struct text params = {0}, body = {0};

	put_params(&params, row->params, row->long_lengths);
	text_puts(&body, row->body != NULL ? row->body : "");
	switch (step) {
	case 'B': put_begin(&bare, FCGI_RESPONDER, keep); break;
	case 'b': put_begin(writer, FCGI_RESPONDER, keep); break;
	case 'R': put_begin(writer, FCGI_AUTHORIZER, keep); break;
	case 'H': put_begin(writer, 0x100 | FCGI_RESPONDER, keep); break;
	case 'E': put_record(writer, FCGI_BEGIN_REQUEST, "\0\1\0\0\0\0", 6); break;
	case 'P': put_stream(writer, FCGI_PARAMS, &params); break;
	case 'p': put_record(&bare, FCGI_PARAMS, "", 0); break;
	case 'q': put_record(writer, FCGI_PARAMS, "", 0); break;
	case 'S': put_stream(writer, FCGI_STDIN, &body); break;
	case 's': put_record(&bare, FCGI_STDIN, "", 0); break;
	case 't': put_record(writer, FCGI_STDIN, "", 0); break;
	case 'A': put_record(writer, FCGI_ABORT_REQUEST, "", 0); break;
	case 'D': put_record(writer, FCGI_DATA, "data", 4); break;
	case 'V': put_record(&(struct writer){writer->to, 1, 0, 0, 0}, FCGI_GET_VALUES, "", 0); break;
	case 'U': put_record(writer, FCGI_MAXTYPE + 1, "", 0); break;
	case 'x': text_putc(writer->to, 1); break;
	case 'v': writer->version = 2; break;
	case '0': writer->id = 0; break;
	case '1': writer->id = ID; break;
	case '2': writer->id = ID + 1; break;
	default: ck_abort_msg("no step: %c", step);
	}
	text_free(&params);
	text_free(&body);
}

/* The bytes of a row, in `stream`. */
static void put_row(const struct row *row, bool keep)
{
	struct writer writer = {.to = &stream, .version = FCGI_VERSION_1, .id = ID, .padding = row->padding,
	                        .cut = row->cut};

	text_clear(&stream);
	for (const char *step = row->script; *step != '\0'; step++)
		put_step(&writer, row, *step, keep);
}

static void assert_request(const struct request *request, const struct row *row)
{
	struct text seen = {0};

	text_puts(&seen, "");
	for (size_t i = 0; i < request->params.n; i++)
		text_printf(&seen, "%s=%s;", request->params.at[i].name, request->params.at[i].value);
	ck_assert_int_eq(request->method, row->method);
	ck_assert_str_eq(request->path, row->path);
	ck_assert_str_eq(seen.data, row->seen != NULL ? row->seen : "");
	ck_assert_int_eq(request->fault, row->fault);
	ck_assert_uint_eq(request->status, 0);
	text_free(&seen);
}

/* What the process to which the connection is given reads. */
static void assert_exchange(const struct row *row, bool keep)
{
	struct exchange *exchange = exchange_create(BODY_MAX);
	int fd = dup(near);
	struct request *request = exchange_receive(exchange, fd);

	ck_assert_ptr_nonnull(request);
	assert_request(request, row);
	ck_assert(exchange_end(exchange) == keep);
	if (keep)
		close(fd);
	exchange_free(exchange);
}

static void look_at_row(const struct row *row, bool keep)
{
	struct request *request;

	put_row(row, keep);
	transmit(stream.data, stream.len);
	for (unsigned look = 0; look < 2; look++) {
		enum glance_result result = glance_look(glance, near, &request);

		ck_assert_msg(result == row->expected, "%s: %d", row->what, (int)result);
		assert_untouched(stream.len);
		if (result != GLANCE_REQUEST)
			continue;
		assert_request(request, row);
		ck_assert(glance_keeps(glance) == keep);
		glance_end(glance);
	}
}

START_TEST(rows)
{
	const struct row *row = &ROWS[_i / 2];
	bool keep = _i % 2 != 0;

	look_at_row(row, keep);
	if (row->expected == GLANCE_REQUEST && strpbrk(row->script, "bqt") == NULL)
		assert_exchange(row, keep);
}
END_TEST

/* A beginning of a request is none, whether more may come or not. */
START_TEST(truncated)
{
	struct request *request;

	if (ROWS[_i].expected != GLANCE_REQUEST)
		return;
	put_row(&ROWS[_i], true);
	for (size_t len = 0; len < stream.len; len++) {
		disconnect_pair();
		connect_pair();
		transmit(stream.data, len);
		ck_assert_int_eq(glance_look(glance, near, &request), len == 0 ? GLANCE_NOTHING : GLANCE_OTHER);
		assert_untouched(len);
		shutdown(far, SHUT_WR);
		ck_assert_int_eq(glance_look(glance, near, &request), len == 0 ? GLANCE_END : GLANCE_OTHER);
	}
}
END_TEST

/* Any byte may be another: whatever that makes of the request, nothing breaks, and it stays where it is. */
START_TEST(spoilt)
{
	static const unsigned char FLIPS[] = {0x01, 0x80, 0xFF};
	struct request *request;

	put_row(&ROWS[_i], true);
	for (size_t i = 0; i < stream.len * sizeof FLIPS; i++) {
		size_t at = i / sizeof FLIPS;
		unsigned char flip = FLIPS[i % sizeof FLIPS];
		enum glance_result result;

		disconnect_pair();
		connect_pair();
		stream.data[at] = (char)(stream.data[at] ^ flip);
		transmit(stream.data, stream.len);
		result = glance_look(glance, near, &request);
		ck_assert(result == GLANCE_REQUEST || result == GLANCE_OTHER);
		assert_untouched(stream.len);
		if (result == GLANCE_REQUEST)
			glance_end(glance);
		stream.data[at] = (char)(stream.data[at] ^ flip);
	}
}
END_TEST

/* PARAMS that are no pairs of names and values, each as the whole of the stream. */
static const struct {
	const char *bytes;
	size_t len;
} BAD_PARAMS[] = {
#define BYTES(s) {s, sizeof(s) - 1}
	BYTES("\0"),
	BYTES("\1"),
	BYTES("\1\0"),
	BYTES("\0\1"),
	BYTES("\1\1a"),
	BYTES("\2\1a"),
	BYTES("\1\1ab\1"),
	BYTES("\x80"),
	BYTES("\x80\0\0"),
	BYTES("\x80\0\0\1"),
	BYTES("\x80\0\0\1\0"),
	BYTES("\x80\0\0\1\x80\0\0a"),
	BYTES("\0\x80\0\0"),
	BYTES("\xFF\xFF\xFF\xFF\1ab"),
	BYTES("\1\xFF\xFF\xFF\xFF" "ab"),
	BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" "ab"),
	BYTES("\x0E\xFF\xFF\xFF\xFFREQUEST_METHODGET"),
	BYTES("\x0E\4REQUEST_METHODGET"),
#undef BYTES
};

START_TEST(bad_params)
{
	const struct writer writer = {.to = &stream, .version = FCGI_VERSION_1, .id = ID};
	struct request *request;

	put_begin(&writer, FCGI_RESPONDER, true);
	put_record(&writer, FCGI_PARAMS, BAD_PARAMS[_i].bytes, BAD_PARAMS[_i].len);
	put_record(&writer, FCGI_PARAMS, "", 0);
	put_record(&writer, FCGI_STDIN, "", 0);
	transmit(stream.data, stream.len);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_OTHER);
	assert_untouched(stream.len);
}
END_TEST

/* A request of this many bytes: the body and then padding fill it up. */
static void put_sized(size_t size)
{
	struct writer writer = {.to = &stream, .version = FCGI_VERSION_1, .id = ID};
	struct text pairs = {0}, params = {0}, body = {0};
	const size_t rest = size - 400;         /* all but the body takes less than that */

	text_clear(&stream);
	text_printf(&pairs, POST "CONTENT_LENGTH=%zu", rest);
	put_params(&params, pairs.data, false);
	while (body.len < rest)
		text_putc(&body, 'a');
	put_begin(&writer, FCGI_RESPONDER, true);
	put_stream(&writer, FCGI_PARAMS, &params);
	put_record(&writer, FCGI_PARAMS, "", 0);
	writer.cut = 60000;
	put_stream(&writer, FCGI_STDIN, &body);
	ck_assert_uint_le(stream.len + FCGI_HEADER_LEN, size);
	ck_assert_uint_ge(stream.len + FCGI_HEADER_LEN + 255, size);
	writer.padding = (unsigned)(size - stream.len - FCGI_HEADER_LEN);
	put_record(&writer, FCGI_STDIN, "", 0);
	ck_assert_uint_eq(stream.len, size);
	text_free(&pairs);
	text_free(&params);
	text_free(&body);
}

static const struct {
	size_t size, more;              /* bytes of the request, and behind it */
	enum glance_result expected;
} SIZES[] = {
	{GLANCE_MAX - 1, 0, GLANCE_REQUEST},
	{GLANCE_MAX, 0, GLANCE_REQUEST},
	{GLANCE_MAX + 1, 0, GLANCE_OTHER},
	{GLANCE_MAX + 2, 0, GLANCE_OTHER},
	{4 * GLANCE_MAX, 0, GLANCE_OTHER},
	{GLANCE_MAX - 1, 1, GLANCE_OTHER},
	{GLANCE_MAX - 1, 2, GLANCE_OTHER},
	{GLANCE_MAX, 1, GLANCE_OTHER},
	{GLANCE_MAX, GLANCE_MAX, GLANCE_OTHER},
};

START_TEST(sizes)
{
	struct request *request;

	put_sized(SIZES[_i].size);
	for (size_t i = 0; i < SIZES[_i].more; i++)
		text_putc(&stream, 1);
	transmit(stream.data, stream.len);
	ck_assert_int_eq(glance_look(glance, near, &request), SIZES[_i].expected);
	assert_untouched(stream.len);
	if (SIZES[_i].expected != GLANCE_REQUEST)
		return;
	ck_assert_uint_eq(request->params.n, 1);
	response_text(request, 200, "text/plain");
	ck_assert_int_eq(glance_answer(glance), 0);
	assert_untouched(0);
	glance_end(glance);
}
END_TEST

/* What came in several writes, as a web server's may, is one request all the same. */
START_TEST(writes)
{
	struct request *request;

	put_row(&ROWS[1], true);
	for (size_t at = 0; at < stream.len; at += 16) {
		ck_assert_int_eq(glance_look(glance, near, &request), at == 0 ? GLANCE_NOTHING : GLANCE_OTHER);
		transmit(stream.data + at, stream.len - at < 16 ? stream.len - at : 16);
	}
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
	assert_request(request, &ROWS[1]);
	assert_untouched(stream.len);
	response_text(request, 200, "text/plain");
	ck_assert_int_eq(glance_answer(glance), 0);
	assert_untouched(0);
	glance_end(glance);
}
END_TEST

/* A body larger than the settings have it. */
START_TEST(body_max)
{
	struct request *request;

	put_row(&ROWS[1], true);
	transmit(stream.data, stream.len);
	for (size_t max = 6; max <= 8; max++) {
		glance_free(glance);
		glance = glance_create(max);
		ck_assert_int_eq(glance_look(glance, near, &request), max < 7 ? GLANCE_OTHER : GLANCE_REQUEST);
		assert_untouched(stream.len);
	}
}
END_TEST

START_TEST(ends)
{
	struct request *request;

	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_NOTHING);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_NOTHING);
	close(far);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_END);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_END);
	far = -1;
}
END_TEST

/* The peer that closes with bytes of ours unread resets the connection. */
START_TEST(reset)
{
	struct request *request;

	ck_assert_int_eq(write(near, "x", 1), 1);
	close(far);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_END);
	far = -1;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glance");
	TCase *tcase = tcase_create("glance");

	if (FCGX_Init() != 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, rows, 0, 2 * COUNT(ROWS));
	tcase_add_loop_test(tcase, truncated, 0, COUNT(ROWS));
	tcase_add_loop_test(tcase, spoilt, 0, COUNT(ROWS));
	tcase_add_loop_test(tcase, bad_params, 0, COUNT(BAD_PARAMS));
	tcase_add_loop_test(tcase, sizes, 0, COUNT(SIZES));
	tcase_add_test(tcase, writes);
	tcase_add_test(tcase, body_max);
	tcase_add_test(tcase, ends);
	tcase_add_test(tcase, reset);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
