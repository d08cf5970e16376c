/*
 * Strict JSON: no bytes crash it, and what it accepts is text that it accepts again, meaning the same. What is refused
 * for a flaw alone is accepted where flaws are told, and what no flaw is told of is text as it should be.
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

static void check_members(struct json_object *object, size_t item, const struct json_in_flaws *flaws)
{
	if (!json_object_is_type(object, json_type_object)) {
		if (!json_in_is_flawed(flaws, item, NULL))
			check_strings(object, 0);
		return;
	}
	json_object_object_foreach(object, name, member) {
		check_text(name, strlen(name));
		if (!json_in_is_flawed(flaws, item, name))
			check_strings(member, 1);
	}
}

/* Every flaw is one of something that is there, and there once. */
static void check_flaws(struct json_object *root, const struct json_in_flaws *flaws)
{
	bool batch = json_object_is_type(root, json_type_array);

	for (size_t i = 0; i < flaws->n; i++) {
		const struct json_in_flaw *flaw = &flaws->at[i];
		struct json_object *item = batch ? json_object_array_get_idx(root, flaw->item) : root;

		MUST(flaw->item < (batch ? json_object_array_length(root) : 1));
		MUST((flaw->name != NULL) == json_object_is_type(item, json_type_object));
		MUST(flaw->name == NULL || json_object_object_get_ex(item, flaw->name, NULL));
		MUST(json_in_is_flawed(flaws, flaw->item, flaw->name));
		if (i > 0 && flaw->item == flaw[-1].item)
			MUST(flaw->name != NULL && strcmp(flaw->name, flaw[-1].name) != 0);
		MUST(i == 0 || flaw->item >= flaw[-1].item);
	}
	for (size_t i = 0; batch && i < json_object_array_length(root); i++)
		check_members(json_object_array_get_idx(root, i), i, flaws);
	if (!batch)
		check_members(root, 0, flaws);
}

static void check_flawed(struct pool *pool, const char *bytes, size_t len, enum json_in_error strict,
                         struct json_object *as_strict)
{
	struct json_object *root = NULL;
	struct json_in_flaws flaws = {0};
	enum json_in_error error = json_in_parse_flawed(pool, bytes, len, &root, &flaws);

	if (strict == JSON_IN_OK)
		MUST(error == JSON_IN_OK && flaws.n == 0 && json_object_equal(root, as_strict));
	else if (strict == JSON_IN_SYNTAX)
		MUST(error == JSON_IN_SYNTAX);
	else
		MUST((error == JSON_IN_OK && flaws.n > 0) || error == JSON_IN_SYNTAX || error == JSON_IN_ENCODING);
	if (error == JSON_IN_OK)
		check_flaws(root, &flaws);
	else
		MUST(root == NULL && flaws.at == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL, *again = NULL;
	size_t where = 0, len;
	const char *written;
	enum json_in_error error = json_in_parse(pool, (const char *)data, size, &root, &where);

	if (error != JSON_IN_OK) {
		MUST(where <= size && root == NULL);
	} else {
		check_strings(root, 0);
		written = json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &len);
		MUST(json_in_parse(pool, written, len, &again, NULL) == JSON_IN_OK);
		MUST(json_object_equal(root, again));
	}
	check_flawed(pool, (const char *)data, size, error, root);
	pool_free(pool);
	return 0;
}
