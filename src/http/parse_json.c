/*
 * JSON bodies: an object's members become parameters, an array's elements the items of a batch.
 */
#include <string.h>

#include "base/json_in.h"
#include "http/parse.h"

static void fault_body(struct request *request, enum http_fault fault)
{
	request_fault(request, fault, "body", strlen("body"));
}

/* Text lives in the tree, which the pool owns. */
static struct param to_param(const char *name, struct json_object *json)
{
	struct param param = {.name = name, .json = json};

	switch (json_object_get_type(json)) {
	case json_type_null:
		param.kind = PARAM_NULL;
		return param;
	case json_type_object:
		param.kind = PARAM_OBJECT;
		return param;
	case json_type_array:
		param.kind = PARAM_ARRAY;
		return param;
	case json_type_boolean:
		param.kind = PARAM_BOOL;
		param.value = json_object_get_boolean(json) ? "true" : "false";
		param.len = strlen(param.value);
		return param;
	case json_type_string:
		param.kind = PARAM_TEXT;
		param.value = json_object_get_string(json);
		param.len = (size_t)json_object_get_string_len(json);
		return param;
	default:
		param.kind = PARAM_NUMBER;
		param.value = json_object_get_string(json);
		param.len = strlen(param.value);
		return param;
	}
}

/* As with a form, the first parameter that cannot be read is the request's fault; the others tell whose it is. */
static void read_members(struct request *request, struct json_object *object, const struct json_in_flaws *flaws)
{
	json_object_object_foreach(object, name, value) {
		struct param param = to_param(name, value);

		if (json_in_is_flawed(flaws, 0, name))
			request_fault(request, HTTP_FAULT_PARAMETER, name, strlen(name));
		else if (!request_add_param(request, &param))
			return;
	}
}

/* Here it is one item's fault, and no matter to the others. */
static struct param to_item_param(const struct json_in_flaws *flaws, size_t i, const char *name,
                                  struct json_object *json)
{
	if (json_in_is_flawed(flaws, i, name))
		return (struct param){.name = name, .kind = PARAM_FLAWED};
	return to_param(name, json);
}

static void read_item(struct request *request, struct json_object *object, const struct json_in_flaws *flaws, size_t i)
{
	struct params *item = &request->items[i];
	size_t n = (size_t)json_object_object_length(object);

	if (n > HTTP_MAX_PARAMS) {
		fault_body(request, HTTP_FAULT_TOO_MANY);
		return;
	}
	item->capacity = n;
	item->at = pool_alloc(request->pool, n * sizeof(*item->at));
	json_object_object_foreach(object, name, value)
		item->at[item->n++] = to_item_param(flaws, i, name, value);
}

static void read_items(struct request *request, struct json_object *array, const struct json_in_flaws *flaws)
{
	size_t n = json_object_array_length(array);

	request->is_batch = true;
	if (n > HTTP_MAX_ITEMS) {
		fault_body(request, HTTP_FAULT_TOO_MANY);
		return;
	}
	request->n_items = n;
	request->items = pool_alloc(request->pool, n * sizeof(*request->items));
	request->item_is_object = pool_alloc(request->pool, n * sizeof(*request->item_is_object));
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		request->item_is_object[i] = json_object_is_type(item, json_type_object);
		if (request->item_is_object[i])
			read_item(request, item, flaws, i);
	}
}

void parse_json(struct request *request, const char *bytes, size_t len)
{
	struct json_object *root;
	struct json_in_flaws flaws;

	if (json_in_parse_flawed(request->pool, bytes, len, &root, &flaws) != JSON_IN_OK)
		fault_body(request, HTTP_FAULT_BODY);
	else if (json_object_is_type(root, json_type_object))
		read_members(request, root, &flaws);
	else if (json_object_is_type(root, json_type_array))
		read_items(request, root, &flaws);
	else
		fault_body(request, HTTP_FAULT_BODY);
}
