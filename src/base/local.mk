# Sources of src/base/.
libbailleur_a_SOURCES += src/base/pool.h
