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

# Those that need a database start one of their own.
DBTEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit \
	-DWITH_MARIADB='"$(abs_top_srcdir)/tests/lib/with-mariadb"'

check_PROGRAMS += tests/unit/test_db
TESTS += tests/unit/test_db
tests_unit_test_db_SOURCES = tests/unit/test_db.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_db_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_db_LDADD = $(LIBS_UNIT)

# Requests: parameters, parsers, routes.
check_PROGRAMS += tests/unit/test_params
TESTS += tests/unit/test_params
tests_unit_test_params_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_parse
TESTS += tests/unit/test_parse
tests_unit_test_parse_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_router
TESTS += tests/unit/test_router
tests_unit_test_router_LDADD = $(LIBS_UNIT)
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

check_PROGRAMS += tests/unit/test_guard
TESTS += tests/unit/test_guard
tests_unit_test_guard_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_outbox
TESTS += tests/unit/test_outbox
tests_unit_test_outbox_SOURCES = tests/unit/test_outbox.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_outbox_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_outbox_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_delivery
TESTS += tests/unit/test_delivery
tests_unit_test_delivery_SOURCES = tests/unit/test_delivery.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_delivery_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_delivery_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_idempotency
TESTS += tests/unit/test_idempotency
tests_unit_test_idempotency_SOURCES = tests/unit/test_idempotency.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_idempotency_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_idempotency_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_rows
TESTS += tests/unit/test_rows
tests_unit_test_rows_SOURCES = tests/unit/test_rows.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_rows_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_rows_LDADD = $(LIBS_UNIT)
endif

# Answers questions of tests in other languages; no test by itself.
check_PROGRAMS += tests/unit/calc
tests_unit_calc_SOURCES = tests/unit/calc.c
tests_unit_calc_LDADD = $(LIBS_ALL)

if HAVE_CHECK
# Of src/base/ and src/domain/.
UNIT_RULES = \
	tests/unit/test_pool \
	tests/unit/test_text \
	tests/unit/test_json_out \
	tests/unit/test_json_in \
	tests/unit/test_clock \
	tests/unit/test_log \
	tests/unit/test_id \
	tests/unit/test_secret \
	tests/unit/test_fault \
	tests/unit/test_settings \
	tests/unit/test_email_address \
	tests/unit/test_phone_number \
	tests/unit/test_channel \
	tests/unit/test_delivery_state \
	tests/unit/test_sms_text \
	tests/unit/test_content
check_PROGRAMS += $(UNIT_RULES)
TESTS += $(UNIT_RULES)
tests_unit_test_pool_LDADD = $(LIBS_UNIT)
tests_unit_test_text_LDADD = $(LIBS_UNIT)
tests_unit_test_json_out_LDADD = $(LIBS_UNIT)
tests_unit_test_json_in_LDADD = $(LIBS_UNIT)
tests_unit_test_clock_LDADD = $(LIBS_UNIT)
tests_unit_test_log_LDADD = $(LIBS_UNIT)
tests_unit_test_id_LDADD = $(LIBS_UNIT)
tests_unit_test_secret_LDADD = $(LIBS_UNIT)
tests_unit_test_fault_LDADD = $(LIBS_UNIT)
tests_unit_test_settings_LDADD = $(LIBS_UNIT)
tests_unit_test_email_address_LDADD = $(LIBS_UNIT)
tests_unit_test_phone_number_LDADD = $(LIBS_UNIT)
tests_unit_test_channel_LDADD = $(LIBS_UNIT)
tests_unit_test_delivery_state_LDADD = $(LIBS_UNIT)
tests_unit_test_sms_text_LDADD = $(LIBS_UNIT)
tests_unit_test_content_LDADD = $(LIBS_UNIT)
endif
EXTRA_DIST += tests/unit/unit.h

# The sender's transports.
if HAVE_CHECK
check_PROGRAMS += tests/unit/test_smtp_reply
TESTS += tests/unit/test_smtp_reply
tests_unit_test_smtp_reply_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_gateway_request
TESTS += tests/unit/test_gateway_request
tests_unit_test_gateway_request_LDADD = $(LIBS_UNIT)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_compte
TESTS += tests/unit/test_compte
tests_unit_test_compte_LDADD = $(LIBS_UNIT)
endif

if HAVE_CHECK
# Of Gestion.
UNIT_GESTION = \
	tests/unit/test_answer_cache \
	tests/unit/test_oid \
	tests/unit/test_revision \
	tests/unit/test_image \
	tests/unit/test_mot_de_passe \
	tests/unit/test_portfolio_read
check_PROGRAMS += $(UNIT_GESTION)
TESTS += $(UNIT_GESTION)
tests_unit_test_answer_cache_LDADD = $(LIBS_UNIT)
tests_unit_test_oid_LDADD = $(LIBS_UNIT)
tests_unit_test_revision_LDADD = $(LIBS_UNIT)
tests_unit_test_image_LDADD = $(LIBS_UNIT)
tests_unit_test_mot_de_passe_LDADD = $(LIBS_UNIT)
tests_unit_test_portfolio_read_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_login
TESTS += tests/unit/test_login
tests_unit_test_login_SOURCES = tests/unit/test_login.c tests/unit/dbtest.c tests/unit/dbtest.h
tests_unit_test_login_CPPFLAGS = $(DBTEST_CPPFLAGS)
tests_unit_test_login_LDADD = $(LIBS_UNIT)
endif

# Forgotten passwords, and the templates of all that people read.
if HAVE_CHECK
check_PROGRAMS += tests/unit/test_mot_de_passe_regle
TESTS += tests/unit/test_mot_de_passe_regle
tests_unit_test_mot_de_passe_regle_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_seal
TESTS += tests/unit/test_seal
tests_unit_test_seal_LDADD = $(LIBS_UNIT)

check_PROGRAMS += tests/unit/test_slots
TESTS += tests/unit/test_slots
tests_unit_test_slots_CPPFLAGS = $(AM_CPPFLAGS) -DTEMPLATES_OF_TESTS='"$(abs_top_srcdir)/templates"'
tests_unit_test_slots_LDADD = $(LIBS_UNIT)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_webhook
TESTS += tests/unit/test_webhook
tests_unit_test_webhook_LDADD = $(LIBS_UNIT)
endif
