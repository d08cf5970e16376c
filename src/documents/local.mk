# Sources of src/documents/.
libbailleur_a_SOURCES += src/documents/template.c src/documents/template.h
libbailleur_a_SOURCES += src/documents/mime.c src/documents/mime.h
libbailleur_a_SOURCES += src/documents/mail.c src/documents/mail.h
