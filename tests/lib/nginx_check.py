"""
nginx -t of both configurations: python3 -m tests.lib.nginx_check local|production

The one of production is taken as it is but for what an operator adapts or a test cannot have:
ports, certificate, log files.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from .stack import TOP, free_port, write_nginx_conf

_AROUND = """pid {dir}/nginx.pid;
events {{}}
http {{
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	# What else Debian's nginx.conf has in http {{}}.
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	default_type application/octet-stream;
	ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
	ssl_prefer_server_ciphers on;
	access_log {dir}/access.log;
	gzip on;
	include bailleur/bailleur.conf;
}}
"""


def local(directory):
    return write_nginx_conf(directory, free_port(), directory + "/api.sock", directory)


def production(directory):
    shutil.copytree(TOP + "/nginx", directory + "/bailleur")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", directory + "/key.pem", "-out", directory + "/cert.pem", "-days", "2",
                    "-subj", "/CN=api.example.org"], check=True, capture_output=True)
    path = directory + "/bailleur/bailleur.conf"
    with open(path) as file:
        text = file.read()
    for port in ("80", "443"):
        text = re.sub(rf"(listen (?:\[::\]:)?){port}\b", rf"\g<1>{free_port()}", text)
    text = re.sub(r"(listen 127\.0\.0\.1:)8081\b", rf"\g<1>{free_port()}", text)
    text = re.sub(r"(ssl_certificate) [^;]*", rf"\1 {directory}/cert.pem", text)
    text = re.sub(r"(ssl_certificate_key) [^;]*", rf"\1 {directory}/key.pem", text)
    text = text.replace("/var/log/nginx/", directory + "/")
    with open(path, "w") as file:
        file.write(text)
    with open(directory + "/nginx.conf", "w") as file:
        file.write(_AROUND.format(dir=directory))
    return directory + "/nginx.conf"


def main():
    with tempfile.TemporaryDirectory(prefix="bailleur-nginx.") as directory:
        conf = {"local": local, "production": production}[sys.argv[1]](directory)
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        done = subprocess.run(["nginx", "-t", "-p", directory, "-c", conf, "-e", directory + "/error.log"],
                              capture_output=True, text=True, env=env)
    sys.stderr.write(done.stderr)
    # A warning is a failure too.
    sys.exit(done.returncode or ("[warn]" in done.stderr))


if __name__ == "__main__":
    main()
