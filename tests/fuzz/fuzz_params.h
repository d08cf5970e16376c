/*
 * What must hold of a request whose parameters were read from hostile bytes.
 */
#ifndef TESTS_FUZZ_PARAMS_H
#define TESTS_FUZZ_PARAMS_H

#include <string.h>

#include "fuzz.h"
#include "http/parse.h"

static inline void check_params(const struct request *request)
{
	MUST(request->params.n <= HTTP_MAX_PARAMS);
	MUST(request->fault == HTTP_FAULT_NONE || request->fault_name != NULL);
	if (request->fault != HTTP_FAULT_NONE)
		return;
	for (size_t i = 0; i < request->params.n; i++) {
		const struct param *param = &request->params.at[i];

		MUST(param->name != NULL && text_is_utf8(param->name, strlen(param->name)));
		MUST(param->value != NULL && strlen(param->value) == param->len &&
		     text_is_utf8(param->value, param->len));
		MUST(param->kind == PARAM_TEXT);
	}
}

#endif
