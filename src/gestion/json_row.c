/*
 * JSON objects of the API's shapes read into rows.
 */
#include "gestion/json_row.h"

#include <stdarg.h>
#include <string.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/oid.h"
#include "base/text.h"
#include "store/rows.h"

enum { ERRORS_SHOWN = 100, COMPACT = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

void json_row_error(struct json_doc *doc, const char *path, const char *format, ...)
{
	va_list args;

	if (++doc->errors > ERRORS_SHOWN)
		return;
	fprintf(doc->err, "%s: ", path);
	va_start(args, format);
	vfprintf(doc->err, format, args);
	va_end(args);
	fputc('\n', doc->err);
}

/* Is it decimal text with at most `places` of them behind at most `digits`, not negative? */
static bool is_decimal(const char *s, int64_t places, int64_t digits)
{
	size_t whole = strspn(s, "0123456789"), part;

	if (whole == 0 || (int64_t)whole > digits)
		return false;
	if (s[whole] == '\0')
		return true;
	part = strspn(s + whole + 1, "0123456789");
	return s[whole] == '.' && part > 0 && (int64_t)part <= places && s[whole + 1 + part] == '\0';
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

/* The two numbers of {sec, usec}. Returns 0, or -1. */
static int read_time(struct json_object *value, int64_t *sec_r, int64_t *usec_r)
{
	struct json_object *sec, *usec;

	if (!json_object_is_type(value, json_type_object) || json_object_object_length(value) != 2 ||
	    !json_object_object_get_ex(value, "sec", &sec) || !json_object_is_type(sec, json_type_int) ||
	    !json_object_object_get_ex(value, "usec", &usec) || !json_object_is_type(usec, json_type_int))
		return -1;
	*sec_r = json_object_get_int64(sec);
	*usec_r = json_object_get_int64(usec);
	return *usec_r >= 0 && *usec_r < 1000000 && *sec_r > -INT64_C(10000000000) &&
		*sec_r < INT64_C(10000000000) ? 0 : -1;
}

static const char *read_day(struct json_object *value, jour *day_r)
{
	int64_t sec, usec;

	if (read_time(value, &sec, &usec) != 0)
		return "not a time {sec, usec}";
	*day_r = jour_of_time(sec);
	if (usec != 0 || jour_midnight(*day_r) != sec)
		return "not midnight in Paris";
	return *day_r < JOUR_MIN || *day_r > JOUR_MAX ? "out of range" : NULL;
}

static const char *read_instant(struct json_object *value, int64_t *ms_r)
{
	int64_t sec, usec;

	if (read_time(value, &sec, &usec) != 0)
		return "not a time {sec, usec}";
	*ms_r = sec * 1000 + usec / 1000;
	return usec % 1000 != 0 ? "finer than a millisecond" : NULL;
}

static const char *read_text(struct json_doc *doc, struct json_object *value, int64_t most, const char **text_r)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string))
		return "not a text";
	if ((int64_t)text_codepoints(text, strlen(text)) > most)
		return pool_printf(doc->pool, "longer than %lld characters", (long long)most);
	*text_r = pool_strdup(doc->pool, text);
	return NULL;
}

static const char *read_integer(struct json_doc *doc, struct json_object *value, const struct json_member *member,
                                const char **text_r)
{
	int64_t number = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int))
		return "not a whole number";
	if (number < member->least || number > member->bound)
		return pool_printf(doc->pool, "not from %lld to %lld", (long long)member->least,
		                   (long long)member->bound);
	*text_r = pool_printf(doc->pool, "%lld", (long long)number);
	return NULL;
}

static const char *read_montant(struct json_object *value, montant *amount_r)
{
	if (!is_number(value))
		return "not a number";
	if (montant_parse(json_object_get_string(value), amount_r) != 0)
		return "not an amount with at most two places";
	return *amount_r < 0 ? "negative" : NULL;
}

/* Reads one value to where its member goes. Returns NULL, or what is wrong with it. */
static const char *read_value(struct json_doc *doc, struct json_object *value, const struct json_member *member,
                              void *at)
{
	switch (member->kind) {
	case JSON_TEXT:
		return read_text(doc, value, member->bound, at);
	case JSON_DECIMAL:
		if (!is_number(value))
			return "not a number";
		*(const char **)at = pool_strdup(doc->pool, json_object_get_string(value));
		return is_decimal(*(const char **)at, member->bound, member->least)
		       ? NULL : pool_printf(doc->pool, "negative, too large, or more than %d places",
		                            (int)member->bound);
	case JSON_INTEGER:
		return read_integer(doc, value, member, at);
	case JSON_MONTANT:
		return read_montant(value, at);
	case JSON_TRUTH:
		*(enum tri *)at = json_object_get_boolean(value) ? TRI_YES : TRI_NO;
		return json_object_is_type(value, json_type_boolean) ? NULL : "not true or false";
	case JSON_BOOLEAN:
		*(bool *)at = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean) ? NULL : "not true or false";
	case JSON_DAY:
		return read_day(value, at);
	case JSON_INSTANT:
		return read_instant(value, at);
	case JSON_OID:
		return json_object_is_type(value, json_type_string) && oid_parse(json_object_get_string(value), at) == 0
		       ? NULL : "not an identifier of 24 hexadecimal digits";
	case JSON_OBJECT:
		*(const char **)at = pool_strdup(doc->pool, json_object_to_json_string_ext(value, COMPACT));
		return json_object_is_type(value, json_type_object) ? NULL : "not an object";
	case JSON_HERE:
		break;
	}
	return NULL;
}

static const struct json_member *find(const struct json_member *members, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

/* What no member of the table took, as one compact object. */
static void keep_rest(struct json_doc *doc, const char *path, struct json_object *object,
                      const struct json_member *members, size_t n, const char **attributes_r)
{
	struct json_object *rest = json_object_new_object();

	json_object_object_foreach(object, name, value) {
		if (find(members, n, name) != NULL)
			continue;
		if (attributes_r == NULL)
			json_row_error(doc, pool_printf(doc->pool, "%s.%s", path, name), "unknown");
		json_object_object_add(rest, name, json_object_get(value));
	}
	if (attributes_r != NULL && json_object_object_length(rest) > 0)
		*attributes_r = pool_strdup(doc->pool, json_object_to_json_string_ext(rest, JSON_C_TO_STRING_PLAIN |
		                                                                      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(rest);
}

void json_row_read(struct json_doc *doc, const char *path, struct json_object *object,
                   const struct json_member *members, size_t n_members, void *row, const char **attributes_r)
{
	for (size_t i = 0; i < n_members; i++) {
		const struct json_member *member = &members[i];
		struct json_object *value = NULL;
		const char *wrong;

		json_object_object_get_ex(object, member->name, &value);
		if (value == NULL)
			wrong = member->required ? "missing" : NULL;
		else
			wrong = read_value(doc, value, member, (char *)row + member->offset);
		if (wrong != NULL)
			json_row_error(doc, pool_printf(doc->pool, "%s.%s", path, member->name), "%s", wrong);
	}
	keep_rest(doc, path, object, members, n_members, attributes_r);
}

size_t json_row_array(struct json_doc *doc, const char *path, struct json_object *object, const char *name,
                      struct json_object **array_r)
{
	const char *where = path[0] != '\0' ? pool_printf(doc->pool, "%s.%s", path, name) : name;

	*array_r = NULL;
	json_object_object_get_ex(object, name, array_r);
	if (*array_r == NULL)
		return 0;
	if (!json_object_is_type(*array_r, json_type_array)) {
		json_row_error(doc, where, "not an array");
		return 0;
	}
	for (size_t i = 0; i < json_object_array_length(*array_r); i++)
		if (!json_object_is_type(json_object_array_get_idx(*array_r, i), json_type_object)) {
			json_row_error(doc, pool_printf(doc->pool, "%s[%zu]", where, i), "not an object");
			return 0;
		}
	return json_object_array_length(*array_r);
}
