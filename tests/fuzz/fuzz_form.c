/*
 * application/x-www-form-urlencoded, in a query string or a body.
 */
#include "fuzz_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { .pool = pool_create(), .method = HTTP_POST };

	parse_form(&request, (const char *)data, size);
	check_params(&request);
	pool_free(request.pool);
	return 0;
}
