# Sources of src/store/.
libbailleur_a_SOURCES += src/store/delivery_lookup.c src/store/delivery.h
libbailleur_a_SOURCES += \
	src/store/client.c src/store/client.h
libbailleur_a_SOURCES += src/store/rows.c src/store/rows.h \
	src/store/user.c src/store/user.h \
	src/store/patrimoine.c src/store/patrimoine.h \
	src/store/locataire.c src/store/locataire.h \
	src/store/operation.c src/store/operation.h
