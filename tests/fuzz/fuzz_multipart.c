/*
 * multipart/form-data. The first line of the input is the Content-Type, the rest the body.
 */
#include "fuzz_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { .pool = pool_create(), .method = HTTP_POST };
	const uint8_t *end = memchr(data, '\n', size);
	size_t type_len = end != NULL ? (size_t)(end - data) : 0, body = end != NULL ? type_len + 1 : 0,
		len = size - body;
	char *copy = malloc(len > 0 ? len : 1);

	/* A copy of its own, so that the sanitizer sees a read behind it or before it. */
	if (len > 0)
		memcpy(copy, data + body, len);
	parse_multipart(&request, pool_strndup(request.pool, (const char *)data, type_len), copy, len);
	check_params(&request);
	free(copy);
	pool_free(request.pool);
	return 0;
}
