"""Papers and webhooks: PDFs a second of one worker and what they leave in its memory; changes posted against libcurl."""

import http.client
import json
import statistics
import subprocess
import threading
import time
import urllib.parse

from tests.lib.gestion import documented_portfolio, import_landlord

from .measure import RUNS, Limit, Row, in_turns, private_mb, run
from .world import open_stack

PAPERS = 10_000
FARAL = "56b7b52348177ea2085932cc"
EVENTS, CONNECTIONS = 5_000, 16
P99_REQUESTS = 2_000

# Answers every POST with 204; one process, which both sides share.
_RECEIVER = """
const server = require('http').createServer((request, response) => {
  request.resume().on('end', () => { response.writeHead(204); response.end(); });
});
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


class Caller:
    """One kept connection of one landlord."""

    def __init__(self, stack, landlord):
        self.connection = http.client.HTTPConnection(stack.web.host, stack.web.port, timeout=60)
        self.headers = {"X-API-KEY": landlord.key, "Content-Type": "application/x-www-form-urlencoded"}
        self.login = {"username": landlord.username, "password": landlord.password}

    def ask(self, path, **more):
        self.connection.request("POST", "/api/gestion/2/" + path, urllib.parse.urlencode({**self.login, **more}), self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path}: HTTP {answer.status}")
        return body

    def paper(self):
        body = self.ask("quittance/" + FARAL, startDate="01/01/2023", endDate="31/01/2023", ignoreSolde="off")
        if not body.startswith(b"%PDF-"):
            raise AssertionError(f"no PDF: {body[:200]!r}")

    def p99(self):
        took = []
        for _ in range(P99_REQUESTS):
            start = time.perf_counter()
            self.ask("immeubles")
            took.append((time.perf_counter() - start) * 1e6)
        return statistics.quantiles(took, n=100)[98]


def quittance(world):
    """One worker makes 10,000 PDFs; then others are asked while it makes more."""
    stack = open_stack()
    world.also_close(stack)
    stack.set({"api": {"workers": 1}})
    stack.restart_api()
    landlord = import_landlord(stack, documented_portfolio())
    caller = Caller(stack, landlord)
    for _ in range(200):                    # fonts are found and caches filled
        caller.paper()
    (worker,) = stack.workers()
    before, start = private_mb(worker), time.monotonic()
    for _ in range(PAPERS):
        caller.paper()
    rate, after = PAPERS / (time.monotonic() - start), private_mb(worker)
    stack.set({"api": {"workers": 4}})
    stack.restart_api()
    other, usual, busy = Caller(stack, landlord), [], []
    stop = threading.Event()

    def make_papers():
        own = Caller(stack, landlord)
        while not stop.is_set():
            own.paper()

    other.p99()
    for _ in range(RUNS):
        usual.append(other.p99())
        stop.clear()
        thread = threading.Thread(target=make_papers)
        thread.start()
        busy.append(other.p99())
        stop.set()
        thread.join()
    return [Limit("quittances of one worker", rate, "PDF/s"),
            Limit(f"a worker's memory after {PAPERS:,} of them, growth", after - before, "MB private", 1),
            Row("p99 of others while one makes PDFs", statistics.median(busy), statistics.median(usual), "us", ceiling=1.5)]


def webhooks(world):
    """Changes of appointments posted by the sender, against the curl tool with as many connections."""
    stack = open_stack()
    world.also_close(stack)
    stack.set({"webhook": {"allow_private": "yes", "connections": CONNECTIONS}})
    client = stack.add_client()
    receiver = subprocess.Popen(["node", "-e", _RECEIVER], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        url = f"http://127.0.0.1:{int(receiver.stdout.readline())}/hook"
        stack.ctl("client", "webhook", client.name, url)
        appointment = {"start_at": "2093-06-12T12:00:00+02:00", "duration": 45, "location": "6 rue de la Place, Paris 75001",
                       "recipient": {"first_name": "Jean", "last_name": "DUPONT", "email": "jean.dupont@example.com"}}
        body = stack.dir + "/webhook.json"
        with open(body, "w") as file:
            json.dump({**appointment, "status": "preset", "channel": "email", "reminder_delay": 0}, file)
        requests = stack.dir + "/requests.curl"
        with open(requests, "w") as file:
            file.write("\nnext\n".join([f'url = "{url}"\ndata-binary = "@{body}"\nheader = "Content-Type: application/json"\n'
                                        'output = "/dev/null"'] * EVENTS))

        def ours():
            for _ in range(EVENTS // 1000):
                answer = stack.web.request("POST", "/v1/appointments", query={"auth_key": client.key, "auth_secret": client.secret},
                                           json=[appointment] * 1000)
                if answer.status != 200:
                    raise AssertionError(answer)
            start = time.monotonic()
            stack.send_all()
            took = time.monotonic() - start
            left = int(stack.db.value("SELECT COUNT(*) FROM webhook_event WHERE state <> 'sent'"))
            if left:
                raise AssertionError(f"{left} events were not told")
            return EVENTS / took

        def bare():
            start = time.monotonic()
            run(["curl", "--silent", "--fail", "--parallel", "--parallel-max", CONNECTIONS, "--parallel-immediate", "--config", requests])
            return EVENTS / (time.monotonic() - start)

        rate, theirs = in_turns("webhooks", ours, bare)
    finally:
        receiver.terminate()
        receiver.wait()
    return [Row(f"sender: {EVENTS:,} webhooks, {CONNECTIONS} connections", rate, theirs, "posts/s", floor=0.8)]
