# Sources of nginx/.
