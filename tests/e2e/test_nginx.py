"""
The project's nginx configuration: errors in the form of each API, nothing secret in a log, nothing of a client passed
on.
"""

import collections
import glob
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import tempfile
import threading
import unittest
import uuid

from tests.lib.crowd import Crowd
from tests.lib.fastcgi import END, PARAMS, STDIN, STDOUT, Api, record
from tests.lib.nginx_check import production
from tests.lib.process import Process, wait_until
from tests.lib.stack import TOP, free_port, write_nginx_conf
from tests.lib.web import Web

EVERY_ADDRESS_LIMITED = ("127.0.0.0/8 1;", "127.0.0.0/8 0;")


class Nginx:
    """nginx with the local configuration in front of a socket; `changes` are replacements in the project's files."""

    def __init__(self, directory, api_socket, changes=()):
        self.dir, port = directory, free_port()
        conf = write_nginx_conf(directory + "/nginx", port, api_socket, directory)
        if changes:
            self._change(conf, changes)
        self.process = Process("nginx", ["nginx", "-p", directory + "/nginx", "-c", conf, "-e",
                                         directory + "/nginx-error.log",
                                         "-g", "daemon off;"], directory + "/nginx.out",
                               env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        self.web = Web("127.0.0.1", port)
        wait_until(lambda: self.process.must_run() and _connects(port), 20, "nginx")

    def _change(self, conf, changes):
        with open(conf) as file:
            text = file.read()
        for name in ("bailleur-http.conf", "bailleur-server.conf"):
            with open(f"{TOP}/nginx/{name}") as file:
                part = file.read()
            text = text.replace(f'include "{TOP}/nginx/{name}";', part)
        for old, new in changes:
            if old not in text:
                raise AssertionError(f"nginx configuration has no {old!r}")
            text = text.replace(old, new)
        with open(conf, "w") as file:
            file.write(text)

    def logs(self):
        texts = {}
        for path in glob.glob(self.dir + "/*.log") + glob.glob(self.dir + "/*.out"):
            with open(path, errors="replace") as file:
                texts[os.path.basename(path)] = file.read()
        return texts

    def stop(self):
        self.process.stop()


def _connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def raw(web, data):
    """What nginx answers to these bytes, as (status, headers, body); None when it closes without a word."""
    with socket.create_connection((web.host, web.port), 20) as connection:
        connection.sendall(data)
        answer = http.client.HTTPResponse(connection)
        try:
            answer.begin()
        except (http.client.BadStatusLine, ConnectionResetError):
            return None
        return answer.status, answer.headers, answer.read()


class NginxCase(unittest.TestCase):
    changes = ()

    @classmethod
    def setUpClass(cls):
        cls.api = Api(body_max="4M")
        cls.nginx = Nginx(cls.api.dir, cls.api.socket, cls.changes)
        cls.web = cls.nginx.web

    @classmethod
    def tearDownClass(cls):
        cls.nginx.stop()
        cls.api.close()

    def assert_error(self, answer, status, path):
        self.assertEqual(answer.status, status, path)
        uuid.UUID(answer.headers["X-Request-Id"])
        self.assertEqual(answer.headers.get_all("Content-Type"), ["application/json; charset=utf-8"])
        if path.startswith("/api/"):
            self.assertEqual((answer.json["result"], answer.json["code"]), (False, status))
        else:
            self.assertEqual(answer.json["status"], status)
        self.assertTrue(answer.json["message"])


class Errors(NginxCase):
    def test_errors(self):
        long = "x" * 70000
        for path, status in (("/v1/nothing", 404), ("/api/nothing", 404), ("/", 404), ("/nothing", 404), ("/v1", 404),
                             ("/api", 404),
                             ("/u", 404), ("/hooks", 404),
                             ("/.bailleur/error", 404), ("/index.php", 404), ("/v1/%zz", 400), ("/api/%zz", 400),
                             ("/v1/%00", 400), ("/api/x%00", 400), ("/v1/../..", 400), ("/v1/" + long, 414),
                             ("/api/" + long, 414), ("/v1/nothing?a=" + long, 414), ("/v1/x%0d%0aX: y", 404),
                             ("/v1/send_email?a=%zz", 404), ("//v1//nothing", 404), ("/v1/%ff", 404)):
            with self.subTest(path[:40]):
                self.assert_error(self.web.get(path.replace(" ", "%20")), status, path)

    def test_body_too_large(self):
        for path in ("/v1/send_email", "/api/login"):
            with self.subTest(path):
                answer = self.web.post(path, body=b"a=" + b"x" * 4194303)
                self.assert_error(answer, 413, path)

    def test_unreadable_requests(self):
        for data, status in ((b"GARBAGE\r\n\r\n", 400), (b"GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
                             (b"GET /v1/x HTTP/1.1\r\n\r\n", 400), (b"GET /v1/x HTTP/9.9\r\nHost: a\r\n\r\n", 505),
                             (b"GET /v1/x HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000 + b"\r\n\r\n", 400),
                             (b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
                             (b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
                              b"chunked\r\n\r\n", 400),
                             (b"TRACE /v1/x HTTP/1.1\r\nHost: a\r\n\r\n", 405)):
            with self.subTest(data[:60]):
                got, headers, body = raw(self.web, data)
                self.assertEqual(got, status)
                self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
                self.assertEqual(json.loads(body)["status"], status)

    def test_pages(self):
        answer = self.web.get("/u/%00")
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.web.get("/metrics/x").status, 404)

    def test_request_id(self):
        own = "123E4567-e89b-42d3-a456-426614174000"
        for path in ("/v1/nothing", "/nothing", "/api/nothing"):
            self.assertEqual(self.web.get(path, headers={"X-Request-Id": own}).headers.get_all("X-Request-Id"), [own])
            made = self.web.get(path, headers={"X-Request-Id": "x" * 36}).headers["X-Request-Id"]
            self.assertEqual(uuid.UUID(made).version, 4)
        wait_until(lambda: made in self.nginx.logs()["nginx-access.log"], 10, "the access log")
        answer = self.web.get("/v1/nothing").headers["X-Request-Id"]
        wait_until(lambda: any(answer in line for line in self.api.events("request")), 10, "the application's log")
        wait_until(lambda: answer in self.nginx.logs()["nginx-access.log"], 10, "nginx's log")

    def test_body_forms(self):
        """A body without a length, of none, and one that is larger than nginx keeps in memory."""
        for headers, body, message in (({"Transfer-Encoding": "chunked"}, b"5\r\na=%zz\r\n0\r\n\r\n", "invalid a"),
                                       ({"Content-Length": "0"}, b"", "invalid credentials"),
                                       ({"Content-Length": "3000005"}, b"b=" + b"x" * 2999997 + b"&a=%zz"[:6],
                                        "invalid a")):
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            status, _, answer = raw(self.web, b"POST /v1/send_email HTTP/1.1\r\nHost: "
                                              b"a\r\n" + lines.encode() + b"\r\n" + body)
            self.assertEqual(json.loads(answer)["message"], message)
            self.assertEqual(status, 401 if message == "invalid credentials" else 400)

    def test_head(self):
        answer = self.web.request("HEAD", "/v1/nothing")
        self.assertEqual((answer.status, answer.body), (404, b""))


class Secrets(NginxCase):
    def test_logs(self):
        """
        No log, of nginx or of the application, repeats anything a client sent in a query string, a body or a link.
        """
        query, long = "?auth_key=geheim1&auth_secret=geheim2", "x" * 70000
        paths = ["/v1/nothing" + query, "/v1/send_email" + query, "/api/login" + query, "/nothing" + query,
                 "/%zz" + query,
                 "/u/geheim3", "/%75/geheim4", "/reset/geheim5", "/hooks/sms/geheim6", "//u//geheim7", "/geheim8",
                 "/v1/nothing" + query + long, "/v1/%00" + query]
        for path in paths:
            self.web.get(path)
            self.web.post(path, form={"auth_secret": "geheim9"}, headers={"Referer": "https://x/" + query,
                                                                         "Authorization": "Basic geheim10"})
        self.web.post("/v1/send_email" + query, body=b"auth_secret=geheim11&a=" + b"x" * 5000000)
        self.api.process.stop()
        for path in paths:
            self.assertIn(self.web.get(path).status, (400, 404, 414, 502))
        self.api.start()
        for name, text in self.nginx.logs().items():
            self.assertNotIn("geheim", text, name)
        self.assertGreater(self.nginx.logs()["nginx-access.log"].count("\n"), 30)


class Upstream(unittest.TestCase):
    def test_gone(self):
        with Api() as api:
            nginx = Nginx(api.dir, api.socket)
            try:
                api.process.stop()
                for path, form in (("/v1/messages", "status"), ("/api/login", "code")):
                    answer = nginx.web.post(path, form={"a": "b"})
                    self.assertEqual((answer.status, answer.json[form]), (502, 502))
                    uuid.UUID(answer.headers["X-Request-Id"])
                answer = nginx.web.get("/u/token")
                self.assertEqual(answer.status, 502)
                self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
                self.assertIn("Erreur interne", answer.text)
            finally:
                nginx.stop()

    def test_silent(self):
        """A worker that does not answer: 504, and nobody asks again what may have had an effect."""
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(directory + "/api.sock")
            listener.listen()
            nginx = Nginx(directory, directory + "/api.sock", [("fastcgi_read_timeout 40s", "fastcgi_read_timeout 1s")])
            try:
                for path, form in (("/v1/messages", "status"), ("/api/login", "code")):
                    answer = nginx.web.post(path, form={"a": "b"})
                    self.assertEqual((answer.status, answer.json[form]), (504, 504))
                listener.settimeout(0)
                connections = 0
                with self.assertRaises(BlockingIOError):
                    while True:
                        listener.accept()[0].close()
                        connections += 1
                self.assertEqual(connections, 2)
            finally:
                nginx.stop()

    def test_what_is_passed(self):
        """
        All parameters that reach the application, by name and value: none is the client's choice but those meant to be.
        """
        with tempfile.TemporaryDirectory() as directory, ParameterEcho(directory + "/api.sock") as echo:
            nginx = Nginx(directory, echo.path)
            try:
                own = "123e4567-e89b-42d3-a456-426614174000"
                answer = nginx.web.post("/v1/a%20b?x=%zz&y", body=b"body", headers={
                    "Host": "evil.example", "Proxy": "http://evil", "X-Forwarded-For": "10.0.0.1",
                    "X-Real-IP": "10.0.0.2",
                    "Remote-Addr": "10.0.0.3", "Document-Uri": "/metrics", "Authorization": "Basic eA==",
                    "Cookie": "c=d",
                    "Idempotency-Key": "key", "X-API-KEY": "api", "Content-Type": "text/x", "X-Request-Id": own,
                    "Forwarded": "for=10.0.0.4"})
                self.assertEqual(answer.json, {
                    "REQUEST_METHOD": "POST", "DOCUMENT_URI": "/v1/a b", "QUERY_STRING": "x=%zz&y",
                    "CONTENT_TYPE": "text/x",
                    "CONTENT_LENGTH": "4", "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Basic eA==",
                    "HTTP_IDEMPOTENCY_KEY": "key", "HTTP_X_API_KEY": "api", "HTTP_X_REQUEST_ID": own})
                status, _, body = raw(nginx.web, b"GET http://evil.example/v1/x HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(status, 200)
                self.assertEqual(set(json.loads(body)), {"REQUEST_METHOD", "DOCUMENT_URI", "QUERY_STRING",
                                                         "REMOTE_ADDR",
                                                         "HTTP_X_REQUEST_ID"})
            finally:
                nginx.stop()

    def test_reload_under_load(self):
        """Reloads of the application while clients send through nginx: no request is cut, none answered 502."""
        with Api(workers=4) as api:
            nginx = Nginx(api.dir, api.socket)
            connections, wrong, done = [nginx.web.keep() for _ in range(8)], [], []

            def ask(number, _):
                answer = nginx.web.post("/v1/send_email", body=b"a=%zz", connection=connections[number])
                done.append(answer.status)
                if answer.status != 400:
                    wrong.append(answer)
            crowd = Crowd(ask, 8, wrong)
            try:
                for _ in range(6):
                    old, before = api.workers(), len(done)
                    api.signal(signal.SIGHUP)
                    wait_until(lambda old=old: not set(old) & set(api.workers()), 30, "the old workers to end")
                    wait_until(lambda before=before: wrong or len(done) > before + 200, 30, "answers")
            finally:
                crowd.end()
                for connection in connections:
                    connection.close()
                nginx.stop()
            self.assertEqual(wrong, [])
            self.assertEqual(api.events("worker-died"), [])


class ParameterEcho:
    """A FastCGI application that answers each request with its parameters, as JSON."""

    def __init__(self, path):
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _run(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                self._serve(connection, stream)

    @staticmethod
    def _serve(connection, stream):
        given = b""
        while head := stream.read(8):
            _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", head)
            content = stream.read(length + padding)[:length]
            if kind == PARAMS:
                given += content
            elif kind == STDIN and length == 0:
                break
        body = json.dumps(dict(_pairs(given))).encode()
        connection.sendall(record(STDOUT, b"Content-Type: application/json\r\n\r\n" + body) + record(STDOUT) +
                           record(END, bytes(8)))


def _pairs(data):
    at = 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            wide = data[at] & 0x80
            lengths.append(struct.unpack(">I", data[at:at + 4])[0] & 0x7FFFFFFF if wide else data[at])
            at += 4 if wide else 1
        name, value = data[at:at + lengths[0]], data[at + lengths[0]:at + sum(lengths)]
        at += sum(lengths)
        yield name.decode(), value.decode()


class Limits(NginxCase):
    changes = (EVERY_ADDRESS_LIMITED, ("rate=50r/s", "rate=1r/m"), ("rate=200r/s", "rate=1r/m"),
               ("burst=2000", "burst=3"), ("burst=200", "burst=3"), ("burst=100", "burst=3"))

    def test_too_many(self):
        answers = [self.web.get("/v1/nothing") for _ in range(6)]
        self.assertEqual([answer.status for answer in answers], [404] * 4 + [429] * 2)
        self.assertEqual(answers[-1].json, {"status": 429, "message": "too many requests"})
        self.assertEqual(answers[-1].headers["Retry-After"], "1")
        # Landlords and people have a limit of their own.
        answers = [self.web.get("/api/nothing") for _ in range(6)]
        self.assertEqual([answer.status for answer in answers], [404] * 4 + [429] * 2)
        self.assert_error(answers[-1], 429, "/api/nothing")
        self.assertEqual(self.web.get("/u/token").headers["Content-Type"], "text/html; charset=utf-8")
        self.assertNotEqual(self.web.get("/hooks/nothing").status, 429, "the gateway's reports have no limit")


class ClientsLimits(NginxCase):
    """nginx lets pass what an API client may do unless its operator says otherwise: one address may be all it has."""

    changes = (EVERY_ADDRESS_LIMITED,)

    def test_a_burst(self):
        page = self.manual()
        burst = int(re.search(r"once \(default\s+(\d+)\)", page)[1])
        connection, statuses = self.web.keep(), collections.Counter()
        for _ in range(burst):
            statuses[self.web.get("/v1/nothing", connection=connection).status] += 1
        self.assertEqual(statuses, {404: burst})

    def test_a_rate(self):
        a_minute = int(re.search(r"requests a minute \(default\s+(\d+)\)", self.manual())[1])
        with open(TOP + "/nginx/bailleur-http.conf") as file:
            a_second = int(re.search(r"zone=bailleur_client:\d+m rate=(\d+)r/s", file.read())[1])
        self.assertGreater(a_second * 60, a_minute)

    @staticmethod
    def manual():
        with open(TOP + "/man/bailleurctl.8") as file:
            return file.read().replace("\n", " ")


class Operator(NginxCase):
    changes = (("allow 127.0.0.0/8;", "allow 192.0.2.0/24;"),)

    def test_hidden_from_others(self):
        for path in ("/metrics", "/health", "/%6detrics", "//health", "/v1/../health"):
            self.assert_error(self.web.get(path), 404, path)


class Production(unittest.TestCase):
    """The configuration of production, with a certificate and ports of this test."""

    @classmethod
    def setUpClass(cls):
        cls.api = Api()
        cls.dir = tempfile.mkdtemp(prefix="nginx.", dir=cls.api.dir)
        conf = production(cls.dir)
        with open(conf) as file:
            text = file.read()
        with open(conf, "w") as file:
            file.write(("user root;\n" if os.getuid() == 0 else "") + text)
        with open(cls.dir + "/bailleur/bailleur.conf") as file:
            text = file.read()
        text = text.replace("unix:/run/bailleur/api.sock", "unix:" + cls.api.socket)
        # production() gives each listen line a free port of its own; the servers of a kind must share theirs.
        cls.plain, cls.tls = free_port(), free_port()
        text = re.sub(r"listen \[::\]:[^;]*;", "", text)
        text = re.sub(r"listen \d+( ssl[^;]*);", rf"listen 127.0.0.1:{cls.tls}\1;", text)
        text = re.sub(r"listen \d+( default_server)?;", rf"listen 127.0.0.1:{cls.plain}\1;", text)
        with open(cls.dir + "/bailleur/bailleur.conf", "w") as file:
            file.write(text)
        watch = re.search(r"listen 127\.0\.0\.1:(\d+);\s+# ADAPT", text)
        cls.watch = watch and Web("127.0.0.1", int(watch[1]))
        cls.nginx = Process("nginx", ["nginx", "-p", cls.dir, "-c", conf, "-e", cls.dir + "/error.log", "-g",
                                      "daemon off;"],
                            cls.dir + "/nginx.out", env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        wait_until(lambda: cls.nginx.must_run() and _connects(cls.tls), 20, "nginx")

    @classmethod
    def tearDownClass(cls):
        cls.nginx.stop()
        cls.api.close()

    def connect(self, name="api.example.org", **options):
        context = ssl.create_default_context(cafile=self.dir + "/cert.pem")
        context.check_hostname = False
        for option, value in options.items():
            setattr(context, option, value)
        plain = socket.create_connection(("127.0.0.1", self.tls), 20)
        return context.wrap_socket(plain, server_hostname=name)

    def ask(self, data, **options):
        with self.connect(**options) as connection:
            connection.sendall(data)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.headers, answer.read()

    def test_answer(self):
        status, headers, body = self.ask(b"GET /v1/nothing HTTP/1.1\r\nHost: api.example.org\r\n\r\n")
        self.assertEqual((status, json.loads(body)["status"]), (404, 404))
        self.assertIn("max-age=", headers["Strict-Transport-Security"])
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        status, _, body = self.ask(b"GET /nothing HTTP/1.1\r\nHost: api.example.org\r\n\r\n")
        self.assertEqual((status, json.loads(body)["status"]), (404, 404))
        status, _, body = self.ask(b"GARBAGE\r\n\r\n")
        self.assertEqual((status, json.loads(body)["status"]), (400, 400))

    def test_watched_from_the_machine_itself(self):
        """Where README says, by any name, in clear, and nothing else there."""
        answer = self.watch.get("/health")
        self.assertEqual(answer.status, 503, answer)            # this API has no database
        self.assertEqual(answer.json["database"], "down")
        answer = self.watch.get("/metrics", query={"a": "%zz"}, headers={"Proxy": "http://evil"})
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("bailleur_database_up 0", answer.text)
        for path in ("/v1/messages", "/api/login", "/", "/metrics/", "/healthy", "/u/x"):
            self.assertEqual(self.watch.get(path).status, 404, path)

    def test_versions(self):
        with self.connect() as connection:
            self.assertEqual(connection.version(), "TLSv1.3")
        with self.connect(maximum_version=ssl.TLSVersion.TLSv1_2) as connection:
            self.assertEqual(connection.version(), "TLSv1.2")
        with self.assertRaises(OSError), self.connect(minimum_version=ssl.TLSVersion.TLSv1,
                                                      maximum_version=ssl.TLSVersion.TLSv1_1):
            pass

    def test_unknown_name(self):
        with self.assertRaises(ssl.SSLError), self.connect("other.example.org"):
            pass
        self.assertIsNone(self.plain_answer(b"GET /v1/nothing HTTP/1.1\r\nHost: other\r\n\r\n"))

    def test_in_clear(self):
        """No answer at all in clear, to whatever name, malformed or not."""
        for data in (b"GET /v1/nothing HTTP/1.1\r\nHost: api.example.org\r\n\r\n", b"GARBAGE\r\n\r\n",
                     b"GET /%zz HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
                     b"GET /" + b"x" * 300000 + b" HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: api.example.org\r\nX: " + b"x" * 300000 + b"\r\n\r\n"):
            with self.subTest(data[:60]):
                self.assertIsNone(self.plain_answer(data))

    def plain_answer(self, data):
        try:
            return raw(Web("127.0.0.1", self.plain), data)
        except (BrokenPipeError, ConnectionResetError):
            return None

    def test_log(self):
        self.ask(b"GET /v1/nothing?auth_secret=geheim HTTP/1.1\r\nHost: api.example.org\r\n\r\n")
        path = self.dir + "/bailleur-access.log"
        wait_until(lambda: os.path.getsize(path), 10, "the log, which is buffered for a second")
        with open(path) as file:
            self.assertNotIn("geheim", file.read())
