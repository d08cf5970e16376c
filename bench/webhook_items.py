"""
Changes of appointments posted by the sender, against bare libcurl posting the same requests to the same receiver: one as
clients write it, which verifies every signature, and one that does nothing with what it reads.
"""

import base64
import contextlib
import hashlib
import hmac
import tempfile
import time

from tests.lib.process import Process, wait_until
from tests.lib.stack import BUILD, _connects, free_port
from tests.lib.verifier import Verifier

from .measure import Row, baseline, in_turns, timed
from .world import add_client, open_stack

EVENTS, CONNECTIONS = 40_000, 16        # the posts under way to the receiver, on either side
OF_SENDER = CONNECTIONS * 4 // 3          # connections of the sender, which leaves a quarter of them to other endpoints
APPOINTMENT = {"start_at": "2093-06-12T12:00:00+02:00", "duration": 45, "location": "6 rue de la Place, Paris 75001",
               "recipient": {"first_name": "Jean", "last_name": "DUPONT", "email": "jean.dupont@example.com"}}

# The lightest honest receiver: a whole HTTP server that reads every body and does nothing with it.
_NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 512; }}
http {{
	access_log off;
	client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
	server {{
		listen 127.0.0.1:{port};
		keepalive_requests 100000000;
		location / {{ return 204; }}
	}}
}}
"""


@contextlib.contextmanager
def receiver():
    """nginx, with one worker, answering 204 to whatever comes; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="bailleur-receiver.") as directory:
        port, conf = free_port(), directory + "/nginx.conf"
        with open(conf, "w") as file:
            file.write(_NGINX.format(dir=directory, port=port))
        process = Process("receiver", ["nginx", "-p", directory, "-c", conf, "-e", directory + "/error.log"],
                          directory + "/log")
        try:
            wait_until(lambda: process.must_run() and _connects(port), 20, "the receiver")
            yield f"http://127.0.0.1:{port}/hook"
        finally:
            process.stop()


def _change(stack, client, count):
    """Makes so many appointments, each of which is a change to be told."""
    for _ in range(count // 1000):
        answer = stack.web.post("/v1/appointments", json=[APPOINTMENT] * 1000, headers={"Authorization": client.basic})
        if answer.status != 200:
            raise AssertionError(answer)


def _untold(stack):
    return int(stack.db.value("SELECT COUNT(*) FROM webhook_event WHERE state <> 'sent'"))


def _signed(secret, body):
    """The flags of bench-curl for a post that is genuine for some minutes."""
    name, now = "msg_0192f3a4-5b6c-7d8e-9f01-23456789abcd", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{name}.{now}.{body}".encode(), hashlib.sha256)).decode()
    headers = ["Content-Type: application/json; charset=utf-8", "User-Agent: bailleur/1", f"webhook-timestamp: {now}",
               f"webhook-id: {name}", f"webhook-signature: v1,{signature}"]
    return [word for header in headers for word in ("-H", header)]


def _against_bare(stack, client, what, url, know):
    """Both sides posting to this URL; know(secret) tells the receiver whose signatures to expect."""
    secret, path = stack.ctl_json("client", "webhook", client.name, url)["secret"], stack.dir + "/webhook.json"
    know(secret)
    _change(stack, client, 1000)
    stack.send_all()
    body = stack.db.value("SELECT body FROM webhook_event LIMIT 1")
    with open(path, "w") as file:
        file.write(body)

    def ours():
        _change(stack, client, EVENTS)
        seconds = timed(stack.send_all)
        if _untold(stack):
            raise AssertionError(f"{_untold(stack)} events were not told")
        return EVENTS / seconds

    def bare():
        return baseline([f"{BUILD}/bench-curl", "post", "-u", url, "-c", CONNECTIONS, "-n", EVENTS, "-f", path,
                         *_signed(secret, body)])["rate"]

    rate, theirs = in_turns(what, ours, bare)
    return Row(f"sender: {EVENTS:,} webhooks, {what}", rate, theirs, "posts/s", floor=0.8)


def webhooks(world):
    stack = open_stack()
    world.also_close(stack)
    stack.set({"webhook": {"allow_private": "yes", "connections": OF_SENDER}})
    client = add_client(stack)
    with Verifier() as verifier:
        rows = [_against_bare(stack, client, "verified", verifier.url, verifier.know)]
    with receiver() as url:
        rows.append(_against_bare(stack, client, "not looked at", url, lambda secret: None))
    return rows
