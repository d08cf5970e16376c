/*
 * Strict JSON input: a scan by the letter of RFC 8259, then json-c builds the tree.
 *
 * The scan exists because json-c, its strict flags set, still lets through what another parser reads otherwise, and two
 * readings of one request are how checks are got round. Whatever passes the scan, json-c reads in one way only; but
 * for values with a flaw, when those are let through to be refused one by one.
 */
#include "base/json_in.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"

/* The end of the bytes is told by a NUL: a number may be the whole document. Returns 0, or -1 and where. */
static int build(const char *bytes, size_t len, struct json_object **root_r, size_t *where_r)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_IN_DEPTH + 1);
	struct json_object *root;
	enum json_tokener_error error;

	if (tokener == NULL)
		return -1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, bytes, (int)len);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) {
		root = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	*where_r = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return -1;
	*root_r = root;
	return 0;
}

static void release(void *root)
{
	json_object_put(root);
}

static enum json_in_error parse(struct pool *pool, const char *bytes, size_t len, struct json_in_flaws *flaws,
                                struct json_object **root_r, size_t *where_r)
{
	struct json_object *root = NULL;
	enum json_in_error error;

	*where_r = 0;
	if (len > INT_MAX)
		return JSON_IN_SYNTAX;
	error = json_scan(pool, bytes, len, flaws, where_r);
	if (error == JSON_IN_OK && build(bytes, len, &root, where_r) != 0)
		error = JSON_IN_SYNTAX;
	if (error != JSON_IN_OK)
		return error;
	if (root != NULL)
		pool_at_reset(pool, release, root);
	*root_r = root;
	return JSON_IN_OK;
}

enum json_in_error json_in_parse(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                 size_t *where_r)
{
	size_t where;
	enum json_in_error error = parse(pool, bytes, len, NULL, root_r, &where);

	if (error != JSON_IN_OK && where_r != NULL)
		*where_r = where;
	return error;
}

enum json_in_error json_in_parse_flawed(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                        struct json_in_flaws *flaws_r)
{
	struct json_in_flaws flaws = {0};
	size_t where;
	enum json_in_error error = parse(pool, bytes, len, &flaws, root_r, &where);

	if (error == JSON_IN_OK)
		*flaws_r = flaws;
	return error;
}

static int compare_flaws(const void *a, const void *b)
{
	const struct json_in_flaw *x = a, *y = b;

	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	if (x->name == NULL || y->name == NULL)
		return (x->name != NULL) - (y->name != NULL);
	return json_scan_compare(x->name, strlen(x->name), y->name, strlen(y->name));
}

bool json_in_is_flawed(const struct json_in_flaws *flaws, size_t item, const char *name)
{
	struct json_in_flaw wanted = { item, name };

	return flaws->n > 0 && bsearch(&wanted, flaws->at, flaws->n, sizeof(wanted), compare_flaws) != NULL;
}
