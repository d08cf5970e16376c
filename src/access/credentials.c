/*
 * The key and secret that a request carries. Nothing read here is ever logged.
 */
#include "access/credentials.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

int credentials_basic(struct pool *pool, const char *authorization, struct credentials *credentials_r)
{
	static const char scheme[] = "Basic ";
	if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
		return -1;
	const char *encoded = authorization + sizeof scheme - 1;
	encoded += strspn(encoded, " ");
	size_t len = strlen(encoded), size;
	char *pair = pool_alloc(pool, len + 1);
	if (sodium_base642bin((unsigned char *)pair, len, encoded, len, NULL, &size, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		return -1;
	char *colon = memchr(pair, ':', size);
	if (colon == NULL || !text_is_utf8(pair, size))
		return -1;
	*colon = '\0';
	*credentials_r = (struct credentials){.key = pair, .secret = colon + 1};
	if (text_codepoints(pair, strlen(pair)) > CREDENTIALS_MAX
	    || text_codepoints(colon + 1, strlen(colon + 1)) > CREDENTIALS_MAX)
		return -1;
	return 0;
}

/* PARAM_OK: both are there; PARAM_ABSENT: neither is; PARAM_INVALID: anything between. */
static enum param_result from_params(struct request *request, struct credentials *credentials_r)
{
	const char *key = NULL, *secret = NULL;
	enum param_result has_key = params_text(&request->params, "auth_key", CREDENTIALS_MAX, &key);
	enum param_result has_secret = params_text(&request->params, "auth_secret", CREDENTIALS_MAX, &secret);
	if (has_key == PARAM_ABSENT && has_secret == PARAM_ABSENT)
		return PARAM_ABSENT;
	if (has_key != PARAM_OK || has_secret != PARAM_OK)
		return PARAM_INVALID;
	*credentials_r = (struct credentials){.key = key, .secret = secret};
	return PARAM_OK;
}

int credentials_read(struct request *request, struct credentials *credentials_r)
{
	struct credentials basic, given;
	bool has_basic = request->authorization != NULL && strncasecmp(request->authorization, "Basic ", 6) == 0;
	if (has_basic && credentials_basic(request->pool, request->authorization, &basic) != 0)
		return -1;
	switch (from_params(request, &given)) {
	case PARAM_OK:
		if (has_basic && (strcmp(basic.key, given.key) != 0 || strcmp(basic.secret, given.secret) != 0))
			return -1;
		*credentials_r = given;
		return 0;
	case PARAM_ABSENT:
		if (!has_basic)
			return -1;
		*credentials_r = basic;
		return 0;
	default:
		return -1;
	}
}
