# Sources of tests/e2e/.
