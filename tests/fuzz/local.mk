# Sources of tests/fuzz/: `make fuzzers`, in a tree configured with CC=clang --enable-fuzzers; scripts/fuzz \
	does it all.
FUZZ_HARNESSES = \
	tests/fuzz/fuzz_address \
	tests/fuzz/fuzz_appointment \
	tests/fuzz/fuzz_form \
	tests/fuzz/fuzz_glance \
	tests/fuzz/fuzz_http_reply \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_multipart \
	tests/fuzz/fuzz_portfolio \
	tests/fuzz/fuzz_settings \
	tests/fuzz/fuzz_value
EXTRA_PROGRAMS += $(FUZZ_HARNESSES)
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer

tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_address_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_address_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_appointment_SOURCES = tests/fuzz/fuzz_appointment.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_appointment_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_appointment_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_form_SOURCES = tests/fuzz/fuzz_form.c tests/fuzz/fuzz_params.h tests/fuzz/fuzz.h
tests_fuzz_fuzz_form_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_form_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_glance_SOURCES = tests/fuzz/fuzz_glance.c tests/fuzz/fuzz_params.h tests/fuzz/fuzz.h
tests_fuzz_fuzz_glance_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_glance_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_reply_SOURCES = tests/fuzz/fuzz_http_reply.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_http_reply_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_http_reply_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_json_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_multipart_SOURCES = tests/fuzz/fuzz_multipart.c tests/fuzz/fuzz_params.h tests/fuzz/fuzz.h
tests_fuzz_fuzz_multipart_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_multipart_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_portfolio_SOURCES = tests/fuzz/fuzz_portfolio.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_portfolio_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_portfolio_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz_settings.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_settings_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_settings_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_value_SOURCES = tests/fuzz/fuzz_value.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_value_LDADD = $(LIBS_ALL)
tests_fuzz_fuzz_value_LDFLAGS = $(FUZZ_LINK)

.PHONY: fuzzers
fuzzers: $(FUZZ_HARNESSES)

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/json.dict tests/fuzz/address.dict tests/fuzz/form.dict \
	tests/fuzz/multipart.dict tests/fuzz/http_reply.dict tests/fuzz/glance.dict
EXTRA_DIST += tests/fuzz/appointment.dict tests/fuzz/portfolio.dict tests/fuzz/settings.dict tests/fuzz/value.dict
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/json.dict tests/fuzz/address.dict tests/fuzz/form.dict \
	tests/fuzz/multipart.dict
EXTRA_DIST += tests/fuzz/portfolio.dict tests/fuzz/settings.dict tests/fuzz/value.dict
EXTRA_DIST += scripts/fuzz
CLEANFILES += $(FUZZ_HARNESSES)
