/*
 * What a web server tells of a request by FastCGI parameters (RFC 3875), and the request made of them and the body.
 */
#ifndef HTTP_ENVIRONMENT_H
#define HTTP_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include "http/request.h"

/* The parameters that nginx sends; NULL when absent or empty. Others are not looked at. */
struct environment {
	const char *method, *path, *uri, *query, *content_type, *content_length, *remote_addr;
	const char *authorization, *idempotency_key, *api_key, *request_id;
};

/* Where the value of the parameter of this name goes, or NULL: it is none of them. */
const char **environment_field(struct environment *environment, const char *name, size_t len);

/*
 * Begins the request, in its pool: id, method, path and headers. Text of the environment is borrowed. What comes after
 * is logged under its id.
 */
void environment_begin(const struct environment *environment, struct request *request);

/* The length of the body that was announced, 0 when none was; returns -1, and 0 in *length_r, when it is no length. */
int environment_length(const struct environment *environment, uint64_t *length_r);

/* Ends it: the parameters of query and body, unless it has a fault already. */
void environment_end(const struct environment *environment, struct request *request, const char *body, size_t len);

#endif
