# Sources of src/gestion/.
libbailleur_a_SOURCES += src/gestion/fields.c src/gestion/fields.h \
	src/gestion/form.c src/gestion/form.h \
	src/gestion/login.c src/gestion/login.h \
	src/gestion/read.c src/gestion/read.h src/gestion/reading.h src/gestion/read_immeubles.c \
	src/gestion/save_locataire.c \
	src/gestion/save_operation.c \
	src/gestion/write.c src/gestion/write.h
libbailleur_a_SOURCES += src/gestion/json_row.c src/gestion/json_row.h \
	src/gestion/portfolio.c src/gestion/portfolio_read.c src/gestion/portfolio.h
libbailleur_a_SOURCES += src/gestion/dossier.c src/gestion/dossier.h \
	src/gestion/paper.c src/gestion/paper.h \
	src/gestion/quittance.c src/gestion/quittance.h \
	src/gestion/compte.c src/gestion/compte.h \
	src/gestion/emails.c src/gestion/emails.h
libbailleur_a_SOURCES += src/gestion/pass.c src/gestion/pass.h
libbailleur_a_SOURCES += src/gestion/at_once.c src/gestion/at_once.h
