/*
 * The JSON writer: what it writes is JSON, and misuse does not go unnoticed.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/json_in.h"
#include "base/json_out.h"
#include "unit.h"

START_TEST(document)
{
	struct text text = {0};
	struct json_out json;

	json_out_init(&json, &text);
	json_object(&json);
	json_kstr(&json, "s", "a");
	json_kstr(&json, "absent", NULL);
	json_ku64(&json, "u", UINT64_MAX);
	json_ki64(&json, "i", INT64_MIN);
	json_kbool(&json, "b", true);
	json_key(&json, "list");
	json_array(&json);
	json_object(&json);
	json_object_end(&json);
	json_array(&json);
	json_array_end(&json);
	json_null(&json);
	json_bool(&json, false);
	json_u64(&json, 0);
	json_i64(&json, -1);
	json_str(&json, "");
	json_raw(&json, "{\"r\":1}", 7);
	json_array_end(&json);
	json_key_escaped(&json, "q\"\n");
	json_strn(&json, "abc", 2);
	json_object_end(&json);
	ck_assert_str_eq(text.data,
	                 "{\"s\":\"a\",\"absent\":null,\"u\":18446744073709551615,\"i\":-9223372036854775808,"
	                 "\"b\":true,\"list\":[{},[],null,false,0,-1,\"\",{\"r\":1}],\"q\\\"\\n\":\"ab\"}");
	text_free(&text);
}
END_TEST

/* A level that was left starts afresh when it is entered again. */
START_TEST(commas_by_level)
{
	struct text text = {0};
	struct json_out json;

	json_out_init(&json, &text);
	json_array(&json);
	for (int i = 0; i < 2; i++) {
		json_array(&json);
		json_u64(&json, 1);
		json_u64(&json, 2);
		json_array_end(&json);
		json_object(&json);
		json_ku64(&json, "a", 1);
		json_ku64(&json, "b", 2);
		json_object_end(&json);
	}
	json_array_end(&json);
	ck_assert_str_eq(text.data, "[[1,2],{\"a\":1,\"b\":2},[1,2],{\"a\":1,\"b\":2}]");
	text_free(&text);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *expected;
} strings[] = {
	{ "", 0, "\"\"" }, { "a", 1, "\"a\"" }, { "\"", 1, "\"\\\"\"" }, { "\\", 1, "\"\\\\\"" }, { "/", 1, "\"/\"" },
	{ "\b\t\n\v\f\r", 6, "\"\\b\\t\\n\\u000b\\f\\r\"" }, { "\0", 1, "\"\\u0000\"" },
	{ "\x01\x1F\x7F", 3, "\"\\u0001\\u001f\\u007f\"" },
	{ "été €", 9, "\"été €\"" }, { "\xF0\x9F\x98\x80", 4, "\"\xF0\x9F\x98\x80\"" },
	{ "a\"b\"c", 5, "\"a\\\"b\\\"c\"" },
	{ "\"\"", 2, "\"\\\"\\\"\"" }, { "</script>", 9, "\"</script>\"" }
};

START_TEST(escapes)
{
	struct text text = {0};
	struct json_out json;

	json_out_init(&json, &text);
	json_strn(&json, strings[_i].bytes, strings[_i].len);
	ck_assert_str_eq(text.data, strings[_i].expected);
	text_free(&text);
}
END_TEST

/* What is written, strict reading takes back. */
START_TEST(read_back)
{
	struct pool *pool = pool_create();
	struct text text = {0};
	struct json_out json;
	struct json_object *root;
	char all[256];
	size_t len = 0;

	for (int c = 1; c < 128; c++)
		all[len++] = (char)c;
	json_out_init(&json, &text);
	json_strn(&json, all, len);
	ck_assert_int_eq(json_in_parse(pool, text.data, text.len, &root, NULL), JSON_IN_OK);
	ck_assert_uint_eq((size_t)json_object_get_string_len(root), len);
	ck_assert_mem_eq(json_object_get_string(root), all, len);
	text_free(&text);
	pool_free(pool);
}
END_TEST

START_TEST(depth)
{
	struct text text = {0};
	struct json_out json;

	json_out_init(&json, &text);
	for (int i = 0; i < 63; i++)
		json_array(&json);
	for (int i = 0; i < 63; i++)
		json_array_end(&json);
	ck_assert_uint_eq(text.len, 126);
	text_free(&text);
}
END_TEST

#ifndef NDEBUG

/* One letter a call; the last one is the misuse. */
static const char *const misuses[] = { "{v", "{}v", "vv", "{kk", "{k}", "}", "]", "[}", "{]", "[k", "k", "{kv]",
                                       "[[}" };

static void call(struct json_out *json, char letter)
{
	switch (letter) {
	case '{': json_object(json); break;
	case '}': json_object_end(json); break;
	case '[': json_array(json); break;
	case ']': json_array_end(json); break;
	case 'k': json_key(json, "k"); break;
	default: json_u64(json, 1); break;
	}
}

static void too_early(int signal)
{
	(void)signal;
	_exit(3);
}

/* The last call must abort, and none before it. */
START_TEST(misuse)
{
	const char *letters = misuses[_i];
	struct text text = {0};
	struct json_out json;

	json_out_init(&json, &text);
	signal(SIGABRT, too_early);
	for (; letters[1] != '\0'; letters++)
		call(&json, *letters);
	signal(SIGABRT, SIG_DFL);
	call(&json, *letters);
	exit(0);
}
END_TEST

#endif

int main(void)
{
	Suite *suite = suite_create("json_out");
	TCase *tc = tcase_create("json_out");

	tcase_add_test(tc, document);
	tcase_add_test(tc, commas_by_level);
	tcase_add_loop_test(tc, escapes, 0, COUNT(strings));
	tcase_add_test(tc, read_back);
	tcase_add_test(tc, depth);
#ifndef NDEBUG
	tcase_add_loop_test_raise_signal(tc, misuse, SIGABRT, 0, COUNT(misuses));
#endif
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
