# Sources of src/communication/.
libbailleur_a_SOURCES += \
	src/communication/filter.c src/communication/filter.h \
	src/communication/list.c src/communication/list.h \
	src/communication/message_in.c src/communication/message_in.h \
	src/communication/report.c src/communication/report.h \
	src/communication/send.c src/communication/send.h \
	src/communication/send_group.c src/communication/send_group.h
