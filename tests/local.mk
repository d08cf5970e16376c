# Sources of tests/.
