/*
 * Answers to HTTP requests, in one piece and byte by byte: status, end, whether the connection may be used again.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/http_reply.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define SO_FAR(text) text, sizeof text - 1

/* step DONE: at the end of `text`, of which `rest` bytes are left over; of the others, what is waited for. */
static const struct {
	const char *text;
	size_t len;
	enum http_reply_step step;
	unsigned status;
	bool keep;
	size_t rest;
	const char *retry_after;
} ANSWERS[] = {
	{SO_FAR("HTTP/1.1 204 No Content\r\n\r\n"), HTTP_REPLY_DONE, 204, true, 0, ""},
	{SO_FAR("HTTP/1.1 204\r\n\r\n"), HTTP_REPLY_DONE, 204, true, 0, ""},
	{SO_FAR("HTTP/1.1 204 \n\n"), HTTP_REPLY_DONE, 204, true, 0, ""},
	{SO_FAR("HTTP/1.0 204 No Content\r\n\r\n"), HTTP_REPLY_DONE, 204, false, 0, ""},
	{SO_FAR("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\nHTTP/"), HTTP_REPLY_DONE, 204, true, 5, ""},
	/* a body is announced that may not be there: whether it comes is not waited for */
	{SO_FAR("HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n"), HTTP_REPLY_DONE, 204, false, 0, ""},
	{SO_FAR("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP_REPLY_DONE, 204, false, 0, ""},
	{SO_FAR("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n"), HTTP_REPLY_DONE, 304, false, 0, ""},
	{SO_FAR("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n"), HTTP_REPLY_DONE, 204, false, 0, ""},
	{SO_FAR("HTTP/1.1 204 x\r\nconnection:x , CLOSE\r\n\r\n"), HTTP_REPLY_DONE, 204, false, 0, ""},
	{SO_FAR("HTTP/1.1 204 x\r\nConnection: closed\r\n\r\n"), HTTP_REPLY_DONE, 204, true, 0, ""},
	{SO_FAR(OK "Content-Length: 0\r\n\r\n"), HTTP_REPLY_DONE, 200, true, 0, ""},
	{SO_FAR(OK "CONTENT-LENGTH:\t2 \r\n\r\nok"), HTTP_REPLY_DONE, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 2\r\n\r\nokHTTP"), HTTP_REPLY_DONE, 200, true, 4, ""},
	{SO_FAR(OK "Content-Length: 3\r\n\r\nok"), HTTP_REPLY_BODY, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), HTTP_REPLY_DONE, 200, true, 0, ""},
	{SO_FAR(OK "\r\nok"), HTTP_REPLY_TO_END, 200, true, 0, ""},
	{SO_FAR(OK "Transfer-Encoding: gzip\r\n\r\nok"), HTTP_REPLY_TO_END, 200, true, 0, ""},
	{SO_FAR(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), HTTP_REPLY_TO_END, 200, true, 0, ""},
	{SO_FAR(OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), HTTP_REPLY_TO_END, 200, true, 0,
	 ""},
	{SO_FAR(CHUNKED "0\r\n\r\n"), HTTP_REPLY_DONE, 200, true, 0, ""},
	{SO_FAR(CHUNKED "2\r\nok\r\n00A;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\nz"), HTTP_REPLY_DONE, 200, true, 1, ""},
	{SO_FAR(CHUNKED "2\r\nok\r\n"), HTTP_REPLY_CHUNK_SIZE, 200, true, 0, ""},
	{SO_FAR(CHUNKED "3\r\nok"), HTTP_REPLY_CHUNK, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), HTTP_REPLY_DONE, 200, false, 0, ""},
	{SO_FAR("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 202 x\r\nContent-Length: 0\r\n\r\n"),
	 HTTP_REPLY_DONE, 202, true, 0, ""},
	{SO_FAR("HTTP/1.1 103 x\r\nRetry-After: 7\r\n\r\n"), HTTP_REPLY_STATUS, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\nPRI"), HTTP_REPLY_DONE, 101, false, 3, ""},
	{SO_FAR("HTTP/1.1 503 x\r\nretry-after:  120 \r\nContent-Length: 0\r\n\r\n"), HTTP_REPLY_DONE, 503, true, 0, "120"},
	{SO_FAR("HTTP/1.1 503 x\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"),
	 HTTP_REPLY_DONE, 503, true, 0, "Fri, 31 Dec 1999 23:59:59 GMT"},
	{SO_FAR("HTTP/1.1 204 x\r\nRetry-After-All: 3\r\nX-Connection: close\r\n\r\n"), HTTP_REPLY_DONE, 204, true, 0, ""},
	{SO_FAR(""), HTTP_REPLY_STATUS, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 200"), HTTP_REPLY_STATUS, 0, false, 0, ""},
	{SO_FAR(OK), HTTP_REPLY_HEADERS, 200, true, 0, ""},
	/* no HTTP/1 */
	{SO_FAR("\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("220 mail.example ESMTP\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/2 200\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.x 200 OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 2000 OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 20 OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 099 OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 -20 OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR("HTTP/1.1 200\0OK\r\n"), HTTP_REPLY_WRONG, 0, false, 0, ""},
	{SO_FAR(OK "Content-Length: -1\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 1, 1\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 99999999999999999999\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(OK "Content-Length: 1\r\nContent-Length: 2\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(CHUNKED "\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(CHUNKED "x\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(CHUNKED "-1\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(CHUNKED "123456789\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
	{SO_FAR(CHUNKED "2\r\nokx\r\n"), HTTP_REPLY_WRONG, 200, true, 0, ""},
};

static void check(const struct http_reply *reply, int i, size_t rest)
{
	ck_assert_msg(reply->step == ANSWERS[i].step && reply->status == ANSWERS[i].status &&
	              reply->keep == ANSWERS[i].keep && strcmp(reply->retry_after, ANSWERS[i].retry_after) == 0,
	              "%s: step %d status %u keep %d", ANSWERS[i].text, reply->step, reply->status, reply->keep);
	if (reply->step != HTTP_REPLY_WRONG)
		ck_assert_uint_eq(rest, ANSWERS[i].rest);
}

START_TEST(at_once)
{
	struct http_reply reply = {0};
	size_t used = http_reply_take(&reply, ANSWERS[_i].text, ANSWERS[_i].len);

	check(&reply, _i, ANSWERS[_i].len - used);
}
END_TEST

START_TEST(byte_by_byte)
{
	struct http_reply reply = {0};
	size_t used = 0;

	while (used < ANSWERS[_i].len && http_reply_take(&reply, ANSWERS[_i].text + used, 1) == 1)
		used++;
	check(&reply, _i, ANSWERS[_i].len - used);
}
END_TEST

START_TEST(the_connection_ends)
{
	struct http_reply reply = {0};

	http_reply_take(&reply, ANSWERS[_i].text, ANSWERS[_i].len);
	ck_assert_int_eq(http_reply_ends(&reply),
	                 ANSWERS[_i].step == HTTP_REPLY_DONE || ANSWERS[_i].step == HTTP_REPLY_TO_END);
	if (ANSWERS[_i].step == HTTP_REPLY_TO_END)
		ck_assert(!reply.keep);
}
END_TEST

/* Feeds `piece` until nothing more is taken, at most so often. */
static unsigned feed(struct http_reply *reply, const char *piece, unsigned times)
{
	unsigned n = 0;

	while (n < times && http_reply_take(reply, piece, strlen(piece)) > 0)
		n++;
	return n;
}

START_TEST(too_long)
{
	static const char *const heads[] = {OK "\r\n", OK "Content-Length: 9999999\r\n\r\n", CHUNKED "ffffff\r\n"};
	static const char *const crumbs[] = {"1\r\nx\r\n", "1;a=b\r\nx\r\n", "0\r\nX: a trailer without an end\r\n"};
	struct http_reply reply = {0};

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		memset(&reply, 0, sizeof reply);
		feed(&reply, heads[i], 1);
		ck_assert_uint_eq(feed(&reply, "0123456789abcdef", 9999), HTTP_REPLY_MAX / 16 + 1);
		ck_assert_int_eq(reply.step, HTTP_REPLY_DONE);
		ck_assert(!reply.keep);
	}
	for (size_t i = 0; i < sizeof crumbs / sizeof crumbs[0]; i++) {
		memset(&reply, 0, sizeof reply);
		feed(&reply, CHUNKED, 1);
		ck_assert_uint_gt(feed(&reply, crumbs[i], 99999), HTTP_REPLY_MAX / 64);
		ck_assert_int_eq(reply.step, HTTP_REPLY_DONE);
		ck_assert_uint_eq(reply.status, 200);
		ck_assert(!reply.keep);
	}
	memset(&reply, 0, sizeof reply);
	feed(&reply, OK, 1);
	ck_assert_uint_lt(feed(&reply, "X: 0123456789abcdef\r\n", 99999), HTTP_REPLY_MAX / 16);
	ck_assert_int_eq(reply.step, HTTP_REPLY_WRONG);
	memset(&reply, 0, sizeof reply);
	feed(&reply, "HTTP/1.1 100 x\r\n\r\n", 99999);
	ck_assert_int_eq(reply.step, HTTP_REPLY_WRONG);
}
END_TEST

START_TEST(a_long_line)
{
	struct http_reply reply = {0};

	feed(&reply, OK "Set-Cookie: ", 1);
	ck_assert_uint_eq(feed(&reply, "0123456789abcdef", 500), 500);
	feed(&reply, "\r\nContent-Length: 0\r\n\r\n", 1);
	ck_assert_int_eq(reply.step, HTTP_REPLY_DONE);
	ck_assert(reply.keep);
}
END_TEST

int main(void)
{
	enum { N = sizeof ANSWERS / sizeof ANSWERS[0] };
	Suite *suite = suite_create("http_reply");
	TCase *tcase = tcase_create("http_reply");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, at_once, 0, N);
	tcase_add_loop_test(tcase, byte_by_byte, 0, N);
	tcase_add_loop_test(tcase, the_connection_ends, 0, N);
	tcase_add_test(tcase, too_long);
	tcase_add_test(tcase, a_long_line);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
