/*
 * UUIDs: their form, their order, and that two are never the same.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "unit.h"

enum { MANY = 20000 };

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_UUID_SIZE);
}

START_TEST(version_7)
{
	static uint8_t uuids[MANY][ID_UUID_SIZE];
	int64_t before = clock_now_ms(), after;

	for (int i = 0; i < MANY; i++)
		id_uuid7(uuids[i]);
	after = clock_now_ms();
	for (int i = 0; i < MANY; i++) {
		int64_t ms = 0;

		for (int byte = 0; byte < 6; byte++)
			ms = ms << 8 | uuids[i][byte];
		ck_assert_int_ge(ms, before);
		ck_assert_int_le(ms, after);
		ck_assert_uint_eq(uuids[i][6] >> 4, 7);
		ck_assert_uint_eq(uuids[i][8] >> 6, 2);
	}
	qsort(uuids, MANY, ID_UUID_SIZE, compare);
	for (int i = 1; i < MANY; i++)
		ck_assert_mem_ne(uuids[i], uuids[i - 1], ID_UUID_SIZE);
}
END_TEST

/* Each of the 74 random bits is sometimes set and sometimes not. */
START_TEST(random_bits)
{
	uint8_t ones[ID_UUID_SIZE] = {0}, zeros[ID_UUID_SIZE] = {0}, uuid[ID_UUID_SIZE];

	for (int i = 0; i < 200; i++) {
		id_uuid7(uuid);
		for (int byte = 6; byte < ID_UUID_SIZE; byte++) {
			ones[byte] |= uuid[byte];
			zeros[byte] |= (uint8_t)~uuid[byte];
		}
	}
	for (int byte = 6; byte < ID_UUID_SIZE; byte++) {
		uint8_t fixed = byte == 6 ? 0xF0 : byte == 8 ? 0xC0 : 0;

		ck_assert_uint_eq((ones[byte] & zeros[byte]) | fixed, 0xFF);
	}
}
END_TEST

START_TEST(request_ids)
{
	char first[ID_UUID_TEXT], second[ID_UUID_TEXT];
	uint8_t uuid[ID_UUID_SIZE];

	id_request(first);
	id_request(second);
	ck_assert_str_ne(first, second);
	ck_assert_uint_eq(strlen(first), 36);
	ck_assert_uint_eq(strspn(first, "0123456789abcdef-"), 36);
	ck_assert_int_eq(first[14], '4');
	ck_assert_int_eq(id_uuid_parse(first, uuid), 0);
}
END_TEST

static const uint8_t example[ID_UUID_SIZE] = {
	0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x7C, 0xC3, 0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F
};

START_TEST(as_text)
{
	char text[ID_UUID_TEXT];
	uint8_t uuid[ID_UUID_SIZE];

	id_uuid_text(example, text);
	ck_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	ck_assert_int_eq(id_uuid_parse("017F22E2-79B0-7cc3-98C4-DC0C0C07398F", uuid), 0);
	ck_assert_mem_eq(uuid, example, ID_UUID_SIZE);
}
END_TEST

static const char *const bad[] = {
	"", "0", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
	"{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
	" 17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
	"017f22e-279b0-7cc3-98c4-dc0c0c07398f",
	"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n", "0x7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	"-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	"+17f22e2-79b0-7cc3-98c4-dc0c0c07398f"
};

START_TEST(refuses)
{
	uint8_t uuid[ID_UUID_SIZE];

	memcpy(uuid, example, sizeof(uuid));
	ck_assert_msg(id_uuid_parse(bad[_i], uuid) == -1, "%s was accepted", bad[_i]);
	ck_assert_mem_eq(uuid, example, ID_UUID_SIZE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("id");
	TCase *tc = tcase_create("id");

	tcase_add_test(tc, version_7);
	tcase_add_test(tc, random_bits);
	tcase_add_test(tc, request_ids);
	tcase_add_test(tc, as_text);
	tcase_add_loop_test(tc, refuses, 0, COUNT(bad));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
