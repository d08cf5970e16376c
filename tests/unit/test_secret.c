/*
 * Hashes and MACs against values computed elsewhere (Python's hashlib.blake2b), and secrets nobody can guess.
 */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "unit.h"

static const char master[] = "0123456789abcdef0123456789abcdef";

static void hex(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

START_TEST(hashes)
{
	uint8_t hash[SECRET_HASH];
	char text[2 * SECRET_HASH + 1];

	secret_hash("abc", hash);
	hex(hash, sizeof(hash), text);
	ck_assert_str_eq(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	secret_hash("", hash);
	hex(hash, sizeof(hash), text);
	ck_assert_str_eq(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}
END_TEST

static const struct {
	const char *purpose;
	const char *data;
	const char *mac;
} macs[] = {
	{ "unsubscribe", "42", "d9523a079acb67967f715d8f4198ac03" },
	{ "report", "42", "6578c410b24ec4e9ba9c6783faa38e5e" },
	{ "report", "", "1842a97110b104b2bb94a2eb86f96901" }
};

START_TEST(authenticates)
{
	uint8_t mac[SECRET_MAC];
	char text[2 * SECRET_MAC + 1];

	secret_mac(master, macs[_i].purpose, macs[_i].data, strlen(macs[_i].data), mac);
	hex(mac, sizeof(mac), text);
	ck_assert_str_eq(text, macs[_i].mac);
	secret_mac("0123456789abcdef0123456789abcdeF", macs[_i].purpose, macs[_i].data, strlen(macs[_i].data), mac);
	hex(mac, sizeof(mac), text);
	ck_assert_str_ne(text, macs[_i].mac);
}
END_TEST

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

START_TEST(random_secrets)
{
	static char secrets[1000][SECRET_TEXT];

	for (int i = 0; i < COUNT(secrets); i++) {
		secret_random(secrets[i]);
		ck_assert_uint_eq(strlen(secrets[i]), 43);
		ck_assert_uint_eq(strspn(secrets[i],
		                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	}
	qsort(secrets, COUNT(secrets), SECRET_TEXT, compare_texts);
	for (int i = 1; i < COUNT(secrets); i++)
		ck_assert_str_ne(secrets[i], secrets[i - 1]);
}
END_TEST

START_TEST(compares)
{
	ck_assert_int_eq(secret_compare("abcd", "abcd", 4), 0);
	ck_assert_int_ne(secret_compare("abcd", "abce", 4), 0);
	ck_assert_int_ne(secret_compare("abcd", "bbcd", 4), 0);
	ck_assert_int_eq(secret_compare("abcd", "abce", 3), 0);
	ck_assert_int_eq(secret_compare("", "x", 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tc = tcase_create("secret");

	if (secret_init() != 0)
		return EXIT_FAILURE;
	tcase_add_test(tc, hashes);
	tcase_add_loop_test(tc, authenticates, 0, COUNT(macs));
	tcase_add_test(tc, random_secrets);
	tcase_add_test(tc, compares);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
