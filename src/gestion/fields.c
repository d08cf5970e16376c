/*
 * The form fields of a save.
 */
#include "gestion/fields.h"

#include <string.h>

#include "access/error.h"

void field_missing(struct fields *fields, const char *label)
{
	text_printf(&fields->errors, "\"%s\" est obligatoire.\n", label);
}

void field_invalid(struct fields *fields, const char *label)
{
	text_printf(&fields->errors, "\"%s\" est invalide.\n", label);
}

enum field field_text(struct fields *fields, const char *name, const char *label, bool required, size_t max,
                      const char **value_r)
{
	const char *value = NULL;

	*value_r = NULL;
	switch (params_text(&fields->request->params, name, max, &value)) {
	case PARAM_INVALID:
		field_invalid(fields, label);
		return FIELD_INVALID;
	case PARAM_ABSENT:
		if (required)
			field_missing(fields, label);
		return FIELD_ABSENT;
	case PARAM_OK:
		break;
	}
	*value_r = value;
	if (!text_is_blank(value))
		return FIELD_GIVEN;
	if (required)
		field_missing(fields, label);
	return FIELD_EMPTY;
}

/* The text of a field that something else is read from. */
enum { SHORT_FIELD = 40 };

enum field field_montant(struct fields *fields, const char *name, const char *label, bool required, montant min,
                         montant *value_r)
{
	const char *text;
	enum field field = field_text(fields, name, label, required, SHORT_FIELD, &text);

	if (field != FIELD_GIVEN)
		return field;
	if (montant_parse(text, value_r) == 0 && *value_r >= min)
		return FIELD_GIVEN;
	field_invalid(fields, label);
	return FIELD_INVALID;
}

enum field field_integer(struct fields *fields, const char *name, const char *label, bool required, uint64_t min,
                         uint64_t max, const char **value_r)
{
	const char *text;
	uint64_t value;
	enum field field = field_text(fields, name, label, required, SHORT_FIELD, &text);

	*value_r = NULL;
	if (field != FIELD_GIVEN)
		return field;
	if (text_to_u64(text, min, max, &value) != 0) {
		field_invalid(fields, label);
		return FIELD_INVALID;
	}
	*value_r = pool_printf(fields->request->pool, "%llu", (unsigned long long)value);
	return FIELD_GIVEN;
}

enum field field_jour(struct fields *fields, const char *name, const char *label, bool required, jour *value_r)
{
	const char *text;
	enum field field = field_text(fields, name, label, required, SHORT_FIELD, &text);

	if (field != FIELD_GIVEN)
		return field;
	if (jour_parse(text, value_r) == 0)
		return FIELD_GIVEN;
	field_invalid(fields, label);
	return FIELD_INVALID;
}

bool field_on(const struct fields *fields, const char *name)
{
	const char *value = NULL;

	return params_text(&fields->request->params, name, SHORT_FIELD, &value) == PARAM_OK && strcmp(value, "on") == 0;
}

bool fields_refused(struct fields *fields)
{
	struct json_out *json;

	if (fields->errors.len == 0)
		return false;
	json = response_json(fields->request, 200);
	json_object(json);
	json_kbool(json, "result", false);
	json_ki64(json, "code", GESTION_FIELDS);
	json_kstr(json, "message", "Some fields are incorrect or missing (see error for more details).");
	json_kstr(json, "error", fields->errors.data);
	json_object_end(json);
	text_free(&fields->errors);
	return true;
}

int path_oid(const struct request *request, unsigned index, struct oid *id_r)
{
	return oid_parse(index < request->n_captures ? request->capture[index] : NULL, id_r);
}

void path_refused(struct request *request, const char *name)
{
	error_gestion(request, 200, GESTION_BAD_ID, pool_printf(request->pool, "Missing or invalid %s (in url path)",
	                                                        name));
}
