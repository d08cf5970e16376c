/*
 * Sealed text: it opens for whom it was sealed, with the secret it was sealed with, unchanged, and not otherwise.
 */
#include <string.h>

#include "base/seal.h"
#include "base/secret.h"
#include "unit.h"

static const char SECRET[] = "a secret of the tests, forty characters..", TO[] = "bob@exemple.fr";

static const char *const TEXTS[] = {"", "x", "Bonjour,\n\nvoici le lien : https://exemple.fr/reset/abc\n",
                                    "é\xf0\x9f\xa6\x80", "sealed:"};

START_TEST(opens)
{
	struct pool *pool = pool_create();
	const char *one = seal_close(pool, SECRET, TO, TEXTS[_i]), *two = seal_close(pool, SECRET, TO, TEXTS[_i]);

	ck_assert_str_ne(one, two);
	ck_assert_str_eq(seal_open(pool, SECRET, TO, one), TEXTS[_i]);
	ck_assert_str_eq(seal_open(pool, SECRET, TO, two), TEXTS[_i]);
	if (strlen(TEXTS[_i]) > 10)
		ck_assert_ptr_null(strstr(one, TEXTS[_i]));
	ck_assert_ptr_null(seal_open(pool, "another secret, just as long as the first", TO, one));
	ck_assert_ptr_null(seal_open(pool, SECRET, "eve@exemple.fr", one));
	ck_assert_ptr_null(seal_open(pool, SECRET, "", one));
	pool_free(pool);
}
END_TEST

/* Any one character that is changed, taken away or added. */
START_TEST(changed)
{
	struct pool *pool = pool_create();
	const char *sealed = seal_close(pool, SECRET, TO, "Bonjour");

	for (size_t i = 0; i < strlen(sealed); i++) {
		char *other = pool_strdup(pool, sealed);

		other[i] = other[i] == 'A' ? 'g' : 'A';
		ck_assert_ptr_null(seal_open(pool, SECRET, TO, other));
		other[i] = '\0';
		ck_assert_ptr_null(seal_open(pool, SECRET, TO, other));
	}
	ck_assert_ptr_null(seal_open(pool, SECRET, TO, pool_printf(pool, "%sA", sealed)));
	ck_assert_ptr_null(seal_open(pool, SECRET, TO, pool_printf(pool, " %s", sealed)));
	pool_free(pool);
}
END_TEST

static const char *const FOREIGN[] = {"", "sealed:", "sealed:AAAA", "sealed:====", "Bonjour", "sealed",
                                      "sealed:\xff\xff"};

START_TEST(foreign)
{
	struct pool *pool = pool_create();

	ck_assert_ptr_null(seal_open(pool, SECRET, TO, FOREIGN[_i]));
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seal");
	TCase *tc = tcase_create("seal");

	if (secret_init() != 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, opens, 0, sizeof TEXTS / sizeof *TEXTS);
	tcase_add_test(tc, changed);
	tcase_add_loop_test(tc, foreign, 0, sizeof FOREIGN / sizeof *FOREIGN);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
