/*
 * The few parameters that matter, found by name, and what a request says in them.
 */
#include "http/environment.h"

#include <string.h>

#include <sodium.h>

#include "base/log.h"
#include "base/text.h"
#include "http/parse.h"

static const struct {
	const char *name;
	size_t len;
	size_t at;
} ENVIRONMENT[] = {
#define ROW(name, field) {name, sizeof(name) - 1, offsetof(struct environment, field)}
	ROW("REQUEST_METHOD", method),
	ROW("DOCUMENT_URI", path),
	ROW("REQUEST_URI", uri),
	ROW("QUERY_STRING", query),
	ROW("CONTENT_TYPE", content_type),
	ROW("CONTENT_LENGTH", content_length),
	ROW("REMOTE_ADDR", remote_addr),
	ROW("HTTP_AUTHORIZATION", authorization),
	ROW("HTTP_IDEMPOTENCY_KEY", idempotency_key),
	ROW("HTTP_X_API_KEY", api_key),
	ROW("HTTP_X_REQUEST_ID", request_id),
#undef ROW
};

const char **environment_field(struct environment *environment, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(ENVIRONMENT) / sizeof(ENVIRONMENT[0]); i++)
		if (len == ENVIRONMENT[i].len && memcmp(name, ENVIRONMENT[i].name, len) == 0)
			return (const char **)(void *)((char *)environment + ENVIRONMENT[i].at);
	return NULL;
}

/* The path of a raw REQUEST_URI, decoded once; "" when it cannot be. */
static const char *decode_uri(struct pool *pool, const char *uri)
{
	char *path = pool_strndup(pool, uri, strcspn(uri, "?#")), *to = path;

	for (const char *from = path; *from != '\0'; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = text_hex_digit(from[1]);
		low = high < 0 ? -1 : text_hex_digit(from[2]);
		if (low < 0 || high + low == 0)
			return "";
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return path;
}

static enum http_method method_of(const char *name)
{
	if (name == NULL)
		return HTTP_OTHER;
	return strcmp(name, "GET") == 0    ? HTTP_GET
	       : strcmp(name, "POST") == 0 ? HTTP_POST
	       : strcmp(name, "HEAD") == 0 ? HTTP_HEAD
	                                   : HTTP_OTHER;
}

static void set_id(struct request *request, const char *given)
{
	uint8_t uuid[ID_UUID_SIZE];

	if (given != NULL && id_uuid_parse(given, uuid) == 0)
		memcpy(request->id, given, sizeof(request->id));
	else
		id_request(request->id);
	log_set_request(request->id);
}

/* The parts are separated by NULs, which none but the last can hold. */
static void hash_body(struct request *request, const struct environment *environment, const char *body,
                      size_t len)
{
	const char *const parts[] = {environment->method, request->path, environment->query};
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(request->body_hash));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = parts[i] != NULL ? parts[i] : "";

		crypto_generichash_update(&state, (const unsigned char *)part, strlen(part) + 1);
	}
	crypto_generichash_update(&state, (const unsigned char *)body, len);
	crypto_generichash_final(&state, request->body_hash, sizeof(request->body_hash));
}

void environment_begin(const struct environment *environment, struct request *request)
{
	set_id(request, environment->request_id);
	request->method = method_of(environment->method);
	request->remote_addr = environment->remote_addr != NULL ? environment->remote_addr : "";
	request->authorization = environment->authorization;
	request->idempotency_key = environment->idempotency_key;
	request->api_key = environment->api_key;
	request->content_type = environment->content_type;
	if (environment->path != NULL)
		request->path = environment->path;
	else
		request->path = environment->uri != NULL ? decode_uri(request->pool, environment->uri) : "";
}

int environment_length(const struct environment *environment, uint64_t *length_r)
{
	*length_r = 0;
	if (environment->content_length == NULL)
		return 0;
	return text_to_u64(environment->content_length, 0, INT64_MAX, length_r) == 0 ? 0 : -1;
}

void environment_end(const struct environment *environment, struct request *request, const char *body, size_t len)
{
	if (environment->query != NULL)
		parse_form(request, environment->query, strlen(environment->query));
	if (request->fault == HTTP_FAULT_NONE)
		parse_body(request, body, len);
	if (request->idempotency_key != NULL)
		hash_body(request, environment, body, len);
}
