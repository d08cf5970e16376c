# Sources of scripts/. One a line, so that additions do not collide.
EXTRA_DIST += scripts/bench
EXTRA_DIST += scripts/ctl
EXTRA_DIST += scripts/demo-portfolio.json
EXTRA_DIST += scripts/install-packages
EXTRA_DIST += scripts/make-demo-portfolio
EXTRA_DIST += scripts/nginx.conf.in
EXTRA_DIST += scripts/packages.list
EXTRA_DIST += scripts/run
EXTRA_DIST += scripts/again
EXTRA_DIST += scripts/state.sh
EXTRA_DIST += scripts/stop
EXTRA_DIST += scripts/test
