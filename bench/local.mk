# Sources of bench/: the baselines that scripts/bench measures against; `make bench-programs` builds them.
bench_programs = bench-echo bench-insert bench-curl bench-claim bench-query
EXTRA_PROGRAMS += $(bench_programs)
bench_echo_SOURCES = bench/bench-echo.c bench/bench.c bench/bench.h
bench_echo_LDADD = $(FCGI_LIBS)
bench_insert_SOURCES = bench/bench-insert.c bench/bench.c bench/bench.h
bench_insert_LDADD = $(MARIADB_LIBS) $(UUID_LIBS) -lpthread
bench_curl_SOURCES = bench/bench-curl.c bench/bench.c bench/bench.h
bench_curl_LDADD = $(CURL_LIBS)
bench_claim_SOURCES = bench/bench-claim.c bench/bench.c bench/bench.h
bench_claim_LDADD = $(LIBS_ALL)
bench_query_SOURCES = bench/bench-query.c bench/bench.c bench/bench.h
bench_query_LDADD = $(MARIADB_LIBS) -lpthread
CLEANFILES += $(bench_programs)

.PHONY: bench-programs
bench-programs: $(bench_programs)
EXTRA_DIST += bench/__init__.py bench/gestion_items.py bench/http_items.py bench/measure.py \
	bench/paper_items.py bench/sender_items.py bench/size_items.py bench/webhook_items.py bench/world.py
