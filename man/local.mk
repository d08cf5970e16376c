# Sources of man/.
