# Sources of scripts/.
EXTRA_DIST += scripts/install-packages scripts/packages.list
