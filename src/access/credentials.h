/*
 * The key and secret that a request carries, wherever it carries them.
 */
#ifndef ACCESS_CREDENTIALS_H
#define ACCESS_CREDENTIALS_H

#include "http/request.h"

enum { CREDENTIALS_MAX = 255 };         /* characters of each */

struct credentials {
	const char *key;
	const char *secret;
};

/*
 * Reads auth_key and auth_secret (query or body), or HTTP Basic. Returns 0, or -1 when they are missing, malformed, or
 * given in several places that do not agree. Text is in the request's pool.
 */
int credentials_read(struct request *request, struct credentials *credentials_r);

/* Reads the value of an Authorization header with the Basic scheme (RFC 7617). Returns 0, or -1. */
int credentials_basic(struct pool *pool, const char *authorization, struct credentials *credentials_r);

#endif
