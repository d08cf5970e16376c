# Samples of what starts the programs on a Debian machine, below $(pkgdatadir)/service: see README.
servicedir = $(pkgdatadir)/service
service_made = service/bailleur-api.socket service/bailleur-api.service service/bailleur-sender.service \
	service/bailleur-sender.timer service/bailleur-robot.service service/bailleur-robot.timer \
	service/bailleur.cron
nodist_service_DATA = $(service_made)
dist_service_DATA = service/bailleur.logrotate service/bailleur.sysusers service/bailleur.tmpfiles
EXTRA_DIST += service/hardening.inc service/bailleur-api.socket.in service/bailleur-api.service.in \
	service/bailleur-sender.service.in service/bailleur-sender.timer.in service/bailleur-robot.service.in service/bailleur-robot.timer.in \
	service/bailleur.cron.in
CLEANFILES += $(service_made)

$(service_made): service/local.mk service/hardening.inc
	$(AM_V_GEN)$(MKDIR_P) service && $(SED) -e '/^@hardening@$$/{r $(srcdir)/service/hardening.inc' -e 'd;}' \
		-e 's|@sbindir[@]|$(sbindir)|' $(srcdir)/$@.in >$@.new && mv $@.new $@
service/bailleur-api.socket: service/bailleur-api.socket.in
service/bailleur-api.service: service/bailleur-api.service.in
service/bailleur-sender.service: service/bailleur-sender.service.in
service/bailleur-sender.timer: service/bailleur-sender.timer.in
service/bailleur-robot.service: service/bailleur-robot.service.in
service/bailleur-robot.timer: service/bailleur-robot.timer.in
service/bailleur.cron: service/bailleur.cron.in
