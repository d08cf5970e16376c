# Sources of src/base/.
libbailleur_a_SOURCES += src/base/pool.c src/base/pool.h \
	src/base/text.c src/base/text.h \
	src/base/json_out.c src/base/json_out.h \
	src/base/json_in.c src/base/json_in.h \
	src/base/json_number.c src/base/json_number.h \
	src/base/json_scan.c src/base/json_scan.h \
	src/base/log.c src/base/log.h \
	src/base/clock.c src/base/clock.h \
	src/base/id.c src/base/id.h \
	src/base/fault.c src/base/fault.h \
	src/base/secret.c src/base/secret.h \
	src/base/ini.c src/base/ini.h \
	src/base/settings.c src/base/settings.h \
	src/base/settings_table.h src/base/settings_check.c \
	src/base/program.c src/base/program.h \
	src/base/snapshot.c src/base/snapshot.h
libbailleur_a_SOURCES += src/base/montant.c src/base/montant.h \
	src/base/jour.c src/base/jour.h \
	src/base/oid.c src/base/oid.h
libbailleur_a_SOURCES += src/base/seal.c src/base/seal.h
libbailleur_a_SOURCES += src/base/shared.c src/base/shared.h \
	src/base/gather.c src/base/gather.h \
	src/base/shared_cache.c src/base/shared_cache.h
libbailleur_a_SOURCES += src/base/gather.c src/base/gather.h
libbailleur_a_SOURCES += src/base/desk.c src/base/desk.h
