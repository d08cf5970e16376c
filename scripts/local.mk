# Sources of scripts/.
EXTRA_DIST += scripts/install-packages scripts/packages.list
EXTRA_DIST += scripts/ctl scripts/install-packages scripts/nginx.conf.in scripts/packages.list scripts/run \
	scripts/sender-loop scripts/state.sh scripts/stop scripts/test
EXTRA_DIST += scripts/bench
EXTRA_DIST += scripts/ctl scripts/install-packages scripts/nginx.conf.in scripts/packages.list scripts/run \
	scripts/sender-loop scripts/state.sh scripts/stop scripts/test
