# Sources of tests/: the harness of the end-to-end tests.
EXTRA_DIST += tests/lib/__init__.py tests/lib/kannel.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/process.py \
	tests/lib/runner.py tests/lib/smtp.py tests/lib/stack.py tests/lib/suite.py tests/lib/tokens.py \
	tests/lib/valgrind.supp tests/lib/web.py tests/lib/with-mariadb
