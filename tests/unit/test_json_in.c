/*
 * Strict JSON: what is accepted and as what, what is refused, why and where, and which flaws are told.
 */
#include <stdio.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"
#include "unit.h"

#define REFUSED(literal, why, at) { literal, sizeof(literal) - 1, JSON_IN_##why, at }

static const struct {
	const char *bytes;
	size_t len;
	enum json_in_error error;
	size_t where;
} refused[] = {
	/* Structure. */
	REFUSED("", SYNTAX, 0), REFUSED(" ", SYNTAX, 1), REFUSED("\n\t ", SYNTAX, 3), REFUSED("[", SYNTAX, 1),
	REFUSED("]", SYNTAX, 0), REFUSED("{", SYNTAX, 1), REFUSED("}", SYNTAX, 0), REFUSED("[}", SYNTAX, 1),
	REFUSED("{]", SYNTAX, 1), REFUSED("[1}", SYNTAX, 2), REFUSED("{\"a\":1]", SYNTAX, 6),
	REFUSED("[1", SYNTAX, 2), REFUSED("[1,", SYNTAX, 3), REFUSED("[1,]", SYNTAX, 3), REFUSED("[,1]", SYNTAX, 1),
	REFUSED("[,]", SYNTAX, 1), REFUSED("[1,,2]", SYNTAX, 3), REFUSED("[1 2]", SYNTAX, 3),
	REFUSED("[\"a\" \"b\"]", SYNTAX, 5), REFUSED("[1:2]", SYNTAX, 2), REFUSED("[\"a\":1]", SYNTAX, 4),
	REFUSED("[1]]", SYNTAX, 3), REFUSED("[1]x", SYNTAX, 3), REFUSED("[1],", SYNTAX, 3),
	REFUSED("[][]", SYNTAX, 2), REFUSED("{}{}", SYNTAX, 2), REFUSED("1 2", SYNTAX, 2),
	REFUSED("\"a\" \"b\"", SYNTAX, 4), REFUSED("{\"a\"}", SYNTAX, 4), REFUSED("{\"a\":}", SYNTAX, 5),
	REFUSED("{\"a\":1,}", SYNTAX, 7), REFUSED("{\"a\":1,,\"b\":2}", SYNTAX, 7), REFUSED("{,\"a\":1}", SYNTAX, 1),
	REFUSED("{\"a\":1 \"b\":2}", SYNTAX, 7), REFUSED("{\"a\" 1}", SYNTAX, 5), REFUSED("{\"a\"::1}", SYNTAX, 5),
	REFUSED("{:1}", SYNTAX, 1), REFUSED("{\"a\",\"b\"}", SYNTAX, 4), REFUSED("{1:1}", SYNTAX, 1),
	REFUSED("{a:1}", SYNTAX, 1), REFUSED("{'a':1}", SYNTAX, 1), REFUSED("{null:1}", SYNTAX, 1),
	REFUSED("{[]:1}", SYNTAX, 1), REFUSED("{\"a\":1", SYNTAX, 6), REFUSED("{\"a\":", SYNTAX, 5),
	REFUSED("{\"a\"", SYNTAX, 4), REFUSED("{\"a", SYNTAX, 3), REFUSED("{\"a\":1}}", SYNTAX, 7),
	REFUSED("{\"a\":1}#", SYNTAX, 7), REFUSED("{\"a\":1;\"b\":2}", SYNTAX, 6), REFUSED("{\"a\"=1}", SYNTAX, 4),
	REFUSED(",", SYNTAX, 0), REFUSED(":", SYNTAX, 0), REFUSED("*", SYNTAX, 0), REFUSED("<null>", SYNTAX, 0),
	REFUSED("a", SYNTAX, 0), REFUSED("[a]", SYNTAX, 1),
	/* Comments, a byte order mark, foreign white space. */
	REFUSED("/* c */ 1", SYNTAX, 0), REFUSED("1 // c", SYNTAX, 2), REFUSED("[1,/**/2]", SYNTAX, 3),
	REFUSED("# c\n1", SYNTAX, 0), REFUSED("\xEF\xBB\xBF{}", SYNTAX, 0), REFUSED("\xC2\xA0" "1", SYNTAX, 0),
	REFUSED("1\x0C", SYNTAX, 1), REFUSED("\x0B" "1", SYNTAX, 0), REFUSED("[\x0C" "1]", SYNTAX, 1),
	REFUSED("\xE2\x81\xA0[]", SYNTAX, 0), REFUSED("[1\xE2\x80\xA8]", SYNTAX, 2), REFUSED("1\x1F", SYNTAX, 1),
	REFUSED("()", SYNTAX, 0),
	/* Words. */
	REFUSED("NaN", SYNTAX, 0), REFUSED("nan", SYNTAX, 0), REFUSED("Infinity", SYNTAX, 0),
	REFUSED("-Infinity", SYNTAX, 1), REFUSED("+Infinity", SYNTAX, 0), REFUSED("inf", SYNTAX, 0),
	REFUSED("-NaN", SYNTAX, 1), REFUSED("[NaN]", SYNTAX, 1), REFUSED("True", SYNTAX, 0),
	REFUSED("TRUE", SYNTAX, 0), REFUSED("False", SYNTAX, 0), REFUSED("NULL", SYNTAX, 0),
	REFUSED("Null", SYNTAX, 0), REFUSED("nul", SYNTAX, 0), REFUSED("tru", SYNTAX, 0), REFUSED("fals", SYNTAX, 0),
	REFUSED("nullx", SYNTAX, 4), REFUSED("truefalse", SYNTAX, 4), REFUSED("undefined", SYNTAX, 0),
	REFUSED("None", SYNTAX, 0), REFUSED("tr\\u0075e", SYNTAX, 0), REFUSED("[true", SYNTAX, 5),
	/* Numbers. */
	REFUSED("-", SYNTAX, 1), REFUSED("+1", SYNTAX, 0), REFUSED("+0", SYNTAX, 0), REFUSED("--1", SYNTAX, 1),
	REFUSED("-a", SYNTAX, 1), REFUSED("- 1", SYNTAX, 1), REFUSED("01", SYNTAX, 1), REFUSED("-01", SYNTAX, 2),
	REFUSED("00", SYNTAX, 1), REFUSED("-00", SYNTAX, 2), REFUSED("012", SYNTAX, 1), REFUSED("00.5", SYNTAX, 1),
	REFUSED("1.", SYNTAX, 2), REFUSED("2.", SYNTAX, 2), REFUSED("-2.", SYNTAX, 3), REFUSED(".5", SYNTAX, 0),
	REFUSED("-.5", SYNTAX, 1), REFUSED("0.e1", SYNTAX, 2), REFUSED("1.e1", SYNTAX, 2), REFUSED("1e", SYNTAX, 2),
	REFUSED("1E", SYNTAX, 2), REFUSED("1e+", SYNTAX, 3), REFUSED("1E-", SYNTAX, 3), REFUSED("1.5e", SYNTAX, 4),
	REFUSED("1e1.5", SYNTAX, 3), REFUSED("1ee2", SYNTAX, 2), REFUSED("1e+-2", SYNTAX, 3),
	REFUSED("1.2.3", SYNTAX, 3), REFUSED("1.-2", SYNTAX, 2), REFUSED("0x1F", SYNTAX, 1),
	REFUSED("1_000", SYNTAX, 1), REFUSED("1 000", SYNTAX, 2), REFUSED("1,5", SYNTAX, 1),
	REFUSED("12abc", SYNTAX, 2), REFUSED("1a", SYNTAX, 1), REFUSED("1f", SYNTAX, 1), REFUSED("1L", SYNTAX, 1),
	REFUSED("\xEF\xBC\x91", SYNTAX, 0), REFUSED("\xD9\xA1", SYNTAX, 0), REFUSED("[-]", SYNTAX, 2),
	REFUSED("[1e]", SYNTAX, 3), REFUSED("[0.]", SYNTAX, 3), REFUSED("1e1\xE2\x82\xAC", SYNTAX, 3),
	REFUSED("++1", SYNTAX, 0), REFUSED("0b1", SYNTAX, 1),
	/* Strings. */
	REFUSED("\"", SYNTAX, 1), REFUSED("\"a", SYNTAX, 2), REFUSED("\"a\\", SYNTAX, 3),
	REFUSED("\"a\\\"", SYNTAX, 4), REFUSED("'a'", SYNTAX, 0), REFUSED("`a`", SYNTAX, 0),
	REFUSED("\xE2\x80\x9C" "a\xE2\x80\x9D", SYNTAX, 0), REFUSED("\"a\nb\"", SYNTAX, 2),
	REFUSED("\"a\tb\"", SYNTAX, 2), REFUSED("\"a\rb\"", SYNTAX, 2), REFUSED("\"\x01\"", SYNTAX, 1),
	REFUSED("\"\x1F\"", SYNTAX, 1), REFUSED("\"\x1B[0m\"", SYNTAX, 1), REFUSED("\"\\x41\"", SYNTAX, 2),
	REFUSED("\"\\a\"", SYNTAX, 2), REFUSED("\"\\v\"", SYNTAX, 2), REFUSED("\"\\0\"", SYNTAX, 2),
	REFUSED("\"\\'\"", SYNTAX, 2), REFUSED("\"\\ \"", SYNTAX, 2), REFUSED("\"\\U0041\"", SYNTAX, 2),
	REFUSED("\"\\\xC3\xA9\"", SYNTAX, 2), REFUSED("\"\\u\"", SYNTAX, 3), REFUSED("\"\\u1\"", SYNTAX, 4),
	REFUSED("\"\\u12\"", SYNTAX, 5), REFUSED("\"\\u123\"", SYNTAX, 6), REFUSED("\"\\u12G4\"", SYNTAX, 5),
	REFUSED("\"\\u 041\"", SYNTAX, 3), REFUSED("\"\\u-041\"", SYNTAX, 3), REFUSED("\"\\u+041\"", SYNTAX, 3),
	REFUSED("\"\\u00", SYNTAX, 5), REFUSED("\"\\ud83d\\u\"", SYNTAX, 9), REFUSED("\"\\ud83d\\uDE0\"", SYNTAX, 12),
	REFUSED("\"a\" b", SYNTAX, 4), REFUSED("\"a\"b\"", SYNTAX, 3), REFUSED("{\"a\nb\":1}", SYNTAX, 3),
	REFUSED("[\"\\", SYNTAX, 3), REFUSED("[\"\n\"]", SYNTAX, 2), REFUSED("\"\\\n\"", SYNTAX, 2),
	/* Encoding. */
	REFUSED("\"\x00\"", ENCODING, 1), REFUSED("\x00", ENCODING, 0), REFUSED("1\x00", ENCODING, 1),
	REFUSED("{}\x00{}", ENCODING, 2), REFUSED("\"a\x00" "b\"", ENCODING, 2), REFUSED("\"\\u0000\"", ENCODING, 1),
	REFUSED("\"a\\u0000b\"", ENCODING, 2), REFUSED("{\"a\\u0000b\":1}", ENCODING, 3),
	REFUSED("{\"a\":\"\\u0000\"}", ENCODING, 6), REFUSED("\"\xFF\"", ENCODING, 1),
	REFUSED("\"\xE9\"", ENCODING, 1), REFUSED("\"\xC3\"", ENCODING, 1), REFUSED("\"\xC3(\"", ENCODING, 1),
	REFUSED("\"\x80\"", ENCODING, 1), REFUSED("\"\xC0\xAF\"", ENCODING, 1), REFUSED("\"\xC0\x80\"", ENCODING, 1),
	REFUSED("\"\xE0\x80\xAF\"", ENCODING, 1), REFUSED("\"\xED\xA0\x80\"", ENCODING, 1),
	REFUSED("\"\xED\xA0\xBD\xED\xB8\x80\"", ENCODING, 1), REFUSED("\"\xF4\x90\x80\x80\"", ENCODING, 1),
	REFUSED("\"\xF8\x88\x80\x80\x80\"", ENCODING, 1), REFUSED("\"\xF0\x9F\x98\"", ENCODING, 1),
	REFUSED("{\"\xE9\":1}", ENCODING, 2), REFUSED("[1,\"\xFE\"]", ENCODING, 4),
	REFUSED("\xFF\xFE\"\x00" "a\x00\"\x00", ENCODING, 0), REFUSED("[\xFF]", ENCODING, 1),
	REFUSED("\"abc\xE2\x82", ENCODING, 4), REFUSED("\"\\ud800\"", ENCODING, 1),
	REFUSED("\"\\udbff\"", ENCODING, 1), REFUSED("\"\\udc00\"", ENCODING, 1), REFUSED("\"\\udfff\"", ENCODING, 1),
	REFUSED("\"\\ud83d x\"", ENCODING, 1), REFUSED("\"\\ud83d\\n\"", ENCODING, 1),
	REFUSED("\"\\ud83d\\u0041\"", ENCODING, 1), REFUSED("\"\\ud83d\\ud83d\"", ENCODING, 1),
	REFUSED("\"\\ude00\\ud83d\"", ENCODING, 1), REFUSED("\"\\uD83D", ENCODING, 1),
	REFUSED("\"ab\\ud800cd\"", ENCODING, 3), REFUSED("{\"\\ud800\":1}", ENCODING, 2),
	/* Duplicates; the second of two equal names is the offending one. */
	REFUSED("{\"a\":1,\"a\":1}", DUPLICATE, 7), REFUSED("{\"a\":1,\"b\":2,\"a\":3}", DUPLICATE, 13),
	REFUSED("{\"\":1,\"\":2}", DUPLICATE, 6), REFUSED("{\"a\":1,\"\\u0061\":2}", DUPLICATE, 7),
	REFUSED("{\"\\u0061\":1,\"a\":2}", DUPLICATE, 12), REFUSED("{\"\\/\":1,\"/\":2}", DUPLICATE, 8),
	REFUSED("{\"\\u00e9\":1,\"\xC3\xA9\":2}", DUPLICATE, 12),
	REFUSED("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", DUPLICATE, 18),
	REFUSED("{\"a\":{\"b\":1,\"b\":2}}", DUPLICATE, 12), REFUSED("[{\"a\":1},{\"a\":1,\"a\":2}]", DUPLICATE, 16),
	REFUSED("{\"x\":{\"a\":1},\"a\":{\"a\":1},\"x\":1}", DUPLICATE, 25),
	REFUSED("{\"\\n\":1,\"\\u000A\":2}", DUPLICATE, 8), REFUSED("{\"a\":1,\"a\":{}}", DUPLICATE, 7),
	REFUSED("{\"auth_key\":\"x\",\"auth_key\":\"y\"}", DUPLICATE, 16),
	REFUSED("{\"\\u20ac\":0,\"\xE2\x82\xAC\":0}", DUPLICATE, 12),
	/* Range. */
	REFUSED("9223372036854775808000", RANGE, 0), REFUSED("18446744073709551616", RANGE, 0),
	REFUSED("-9223372036854775809", RANGE, 0), REFUSED("-18446744073709551615", RANGE, 0),
	REFUSED("[99999999999999999999]", RANGE, 1), REFUSED("{\"a\":100000000000000000000}", RANGE, 5),
	REFUSED("1e400", RANGE, 0), REFUSED("-1e400", RANGE, 0), REFUSED("1e308", RANGE, 0),
	REFUSED("1e-400", RANGE, 0), REFUSED("[1e999999999999999999999]", RANGE, 1), REFUSED("0.1e-99999", RANGE, 0),
	REFUSED("1e-9999999999999999999999", RANGE, 0), REFUSED("12345678901234567890e300", RANGE, 0),
	REFUSED("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", SYNTAX, 16),
	REFUSED("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", SYNTAX, 16)
};

/* Each is tried in a copy of exactly its length, so that a read beyond it is found under the sanitizers. */
static enum json_in_error parse_copy(struct pool *pool, const char *bytes, size_t len, struct json_object **root_r,
                                     size_t *where_r)
{
	char *copy = malloc(len + (len == 0));
	enum json_in_error error;

	if (len > 0)
		memcpy(copy, bytes, len);
	error = json_in_parse(pool, copy, len, root_r, where_r);
	free(copy);
	return error;
}

START_TEST(refuses)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	size_t where = 999999;

	ck_assert_msg(parse_copy(pool, refused[_i].bytes, refused[_i].len, &root, &where) == refused[_i].error,
	              "%s: wrong error", refused[_i].bytes);
	ck_assert_msg(where == refused[_i].where, "%s: at %zu, not %zu", refused[_i].bytes, where, refused[_i].where);
	ck_assert_ptr_null(root);
	pool_free(pool);
}
END_TEST

/* The same inside an array and as a member is refused for the same reason, deeper in. */
START_TEST(refuses_inside)
{
	static const struct {
		const char *before, *after;
	} around[] = { { "[", "]" }, { "{\"k\":", "}" }, { "[1,{\"x\":[", "]}]" } };
	struct pool *pool = pool_create();

	for (int i = 0; i < COUNT(around); i++) {
		struct json_object *root = NULL;
		struct text text = {0};

		text_puts(&text, around[i].before);
		text_add(&text, refused[_i].bytes, refused[_i].len);
		text_puts(&text, around[i].after);
		/* `1,5` and the empty text are refused as documents, but are good inside an array: not this test's. */
		if (refused[_i].len > 0 && strpbrk(refused[_i].bytes, "0123456789]},: \n\t\"") == NULL)
			ck_assert_int_ne(parse_copy(pool, text.data, text.len, &root, NULL), JSON_IN_OK);
		else if (refused[_i].error != JSON_IN_SYNTAX)
			ck_assert_int_eq(parse_copy(pool, text.data, text.len, &root, NULL), refused[_i].error);
		text_free(&text);
	}
	pool_free(pool);
}
END_TEST

static const struct {
	const char *bytes;
	const char *plain;      /* as json-c prints it */
} accepted[] = {
	{ "null", "null" }, { "true", "true" }, { "false", "false" }, { " \t\r\n true \n", "true" }, { "[]", "[]" },
	{ "{}", "{}" },
	{ "[ ]", "[]" }, { "{ }", "{}" }, { "0", "0" }, { "-0", "0" }, { "-1", "-1" }, { "42", "42" }, { "1.5", "1.5" },
	{ "-0.0", "-0.0" }, { "1e5", "1e5" }, { "1E+5", "1E+5" }, { "1e-5", "1e-5" }, { "0e0", "0e0" },
	{ "0.000", "0.000" },
	{ "1e307", "1e307" }, { "-1e-307", "-1e-307" }, { "0e999", "0e999" }, { "0.0001e310", "0.0001e310" },
	{ "9223372036854775807", "9223372036854775807" }, { "-9223372036854775808", "-9223372036854775808" },
	{ "18446744073709551615", "18446744073709551615" }, { "9223372036854775808", "9223372036854775808" },
	{ "\"\"", "\"\"" }, { "\"a\"", "\"a\"" }, { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
	{ "\"\\u00e9\\u20AC\"", "\"é€\"" }, { "\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"" },
	{ "\"\xF0\x9F\x98\x80\"", "\"\xF0\x9F\x98\x80\"" },
	{ "\"\x7F\"", "\"\x7F\"" }, { "\"\\uFFFF\"", "\"\xEF\xBF\xBF\"" },
	{ "\"\\uDBFF\\uDFFF\"", "\"\xF4\x8F\xBF\xBF\"" },
	{ "\"\xEF\xBB\xBF\"", "\"\xEF\xBB\xBF\"" }, { "\"// not /* a comment\"", "\"// not /* a comment\"" },
	{ "[1,2,3]", "[1,2,3]" }, { "[1 , 2]", "[1,2]" }, { "[null]", "[null]" }, { "[\"a\",{}]", "[\"a\",{}]" },
	{ "{\"a\":1,\"b\":[2]}", "{\"a\":1,\"b\":[2]}" }, { "{ \"a\" : 1 }", "{\"a\":1}" }, { "{\"\":0}", "{\"\":0}" },
	{ "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" }, { "{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":{\"a\":{\"a\":1}}}" },
	{ "[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]" },
	{ "{\"a\":{\"b\":1},\"b\":1}", "{\"a\":{\"b\":1},\"b\":1}" },
	{ "{\"\\u0061\":1}", "{\"a\":1}" }, { "{\"e\xCC\x81\":1,\"é\":2}", "{\"e\xCC\x81\":1,\"é\":2}" },
	{ "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]" }
};

START_TEST(accepts)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	size_t where = 0;

	ck_assert_msg(parse_copy(pool, accepted[_i].bytes, strlen(accepted[_i].bytes), &root, &where) == JSON_IN_OK,
	              "%s: refused at %zu", accepted[_i].bytes, where);
	ck_assert_str_eq(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
	                 accepted[_i].plain);
	pool_free(pool);
}
END_TEST

#define FLAWED(literal, told) { literal, sizeof(literal) - 1, told }

/* Which members are told to have a flaw: `item:name`, an item that is no object as `item`; NULL: refused as a whole. */
static const struct {
	const char *bytes;
	size_t len;
	const char *told;
} flawed[] = {
	/* Nothing is wrong. */
	FLAWED("null", ""), FLAWED("{}", ""), FLAWED("[]", ""), FLAWED("[{}]", ""),
	FLAWED("{\"a\":\"\\ud83d\\ude00\"}", ""),
	FLAWED("[{\"a\":1},{\"a\":1}]", ""), FLAWED("{\"a\":{\"a\":[{\"a\":1}]}}", ""),
	/* Each kind, in each place. */
	FLAWED("{\"a\":\"\\u0000\"}", "0:a"), FLAWED("{\"a\":\"x\\u0000y\",\"b\":1}", "0:a"),
	FLAWED("{\"b\":1,\"a\":\"\\ud83d\"}", "0:a"), FLAWED("{\"a\":99999999999999999999}", "0:a"),
	FLAWED("{\"a\":-9223372036854775809,\"b\":-9223372036854775808}", "0:a"),
	FLAWED("{\"a\":1e400,\"b\":1e-400,\"c\":1e307}", "0:a 0:b"),
	FLAWED("{\"a\":0.00000000000000000000000000000000000000000000000000000000000000001}", "0:a"),
	FLAWED("{\"a\":1,\"a\":1}", "0:a"), FLAWED("{\"a\":1,\"b\":2,\"\\u0061\":3}", "0:a"),
	FLAWED("{\"a\":1,\"b\":2,\"a\":3,\"b\":4,\"a\":5}", "0:a 0:b"), FLAWED("{\"\":1,\"\":1}", "0:"),
	FLAWED("{\"a\":\"\\u0000\",\"a\":\"\\u0000\"}", "0:a"),
	FLAWED("{\"b\":\"\\u0000\",\"a\":1,\"b\":1}", "0:b"),
	FLAWED("{\"a\":\"\\u0000\\u0000\\ud83d\\u0000\"}", "0:a"),
	/* Below a member. */
	FLAWED("{\"a\":[\"\\u0000\"],\"b\":[1]}", "0:a"), FLAWED("{\"b\":0,\"a\":[[[1e999]]]}", "0:a"),
	FLAWED("{\"a\":{\"b\":\"\\u0000\"},\"b\":1}", "0:a"),
	FLAWED("{\"a\":{\"b\":1,\"b\":2},\"b\":1}", "0:a"),
	FLAWED("{\"a\":[{\"x\":{}},{\"b\":[{\"c\":1,\"c\":2}]}],\"b\":{\"c\":1}}", "0:a"),
	FLAWED("{\"a\":{\"b\":1,\"b\":2,\"c\":1e999,\"d\":[1e999,\"\\u0000\"]},\"c\":0}", "0:a"),
	FLAWED("{\"a\":{\"c\":1},\"b\":\"\\u0000\",\"c\":[{\"a\":1},{\"b\":1}],\"d\":1e999}", "0:b 0:d"),
	/* Items. */
	FLAWED("[{\"a\":1},{\"a\":\"\\u0000\"},{\"a\":1}]", "1:a"),
	FLAWED("[{\"a\":1e999},{\"a\":1},{\"b\":1,\"b\":1,\"a\":[1e999]}]", "0:a 2:a 2:b"),
	FLAWED("[{},{\"a\":{\"a\":1,\"a\":1}},{\"a\":{\"a\":1}}]", "1:a"),
	FLAWED("[{\"\\u00e9\":\"\\u0000\"},{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":1}]",
	       "0:é 1:\xF0\x9F\x98\x80"),
	/* What is no object. */
	FLAWED("\"\\u0000\"", "0"), FLAWED(" 1e999 ", "0"), FLAWED("[1e999]", "0"),
	FLAWED("[\"\\u0000\",{\"a\":1},\"\\u0000\"]", "0 2"),
	FLAWED("[1,[\"\\u0000\",[1e999],{\"a\":1,\"a\":1}],{\"a\":\"\\u0000\"},7,[{\"a\":\"\\ud83d\"}]]",
	       "1 2:a 4"),
	FLAWED("[[],[{\"a\":1}],{\"a\":1}]", ""),
	/* Surrogates: what follows half a pair stands for itself. */
	FLAWED("{\"a\":\"\\ud83d\",\"b\":1}", "0:a"), FLAWED("{\"a\":\"\\udfff\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\n\",\"b\":1}", "0:a"), FLAWED("{\"a\":\"\\ud83d\\\"\",\"b\":1}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\\\\",\"b\":1}", "0:a"), FLAWED("{\"a\":\"\\ud83d\\u0041\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\u0022\"}", "0:a"), FLAWED("{\"a\":\"\\ud83d\\ud83d\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "0:a"), FLAWED("{\"a\":\"\\ude00\\ud83d\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\u0000\"}", "0:a"), FLAWED("{\"a\":\"\\ud83dx\\ude00\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d \\ud83d\\ude00\"}", "0:a"), FLAWED("{\"a\":\"\\ud83d\xC3\xA9\"}", "0:a"),
	FLAWED("{\"a\":\"\\ud83d\\", NULL), FLAWED("{\"a\":\"\\ud83d\\u", NULL),
	FLAWED("{\"a\":\"\\ud83d", NULL),
	FLAWED("{\"a\":\"\\ud83d\\\"}", NULL), FLAWED("{\"a\":\"\\ud83d\\x\"}", NULL),
	FLAWED("{\"a\":\"\\ud83d\\u12\"}", NULL), FLAWED("{\"a\":\"\\ud83d\n\"}", NULL),
	/* Names, and form: nothing can be told apart. */
	FLAWED("{\"a\\u0000\":1}", NULL), FLAWED("{\"\\ud83d\":1}", NULL), FLAWED("{\"\\ude00\\ud83d\":1}", NULL),
	FLAWED("{\"\\ud83d\\u0041\":1}", NULL), FLAWED("[{\"a\":1},{\"a\\u0000\":1}]", NULL),
	FLAWED("[{\"a\":{\"b\\ud83d\":1}}]", NULL), FLAWED("{\"b\":\"\\u0000\",\"a\\u0000\":1}", NULL),
	FLAWED("{\"a\":\"\\u0000\",}", NULL), FLAWED("{\"a\":\"\\u0000\"}x", NULL),
	FLAWED("{\"a\":\"\\u0000\"", NULL), FLAWED("{\"a\":\"\\u0000\",\"b\":\"\xFF\"}", NULL),
	FLAWED("{\"a\":\"\\u000\"}", NULL), FLAWED("{\"a\":\"\0\"}", NULL), FLAWED("[{\"a\":1e999},{\"a\":01}]", NULL),
	FLAWED("[{\"a\":1,\"a\":1},NaN]", NULL), FLAWED("{\"a\":1e999e1}", NULL)
};

static enum json_in_error parse_flawed_copy(struct pool *pool, const char *bytes, size_t len,
                                            struct json_object **root_r, struct json_in_flaws *flaws_r)
{
	char *copy = malloc(len + (len == 0));
	enum json_in_error error;

	if (len > 0)
		memcpy(copy, bytes, len);
	error = json_in_parse_flawed(pool, copy, len, root_r, flaws_r);
	free(copy);
	return error;
}

static const char *written(struct pool *pool, const struct json_in_flaws *flaws)
{
	const char *told = "";

	for (size_t i = 0; i < flaws->n; i++) {
		const struct json_in_flaw *flaw = &flaws->at[i];

		ck_assert(json_in_is_flawed(flaws, flaw->item, flaw->name));
		told = pool_printf(pool, "%s%s%zu%s%s", told, i > 0 ? " " : "", flaw->item,
		                   flaw->name != NULL ? ":" : "", flaw->name != NULL ? flaw->name : "");
	}
	return told;
}

START_TEST(tells_flaws)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL, *strict;
	struct json_in_flaws flaws = {0};
	enum json_in_error error = parse_flawed_copy(pool, flawed[_i].bytes, flawed[_i].len, &root, &flaws);

	if (flawed[_i].told == NULL) {
		ck_assert_msg(error != JSON_IN_OK, "%s: accepted", flawed[_i].bytes);
		ck_assert_ptr_null(root);
	} else {
		ck_assert_msg(error == JSON_IN_OK, "%s: refused", flawed[_i].bytes);
		ck_assert_msg(strcmp(written(pool, &flaws), flawed[_i].told) == 0, "%s: told %s", flawed[_i].bytes,
		              written(pool, &flaws));
	}
	error = parse_copy(pool, flawed[_i].bytes, flawed[_i].len, &strict, NULL);
	ck_assert_int_eq(error == JSON_IN_OK, flawed[_i].told != NULL && flawed[_i].told[0] == '\0');
	pool_free(pool);
}
END_TEST

/* What stands around a flaw is read as it would be without. */
START_TEST(reads_around_flaws)
{
	static const char bytes[] = "[{\"a\":\"\\ud83d\\\",\\\"b\",\"c\":\"\\ud83d\\u0022\","
	                            "\"d\":[1e999,2],\"e\":\"f\"},3]";
	struct pool *pool = pool_create();
	struct json_object *root = NULL, *item;
	struct json_in_flaws flaws;

	ck_assert_int_eq(parse_flawed_copy(pool, bytes, sizeof(bytes) - 1, &root, &flaws), JSON_IN_OK);
	ck_assert_str_eq(written(pool, &flaws), "0:a 0:c 0:d");
	ck_assert_uint_eq(json_object_array_length(root), 2);
	ck_assert_int_eq(json_object_get_int(json_object_array_get_idx(root, 1)), 3);
	item = json_object_array_get_idx(root, 0);
	ck_assert_int_eq(json_object_object_length(item), 4);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(item, "e")), "f");
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(item, "d")), 2);
	pool_free(pool);
}
END_TEST

START_TEST(asks_for_flaws)
{
	static const char bytes[] = "[{\"a\":1e999,\"ab\":1},[1e999],{\"ab\":1,\"ab\":2,\"b\":0}]";
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct json_in_flaws flaws, none = {0};

	ck_assert_int_eq(parse_flawed_copy(pool, bytes, sizeof(bytes) - 1, &root, &flaws), JSON_IN_OK);
	ck_assert(json_in_is_flawed(&flaws, 0, "a") && json_in_is_flawed(&flaws, 2, "ab"));
	ck_assert(json_in_is_flawed(&flaws, 1, NULL) && !json_in_is_flawed(&flaws, 1, "a"));
	ck_assert(!json_in_is_flawed(&flaws, 0, "ab") && !json_in_is_flawed(&flaws, 0, NULL));
	ck_assert(!json_in_is_flawed(&flaws, 2, "a") && !json_in_is_flawed(&flaws, 2, "b"));
	ck_assert(!json_in_is_flawed(&flaws, 2, "") && !json_in_is_flawed(&flaws, 3, "a"));
	ck_assert(!json_in_is_flawed(&none, 0, "a"));
	pool_free(pool);
}
END_TEST

/* All that the strict reading refuses: for its form as before, for a flaw no longer. */
START_TEST(refuses_form_only)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct json_in_flaws flaws = {0};
	enum json_in_error error = parse_flawed_copy(pool, refused[_i].bytes, refused[_i].len, &root, &flaws);

	if (refused[_i].error == JSON_IN_SYNTAX)
		ck_assert_int_eq(error, JSON_IN_SYNTAX);
	else if (refused[_i].error != JSON_IN_ENCODING)
		ck_assert_int_eq(error, JSON_IN_OK);
	ck_assert_msg((error == JSON_IN_OK) == (flaws.n > 0), "%s", refused[_i].bytes);
	pool_free(pool);
}
END_TEST

START_TEST(accepts_without_flaws)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct json_in_flaws flaws = {.n = 7};
	size_t len = strlen(accepted[_i].bytes);

	ck_assert_int_eq(parse_flawed_copy(pool, accepted[_i].bytes, len, &root, &flaws), JSON_IN_OK);
	ck_assert_uint_eq(flaws.n, 0);
	ck_assert_str_eq(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
	                 accepted[_i].plain);
	pool_free(pool);
}
END_TEST

/* Every beginning of an object or array is refused: a body that was cut is never taken for a whole one. */
START_TEST(cut_short)
{
	static const char whole[] =
		"{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d\\ude00é\"],\"b\":{\"c\":\"\"},\"d\":false}";
	struct pool *pool = pool_create();
	struct json_object *root = NULL;

	ck_assert_int_eq(parse_copy(pool, whole, sizeof(whole) - 1, &root, NULL), JSON_IN_OK);
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		ck_assert_msg(parse_copy(pool, whole, len, &root, NULL) != JSON_IN_OK, "%zu bytes were accepted", len);
	pool_free(pool);
}
END_TEST

static void repeat(struct text *text, const char *s, int times)
{
	while (times-- > 0)
		text_puts(text, s);
}

static void check_long(const char *before, const char *repeated, int times, const char *after, enum json_in_error error,
                       size_t where)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct text text = {0};
	size_t found = 0;

	text_puts(&text, before);
	repeat(&text, repeated, times);
	text_puts(&text, after);
	ck_assert_int_eq(parse_copy(pool, text.data, text.len, &root, &found), error);
	ck_assert_uint_eq(found, where);
	text_free(&text);
	pool_free(pool);
}

START_TEST(long_ones)
{
	check_long("", "[", 17, "1]]]]]]]]]]]]]]]]]", JSON_IN_SYNTAX, 16);
	check_long("", "[", 100000, "", JSON_IN_SYNTAX, 16);
	check_long("", "{\"a\":", 17, "1}", JSON_IN_SYNTAX, 80);
	check_long("", "[{\"a\":", 8, "[1]}]}]}]}]}]}]}]}]", JSON_IN_SYNTAX, 48);
	check_long("1.", "0", 70, "", JSON_IN_RANGE, 0);
	check_long("0.", "1", 64, "", JSON_IN_RANGE, 0);
	check_long("-", "1", 200, "", JSON_IN_RANGE, 0);
	check_long("[1e", "0", 80, "1]", JSON_IN_RANGE, 1);
	check_long("\"", "é", 100000, "\"", JSON_IN_OK, 0);
	check_long("\"", "é", 100000, "\n\"", JSON_IN_SYNTAX, 200001);
	check_long("[0", ",1", 100000, "]", JSON_IN_OK, 0);
	check_long("\"", "\\u0041", 50000, "\"", JSON_IN_OK, 0);
	check_long("", " ", 100000, "1", JSON_IN_OK, 0);
}
END_TEST

/* As many names as fit, all different, then the first again. */
START_TEST(many_names)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct text text = {0};
	size_t where = 0, len;

	text_puts(&text, "{");
	for (int i = 0; i < 100000; i++)
		text_printf(&text, "\"%d\":%d,", i, i);
	len = text.len;
	text_puts(&text, "\"z\":0}");
	ck_assert_int_eq(json_in_parse(pool, text.data, text.len, &root, NULL), JSON_IN_OK);
	ck_assert_int_eq(json_object_object_length(root), 100001);
	text.len = len;
	text_puts(&text, "\"0\":0}");
	ck_assert_int_eq(json_in_parse(pool, text.data, text.len, &root, &where), JSON_IN_DUPLICATE);
	ck_assert_uint_eq(where, len);
	text_free(&text);
	pool_free(pool);
}
END_TEST

/* As many flaws as fit: each is found, and none costs more for the others. */
START_TEST(many_flaws)
{
	struct pool *pool = pool_create();
	struct json_object *root = NULL;
	struct json_in_flaws flaws;
	struct text text = {0};

	text_puts(&text, "{\"a\":[0");
	repeat(&text, ",1e999", 200000);
	text_puts(&text, "]");
	for (int i = 0; i < 200000; i++)
		text_printf(&text, ",\"%d\":1e999", i);
	text_puts(&text, "}");
	ck_assert_int_eq(json_in_parse_flawed(pool, text.data, text.len, &root, &flaws), JSON_IN_OK);
	ck_assert_uint_eq(flaws.n, 200001);
	json_object_object_foreach(root, name, value) {
		(void)value;
		ck_assert(json_in_is_flawed(&flaws, 0, name));
	}
	text_free(&text);
	pool_free(pool);
}
END_TEST

/* One pool, many documents: all released at its reset (the sanitizers tell). */
START_TEST(released_with_the_pool)
{
	struct pool *pool = pool_create();
	struct json_object *root[3];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(json_in_parse(pool, "{\"a\":[1,{\"b\":2}]}", 17, &root[i], NULL), JSON_IN_OK);
		ck_assert_ptr_ne(root[0], root[1]);
		ck_assert_int_ne(json_in_parse(pool, "{\"a\":[1,{\"b\":2}]}", 16, &root[0], NULL), JSON_IN_OK);
		pool_reset(pool);
	}
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_in");
	TCase *tc = tcase_create("json_in");

	tcase_add_loop_test(tc, refuses, 0, COUNT(refused));
	tcase_add_loop_test(tc, refuses_inside, 0, COUNT(refused));
	tcase_add_loop_test(tc, accepts, 0, COUNT(accepted));
	tcase_add_loop_test(tc, tells_flaws, 0, COUNT(flawed));
	tcase_add_test(tc, reads_around_flaws);
	tcase_add_test(tc, asks_for_flaws);
	tcase_add_loop_test(tc, refuses_form_only, 0, COUNT(refused));
	tcase_add_loop_test(tc, accepts_without_flaws, 0, COUNT(accepted));
	tcase_add_test(tc, cut_short);
	tcase_add_test(tc, long_ones);
	tcase_add_test(tc, many_names);
	tcase_add_test(tc, many_flaws);
	tcase_add_test(tc, released_with_the_pool);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
