# Sources of tests/unit/: a program a subject, each from the one file of its name. One a line, so that additions do not
# collide.
if HAVE_CHECK
UNIT_TESTS =
UNIT_TESTS += tests/unit/test_answer_cache
UNIT_TESTS += tests/unit/test_channel
UNIT_TESTS += tests/unit/test_clock
UNIT_TESTS += tests/unit/test_compte
UNIT_TESTS += tests/unit/test_content
UNIT_TESTS += tests/unit/test_credentials
UNIT_TESTS += tests/unit/test_db
UNIT_TESTS += tests/unit/test_delivery
UNIT_TESTS += tests/unit/test_delivery_state
UNIT_TESTS += tests/unit/test_drawing
UNIT_TESTS += tests/unit/test_duty
UNIT_TESTS += tests/unit/test_email_address
UNIT_TESTS += tests/unit/test_fault
UNIT_TESTS += tests/unit/test_filter
UNIT_TESTS += tests/unit/test_gather
UNIT_TESTS += tests/unit/test_gateway_request
UNIT_TESTS += tests/unit/test_glance
UNIT_TESTS += tests/unit/test_glance_answer
UNIT_TESTS += tests/unit/test_guard
UNIT_TESTS += tests/unit/test_handoff
UNIT_TESTS += tests/unit/test_id
UNIT_TESTS += tests/unit/test_idempotency
UNIT_TESTS += tests/unit/test_image
UNIT_TESTS += tests/unit/test_json_in
UNIT_TESTS += tests/unit/test_json_out
UNIT_TESTS += tests/unit/test_line
UNIT_TESTS += tests/unit/test_log
UNIT_TESTS += tests/unit/test_login
UNIT_TESTS += tests/unit/test_mail
UNIT_TESTS += tests/unit/test_memo
UNIT_TESTS += tests/unit/test_message_in
UNIT_TESTS += tests/unit/test_migrate
UNIT_TESTS += tests/unit/test_mot_de_passe
UNIT_TESTS += tests/unit/test_mot_de_passe_regle
UNIT_TESTS += tests/unit/test_oid
UNIT_TESTS += tests/unit/test_outbox
UNIT_TESTS += tests/unit/test_outbox_group
UNIT_TESTS += tests/unit/test_outbox_singles
UNIT_TESTS += tests/unit/test_page
UNIT_TESTS += tests/unit/test_params
UNIT_TESTS += tests/unit/test_parse
UNIT_TESTS += tests/unit/test_phone_number
UNIT_TESTS += tests/unit/test_pool
UNIT_TESTS += tests/unit/test_portfolio_read
UNIT_TESTS += tests/unit/test_premium
UNIT_TESTS += tests/unit/test_rate
UNIT_TESTS += tests/unit/test_reading
UNIT_TESTS += tests/unit/test_revision
UNIT_TESTS += tests/unit/test_router
UNIT_TESTS += tests/unit/test_rows
UNIT_TESTS += tests/unit/test_seal
UNIT_TESTS += tests/unit/test_secret
UNIT_TESTS += tests/unit/test_settings
UNIT_TESTS += tests/unit/test_shuttle
UNIT_TESTS += tests/unit/test_slots
UNIT_TESTS += tests/unit/test_sms_text
UNIT_TESTS += tests/unit/test_smtp_reply
UNIT_TESTS += tests/unit/test_http_reply
UNIT_TESTS += tests/unit/test_template
UNIT_TESTS += tests/unit/test_text
UNIT_TESTS += tests/unit/test_token
UNIT_TESTS += tests/unit/test_user_version
UNIT_TESTS += tests/unit/test_webhook
UNIT_TESTS += tests/unit/test_webhook_record
UNIT_TESTS += tests/unit/test_webhook_target
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
AM_TESTS_ENVIRONMENT = LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lib/lsan.supp:print_suppressions=0; \
	export LSAN_OPTIONS;

# What those share that need a database: they start one of their own.
check_LIBRARIES = tests/unit/libdbtest.a
tests_unit_libdbtest_a_SOURCES = tests/unit/dbtest.c tests/unit/dbtest.h tests/unit/unit.h
tests_unit_libdbtest_a_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_MARIADB='"$(abs_top_srcdir)/tests/lib/with-mariadb"'

TEMPLATES_CPPFLAGS = $(AM_CPPFLAGS) -DTEMPLATES_OF_TESTS='"$(abs_top_srcdir)/templates"'
tests_unit_test_mail_CPPFLAGS = $(TEMPLATES_CPPFLAGS)
tests_unit_test_glance_SOURCES = tests/unit/test_glance.c tests/unit/records.h
tests_unit_test_glance_answer_SOURCES = tests/unit/test_glance_answer.c tests/unit/records.h
tests_unit_test_slots_CPPFLAGS = $(TEMPLATES_CPPFLAGS)
endif

# Answers questions of tests in other languages; no test by itself.
check_PROGRAMS += tests/unit/calc
tests_unit_calc_LDADD = $(LIBS_ALL)

# Of every program that names no libraries of its own: the tests.
LDADD = tests/unit/libdbtest.a $(LIBS_ALL) $(CHECK_LIBS)
