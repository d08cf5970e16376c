/*
 * The request's notes on its own faults, and the answer a handler builds.
 */
#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "http/request.h"

/* A longer name is not repeated in an error message. */
enum { FAULT_NAME_MAX = 64 };

static bool is_visible(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F)
			return false;
	return true;
}

void request_fault(struct request *request, enum http_fault fault, const char *name, size_t len)
{
	if (request->fault != HTTP_FAULT_NONE)
		return;
	request->fault = fault;
	if (len > 0 && len <= FAULT_NAME_MAX && is_visible(name, len) && text_is_utf8(name, len))
		request->fault_name = pool_strndup(request->pool, name, len);
	else
		request->fault_name = "parameter";
}

bool request_add_param(struct request *request, const struct param *param)
{
	if (request->params.n >= HTTP_MAX_PARAMS) {
		request_fault(request, HTTP_FAULT_TOO_MANY, "parameters", strlen("parameters"));
		return false;
	}
	params_add(&request->params, request->pool, param);
	return true;
}

struct text *response_text(struct request *request, unsigned status, const char *type)
{
	request->status = status;
	request->type = type;
	text_clear(request->body);
	return request->body;
}

struct json_out *response_json(struct request *request, unsigned status)
{
	json_out_init(&request->json, response_text(request, status, "application/json; charset=utf-8"));
	return &request->json;
}

/* A copy without what would end the header, or hide in it. */
static const char *header_value(struct request *request, const char *name, const char *value)
{
	char *copy = pool_strdup(request->pool, value), *to = copy;

	if (is_visible(copy, strlen(copy)))
		return copy;
#ifdef FAULT_POINTS
	assert(!"control character in a response header");
#endif
	log_event(LOG_LEVEL_ERROR, "bad-header", "name", name, "value", value, NULL);
	for (const char *from = copy; *from != '\0'; from++)
		if (is_visible(from, 1))
			*to++ = *from;
	*to = '\0';
	return copy;
}

void response_header(struct request *request, const char *name, const char *value)
{
	unsigned i = 0;

	while (i < request->n_headers && !text_same_ascii(request->header[i].name, name))
		i++;
	assert(i < HTTP_MAX_HEADERS);
	request->header[i].name = name;
	request->header[i].value = header_value(request, name, value);
	if (i == request->n_headers)
		request->n_headers++;
}
