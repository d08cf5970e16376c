# Sources of src/access/.
libbailleur_a_SOURCES += \
	src/access/app.c src/access/app.h \
	src/access/credentials.c src/access/credentials.h \
	src/access/error.c src/access/error.h \
	src/access/guard.c src/access/guard.h \
	src/access/rate.c src/access/rate.h
libbailleur_a_SOURCES += src/access/answer_cache.c src/access/answer_cache.h \
	src/access/login.c src/access/login.h
libbailleur_a_SOURCES += src/access/memo.c src/access/memo.h
libbailleur_a_SOURCES += src/access/once.c src/access/once.h
libbailleur_a_SOURCES += src/access/forgotten.c src/access/forgotten.h
