# Sources of tests/unit/.
if HAVE_CHECK
LIBS_UNIT = $(LIBS_ALL) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_token
TESTS += tests/unit/test_token
tests_unit_test_token_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_template
TESTS += tests/unit/test_template
tests_unit_test_template_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_mail
TESTS += tests/unit/test_mail
tests_unit_test_mail_CPPFLAGS = $(AM_CPPFLAGS) -DTEMPLATES_OF_TESTS='"$(abs_top_srcdir)/templates"'
tests_unit_test_mail_LDADD = $(LIBS_UNIT)
endif
