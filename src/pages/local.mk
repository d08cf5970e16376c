# Sources of src/pages/.
libbailleur_a_SOURCES += \
	src/pages/operator.c src/pages/operator.h \
	src/pages/page.c src/pages/page.h \
	src/pages/unsubscribe.c src/pages/unsubscribe.h
libbailleur_a_SOURCES += src/pages/reset.c src/pages/reset.h
