/*
 * What a tenant pays now.
 */
#include "domain/revision.h"

#include <string.h>

#include "base/json_in.h"
#include "base/text.h"

montant revision_last(struct pool *pool, const char *revisions, const char *field, montant initial)
{
	struct json_object *root = NULL;
	uint64_t year, latest = 0;
	montant amount, last = initial;

	if (revisions == NULL || json_in_parse(pool, revisions, strlen(revisions), &root, NULL) != JSON_IN_OK ||
	    !json_object_is_type(root, json_type_object))
		return initial;
	json_object_object_foreach(root, key, revision) {
		struct json_object *value;

		if (text_to_u64(key, 1, 9999, &year) != 0 || year < latest ||
		    !json_object_is_type(revision, json_type_object) ||
		    !json_object_object_get_ex(revision, field, &value) || value == NULL ||
		    montant_parse(json_object_get_string(value), &amount) != 0 || amount < 0)
			continue;
		latest = year;
		last = amount;
	}
	return last;
}
