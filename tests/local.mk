# Sources of tests/: the harness of the end-to-end tests. One a line, so that additions do not collide.
EXTRA_DIST += tests/__init__.py
EXTRA_DIST += tests/lib/__init__.py
EXTRA_DIST += tests/lib/kannel.py
EXTRA_DIST += tests/lib/lsan.supp
EXTRA_DIST += tests/lib/mariadb.py
EXTRA_DIST += tests/lib/nginx_check.py
EXTRA_DIST += tests/lib/process.py
EXTRA_DIST += tests/lib/runner.py
EXTRA_DIST += tests/lib/smtp.py
EXTRA_DIST += tests/lib/stack.py
EXTRA_DIST += tests/lib/suite.py
EXTRA_DIST += tests/lib/tokens.py
EXTRA_DIST += tests/lib/valgrind.supp
EXTRA_DIST += tests/lib/web.py
EXTRA_DIST += tests/lib/with-mariadb
EXTRA_DIST += tests/lib/smtp_server.py
EXTRA_DIST += tests/lib/browser.py
