# Sources of tests/unit/.
