/*
 * Webhooks: signatures against the specification's published example, and which addresses may be posted to.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/webhook_url.h"
#include "domain/network.h"
#include "domain/webhook_signature.h"
#include "unit.h"

/* The example of the Standard Webhooks specification and of its libraries' tests. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SIGNED "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

START_TEST(published_vector)
{
	uint8_t secret[64];
	size_t len = webhook_secret_parse(SECRET, secret);
	struct text header = {0};
	char text[WEBHOOK_SECRET_TEXT];

	ck_assert_uint_eq(len, 24);
	webhook_sign(&header, secret, len, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}");
	ck_assert_str_eq(header.data, SIGNED);
	webhook_sign(&header, secret, len, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}");
	ck_assert_str_eq(header.data, SIGNED " " SIGNED);
	webhook_secret_text(secret, len, text);
	ck_assert_str_eq(text, SECRET);
	text_free(&header);
}
END_TEST

START_TEST(no_secret)
{
	uint8_t secret[64];

	ck_assert_uint_eq(webhook_secret_parse("whsec_", secret), 0);
	ck_assert_uint_eq(webhook_secret_parse("whsec_not base64!", secret), 0);
}
END_TEST

static const struct {
	const char *address;
	bool is_public;
} ADDRESSES[] = {
	{"8.8.8.8", true}, {"1.1.1.1", true}, {"172.15.255.255", true}, {"172.32.0.0", true}, {"100.63.255.255", true},
	{"100.128.0.0", true}, {"192.167.255.255", true}, {"198.20.0.0", true}, {"223.255.255.255", true},
	{"11.0.0.0", true},
	{"0.0.0.0", false}, {"10.0.0.1", false}, {"10.255.255.255", false}, {"100.64.0.1", false}, {"127.0.0.1", false},
	{"127.255.255.254", false}, {"169.254.169.254", false}, {"172.16.0.1", false}, {"172.31.255.255", false},
	{"192.0.0.1", false}, {"192.0.2.1", false}, {"192.168.1.1", false}, {"198.18.0.1", false},
	{"198.51.100.1", false},
	{"203.0.113.1", false}, {"224.0.0.1", false}, {"240.0.0.1", false}, {"255.255.255.255", false},
	{"2606:4700::1111", true}, {"2001:4860:4860::8888", true}, {"2a01:e0a::1", true}, {"::ffff:8.8.8.8", true},
	{"::", false}, {"::1", false}, {"fc00::1", false}, {"fd12:3456::1", false}, {"fe80::1", false},
	{"ff02::1", false},
	{"3fff:fff::1", false}, {"3fff:1000::1", true}, {"2001:db8::1", false}, {"2001::1", false},
	{"::ffff:127.0.0.1", false}, {"::ffff:10.0.0.1", false},
	{"64:ff9b::7f00:1", false}, {"64:ff9b::808:808", true}, {"2002:7f00:1::", false}, {"2002:c0a8:101::", false},
	{"2002:808:808::", true}, {"100::1", false},
};

START_TEST(addresses)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const char *address = ADDRESSES[_i].address;
	bool is_public;

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		is_public = network_is_public((const struct sockaddr *)&in);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
		is_public = network_is_public((const struct sockaddr *)&in6);
	}
	ck_assert_msg(is_public == ADDRESSES[_i].is_public, "%s", address);
}
END_TEST

/* What is said of a URL with private addresses refused, and allowed: may it be, is it no URL, is it private? */
static const struct {
	const char *url;
	enum { MAY, NO_URL, NO_HTTP, NOT_THERE } refused, allowed;
} URLS[] = {
	{"https://exemple.fr/hook?a=1", MAY, MAY}, {"HTTPS://EXEMPLE.FR", MAY, MAY},
	{"http://exemple.fr/", NO_HTTP, MAY}, {"HTTP://127.0.0.1:8080/", NO_HTTP, MAY}, {"http://a@b/", NO_URL, NO_URL},
	{"http://exemple.fr:0/", NO_URL, NO_URL}, {"https://exemple.fr:65535/", MAY, MAY},
	{"https://exemple.fr:65536/", NO_URL, NO_URL}, {"https://exemple.fr:0/", NO_URL, NO_URL},
	{"https://a@exemple.fr/", NO_URL, NO_URL}, {"https://exemple.fr/\r\nx", NO_URL, NO_URL},
	{"ftp://exemple.fr/", NO_URL, NO_URL}, {"", NO_URL, NO_URL}, {"https://[::1/", NO_URL, NO_URL},
	{"https://ch\xC3\xA2teau.fr/", NO_URL, NO_URL}, {"https://8.8.8.8/", MAY, MAY},
	{"https://[2606:4700::1111]/", MAY, MAY}, {"https://127.0.0.1/", NOT_THERE, MAY},
	{"https://2130706433/", NOT_THERE, MAY}, {"https://0x7f.1/", NOT_THERE, MAY},
	{"https://0177.0.0.1/", NOT_THERE, MAY}, {"https://[::1]:443/", NOT_THERE, MAY},
	{"https://[fe80::1%25lo]/", NOT_THERE, MAY}, {"https://[::ffff:10.0.0.1]/", NOT_THERE, MAY},
	{"https://localhost/", NOT_THERE, MAY}, {"https://a.LocalHost./", NOT_THERE, MAY},
	{"https://notlocalhost/", MAY, MAY}, {"https://localhost.exemple.fr/", MAY, MAY},
};

START_TEST(urls)
{
	static const char *const said[] = {
		[NO_URL] = "is no https URL of", [NO_HTTP] = "is no https URL; http takes allow_private",
		[NOT_THERE] = "is an address",
	};
	const unsigned expected[] = {URLS[_i].refused, URLS[_i].allowed};

	for (int allowed = 0; allowed < 2; allowed++) {
		const char *why = webhook_url_refused(URLS[_i].url, allowed != 0), *begins = said[expected[allowed]];

		ck_assert_int_eq(why == NULL, begins == NULL);
		if (why != NULL)
			ck_assert_msg(strncmp(why, begins, strlen(begins)) == 0, "%s %s", URLS[_i].url, why);
	}
}
END_TEST

START_TEST(other_families)
{
	struct sockaddr local = {.sa_family = AF_UNIX};

	ck_assert(!network_is_public(&local));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("webhook");
	TCase *tcase = tcase_create("webhook");

	tcase_add_test(tcase, published_vector);
	tcase_add_test(tcase, no_secret);
	tcase_add_loop_test(tcase, addresses, 0, COUNT(ADDRESSES));
	tcase_add_loop_test(tcase, urls, 0, COUNT(URLS));
	tcase_add_test(tcase, other_families);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
