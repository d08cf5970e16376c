# Sources of src/.
libbailleur_a_SOURCES += src/routes.c src/routes.h
