/*
 * Identifiers: 24 hexadecimal digits and nothing else, never the same twice, in any process.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/oid.h"
#include "unit.h"

#define GOOD "56a7766748177e22348b4567"

static const struct { const char *text; const char *back; } TEXTS[] = {
	{GOOD, GOOD}, {"56A7766748177E22348B4567", GOOD}, {"000000000000000000000000", "000000000000000000000000"},
	{"FFFFFFFFFFFFFFFFFFFFFFFF", "ffffffffffffffffffffffff"}, {NULL, NULL}, {"", NULL}, {"5", NULL},
	{"56a7766748177e22348b456", NULL}, {GOOD "0", NULL}, {GOOD " ", NULL}, {" " GOOD, NULL}, {GOOD GOOD, NULL},
	{"g6a7766748177e22348b4567", NULL}, {"56a7766748177e22348b456g", NULL}, {"0x6a7766748177e22348b456", NULL},
	{"56a77667-48177e22348b456", NULL}, {"+6a7766748177e22348b4567", NULL},
	{"56a7766748177e22348b45\xc3\xa9", NULL},
	{"56a7766748177e22348b456/", NULL}, {"56a7766748177e22348b456:", NULL}, {"56a7766748177e22348b456@", NULL},
	{"56a7766748177e22348b456`", NULL},
};

START_TEST(parse)
{
	struct oid oid, untouched = {"unchanged"};
	char back[OID_TEXT];

	oid = untouched;
	ck_assert_int_eq(oid_parse(TEXTS[_i].text, &oid), TEXTS[_i].back != NULL ? 0 : -1);
	if (TEXTS[_i].back != NULL)
		ck_assert_str_eq(oid_text(&oid, back), TEXTS[_i].back);
	else
		ck_assert(oid_same(&oid, &untouched));
}
END_TEST

START_TEST(same)
{
	struct oid a, b;

	ck_assert_int_eq(oid_parse(GOOD, &a), 0);
	for (int i = 0; i < OID_SIZE; i++) {
		b = a;
		ck_assert(oid_same(&a, &b));
		b.bytes[i] ^= 1;
		ck_assert(!oid_same(&a, &b));
	}
}
END_TEST

enum { PROCESSES = 4, EACH = 3000 };

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct oid));
}

/* Parent and children, forked after the parent has made some: the same second, the same memory, other identifiers. */
START_TEST(never_twice)
{
	static struct oid all[PROCESSES][EACH];
	int ends[2];

	(void)oid_new();
	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 1; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			for (int k = 0; k < EACH; k++) {
				struct oid oid = oid_new();

				if (write(ends[1], &oid, sizeof oid) != (ssize_t)sizeof oid)
					_exit(1);
			}
			_exit(0);
		}
	}
	close(ends[1]);
	for (int k = 0; k < EACH; k++)
		all[0][k] = oid_new();
	for (size_t got = 0; got < sizeof all - sizeof all[0];) {
		ssize_t n = read(ends[0], (char *)all[1] + got, sizeof all - sizeof all[0] - got);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	close(ends[0]);
	for (int i = 1; i < PROCESSES; i++)
		wait(NULL);
	qsort(all, (size_t)PROCESSES * EACH, sizeof(struct oid), by_bytes);
	for (size_t i = 1; i < (size_t)PROCESSES * EACH; i++)
		ck_assert(!oid_same(&all[0][0] + i - 1, &all[0][0] + i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oid");
	TCase *tcase = tcase_create("oid");

	tcase_add_loop_test(tcase, parse, 0, COUNT(TEXTS));
	tcase_add_test(tcase, same);
	tcase_add_test(tcase, never_twice);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
