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

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_rate
TESTS += tests/unit/test_rate
tests_unit_test_rate_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_line
TESTS += tests/unit/test_line
tests_unit_test_line_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_credentials
TESTS += tests/unit/test_credentials
tests_unit_test_credentials_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_filter
TESTS += tests/unit/test_filter
tests_unit_test_filter_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_message_in
TESTS += tests/unit/test_message_in
tests_unit_test_message_in_LDADD = $(LIBS_UNIT)
endif
