"""Through nginx: the smallest answer, a single durable send, a batch of 1,000."""

import json
import os
import time
import urllib.parse

from tests.lib.process import wait_until
from tests.lib.stack import BUILD, free_port

from .measure import Limit, Row, ab, baseline, in_turns, private_mb, say, wrk
from .world import WORKERS, write_nginx_conf

TEXT = {"recipient": "jeanne.martin@example.org", "subject": "Avis d'échéance du mois de janvier", "identifier1": "001",
        "message": "Bonjour,\nvotre avis d'échéance est disponible dans votre espace locataire.\nCordialement"}
WORKER_MB = 20


def _lua(stack, name, headers, body):
    """A wrk script that posts one body again and again; the body is read from a file, so nothing has to be escaped."""
    with open(f"{stack.dir}/{name}.body", "w", encoding="utf-8") as file:
        file.write(body)
    path = f"{stack.dir}/{name}.lua"
    with open(path, "w") as file:
        file.write(f'local file = io.open("{stack.dir}/{name}.body", "rb")\nwrk.method = "POST"\n'
                   'wrk.body = file:read("*a")\n')
        file.writelines(f'wrk.headers["{key}"] = "{value}"\n' for key, value in headers.items())
    return path


def _insert(world, mode, connections, seconds, *more):
    return baseline([f"{BUILD}/bench-insert", mode, "-d", world.stack.conf, "-c", connections, "-t", seconds,
                     "-C", world.client.id,
                     "-r", TEXT["recipient"], "-s", TEXT["subject"], "-m", TEXT["message"], "-i", TEXT["identifier1"],
                     *more])


def _messages(stack):
    return int(stack.db.value("SELECT COUNT(*) FROM message"))


def _messages_at_rest(stack):
    """The same once no more come: wrk leaves while its last requests are still being stored."""
    seen, before = _messages(stack), None
    while seen != before:
        time.sleep(0.5)
        seen, before = _messages(stack), seen
    return seen


class Echo:
    """bench-echo behind an nginx of the same configuration, answering the bytes the API answered."""

    def __init__(self, stack, answer):
        self.socket, path = stack.dir + "/echo.sock", stack.dir + "/echo.answer"
        own = ("server", "date", "connection", "transfer-encoding", "content-length", "keep-alive")
        with open(path, "wb") as file:
            file.write(f"Status: {answer.status}\r\n".encode())
            file.writelines(f"{name}: {value}\r\n".encode() for name, value in answer.headers.items()
                            if name.lower() not in own)
            file.write(f"Content-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body)
        self.process = stack._process("bench-echo", [f"{BUILD}/bench-echo", "-l", self.socket, "-w", WORKERS, "-f",
                                                     path, "-k"])
        wait_until(lambda: self.process.must_run() and os.path.exists(self.socket), 10, "bench-echo")
        port = free_port()
        conf = write_nginx_conf(stack.dir + "/nginx-echo", port, self.socket, stack.log_dir)
        self.nginx = stack._process("nginx-echo", ["nginx", "-p", stack.dir + "/nginx-echo", "-c", conf, "-e",
                                                   stack.log_dir + "/nginx-echo-error.log", "-g", "daemon off;"])
        self.url = f"http://127.0.0.1:{port}"
        self.stack = stack

    def check(self, path, answer):
        """The two sides must answer the same, or the comparison means nothing."""
        from tests.lib.web import Web
        web = Web("127.0.0.1", int(self.url.rsplit(":", 1)[1]))
        wait_until(lambda: self.nginx.must_run() and _answers(web, path), 10, "nginx before bench-echo")
        got = web.get(path)
        if (got.status, got.body) != (answer.status, answer.body):
            raise AssertionError(f"bench-echo answers {got}, the API {answer}")

    def stop(self):
        self.nginx.stop()
        self.process.stop()


def _answers(web, path):
    try:
        return web.get(path)
    except OSError:
        return False


def smallest(world):
    """
    The smallest answer the API gives, against a worker that does nothing else than answer; and /health, which asks the
    database and so has no floor.
    """
    stack, rows = world.stack, []
    for path, floor in (("/v1/messages_status", 0.85), ("/health", None)):
        answer = stack.web.get(path)
        refused = answer.status >= 400
        say(f"  GET {path}: {answer!r}, {len(answer.body)} bytes")
        echo = Echo(stack, answer)
        echo.check(path, answer)
        for tool, ask in (("wrk", lambda url: wrk(url + path, 32, 3, refused=refused)[0]),
                          ("ab -k", lambda url: ab(url + path, 32, 30000))):
            ours, theirs = in_turns(f"{path}, {tool}", lambda: ask(stack.web.url), lambda: ask(echo.url))
            rows.append(Row(f"smallest answer, {path} ({tool}, 32)", ours, theirs, "requests/s", floor=floor))
        echo.stop()
    return rows


def single(world):
    """send_email by 16 clients, each answer durable, against bare single-row INSERTs on 16 connections."""
    stack = world.stack
    body = urllib.parse.urlencode(world.client.form(**TEXT))
    script = _lua(stack, "single", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    url = stack.web.url + "/v1/send_email"

    def ours():
        before = _messages(stack)
        rate, total = wrk(url, 16, 4, script)
        # wrk leaves without the answers of its last requests, so a few more may have been stored than it counted.
        stored = _messages_at_rest(stack) - before
        if not total <= stored <= total + 16:
            raise AssertionError(f"{total} sends were answered, {stored} are stored")
        return rate

    rate, bare = in_turns("single send", ours, lambda: _insert(world, "single", 16, 4)["rate"])
    return [Row("single durable send_email, 16 clients (wrk)", rate, bare, "sends/s", floor=0.5),
            Limit("memory of a worker, the largest", _worker_mb(stack), "MB private", WORKER_MB)]


def batch(world):
    """Batches of 1,000 through HTTP against array binding of the same rows into the same two tables."""
    stack = world.stack
    items = [{**TEXT, "recipient": f"locataire.{i:06d}@example.org"} for i in range(1000)]
    basic = world.client.basic
    script = _lua(stack, "batch", {"Content-Type": "application/json", "Authorization": basic},
                  json.dumps(items, ensure_ascii=False))
    rows = []
    for at_once in (1, 2):
        def ours():
            before = _messages(stack)
            rate, total = wrk(stack.web.url + "/v1/send_email", at_once, 4, script)
            stored = _messages_at_rest(stack) - before
            if not total * 1000 <= stored <= (total + at_once) * 1000:
                raise AssertionError(f"{total} batches were answered, {stored} messages are stored")
            return rate * 1000

        rate, bare = in_turns(f"batch, {at_once} at once", ours,
                              lambda: _insert(world, "batch", at_once, 4, "-b", 1000)["rate"])
        rows.append(Row(f"batch of 1,000, {at_once} at once (wrk)", rate, bare, "messages/s", floor=0.75))
    rows.append(Limit("memory of a worker after batches, the largest", _worker_mb(stack), "MB private", WORKER_MB))
    return rows


def _worker_mb(stack):
    """Of the largest process that serves requests, whatever its kind."""
    return max(private_mb(pid) for pid in stack.api.children())
