# Sources of scripts/.
