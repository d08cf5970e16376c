# Sources of docs/.
