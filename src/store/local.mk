# Sources of src/store/.
libbailleur_a_SOURCES += src/store/delivery_lookup.c src/store/delivery.h
libbailleur_a_SOURCES += \
	src/store/client.c src/store/client.h
