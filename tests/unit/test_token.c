/*
 * Tokens of unsubscribe links and delivery reports: they come back as they went, and nothing else does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "domain/token.h"
#include "unit.h"

static const char SECRET[] = "a secret of the tests, forty characters..";

static const uint64_t IDS[] = {0, 1, 255, 256, 4294967296u, UINT64_MAX - 1, UINT64_MAX};

START_TEST(comes_back)
{
	char token[TOKEN_SIZE];
	uint64_t id = 42;

	token_make(SECRET, TOKEN_UNSUBSCRIBE, IDS[_i], token);
	ck_assert_uint_eq(strlen(token), TOKEN_LENGTH);
	ck_assert_uint_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	                  TOKEN_LENGTH);
	ck_assert_int_eq(token_verify(SECRET, TOKEN_UNSUBSCRIBE, token, &id), 0);
	ck_assert_uint_eq(id, IDS[_i]);
}
END_TEST

/* Any single character changed, the last one too, makes it worthless: there is no second spelling. */
START_TEST(every_character_counts)
{
	static const char others[] = "AQgw-_z9.=+/% ";
	char token[TOKEN_SIZE], changed[TOKEN_SIZE];
	uint64_t id = 42;

	token_make(SECRET, TOKEN_REPORT, 123456789, token);
	for (size_t at = 0; at < TOKEN_LENGTH; at++) {
		for (const char *c = others; *c != '\0'; c++) {
			memcpy(changed, token, sizeof changed);
			changed[at] = *c;
			if (*c == token[at])
				continue;
			ck_assert_int_eq(token_verify(SECRET, TOKEN_REPORT, changed, &id), -1);
		}
	}
	ck_assert_uint_eq(id, 42);
}
END_TEST

START_TEST(bound_to_purpose_and_secret)
{
	char token[TOKEN_SIZE], other[TOKEN_SIZE];
	uint64_t id;

	token_make(SECRET, TOKEN_UNSUBSCRIBE, 7, token);
	ck_assert_int_eq(token_verify(SECRET, TOKEN_REPORT, token, &id), -1);
	ck_assert_int_eq(token_verify("another secret, just as long as the first", TOKEN_UNSUBSCRIBE, token, &id), -1);
	token_make(SECRET, TOKEN_UNSUBSCRIBE, 8, other);
	memcpy(other + 12, token + 12, TOKEN_LENGTH - 12);       /* the other id with this one's MAC */
	ck_assert_int_eq(token_verify(SECRET, TOKEN_UNSUBSCRIBE, other, &id), -1);
}
END_TEST

static const uint64_t ATTEMPTS[] = {1, 255, 65536, 4294967295u, 0xffffffffffffu};

START_TEST(report_names_an_attempt)
{
	char token[TOKEN_REPORT_SIZE], changed[TOKEN_REPORT_SIZE];
	uint64_t id = 42, attempt = 42;

	token_make_report(SECRET, IDS[_i], ATTEMPTS[_i], token);
	ck_assert_uint_eq(strlen(token), TOKEN_REPORT_LENGTH);
	ck_assert_int_eq(token_verify_report(SECRET, token, &id, &attempt), 0);
	ck_assert_uint_eq(id, IDS[_i]);
	ck_assert_uint_eq(attempt, ATTEMPTS[_i]);
	ck_assert_int_eq(token_verify(SECRET, TOKEN_REPORT, token, &id), -1);
	for (size_t at = 0; at < TOKEN_REPORT_LENGTH; at++) {
		memcpy(changed, token, sizeof changed);
		changed[at] = token[at] == 'A' ? 'B' : 'A';
		ck_assert_int_eq(token_verify_report(SECRET, changed, &id, &attempt), -1);
	}
	token[TOKEN_LENGTH] = '\0';
	ck_assert_int_eq(token_verify_report(SECRET, token, &id, &attempt), -1);
}
END_TEST

/* Gateways hold on to addresses that were made before these named an attempt. */
START_TEST(report_of_before)
{
	char token[TOKEN_SIZE];
	uint64_t id = 42, attempt = 42;

	token_make(SECRET, TOKEN_REPORT, 7, token);
	ck_assert_int_eq(token_verify_report(SECRET, token, &id, &attempt), 0);
	ck_assert_uint_eq(id, 7);
	ck_assert_uint_eq(attempt, 0);
	token_make(SECRET, TOKEN_UNSUBSCRIBE, 7, token);
	ck_assert_int_eq(token_verify_report(SECRET, token, &id, &attempt), -1);
}
END_TEST

static const char *const FOREIGN[] = {
	NULL, "", "A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "\xff\xff\xff\xff",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "................................", "%41AAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
};

START_TEST(foreign)
{
	uint64_t id = 42, attempt;

	ck_assert_int_eq(token_verify(SECRET, TOKEN_UNSUBSCRIBE, FOREIGN[_i], &id), -1);
	ck_assert_int_eq(token_verify_report(SECRET, FOREIGN[_i], &id, &attempt), -1);
	ck_assert_uint_eq(id, 42);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("token");
	TCase *tc = tcase_create("token");

	if (secret_init() != 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, comes_back, 0, COUNT(IDS));
	tcase_add_test(tc, every_character_counts);
	tcase_add_test(tc, bound_to_purpose_and_secret);
	tcase_add_loop_test(tc, report_names_an_attempt, 0, COUNT(ATTEMPTS));
	tcase_add_test(tc, report_of_before);
	tcase_add_loop_test(tc, foreign, 0, COUNT(FOREIGN));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
