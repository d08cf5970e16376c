# Sources of man/.
dist_man_MANS += man/bailleur.conf.5 man/bailleur-api.8 man/bailleur-sender.8 man/bailleur-robot.8 man/bailleurctl.8
