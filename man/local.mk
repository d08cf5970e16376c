# Sources of man/.
dist_man_MANS += man/bailleur.conf.5 man/bailleurctl.8
