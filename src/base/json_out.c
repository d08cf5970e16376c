/*
 * A streaming JSON writer.
 */
#include <assert.h>
#include <string.h>

#include "base/json_out.h"

enum { JSON_OUT_DEPTH = 63 };

void json_out_init(struct json_out *json, struct text *to)
{
	*json = (struct json_out){ .to = to };
}

/* What precedes a value: a comma in an array, nothing after a key. Only one value stands at the top. */
static void before_value(struct json_out *json)
{
	uint64_t bit = UINT64_C(1) << json->depth;

	if (json->after_key) {
		json->after_key = false;
		return;
	}
	assert((json->in_object & bit) == 0);
	if (json->not_first & bit) {
		assert(json->depth > 0);
		text_putc(json->to, ',');
	}
	json->not_first |= bit;
}

static void open_level(struct json_out *json, char bracket, bool object)
{
	uint64_t bit;

	before_value(json);
	assert(json->depth < JSON_OUT_DEPTH);
	bit = UINT64_C(1) << ++json->depth;
	json->not_first &= ~bit;
	json->in_object = object ? json->in_object | bit : json->in_object & ~bit;
	text_putc(json->to, bracket);
}

static void close_level(struct json_out *json, char bracket, bool object)
{
	assert(json->depth > 0 && !json->after_key);
	assert(((json->in_object >> json->depth) & 1) == object);
	(void)object;
	json->depth--;
	text_putc(json->to, bracket);
}

void json_object(struct json_out *json)
{
	open_level(json, '{', true);
}

void json_object_end(struct json_out *json)
{
	close_level(json, '}', true);
}

void json_array(struct json_out *json)
{
	open_level(json, '[', false);
}

void json_array_end(struct json_out *json)
{
	close_level(json, ']', false);
}

static void escape_char(struct text *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "btn\0fr";   /* of U+0008 to U+000D; U+000B has none */
	char name = 0;

	if (c == '"' || c == '\\')
		name = (char)c;
	else if (c >= '\b' && c <= '\r')
		name = names[c - '\b'];
	if (name != 0)
		text_add(to, (char[]){'\\', name}, 2);
	else
		text_add(to, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* Runs that need no escape are copied whole. */
static void write_quoted(struct text *to, const char *s, size_t len)
{
	size_t start = 0;

	text_reserve(to, len + 2);
	text_putc(to, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		text_add(to, s + start, i - start);
		escape_char(to, c);
		start = i + 1;
	}
	text_add(to, s + start, len - start);
	text_putc(to, '"');
}

static void before_key(struct json_out *json)
{
	uint64_t bit = UINT64_C(1) << json->depth;

	assert((json->in_object & bit) != 0 && !json->after_key);
	if (json->not_first & bit)
		text_putc(json->to, ',');
	json->not_first |= bit;
	json->after_key = true;
}

void json_key(struct json_out *json, const char *name)
{
	size_t len = strlen(name);

	before_key(json);
	text_reserve(json->to, len + 3);
	text_putc(json->to, '"');
	text_add(json->to, name, len);
	text_add(json->to, "\":", 2);
}

void json_key_escaped(struct json_out *json, const char *name)
{
	before_key(json);
	write_quoted(json->to, name, strlen(name));
	text_putc(json->to, ':');
}

void json_strn(struct json_out *json, const char *s, size_t len)
{
	before_value(json);
	write_quoted(json->to, s, len);
}

void json_str(struct json_out *json, const char *s)
{
	if (s == NULL)
		json_null(json);
	else
		json_strn(json, s, strlen(s));
}

void json_u64(struct json_out *json, uint64_t value)
{
	before_value(json);
	text_u64(json->to, value);
}

void json_i64(struct json_out *json, int64_t value)
{
	before_value(json);
	if (value < 0)
		text_putc(json->to, '-');
	text_u64(json->to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_bool(struct json_out *json, bool value)
{
	before_value(json);
	text_puts(json->to, value ? "true" : "false");
}

void json_null(struct json_out *json)
{
	before_value(json);
	text_add(json->to, "null", 4);
}

void json_raw(struct json_out *json, const char *s, size_t len)
{
	before_value(json);
	text_add(json->to, s, len);
}

void json_members(struct json_out *json, const char *object)
{
	uint64_t bit = UINT64_C(1) << json->depth;
	size_t len = strlen(object);

	assert((json->in_object & bit) != 0 && !json->after_key);
	assert(len >= 2 && object[0] == '{' && object[len - 1] == '}');
	if (len == 2)
		return;
	if (json->not_first & bit)
		text_putc(json->to, ',');
	json->not_first |= bit;
	text_add(json->to, object + 1, len - 2);
}

void json_kstr(struct json_out *json, const char *name, const char *s)
{
	json_key(json, name);
	json_str(json, s);
}

void json_ku64(struct json_out *json, const char *name, uint64_t value)
{
	json_key(json, name);
	json_u64(json, value);
}

void json_ki64(struct json_out *json, const char *name, int64_t value)
{
	json_key(json, name);
	json_i64(json, value);
}

void json_kbool(struct json_out *json, const char *name, bool value)
{
	json_key(json, name);
	json_bool(json, value);
}
