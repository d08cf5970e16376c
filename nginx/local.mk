# Sources of nginx/.
nginxdir = $(pkgdatadir)/nginx
dist_nginx_DATA = nginx/bailleur.conf nginx/bailleur-http.conf nginx/bailleur-server.conf nginx/bailleur-tls.conf
