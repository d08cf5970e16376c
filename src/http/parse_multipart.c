/*
 * multipart/form-data (RFC 7578): every part is a parameter, a part with a file name too.
 */
#include <string.h>
#include <strings.h>

#include "http/header_value.h"
#include "http/parse.h"

/* RFC 2046 allows 70 characters; no client sends more than a few short header lines with a part. */
enum { BOUNDARY_MAX = 70, PART_HEAD_MAX = 4096 };

struct part {
	const char *name;
	size_t name_len;
	bool bad;               /* not a part of a form that we can read */
};

struct scan {
	struct request *request;
	const char *at, *end;
	const char *delimiter;  /* CRLF "--" boundary */
	size_t delimiter_len;
};

static void fault_body(struct request *request)
{
	request_fault(request, HTTP_FAULT_BODY, "body", strlen("body"));
}

static bool is_utf8_name(const char *name, size_t len)
{
	return (len == 5 && strncasecmp(name, "utf-8", 5) == 0) || (len == 4 && strncasecmp(name, "utf8", 4) == 0);
}

static bool header_is(const char *line, size_t len, const char *name, const char **value_r, size_t *value_len_r)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	*value_r = line + n + 1;
	*value_len_r = len - n - 1;
	return true;
}

static void read_disposition(struct pool *pool, struct part *part, const char *value, size_t len)
{
	if (part->name != NULL || !header_value_is(value, len, "form-data"))
		part->bad = true;
	else
		part->name = header_value_param(pool, value, len, "name", &part->name_len, &part->bad);
}

static void read_header(struct pool *pool, struct part *part, const char *line, size_t len)
{
	const char *value, *charset;
	size_t value_len, charset_len;

	if (header_is(line, len, "Content-Disposition", &value, &value_len)) {
		read_disposition(pool, part, value, value_len);
	} else if (header_is(line, len, "Content-Type", &value, &value_len)) {
		charset = header_value_param(pool, value, value_len, "charset", &charset_len, &part->bad);
		if (charset != NULL && !is_utf8_name(charset, charset_len))
			part->bad = true;
	} else if (header_is(line, len, "Content-Transfer-Encoding", &value, &value_len)) {
		/* Deprecated; the three that change nothing are harmless. */
		if (!header_value_is(value, value_len, "binary") && !header_value_is(value, value_len, "8bit") &&
		    !header_value_is(value, value_len, "7bit"))
			part->bad = true;
	}
}

/* The lines between the delimiter and the empty line; `head` is CRLF line CRLF line … without the last CRLF. */
static struct part read_head(struct pool *pool, const char *head, const char *end)
{
	struct part part = {0};

	while (head < end) {
		const char *line = head + 2;
		const char *eol = memmem(line, (size_t)(end - line), "\r\n", 2);

		if (eol == NULL)
			eol = end;
		read_header(pool, &part, line, (size_t)(eol - line));
		head = eol;
	}
	return part;
}

static bool add_part(struct request *request, const struct part *part, const char *value, size_t len)
{
	struct param param = {.name = part->name, .len = len, .kind = PARAM_TEXT};

	if (!text_is_utf8(part->name, part->name_len)) {
		request_fault(request, HTTP_FAULT_PARAMETER, NULL, 0);
		return false;
	}
	if (!text_is_utf8(value, len)) {
		request_fault(request, HTTP_FAULT_PARAMETER, part->name, part->name_len);
		return false;
	}
	param.value = pool_strndup(request->pool, value, len);
	return request_add_param(request, &param);
}

/* One part, the scan being just behind its delimiter. Returns true when another may follow. */
static bool parse_part(struct scan *scan)
{
	size_t left = (size_t)(scan->end - scan->at), head_max = left < PART_HEAD_MAX ? left : PART_HEAD_MAX;
	const char *head_end, *value, *value_end;
	struct part part;

	if (left >= 2 && memcmp(scan->at, "--", 2) == 0)
		return false;
	/* Blanks may follow a delimiter; they count towards the head, which keeps head_max within what is left. */
	while (head_max > 0 && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++, head_max--;
	head_end = memmem(scan->at, head_max, "\r\n\r\n", 4);
	if (head_end == NULL || memcmp(scan->at, "\r\n", 2) != 0)
		goto bad;
	part = read_head(scan->request->pool, scan->at, head_end);
	value = head_end + 4;
	value_end = memmem(value, (size_t)(scan->end - value), scan->delimiter, scan->delimiter_len);
	if (part.bad || part.name == NULL || value_end == NULL)
		goto bad;
	scan->at = value_end + scan->delimiter_len;
	return add_part(scan->request, &part, value, (size_t)(value_end - value));

bad:
	fault_body(scan->request);
	return false;
}

/* Puts the scan behind the first delimiter, which has no line before it when there is no preamble. */
static bool find_first(struct scan *scan)
{
	size_t len = (size_t)(scan->end - scan->at), short_len = scan->delimiter_len - 2;
	const char *found;

	if (len >= short_len && memcmp(scan->at, scan->delimiter + 2, short_len) == 0) {
		scan->at += short_len;
		return true;
	}
	found = memmem(scan->at, len, scan->delimiter, scan->delimiter_len);
	if (found == NULL)
		return false;
	scan->at = found + scan->delimiter_len;
	return true;
}

void parse_multipart(struct request *request, const char *content_type, const char *bytes, size_t len)
{
	struct scan scan = {.request = request, .at = bytes, .end = bytes + len};
	bool bad = false;
	size_t n = 0;
	const char *boundary = header_value_param(request->pool, content_type, strlen(content_type), "boundary", &n,
	                                          &bad);

	if (bad || boundary == NULL || n == 0 || n > BOUNDARY_MAX) {
		fault_body(request);
		return;
	}
	scan.delimiter = pool_printf(request->pool, "\r\n--%s", boundary);
	scan.delimiter_len = strlen(scan.delimiter);
	if (!find_first(&scan)) {
		fault_body(request);
		return;
	}
	while (parse_part(&scan))
		;
}
