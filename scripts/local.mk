# Sources of scripts/.
EXTRA_DIST += scripts/bench scripts/ctl scripts/install-packages scripts/nginx.conf.in scripts/packages.list scripts/run \
	scripts/sender-loop scripts/state.sh scripts/stop scripts/test
