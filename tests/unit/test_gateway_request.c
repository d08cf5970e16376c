/*
 * Requests to SMS gateways: every value is written as the place where it stands requires, and cannot leave it.
 */
#include <stdlib.h>
#include <string.h>

#include "delivery/gateway_request.h"
#include "unit.h"

static char url[] = "http://127.0.0.1:13013/cgi-bin/sendsms", user[] = "bail&leur", password[] = "s=cr?t#é";
static const struct settings SETTINGS = {.sms_url = url, .sms_user = user, .sms_password = password};

#define CREDENTIALS "http://127.0.0.1:13013/cgi-bin/sendsms?username=bail%26leur&password=s%3Dcr%3Ft%23%C3%A9"

static const struct {
	struct gateway_message message;
	const char *expected;
} KANNEL[] = {
	{{.to = "+33602030405", .from = "Bailleur", .text = "Bonjour", .id = "x", .report_url = ""},
	 CREDENTIALS "&from=Bailleur&to=%2B33602030405&charset=UTF-8&coding=0&text=Bonjour"},
	{{.to = "+33602030405", .from = "", .text = "a&to=0033699999999\r\nb+c %41 €", .id = "x", .report_url = "",
	  .ucs2 = true},
	 CREDENTIALS "&to=%2B33602030405&charset=UTF-8&coding=2"
	 "&text=a%26to%3D0033699999999%0D%0Ab%2Bc%20%2541%20%E2%82%AC"},
	{{.to = "+33602030405", .from = "A B", .text = "x", .id = "x", .report_url = "https://b.fr/hooks/sms/TOKEN"},
	 CREDENTIALS "&from=A%20B&to=%2B33602030405&charset=UTF-8&coding=0&text=x&dlr-mask=19"
	 "&dlr-url=https%3A%2F%2Fb.fr%2Fhooks%2Fsms%2FTOKEN%3Fstatus%3D%25d"},
};

START_TEST(kannel)
{
	struct text out = {0};

	gateway_kannel_url(&out, &SETTINGS, &KANNEL[_i].message);
	ck_assert_str_eq(out.data, KANNEL[_i].expected);
	text_free(&out);
}
END_TEST

static const struct gateway_message MESSAGE = {
	.to = "+33602030405", .from = "Bailleur", .text = "l'\"été\" {to}\n<&\\é", .id = "0190",
	.report_url = "https://b.fr/r",
};

static const struct {
	const char *template;
	enum gateway_escape escape;
	const char *expected;
} FILLED[] = {
	{"", GATEWAY_URL, ""},
	{"plain", GATEWAY_URL, "plain"},
	{"https://g.fr/{to}/send?id={id}", GATEWAY_URL, "https://g.fr/%2B33602030405/send?id=0190"},
	{"to={to}&text={text}", GATEWAY_URL,
	 "to=%2B33602030405&text=l%27%22%C3%A9t%C3%A9%22%20%7Bto%7D%0A%3C%26%5C%C3%A9"},
	{"{\"to\":\"{to}\",\"t\":\"{text}\",\"x\":{}}", GATEWAY_JSON,
	 "{\"to\":\"+33602030405\",\"t\":\"l'\\\"été\\\" {to}\\n<&\\\\é\",\"x\":{}}"},
	{"<t a=\"{from}\">{text}</t>", GATEWAY_XML, "<t a=\"Bailleur\">l&apos;&quot;été&quot; {to}\n&lt;&amp;\\é</t>"},
	{"{text}", GATEWAY_PLAIN, "l'\"été\" {to}\n<&\\é"},
	{"X: {text}", GATEWAY_HEADER, "X: l'\"été\" {to}<&\\é"},
	{"{unknown} {to {}", GATEWAY_URL, "{unknown} {to {}"},
	{"{report_url}{", GATEWAY_PLAIN, "https://b.fr/r{"},
};

START_TEST(filled)
{
	struct text out = {0};

	text_puts(&out, "");
	gateway_fill(&out, FILLED[_i].template, FILLED[_i].escape, &MESSAGE);
	ck_assert_str_eq(out.data, FILLED[_i].expected);
	text_free(&out);
}
END_TEST

static const struct {
	const char *headers, *body;
	enum gateway_escape escape;
} BODIES[] = {
	{"", "to={to}", GATEWAY_URL}, {"", "{\"to\":\"{to}\"}", GATEWAY_JSON}, {"", "[1]", GATEWAY_JSON},
	{"", "<sms/>", GATEWAY_XML}, {"Content-Type: application/json", "x", GATEWAY_JSON},
	{"X-Key: json|content-type: text/plain; charset=utf-8", "{\"a\"", GATEWAY_PLAIN},
	{"Content-Type: application/x-www-form-urlencoded|Accept: application/json", "{", GATEWAY_URL},
	{"Accept: a|Content-Type: text/xml|B: c", "x", GATEWAY_XML}, {"Content-Type: application/vnd.api+json", "x",
	                                                              GATEWAY_JSON},
};

START_TEST(bodies)
{
	ck_assert_int_eq(gateway_body_escape(BODIES[_i].headers, BODIES[_i].body), BODIES[_i].escape);
}
END_TEST

static const struct {
	const char *list;
	long status;
	bool expected;
} SUCCESSES[] = {
	{"200,201,202", 200, true}, {"200,201,202", 202, true}, {"200, 201", 201, true}, {"200", 20, false},
	{"200", 2000, false},
	{"", 200, false}, {"200,201", 202, false}, {"x,200", 200, true}, {",,", 0, false},
};

START_TEST(successes)
{
	ck_assert(gateway_is_success(SUCCESSES[_i].list, SUCCESSES[_i].status) == SUCCESSES[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gateway_request");
	TCase *tc = tcase_create("gateway_request");

	tcase_add_loop_test(tc, kannel, 0, COUNT(KANNEL));
	tcase_add_loop_test(tc, filled, 0, COUNT(FILLED));
	tcase_add_loop_test(tc, bodies, 0, COUNT(BODIES));
	tcase_add_loop_test(tc, successes, 0, COUNT(SUCCESSES));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
