# Sources of tests/fuzz/.
