/*
 * Pools: what they give is zeroed, aligned and apart; what was registered is run once, last first.
 */
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "unit.h"

static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 100, 4095, 8191, 8192, 8193, 32767, 32768, 32769, 1000000 };

static bool all_are(const unsigned char *bytes, size_t len, unsigned char value)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

START_TEST(zeroed_aligned_apart)
{
	struct pool *pool = pool_create();
	unsigned char *given[64];
	int n = sizes[_i] < 100000 ? COUNT(given) : 4;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < n; i++) {
			given[i] = pool_alloc(pool, sizes[_i]);
			ck_assert_uint_eq((uintptr_t)given[i] % alignof(max_align_t), 0);
			ck_assert(all_are(given[i], sizes[_i], 0));
			memset(given[i], i + 1, sizes[_i]);
		}
		for (int i = 0; i < n; i++)
			ck_assert(all_are(given[i], sizes[_i], (unsigned char)(i + 1)));
		pool_reset(pool);
	}
	pool_free(pool);
}
END_TEST

/* A large allocation in between does not waste what is left of the block. */
START_TEST(mixed_sizes)
{
	struct pool *pool = pool_create();
	char *small[2000];

	for (int i = 0; i < COUNT(small); i++) {
		small[i] = pool_printf(pool, "number %d", i);
		memset(pool_alloc(pool, (size_t)i * 7 % 20000), 0xFF, (size_t)i * 7 % 20000);
	}
	for (int i = 0; i < COUNT(small); i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "number %d", i);
		ck_assert_str_eq(small[i], expected);
	}
	pool_free(pool);
}
END_TEST

START_TEST(copies)
{
	struct pool *pool = pool_create();
	char *large = mem_alloc(100001);

	ck_assert_ptr_null(pool_strdup(pool, NULL));
	ck_assert_str_eq(pool_strdup(pool, ""), "");
	ck_assert_str_eq(pool_strdup(pool, "été"), "été");
	ck_assert_str_eq(pool_strndup(pool, "abcdef", 3), "abc");
	ck_assert_str_eq(pool_strndup(pool, NULL, 0), "");
	ck_assert_mem_eq(pool_strndup(pool, "a\0b", 3), "a\0b", 4);
	ck_assert_str_eq(pool_printf(pool, "%s-%05d", "x", 42), "x-00042");
	memset(large, 'z', 100000);
	ck_assert_str_eq(pool_printf(pool, "%s", large), large);
	free(large);
	pool_free(pool);
}
END_TEST

static char order[16];
static char a[] = "a", b[] = "b", c[] = "c", d[] = "d", n[] = "n";

static void note(void *letter)
{
	strcat(order, letter);
}

static struct pool *nesting;

static void note_and_register(void *letter)
{
	strcat(order, letter);
	pool_at_reset(nesting, note, n);
}

START_TEST(cleanups)
{
	struct pool *pool = nesting = pool_create();

	order[0] = '\0';
	pool_at_reset(pool, note, a);
	pool_at_reset(pool, note_and_register, b);
	pool_at_reset(pool, note, c);
	pool_reset(pool);
	ck_assert_str_eq(order, "cbna");
	pool_reset(pool);
	ck_assert_str_eq(order, "cbna");
	pool_at_reset(pool, note, d);
	pool_free(pool);
	ck_assert_str_eq(order, "cbnad");
	pool_free(NULL);
}
END_TEST

START_TEST(plain_memory)
{
	char *s = mem_strdup("abc"), *zero = mem_alloc(0);

	s = mem_realloc(s, 1000);
	ck_assert_str_eq(s, "abc");
	ck_assert_ptr_nonnull(zero);
	free(zero);
	free(s);
}
END_TEST

/* Ending the process is what is promised; a NULL would be worse. */
START_TEST(exhausted)
{
	struct pool *pool = pool_create();

	pool_alloc(pool, SIZE_MAX - 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_loop_test(tc, zeroed_aligned_apart, 0, COUNT(sizes));
	tcase_add_test(tc, mixed_sizes);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, cleanups);
	tcase_add_test(tc, plain_memory);
	tcase_add_exit_test(tc, exhausted, EXIT_FAILURE);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
