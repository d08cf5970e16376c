# Sources of tests/: the harness of the end-to-end tests.
EXTRA_DIST += tests/lib/__init__.py tests/lib/kannel.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/process.py \
	tests/lib/runner.py tests/lib/smtp.py tests/lib/stack.py tests/lib/suite.py tests/lib/tokens.py \
	tests/lib/valgrind.supp tests/lib/web.py tests/lib/with-mariadb
EXTRA_DIST += tests/lib/__init__.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/process.py tests/lib/stack.py \
	tests/lib/valgrind.supp tests/lib/web.py
EXTRA_DIST += tests/lib/__init__.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/process.py tests/lib/runner.py \
	tests/lib/stack.py tests/lib/suite.py tests/lib/valgrind.supp tests/lib/web.py
EXTRA_DIST += tests/lib/kannel.py tests/lib/smtp.py
EXTRA_DIST += tests/lib/__init__.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/process.py tests/lib/runner.py \
	tests/lib/stack.py tests/lib/suite.py tests/lib/valgrind.supp tests/lib/web.py
EXTRA_DIST += tests/__init__.py tests/lib/__init__.py tests/lib/lsan.supp tests/lib/mariadb.py tests/lib/nginx_check.py \
	tests/lib/process.py tests/lib/runner.py tests/lib/stack.py tests/lib/suite.py tests/lib/valgrind.supp tests/lib/web.py
EXTRA_DIST += tests/lib/with-mariadb
EXTRA_DIST += tests/lib/tokens.py
