# Sources of templates/.
