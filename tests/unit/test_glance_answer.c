/*
 * Answers to requests that were looked at: what is taken out of the socket, and what records are sent.
 */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "http/answer.h"
#include "http/glance.h"
#include "records.h"
#include "unit.h"

#define FIRST "REQUEST_METHOD=GET|DOCUMENT_URI=/the/first"
#define SECOND "REQUEST_METHOD=GET|DOCUMENT_URI=/second"

/* A request without a body, in `stream`. */
static void put_request(const char *params, bool keep)
{
	const struct writer writer = {.to = &stream, .version = FCGI_VERSION_1, .id = ID};
	struct text pairs = {0};

	text_clear(&stream);
	put_params(&pairs, params, false);
	put_begin(&writer, FCGI_RESPONDER, keep);
	put_stream(&writer, FCGI_PARAMS, &pairs);
	put_record(&writer, FCGI_PARAMS, "", 0);
	put_record(&writer, FCGI_STDIN, "", 0);
	text_free(&pairs);
}

/* One record of an answer; moves *at behind it. */
static struct text take_answer_record(const struct text *bytes, size_t *at, unsigned *type_r, unsigned *id_r)
{
	const unsigned char *header = (const unsigned char *)bytes->data + *at;
	struct text content = {.data = bytes->data + *at + FCGI_HEADER_LEN};

	ck_assert_uint_ge(bytes->len - *at, FCGI_HEADER_LEN);
	ck_assert_uint_eq(header[0], FCGI_VERSION_1);
	*type_r = header[1];
	*id_r = (unsigned)header[2] << 8 | header[3];
	content.len = (size_t)header[4] << 8 | header[5];
	*at += FCGI_HEADER_LEN + content.len + header[6];
	ck_assert_uint_le(*at, bytes->len);
	return content;
}

/* The records that are in `bytes`, and nothing else: the answer of this content. */
static void assert_answer(const struct text *bytes, const char *head, const char *body, size_t body_len)
{
	struct text out = {0}, content;
	unsigned type, id;
	size_t at = 0;

	do {
		content = take_answer_record(bytes, &at, &type, &id);
		ck_assert_uint_eq(type, FCGI_STDOUT);
		ck_assert_uint_eq(id, ID);
		text_add(&out, content.data, content.len);
	} while (content.len > 0);
	content = take_answer_record(bytes, &at, &type, &id);
	ck_assert_uint_eq(type, FCGI_END_REQUEST);
	ck_assert_uint_eq(id, ID);
	ck_assert_uint_eq(content.len, 8);
	ck_assert_mem_eq(content.data, "\0\0\0\0\0", 5);        /* exit status 0, FCGI_REQUEST_COMPLETE */
	ck_assert_uint_eq(at, bytes->len);
	ck_assert_uint_eq(out.len, strlen(head) + body_len);
	ck_assert_mem_eq(out.data, head, strlen(head));
	if (body_len > 0)
		ck_assert_mem_eq(out.data + strlen(head), body, body_len);
	text_free(&out);
}

static void receive(struct text *bytes)
{
	text_reserve(bytes, SEEN_MAX);
	bytes->len = 0;
	while (true) {
		ssize_t n = recv(far, bytes->data + bytes->len, SEEN_MAX - bytes->len, MSG_DONTWAIT);

		if (n <= 0)
			return;
		bytes->len += (size_t)n;
	}
}

static const struct {
	const char *method;
	size_t body;
	bool keep;
} ANSWERS[] = {
	{"GET", 0, true},
	{"GET", 2, true},
	{"GET", 2, false},
	{"HEAD", 2, true},
	{"GET", 65528, true},
	{"GET", 70000, true},
};

START_TEST(answers)
{
	struct text params = {0}, head = {0}, body = {0}, bytes = {0};
	struct request *request;
	size_t sent = strcmp(ANSWERS[_i].method, "HEAD") == 0 ? 0 : ANSWERS[_i].body;

	while (body.len < ANSWERS[_i].body)
		text_putc(&body, (char)('a' + body.len % 26));
	text_printf(&params, "REQUEST_METHOD=%s|DOCUMENT_URI=/x", ANSWERS[_i].method);
	put_request(params.data, ANSWERS[_i].keep);
	for (unsigned n = 0; n < 2; n++) {      /* one after the other, on one connection */
		transmit(stream.data, stream.len);
		ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
		text_add(response_text(request, 404, "text/plain"), body.data, body.len);
		response_header(request, "X-Test", "yes");
		text_clear(&head);
		text_printf(&head, "Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		            "X-Request-Id: %s\r\nX-Test: yes\r\n\r\n", body.len, request->id);
		ck_assert_int_eq(glance_answer(glance), (long)sent);
		glance_end(glance);
		assert_untouched(0);
		receive(&bytes);
		assert_answer(&bytes, head.data, body.data, sent);
	}
	text_free(&params);
	text_free(&head);
	text_free(&body);
	text_free(&bytes);
}
END_TEST

/* What comes between the look and the answer is left for the next look. */
START_TEST(next)
{
	struct request *request;

	put_request(FIRST, true);
	transmit(stream.data, stream.len);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
	put_request(SECOND, true);
	transmit(stream.data, stream.len);
	response_text(request, 200, "text/plain");
	ck_assert_int_eq(glance_answer(glance), 0);
	glance_end(glance);
	assert_untouched(stream.len);
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
	ck_assert_str_eq(request->path, "/second");
	glance_end(glance);
}
END_TEST

START_TEST(answer_to_nobody)
{
	struct request *request;

	put_request(SECOND, true);
	transmit(stream.data, stream.len);
	close(far);
	far = -1;
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
	response_text(request, 200, "text/plain");
	ck_assert_int_eq(glance_answer(glance), ANSWER_LOST);
	glance_end(glance);
}
END_TEST

/* A peer that takes nothing: the request is still there, for somebody who can wait. */
START_TEST(answer_later)
{
	static const char filling[4096];
	struct request *request;

	put_request(FIRST, true);
	transmit(stream.data, stream.len);
	while (send(near, filling, sizeof filling, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
	response_text(request, 200, "text/plain");
	ck_assert_int_eq(glance_answer(glance), ANSWER_LATER);
	glance_end(glance);
	assert_untouched(stream.len);
}
END_TEST

/* What a socket may have no room for at once is for somebody who can wait, up to the byte. */
START_TEST(long_answer)
{
	static const char filling[ANSWER_AT_ONCE_MAX];
	size_t len = ANSWER_AT_ONCE_MAX;
	long sent = ANSWER_LATER;
	struct request *request;

	put_request(FIRST, true);
	transmit(stream.data, stream.len);
	while (sent == ANSWER_LATER) {
		ck_assert_int_eq(glance_look(glance, near, &request), GLANCE_REQUEST);
		text_add(response_text(request, 200, "text/plain"), filling, len);
		sent = glance_answer(glance);
		if (sent == ANSWER_LATER) {
			glance_end(glance);
			assert_untouched(stream.len);
			len--;
		}
	}
	ck_assert_int_eq(sent, len);
	ck_assert_uint_lt(len, ANSWER_AT_ONCE_MAX);
	ck_assert_uint_gt(len, ANSWER_AT_ONCE_MAX - 1000);
	glance_end(glance);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glance-answer");
	TCase *tcase = tcase_create("glance-answer");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, answers, 0, COUNT(ANSWERS));
	tcase_add_test(tcase, next);
	tcase_add_test(tcase, answer_to_nobody);
	tcase_add_test(tcase, answer_later);
	tcase_add_test(tcase, long_answer);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
