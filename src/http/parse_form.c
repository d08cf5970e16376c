/*
 * application/x-www-form-urlencoded: query strings and form bodies.
 */
#include <string.h>

#include "http/parse.h"

/* Decodes one piece to `to` (which has room for a NUL after it) and checks that it is text. */
static bool decode(const char *from, size_t len, char *to, size_t *len_r)
{
	long decoded = text_form_decode(from, len, to);

	if (decoded < 0 || !text_is_utf8(to, (size_t)decoded))
		return false;
	*len_r = (size_t)decoded;
	return true;
}

/* One `name=value`, `len` bytes long. Returns false after a fault. */
static bool parse_pair(struct request *request, const char *pair, size_t len, char *to)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len, decoded_len;
	struct param param = {.name = to, .kind = PARAM_TEXT};

	if (!decode(pair, name_len, to, &decoded_len)) {
		request_fault(request, HTTP_FAULT_PARAMETER, NULL, 0);
		return false;
	}
	/* Without '=' the value is empty: the NUL that ends the name. */
	param.value = to + decoded_len;
	if (equals != NULL) {
		char *value = to + name_len + 1;

		if (!decode(equals + 1, len - name_len - 1, value, &param.len)) {
			request_fault(request, HTTP_FAULT_PARAMETER, param.name, decoded_len);
			return false;
		}
		param.value = value;
	}
	return request_add_param(request, &param);
}

void parse_form(struct request *request, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len;
	char *to;

	if (len == 0)
		return;
	/* Decoding never lengthens, so every piece is decoded at its own offset; separators make room for the NULs. */
	to = pool_alloc(request->pool, len + 1);
	while (at < end) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		size_t pair_len = (size_t)((amp != NULL ? amp : end) - at);

		if (pair_len > 0 && !parse_pair(request, at, pair_len, to + (at - bytes)))
			return;
		at += pair_len + 1;
	}
}
