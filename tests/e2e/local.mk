# Sources of tests/e2e/: the end-to-end tests. One a line, so that additions do not collide.
EXTRA_DIST += tests/e2e/__init__.py
EXTRA_DIST += tests/e2e/test_calculs.py
