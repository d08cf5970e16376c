# Sources of src/.
libbailleur_a_SOURCES += src/routes.c src/routes.h

sbin_PROGRAMS += bailleurctl
bailleurctl_SOURCES = src/bailleurctl.c src/ctl.h src/ctl_client.c src/ctl_hold.c src/ctl_output.c src/ctl_queue.c \
	src/ctl_suppress.c src/ctl_why.c src/ctl_user.c src/ctl_portfolio.c src/ctl_webhook.c
bailleurctl_LDADD = $(LIBS_ALL)

sbin_PROGRAMS += bailleur-api
bailleur_api_SOURCES = src/bailleur-api.c
bailleur_api_LDADD = $(LIBS_ALL)

sbin_PROGRAMS += bailleur-sender
bailleur_sender_SOURCES = src/bailleur-sender.c
bailleur_sender_LDADD = $(LIBS_ALL)

sbin_PROGRAMS += bailleur-robot
bailleur_robot_SOURCES = src/bailleur-robot.c
bailleur_robot_LDADD = $(LIBS_ALL)
