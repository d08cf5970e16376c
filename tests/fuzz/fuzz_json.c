/*
 * Strict JSON: no bytes crash it, and what it accepts is text that it accepts again, meaning the same.
 */
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"
#include "fuzz.h"

static void check_text(const char *bytes, size_t len)
{
	MUST(strlen(bytes) == len && text_is_utf8(bytes, len));
}

static void check_strings(struct json_object *value, unsigned depth)
{
	MUST(depth <= JSON_IN_DEPTH);
	if (json_object_is_type(value, json_type_string))
		check_text(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_strings(json_object_array_get_idx(value, i), depth + 1);
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			check_text(name, strlen(name));
			check_strings(member, depth + 1);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL, *again = NULL;
	size_t where = 0, len;
	const char *written;

	if (json_in_parse(pool, (const char *)data, size, &root, &where) != JSON_IN_OK) {
		MUST(where <= size && root == NULL);
	} else {
		check_strings(root, 0);
		written = json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &len);
		MUST(json_in_parse(pool, written, len, &again, NULL) == JSON_IN_OK);
		MUST(json_object_equal(root, again));
	}
	pool_free(pool);
	return 0;
}
