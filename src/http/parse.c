/*
 * Chooses the parser of a body by its content type.
 */
#include <string.h>
#include <strings.h>

#include "http/header_value.h"
#include "http/parse.h"

static bool is_json(const char *type, size_t len)
{
	size_t main_len = strcspn(type, "; \t");

	if (header_value_is(type, len, "application/json") || header_value_is(type, len, "text/json"))
		return true;
	return main_len > 17 && strncasecmp(type, "application/", 12) == 0 &&
	       strncasecmp(type + main_len - 5, "+json", 5) == 0;
}

/* All text is UTF-8 here; a body that says it is something else would be read wrongly. */
static bool is_readable_charset(struct pool *pool, const char *type, size_t len)
{
	bool bad = false;
	size_t n = 0;
	const char *charset = header_value_param(pool, type, len, "charset", &n, &bad);

	if (bad)
		return false;
	return charset == NULL || text_same_ascii(charset, "utf-8") || text_same_ascii(charset, "utf8");
}

void parse_body(struct request *request, const char *bytes, size_t len)
{
	const char *type = request->content_type != NULL ? request->content_type : "";
	size_t type_len = strlen(type);

	if (len == 0)
		return;
	if (!is_readable_charset(request->pool, type, type_len))
		request_fault(request, HTTP_FAULT_BODY, "body", strlen("body"));
	else if (type_len == 0 || header_value_is(type, type_len, "application/x-www-form-urlencoded"))
		parse_form(request, bytes, len);
	else if (header_value_is(type, type_len, "multipart/form-data"))
		parse_multipart(request, type, bytes, len);
	else if (is_json(type, type_len))
		parse_json(request, bytes, len);
	else
		request_fault(request, HTTP_FAULT_BODY, "body", strlen("body"));
}
