# Sources of src/delivery/.
libbailleur_a_SOURCES += src/delivery/transport.c src/delivery/transport.h src/delivery/wire.c src/delivery/wire.h
libbailleur_a_SOURCES += src/delivery/smtp.c src/delivery/smtp_reply.c src/delivery/smtp_reply.h \
	src/delivery/smtp_text.c src/delivery/smtp_text.h
libbailleur_a_SOURCES += src/delivery/gateway.c src/delivery/gateway_request.c src/delivery/gateway_request.h
libbailleur_a_SOURCES += src/delivery/file.c
libbailleur_a_SOURCES += src/delivery/courier.c src/delivery/courier.h src/delivery/render.c src/delivery/render.h
libbailleur_a_SOURCES += src/delivery/progress.c src/delivery/progress.h
libbailleur_a_SOURCES += src/delivery/courier_private.h src/delivery/courier_record.c
libbailleur_a_SOURCES += src/delivery/webhooks.c src/delivery/webhooks.h
libbailleur_a_SOURCES += src/delivery/http_conn.c src/delivery/http_conn.h src/delivery/http_reply.c \
	src/delivery/http_reply.h
libbailleur_a_SOURCES += src/delivery/webhook_url.c src/delivery/webhook_url.h
libbailleur_a_SOURCES += src/delivery/webhooks.c src/delivery/webhooks.h src/delivery/webhook_post.c \
	src/delivery/webhook_post.h src/delivery/webhook_target.c src/delivery/webhook_target.h
