# Sources of src/rendezvous/.
libbailleur_a_SOURCES += src/rendezvous/appointment.c src/rendezvous/appointment.h \
	src/rendezvous/appointment_form.c src/rendezvous/appointment_form.h \
	src/rendezvous/appointment_in.c src/rendezvous/appointment_in.h \
	src/rendezvous/reminder.c src/rendezvous/reminder.h
