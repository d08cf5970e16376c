# Sources of src/domain/.
libbailleur_a_SOURCES += src/domain/email_address.c src/domain/phone_number.c src/domain/address.h \
	src/domain/channel.c src/domain/channel.h \
	src/domain/delivery_state.c src/domain/delivery_state.h \
	src/domain/sms_text.c src/domain/sms_text.h \
	src/domain/content.c src/domain/content.h \
	src/domain/token.c src/domain/token.h \
	src/domain/line.c src/domain/line.h src/domain/mask.c src/domain/mask.h
libbailleur_a_SOURCES += src/domain/mot_de_passe.c src/domain/mot_de_passe.h \
	src/domain/ventilation.c src/domain/ventilation.h
libbailleur_a_SOURCES += src/domain/image.c src/domain/image.h \
	src/domain/revision.c src/domain/revision.h
libbailleur_a_SOURCES += src/domain/lettres.c src/domain/lettres.h \
	src/domain/compte.c src/domain/compte.h
libbailleur_a_SOURCES += src/domain/mot_de_passe_regle.c src/domain/mot_de_passe_regle.h \
	src/domain/mots_courants.c src/domain/mots_courants.h
libbailleur_a_SOURCES += src/domain/network.c src/domain/network.h \
	src/domain/webhook_signature.c src/domain/webhook_signature.h
libbailleur_a_SOURCES += src/domain/premium.c src/domain/premium.h
