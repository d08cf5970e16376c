# Sources of src/db/.
libbailleur_a_SOURCES += \
	src/db/connect.c \
	src/db/db.h \
	src/db/internal.h \
	src/db/migrate.c \
	src/db/migrate.h \
	src/db/rows.c \
	src/db/script.c \
	src/db/statement.c \
	src/db/status.c \
	src/db/time.c \
	src/db/transaction.c
