"""Papers: PDFs a second of one worker and what they leave in its memory."""

import contextlib
import http.client
import signal
import statistics
import subprocess
import time
import urllib.parse

from tests.lib.gestion import documented_portfolio, import_landlord

from .measure import Limit, Row, private_mb
from .world import open_stack

PAPERS = 10_000
FARAL = "56b7b52348177ea2085932cc"
PAPER = {"startDate": "01/01/2023", "endDate": "31/01/2023", "ignoreSolde": "off"}
P99_TURNS, P99_REQUESTS = 15, 600       # short turns, so that what else the machine does falls on both sides


class Caller:
    """One kept connection of one landlord."""

    def __init__(self, stack, landlord):
        self.connection = http.client.HTTPConnection(stack.web.host, stack.web.port, timeout=60)
        self.headers = {"X-API-KEY": landlord.key, "Content-Type": "application/x-www-form-urlencoded"}
        self.login = {"username": landlord.username, "password": landlord.password}

    def ask(self, path, **more):
        self.connection.request("POST", "/api/gestion/2/" + path, urllib.parse.urlencode({**self.login, **more}),
                                self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path}: HTTP {answer.status}")
        return body

    def paper(self):
        body = self.ask("quittance/" + FARAL, **PAPER)
        if not body.startswith(b"%PDF-"):
            raise AssertionError(f"no PDF: {body[:200]!r}")

    def p99(self):
        took = []
        for _ in range(P99_REQUESTS):
            start = time.perf_counter()
            self.ask("immeubles")
            took.append((time.perf_counter() - start) * 1e6)
        return statistics.quantiles(took, n=100)[98]


@contextlib.contextmanager
def _papers(stack, caller):
    """One PDF after another, asked for by a process of its own: a thread here would slow down who measures."""
    script = stack.dir + "/papers.lua"
    with open(script, "w") as file:
        file.write('wrk.method = "POST"\n')
        file.writelines(f'wrk.headers["{name}"] = "{value}"\n' for name, value in caller.headers.items())
        file.write(f'wrk.body = "{urllib.parse.urlencode({**caller.login, **PAPER})}"\n')
    process = subprocess.Popen(["wrk", "-t1", "-c1", "-d600s", "-s", script,
                                f"{stack.web.url}/api/gestion/2/quittance/{FARAL}"], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _p99_in_turns(stack, caller):
    """The 99th percentiles of a caller, without and with papers being made: each the median of its turns."""
    usual, busy = [], []
    caller.p99()
    with _papers(stack, caller) as papers:
        for _ in range(P99_TURNS):
            papers.send_signal(signal.SIGSTOP)
            time.sleep(0.1)             # the one begun is finished
            usual.append(caller.p99())
            papers.send_signal(signal.SIGCONT)
            busy.append(caller.p99())
    return statistics.median(usual), statistics.median(busy)


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
    usual, busy = _p99_in_turns(stack, Caller(stack, landlord))
    return [Limit("quittances of one worker", rate, "PDF/s"),
            Limit(f"a worker's memory after {PAPERS:,} of them, growth", after - before, "MB private", 1),
            Row("p99 of others while one makes PDFs", busy, usual, "us", ceiling=1.5)]
