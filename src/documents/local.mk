# Sources of src/documents/.
libbailleur_a_SOURCES += src/documents/template.c src/documents/template.h
libbailleur_a_SOURCES += src/documents/mime.c src/documents/mime.h
libbailleur_a_SOURCES += src/documents/mail.c src/documents/mail.h
libbailleur_a_SOURCES += src/documents/drawing.c src/documents/drawing.h
libbailleur_a_SOURCES += src/documents/page.c src/documents/page.h \
	src/documents/pdf_lang.c src/documents/pdf_lang.h \
	src/documents/quittance.c src/documents/quittance.h
libbailleur_a_SOURCES += src/documents/letter.c src/documents/letter.h
