/*
 * Reading the answer to an HTTP/1.1 request.
 */
#include "delivery/http_reply.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static void done(struct http_reply *reply, bool keep)
{
	reply->step = HTTP_REPLY_DONE;
	reply->keep = reply->keep && keep;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP/1.1 200 OK; connections of HTTP/1.0 are for one request. */
static void take_status(struct http_reply *reply)
{
	static const char version[] = "HTTP/1.";
	enum { MINOR = sizeof version - 1, CODE = MINOR + 2, END = CODE + 3 };
	const char *line = reply->line;

	reply->step = HTTP_REPLY_WRONG;
	if (reply->line_len < END || memcmp(line, version, MINOR) != 0 || !is_digit(line[MINOR]) || line[MINOR + 1] != ' ')
		return;
	for (int i = CODE; i < END; i++)
		if (!is_digit(line[i]))
			return;
	if (line[CODE] == '0' || (line[END] != ' ' && line[END] != '\0'))
		return;
	reply->status = (unsigned)((line[CODE] - '0') * 100 + (line[CODE + 1] - '0') * 10 + line[CODE + 2] - '0');
	reply->keep = line[MINOR] != '0';
	reply->step = HTTP_REPLY_HEADERS;
}

/* Is it the header of this name? Then *value_r is what it says, without the space around it. */
static bool is_header(char *line, const char *name, char **value_r)
{
	size_t len = strlen(name), end;

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return false;
	*value_r = line + len + 1 + strspn(line + len + 1, " \t");
	for (end = strlen(*value_r); end > 0 && strchr(" \t", (*value_r)[end - 1]) != NULL; end--)
		(*value_r)[end - 1] = '\0';
	return true;
}

/* Is the word one of those in a list with commas? */
static bool lists(const char *value, const char *word)
{
	size_t len = strlen(word);

	while (*value != '\0') {
		size_t size;

		value += strspn(value, " \t,");
		size = strcspn(value, " \t,;");
		if (size == len && strncasecmp(value, word, len) == 0)
			return true;
		value += strcspn(value, ",");
	}
	return false;
}

static void take_length(struct http_reply *reply, const char *value)
{
	uint64_t length = 0;

	if (text_to_u64(value, 0, INT64_MAX, &length) != 0 || (reply->has_length && reply->left != length))
		reply->step = HTTP_REPLY_WRONG;
	reply->has_length = true;
	reply->left = length;
}

static void take_header(struct http_reply *reply)
{
	char *value;

	if (is_header(reply->line, "content-length", &value)) {
		take_length(reply, value);
	} else if (is_header(reply->line, "transfer-encoding", &value)) {
		reply->chunked = strcasecmp(value, "chunked") == 0 && !reply->other_coding;
		reply->other_coding = !reply->chunked;
	} else if (is_header(reply->line, "connection", &value)) {
		reply->keep = reply->keep && !lists(value, "close");
	} else if (is_header(reply->line, "retry-after", &value) && strlen(value) < HTTP_REPLY_RETRY) {
		strcpy(reply->retry_after, value);
	}
}

/*
 * Where the body ends (RFC 9112, 6.3). An answer with two ways to tell is believed, its connection is not; nor is that
 * of one that announces a body where none can be: it may come and be taken for the next answer.
 */
static void end_headers(struct http_reply *reply)
{
	enum { SWITCHING = 101, NO_CONTENT = 204, NOT_MODIFIED = 304 };

	if (reply->status < 200 && reply->status != SWITCHING) {
		*reply = (struct http_reply){.framing = reply->framing};        /* what follows is the answer */
		return;
	}
	if (reply->has_length && (reply->chunked || reply->other_coding))
		reply->keep = false;
	if (reply->status == NO_CONTENT || reply->status == NOT_MODIFIED)
		done(reply, reply->left == 0 && !reply->chunked && !reply->other_coding);
	else if (reply->status == SWITCHING)
		done(reply, false);
	else if (reply->chunked)
		reply->step = HTTP_REPLY_CHUNK_SIZE;
	else if (!reply->has_length || reply->other_coding)
		reply->step = HTTP_REPLY_TO_END;
	else if (reply->left > 0)
		reply->step = HTTP_REPLY_BODY;
	else
		done(reply, true);
}

/* Hexadecimal, with extensions after a semicolon. */
static void take_chunk_size(struct http_reply *reply)
{
	size_t digits = 0;

	reply->left = 0;
	for (int digit; (digit = text_hex_digit(reply->line[digits])) >= 0; digits++)
		reply->left = reply->left * 16 + (unsigned)digit;
	if (digits == 0 || digits > 8 || strchr(" \t;", reply->line[digits]) == NULL)
		reply->step = HTTP_REPLY_WRONG;
	else
		reply->step = reply->left > 0 ? HTTP_REPLY_CHUNK : HTTP_REPLY_TRAILER;
}

static void take_line(struct http_reply *reply)
{
	bool empty = reply->line_len == 0;

	switch (reply->step) {
	case HTTP_REPLY_STATUS:
		take_status(reply);
		break;
	case HTTP_REPLY_HEADERS:
		if (empty)
			end_headers(reply);
		else
			take_header(reply);
		break;
	case HTTP_REPLY_CHUNK_SIZE:
		take_chunk_size(reply);
		break;
	case HTTP_REPLY_CHUNK_END:
		reply->step = empty ? HTTP_REPLY_CHUNK_SIZE : HTTP_REPLY_WRONG;
		break;
	default:                                /* HTTP_REPLY_TRAILER */
		if (empty)
			done(reply, true);
		break;
	}
}

/* An answer too long to be read to its end is an answer all the same. */
static void too_long(struct http_reply *reply)
{
	if (reply->step > HTTP_REPLY_HEADERS)
		done(reply, false);
	else
		reply->step = HTTP_REPLY_WRONG;
}

/* Of a line, as far as it has come; its end may be a bare line feed, as RFC 9112, 2.2, allows. */
static size_t take_of_line(struct http_reply *reply, const char *bytes, size_t len)
{
	size_t allowed = HTTP_REPLY_MAX + 1 - reply->framing, room = HTTP_REPLY_LINE - reply->line_len, n;
	const char *feed;

	len = len < allowed ? len : allowed;
	feed = memchr(bytes, '\n', len);
	n = feed != NULL ? (size_t)(feed - bytes) : len;
	reply->framing += n + (feed != NULL);
	if (memchr(bytes, '\0', n) != NULL) {
		reply->step = HTTP_REPLY_WRONG;
		return len;
	}
	if (reply->framing > HTTP_REPLY_MAX) {
		too_long(reply);
		return len;
	}
	memcpy(reply->line + reply->line_len, bytes, n < room ? n : room);
	reply->line_len += n < room ? n : room;
	if (feed == NULL)
		return len;
	if (reply->line_len > 0 && reply->line[reply->line_len - 1] == '\r')
		reply->line_len--;
	reply->line[reply->line_len] = '\0';
	take_line(reply);
	reply->line_len = 0;
	return n + 1;
}

static size_t take_of_body(struct http_reply *reply, size_t len)
{
	size_t n = reply->step == HTTP_REPLY_TO_END || len < reply->left ? len : (size_t)reply->left;

	reply->body += n;
	reply->left -= reply->step == HTTP_REPLY_TO_END ? 0 : n;
	if (reply->body > HTTP_REPLY_MAX)
		too_long(reply);
	else if (reply->left == 0 && reply->step == HTTP_REPLY_BODY)
		done(reply, true);
	else if (reply->left == 0 && reply->step == HTTP_REPLY_CHUNK)
		reply->step = HTTP_REPLY_CHUNK_END;
	return n;
}

size_t http_reply_take(struct http_reply *reply, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && reply->step < HTTP_REPLY_DONE) {
		switch (reply->step) {
		case HTTP_REPLY_BODY:
		case HTTP_REPLY_TO_END:
		case HTTP_REPLY_CHUNK:
			at += take_of_body(reply, len - at);
			break;
		default:
			at += take_of_line(reply, bytes + at, len - at);
			break;
		}
	}
	return at;
}

bool http_reply_ends(struct http_reply *reply)
{
	if (reply->step == HTTP_REPLY_TO_END)
		done(reply, false);
	return reply->step == HTTP_REPLY_DONE;
}
