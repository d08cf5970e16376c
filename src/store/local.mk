# Sources of src/store/.
libbailleur_a_SOURCES += \
	src/store/ascii.h \
	src/store/client.c \
	src/store/client.h \
	src/store/columns.h \
	src/store/delivery.h \
	src/store/delivery_advance.c \
	src/store/delivery_change.c \
	src/store/delivery_change.h \
	src/store/delivery_claim.c \
	src/store/delivery_hold.c \
	src/store/delivery_record.c \
	src/store/delivery_story.c \
	src/store/idempotency.c \
	src/store/idempotency.h \
	src/store/locataire.c \
	src/store/locataire.h \
	src/store/operation.c \
	src/store/operation.h \
	src/store/outbox.c \
	src/store/outbox.h \
	src/store/outbox_entry.h \
	src/store/outbox_group.c \
	src/store/outbox_list.c \
	src/store/outbox_singles.c \
	src/store/patrimoine.c \
	src/store/patrimoine.h \
	src/store/rows.c \
	src/store/rows.h \
	src/store/unsubscribe.c \
	src/store/unsubscribe.h \
	src/store/user.c \
	src/store/user.h \
	src/store/user_version.c
libbailleur_a_SOURCES += src/store/attachment.c src/store/attachment.h src/store/tenant_mail.c src/store/tenant_mail.h
libbailleur_a_SOURCES += src/store/password_reset.c src/store/password_reset.h
libbailleur_a_SOURCES += src/store/appointment.c src/store/appointment.h src/store/recurrence.c src/store/recurrence.h \
	src/store/webhook.c src/store/webhook.h src/store/webhook_claim.c \
	src/store/webhook_record.c src/store/webhook_row.h
libbailleur_a_SOURCES += src/store/retention.c src/store/retention.h
