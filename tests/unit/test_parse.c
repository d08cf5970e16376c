/*
 * Query strings and bodies: what parameters they become, and which fault a bad one is.
 *
 * What was parsed is written as one line: `name=value` of each parameter, with `#` before a number, `?` before a
 * boolean, `!` for null, `{}` and `[]` for an object and an array, `~` for a value with a flaw; the items of a batch
 * between ( and ), `-` for one that is not an object; at the end the fault as `<kind name>`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/parse.h"
#include "unit.h"

static struct request request;

static void setup(void)
{
	request = (struct request){.pool = pool_create()};
}

static void teardown(void)
{
	pool_free(request.pool);
}

static void write_params(struct text *out, const struct params *params)
{
	static const char *const marks[] = {
		[PARAM_TEXT] = "", [PARAM_NUMBER] = "#", [PARAM_BOOL] = "?", [PARAM_NULL] = "!", [PARAM_OBJECT] = "{}",
		[PARAM_ARRAY] = "[]", [PARAM_FLAWED] = "~",
	};

	for (size_t i = 0; i < params->n; i++) {
		const struct param *p = &params->at[i];

		text_printf(out, "%s%s=%s%s", i > 0 ? " " : "", p->name, marks[p->kind],
		            p->value != NULL ? p->value : "");
		ck_assert_uint_eq(p->len, p->value != NULL ? strlen(p->value) : 0);
	}
}

static const char *written(void)
{
	static const char *const faults[] = {"", "parameter", "body", "too-large", "too-many"};
	struct text out = {0};
	char *copy;

	text_puts(&out, "");
	write_params(&out, &request.params);
	for (size_t i = 0; i < request.n_items; i++) {
		text_puts(&out, "(");
		write_params(&out, &request.items[i]);
		text_puts(&out, request.item_is_object[i] ? ")" : "-)");
	}
	if (request.fault != HTTP_FAULT_NONE)
		text_printf(&out, "<%s %s>", faults[request.fault], request.fault_name);
	copy = pool_strdup(request.pool, out.data);
	text_free(&out);
	return copy;
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char *bytes;
	size_t len;
	const char *expected;
} FORMS[] = {
	{BYTES(""), ""},
	{BYTES("a=1"), "a=1"},
	{BYTES("a=1&b=2"), "a=1 b=2"},
	{BYTES("&&a=1&&"), "a=1"},
	{BYTES("a"), "a="},
	{BYTES("a="), "a="},
	{BYTES("a=&b"), "a= b="},
	{BYTES("=x"), "=x"},
	{BYTES("a=b=c"), "a=b=c"},
	{BYTES("a=1&a=2"), "a=1 a=2"},
	{BYTES("a+b=c+d"), "a b=c d"},
	{BYTES("a%3Db=c%26d%3D%2B"), "a=b=c&d=+"},
	{BYTES("m=Ceci est un exemple%0ATest"), "m=Ceci est un exemple\nTest"},
	{BYTES("m=%C3%A9t\xC3\xA9"), "m=été"},
	{BYTES("m=%F0%9F%8F%A0"), "m=\xF0\x9F\x8F\xA0"},
	{BYTES("m=%250A"), "m=%0A"},
	{BYTES("a=1&m=%"), "a=1<parameter m>"},
	{BYTES("m=%4"), "<parameter m>"},
	{BYTES("m=%zz"), "<parameter m>"},
	{BYTES("m=a%00b"), "<parameter m>"},
	{BYTES("m=a\0b"), "<parameter m>"},
	{BYTES("m=%C0%AF"), "<parameter m>"},
	{BYTES("m=%ED%A0%80"), "<parameter m>"},
	{BYTES("m=\xFF"), "<parameter m>"},
	{BYTES("%C3%A9t%C3%A9=%FF"), "<parameter été>"},
	{BYTES("%zz=1"), "<parameter parameter>"},
	{BYTES("a%00b=1"), "<parameter parameter>"},
	{BYTES("%FF=1"), "<parameter parameter>"},
	{BYTES("a%0Ab=%FF"), "<parameter parameter>"},
	{BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=%"), "<parameter parameter>"},
	{BYTES("%FF=1&m=%zz"), "<parameter parameter>"},
};

START_TEST(forms)
{
	parse_form(&request, FORMS[_i].bytes, FORMS[_i].len);
	ck_assert_str_eq(written(), FORMS[_i].expected);
}
END_TEST

/* Bodies by their type; the parts of multipart have CRLF written as '|'. */
static const struct {
	const char *type;
	const char *bytes;
	size_t len;
	const char *expected;
} BODIES[] = {
	{NULL, BYTES("a=1"), "a=1"},
	{"", BYTES("a=1"), "a=1"},
	{"application/x-www-form-urlencoded", BYTES("a=1"), "a=1"},
	{"Application/X-WWW-Form-Urlencoded; Charset=UTF-8", BYTES("a=1"), "a=1"},
	{"application/x-www-form-urlencoded;charset=\"utf-8\"", BYTES("a=1"), "a=1"},
	{"application/x-www-form-urlencoded;", BYTES("a=1"), "a=1"},
	{"application/x-www-form-urlencoded; charset=iso-8859-1", BYTES("a=1"), "<body body>"},
	{"application/x-www-form-urlencoded; charset=utf-8; charset=utf-7", BYTES("a=1"), "<body body>"},
	{"application/x-www-form-urlencoded; charset", BYTES("a=1"), "<body body>"},
	{"application/x-www-form-urlencodedx", BYTES("a=1"), "<body body>"},
	{"text/plain", BYTES("a=1"), "<body body>"},
	{"text/plain", BYTES(""), ""},
	{"garbage", BYTES("a=1"), "<body body>"},
	{"application/json", BYTES(""), ""},
	{"application/json", BYTES("{\"a\":\"x\",\"n\":12,\"d\":1.50,\"b\":true,\"z\":null,\"o\":{\"k\":1},\"l\":[1]}"),
	 "a=x n=#12 d=#1.50 b=?true z=! o={} l=[]"},
	{"application/json; charset=utf-8", BYTES(" {} "), ""},
	{"application/vnd.bailleur+json", BYTES("{\"a\":\"x\"}"), "a=x"},
	{"text/json", BYTES("{\"a\":\"x\"}"), "a=x"},
	{"application/jsonx", BYTES("{}"), "<body body>"},
	{"application/json; charset=latin1", BYTES("{}"), "<body body>"},
	{"application/json", BYTES("{\"a\":\"\\u00e9\\ud83c\\udfe0\\n\"}"), "a=é\xF0\x9F\x8F\xA0\n"},
	{"application/json", BYTES("{\"a\":\"x\\u0000y\"}"), "<parameter a>"},
	{"application/json", BYTES("{\"b\":\"\\u0000\",\"a\":\"1\",\"c\":\"\\ud800\"}"), "a=1<parameter b>"},
	{"application/json", BYTES("{\"a\":\"\\ud83c\"}"), "<parameter a>"},
	{"application/json", BYTES("{\"a\":1,\"b\":1e400,\"c\":1e400}"), "a=#1<parameter b>"},
	{"application/json", BYTES("{\"a\":1,\"c\":{\"d\":[99999999999999999999]},\"b\":1e400}"), "a=#1<parameter c>"},
	{"application/json", BYTES("{\"a\\nb\":\"\\u0000\"}"), "<parameter parameter>"},
	{"application/json", BYTES("{\"\":\"\\u0000\"}"), "<parameter parameter>"},
	{"application/json", BYTES("{\"a\\u0000b\":1}"), "<body body>"},
	{"application/json", BYTES("{\"a\":\"\\u0000\",}"), "<body body>"},
	{"application/json", BYTES("\"\\u0000\""), "<body body>"},
	{"application/json", BYTES("{\"a\":\"\xC0\xAF\"}"), "<body body>"},
	{"application/json", BYTES("{\"a\":1,\"a\":2}"), "<parameter a>"},
	{"application/json", BYTES("{\"a\":1"), "<body body>"},
	{"application/json", BYTES("{'a':1}"), "<body body>"},
	{"application/json", BYTES("{\"a\":1}x"), "<body body>"},
	{"application/json", BYTES("\"a\""), "<body body>"},
	{"application/json", BYTES("12"), "<body body>"},
	{"application/json", BYTES("true"), "<body body>"},
	{"application/json", BYTES("null"), "<body body>"},
	{"application/json", BYTES(" "), "<body body>"},
	{"application/json", BYTES("[]"), ""},
	{"application/json", BYTES("[{\"a\":\"x\"},7,{},null,[{}],{\"b\":2}]"), "(a=x)(-)()(-)(-)(b=#2)"},
	{"application/json",
	 BYTES("[{\"a\":\"\\u0000\",\"b\":1},{\"a\":1},{\"a\":[\"\\udfe0\"]},{\"c\":{\"d\":1,\"d\":1}}]"),
	 "(a=~ b=#1)(a=#1)(a=~)(c=~)"},
	{"application/json", BYTES("[{\"a\":1,\"b\":2,\"a\":null},\"\\u0000\",[1e400],{\"a\":1e400,\"b\":1e400}]"),
	 "(a=~ b=#2)(-)(-)(a=~ b=~)"},
	{"application/json", BYTES("[{\"a\":1},{\"b\\ud83c\":1}]"), "<body body>"},
	{"application/json", BYTES("[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]"), "<body body>"},
};

START_TEST(bodies)
{
	request.content_type = BODIES[_i].type;
	parse_body(&request, BODIES[_i].bytes, BODIES[_i].len);
	ck_assert_str_eq(written(), BODIES[_i].expected);
}
END_TEST

#define PART(name, value) "--B|Content-Disposition: form-data; name=\"" name "\"||" value "|"

static const struct {
	const char *type;       /* NULL: boundary=B */
	const char *body;       /* '|' is CRLF */
	const char *expected;
} PARTS[] = {
	{NULL, PART("a", "1") "--B--|", "a=1"},
	{NULL, PART("a", "1") "--B--", "a=1"},
	{NULL, PART("a", "1") PART("b", "deux") "--B--|", "a=1 b=deux"},
	{NULL, PART("a", "") "--B--|", "a="},
	{NULL, PART("a", "x|y|") "--B--|", "a=x\r\ny\r\n"},
	{NULL, PART("a", "--Bx") "--B--|", "a=--Bx"},
	{NULL, PART("a", "x|-B|--C") "--B--|", "a=x\r\n-B\r\n--C"},
	{NULL, "preamble|" PART("a", "1") "--B--|epilogue --B", "a=1"},
	{NULL, "|" PART("a", "1") "--B--|", "a=1"},
	{NULL, "--B  |Content-Disposition: form-data; name=a||1|--B--|", "a=1"},
	{NULL, "--B|content-disposition:FORM-DATA;NAME=\"a\"|X-Other: y||1|--B--|", "a=1"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"; filename=\"x.txt\"|Content-Type: text/plain||1|--B--|",
	 "a=1"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|Content-Type: text/plain; charset=utf-8||é|--B--|",
	 "a=é"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|Content-Type: text/plain; charset=latin1||1|--B--|",
	 "<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|Content-Transfer-Encoding: base64||MQ==|--B--|",
	 "<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|Content-Transfer-Encoding: 8bit||1|--B--|", "a=1"},
	{NULL, PART("q\\\"r", "1") "--B--|", "q\"r=1"},
	{NULL, PART("a;b=c", "1") "--B--|", "a;b=c=1"},
	{"multipart/form-data; boundary=\"B\"; charset=utf-8", PART("a", "1") "--B--|", "a=1"},
	{"Multipart/Form-Data; BOUNDARY=B", PART("a", "1") "--B--|", "a=1"},
	{"multipart/form-data", PART("a", "1") "--B--|", "<body body>"},
	{"multipart/form-data; boundary=", PART("a", "1") "--B--|", "<body body>"},
	{"multipart/form-data; boundary=\"B", PART("a", "1") "--B--|", "<body body>"},
	{"multipart/form-data; boundary=C", PART("a", "1") "--B--|", "<body body>"},
	{"multipart/form-data; boundary=B; boundary=C", PART("a", "1") "--B--|", "<body body>"},
	{"multipart/form-data; boundary=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "x",
	 "<body body>"},
	{"multipart/mixed; boundary=B", PART("a", "1") "--B--|", "<body body>"},
	{NULL, "--B--|", ""},
	{NULL, "--B", "<body body>"},
	{NULL, "--B|", "<body body>"},
	{NULL, "nothing", "<body body>"},
	{NULL, PART("a", "1"), "<body body>"},
	{NULL, PART("a", "1") "--B", "a=1<body body>"},
	{NULL, PART("a", "1") "--Bx|", "a=1<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|", "<body body>"},
	{NULL, "--B||1|--B--|", "<body body>"},
	{NULL, "--B|Content-Disposition: form-data||1|--B--|", "<body body>"},
	{NULL, "--B|Content-Disposition: attachment; name=\"a\"||1|--B--|", "<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"; name=\"b\"||1|--B--|", "<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a\"|Content-Disposition: form-data; name=\"b\"||1|--B--|",
	 "<body body>"},
	{NULL, "--B|Content-Disposition: form-data; name=\"a||1|--B--|", "<body body>"},
	{NULL, "--B|Content-Disposition form-data; name=\"a\"||1|--B--|", "<body body>"},
	{NULL, PART("a", "\xFF") "--B--|", "<parameter a>"},
	{NULL, PART("\xFF", "1") "--B--|", "<parameter parameter>"},
};

START_TEST(parts)
{
	struct text body = {0};

	request.content_type = PARTS[_i].type != NULL ? PARTS[_i].type : "multipart/form-data; boundary=B";
	text_puts(&body, "");
	for (const char *c = PARTS[_i].body; *c != '\0'; c++)
		text_puts(&body, *c == '|' ? "\r\n" : (char[]){*c, '\0'});
	parse_body(&request, body.data, body.len);
	ck_assert_msg(strcmp(written(), PARTS[_i].expected) == 0, "%s\nbecame %s", PARTS[_i].body, written());
	text_free(&body);
}
END_TEST

START_TEST(part_nul)
{
	static const char body[] = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\0y\r\n--B--";
	static const char name[] = "--B\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\nxy\r\n--B--";

	request.content_type = "multipart/form-data; boundary=B";
	parse_body(&request, body, sizeof(body) - 1);
	ck_assert_str_eq(written(), "<parameter a>");
	request.fault = HTTP_FAULT_NONE;
	parse_body(&request, name, sizeof(name) - 1);
	ck_assert_str_eq(written(), "<parameter parameter>");
}
END_TEST

/* Query and body together; the first fault stays. */
START_TEST(together)
{
	request.content_type = "application/json";
	parse_form(&request, BYTES("a=1&b=%zz"));
	parse_body(&request, BYTES("{\"c\":3"));
	ck_assert_str_eq(written(), "a=1<parameter b>");
}
END_TEST

static char *repeated(const char *piece, size_t times, size_t *len_r)
{
	size_t n = strlen(piece);
	char *bytes = pool_alloc(request.pool, n * times + 3);

	for (size_t i = 0; i < times; i++)
		memcpy(bytes + 1 + i * n, piece, n);
	*len_r = n * times;
	return bytes + 1;
}

/* Ten thousand parameters, in any form, are refused, and without looking at them all again and again. */
START_TEST(too_many)
{
	static const struct { const char *type, *piece, *expected; } FLOODS[] = {
		{NULL, "a=1&", "parameters"},
		{"multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n",
		 "parameters"},
		{"application/json", "{},", "body"},
	};
	size_t len;
	char *bytes = repeated(FLOODS[_i].piece, 10000, &len);

	request.content_type = FLOODS[_i].type;
	if (FLOODS[_i].piece[0] == '{') {
		*--bytes = '[';
		bytes[len] = ']';
		len++;
	}
	parse_body(&request, bytes, len);
	ck_assert_int_eq(request.fault, HTTP_FAULT_TOO_MANY);
	ck_assert_str_eq(request.fault_name, FLOODS[_i].expected);
	ck_assert_uint_le(request.params.n, HTTP_MAX_PARAMS);
}
END_TEST

START_TEST(too_many_members)
{
	struct text body = {0};
	const char *batch[] = {"{", "[{"}, *end[] = {"}", "}]"};

	text_puts(&body, batch[_i]);
	for (int i = 0; i < 10000; i++)
		text_printf(&body, "%s\"m%d\":1", i > 0 ? "," : "", i);
	text_puts(&body, end[_i]);
	request.content_type = "application/json";
	parse_body(&request, body.data, body.len);
	ck_assert_int_eq(request.fault, HTTP_FAULT_TOO_MANY);
	text_free(&body);
}
END_TEST

START_TEST(just_enough)
{
	size_t len;
	char *bytes = repeated("a=1&", HTTP_MAX_PARAMS, &len);

	parse_form(&request, bytes, len);
	ck_assert_int_eq(request.fault, HTTP_FAULT_NONE);
	ck_assert_uint_eq(request.params.n, HTTP_MAX_PARAMS);
	parse_form(&request, "b=2", 3);
	ck_assert_int_eq(request.fault, HTTP_FAULT_TOO_MANY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parse");
	TCase *tcase = tcase_create("parse");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, forms, 0, COUNT(FORMS));
	tcase_add_loop_test(tcase, bodies, 0, COUNT(BODIES));
	tcase_add_loop_test(tcase, parts, 0, COUNT(PARTS));
	tcase_add_test(tcase, part_nul);
	tcase_add_test(tcase, together);
	tcase_add_loop_test(tcase, too_many, 0, 3);
	tcase_add_loop_test(tcase, too_many_members, 0, 2);
	tcase_add_test(tcase, just_enough);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
