/*
 * What the main of every unit test does.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <stdlib.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Check ends a test after four seconds, which on a busy machine under sanitizers fails what is only slow. */
static void __attribute__((constructor)) unit_be_patient(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);
}

/* Runs the suite and frees it; the exit status of the program. */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
