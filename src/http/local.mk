# Sources of src/http/.
libbailleur_a_SOURCES += \
	src/http/answer.c src/http/answer.h \
	src/http/environment.c src/http/environment.h \
	src/http/duty.c src/http/duty.h \
	src/http/express.c src/http/express.h \
	src/http/exchange.c src/http/exchange.h \
	src/http/glance.c src/http/glance.h \
	src/http/handoff.c src/http/handoff.h \
	src/http/header_value.c src/http/header_value.h \
	src/http/listen.c \
	src/http/params.c src/http/params.h \
	src/http/parse.c src/http/parse.h \
	src/http/parse_form.c \
	src/http/parse_json.c \
	src/http/parse_multipart.c \
	src/http/prefork.c src/http/prefork.h \
	src/http/request.c src/http/request.h \
	src/http/router.c src/http/router.h \
	src/http/shuttle.c src/http/shuttle.h \
	src/http/status.c src/http/status.h \
	src/http/worker.c src/http/worker.h
