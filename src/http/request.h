/*
 * One request and its answer, free of FastCGI: what handlers see.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/json_out.h"
#include "base/pool.h"
#include "base/text.h"
#include "http/params.h"

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_HEAD = 4, HTTP_OTHER = 8 };

/* What is wrong with a request before any handler looks at it. */
enum http_fault {
	HTTP_FAULT_NONE = 0,
	HTTP_FAULT_PARAMETER,   /* `fault_name` is malformed (percent escape, UTF-8, NUL) or has a flaw in JSON: 400 */
	HTTP_FAULT_BODY,        /* the body is not what its type says, or its type is not one we read: 400 */
	HTTP_FAULT_TOO_LARGE,   /* body beyond the limit: 413 */
	HTTP_FAULT_TOO_MANY     /* more than HTTP_MAX_PARAMS parameters, or more than HTTP_MAX_ITEMS items: 400 */
};

enum { HTTP_MAX_PARAMS = 1000, HTTP_MAX_ITEMS = 1000, HTTP_MAX_CAPTURES = 6, HTTP_MAX_HEADERS = 16 };

struct request {
	struct pool *pool;              /* memory until the answer is sent */
	char id[ID_UUID_TEXT];          /* X-Request-Id */
	enum http_method method;
	const char *path;               /* decoded, begins with '/', without the query */
	const char *remote_addr;
	const char *authorization;      /* header values; NULL when absent */
	const char *idempotency_key;
	const char *api_key;            /* X-API-KEY */
	const char *content_type;

	struct params params;           /* query string, then form, multipart or JSON object body */
	bool is_batch;                  /* the body is a JSON array */
	struct params *items;           /* its elements; an element that is not an object has n = 0 and is_object
	                                 * false */
	bool *item_is_object;
	size_t n_items;
	uint8_t body_hash[32];          /* BLAKE2b-256 of method, path, query and body; only with an idempotency_key */

	enum http_fault fault;
	const char *fault_name;

	const char *capture[HTTP_MAX_CAPTURES];  /* path elements that the route left open, decoded */
	unsigned n_captures;
	const struct route *route;      /* NULL: no route */

	/* The answer. */
	unsigned status;
	const char *type;
	struct text *body;              /* of the worker, reused; empty at the start */
	struct { const char *name, *value; } header[HTTP_MAX_HEADERS];
	unsigned n_headers;
	struct json_out json;
};

/*
 * Notes what is wrong with the request; the first fault stays. `name` (of `len` bytes) is copied when it is fit to be
 * repeated in an answer: short, UTF-8, nothing but visible characters; else it reads "parameter".
 */
void request_fault(struct request *request, enum http_fault fault, const char *name, size_t len);

/* Appends a parameter, or notes HTTP_FAULT_TOO_MANY and returns false. */
bool request_add_param(struct request *request, const struct param *param);

/* Sets status and JSON type, and returns the writer on the empty body. Called again, it starts the answer over. */
struct json_out *response_json(struct request *request, unsigned status);

/* Sets status and type, empties the body and returns it. `type` is a literal or in the pool. */
struct text *response_text(struct request *request, unsigned status, const char *type);

/*
 * Adds a header, or replaces the one of that name; name is a literal, value is copied. Control characters in the value
 * are dropped; in a build with fault points, which tests use, they end the process.
 */
void response_header(struct request *request, const char *name, const char *value);

#endif
