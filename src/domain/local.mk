# Sources of src/domain/.
libbailleur_a_SOURCES += src/domain/token.c src/domain/token.h
libbailleur_a_SOURCES += src/domain/line.c src/domain/line.h src/domain/mask.c src/domain/mask.h
