# Sources of src/domain/.
libbailleur_a_SOURCES += src/domain/token.c src/domain/token.h
