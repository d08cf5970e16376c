# Sources of src/store/.
libbailleur_a_SOURCES += \
	src/store/ascii.h \
	src/store/client.c \
	src/store/client.h \
	src/store/delivery.h \
	src/store/idempotency.c \
	src/store/idempotency.h \
	src/store/outbox.c \
	src/store/outbox.h \
	src/store/outbox_list.c \
	src/store/unsubscribe.c \
	src/store/unsubscribe.h
