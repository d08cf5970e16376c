"""A FastCGI client that can also speak it badly, and bailleur-api by itself: without nginx, without a database."""

import os
import shutil
import socket
import struct
import tempfile

from .process import Process, alive, kind_of, wait_until
from .stack import BUILD, SECRET, TOP

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = range(1, 12)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3


def record(kind, content=b"", request=1, version=1, padding=0, length=None):
    length = len(content) if length is None else length
    return struct.pack(">BBHHBB", version, kind, request, length, padding, 0) + content + bytes(padding)


def begin(keep=False, role=RESPONDER, request=1):
    return record(BEGIN, struct.pack(">HB5x", role, int(keep)), request)


def pairs(parameters):
    out = bytearray()
    for name, value in parameters.items():
        name, value = _bytes(name), _bytes(value)
        for length in (len(name), len(value)):
            out += bytes([length]) if length < 128 else struct.pack(">I", length | 0x80000000)
        out += name + value
    return bytes(out)


def _bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def stream(kind, content):
    """A whole stream: its records and its end."""
    cut = [content[at:at + 65535] for at in range(0, len(content), 65535)]
    return b"".join(record(kind, piece) for piece in cut) + record(kind)


def parameters(path="/v1/nothing", method="GET", query="", body=b"", **more):
    """What nginx sends; a parameter that is None is left out."""
    values = {"REQUEST_METHOD": method, "DOCUMENT_URI": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1"}
    if body:
        values["CONTENT_LENGTH"] = len(body)
    values.update(more)
    return {name: value for name, value in values.items() if value is not None}


def request(path="/v1/nothing", method="GET", query="", body=b"", keep=False, **more):
    """A whole request, as bytes."""
    return begin(keep) + stream(PARAMS, pairs(parameters(path, method, query, body, **more))) + stream(STDIN, body)


class Reply:
    """An answer: its status, headers (a dictionary, names in lower case) and body."""

    def __init__(self, stdout):
        head, _, self.body = stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.headers = {name.lower(): value for name, value in lines}
        self.status = int(self.headers.pop("status").split()[0])

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Connection:
    """One connection to bailleur-api."""

    def __init__(self, address, timeout=30):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self._buffer = b""
        try:
            self.socket.connect(address)
        except OSError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _exactly(self, n):
        while len(self._buffer) < n:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data
        out, self._buffer = self._buffer[:n], self._buffer[n:]
        return out

    def record(self):
        """The next record as (type, request id, content); None at the end of the connection."""
        head = self._exactly(8)
        if head is None:
            return None
        _, kind, number, length, padding, _ = struct.unpack(">BBHHBB", head)
        content = self._exactly(length + padding)
        return None if content is None else (kind, number, content[:length])

    def reply(self):
        """The next answer; None when the connection ended before there was a whole one."""
        out = bytearray()
        while True:
            got = self.record()
            if got is None:
                return None
            kind, _, content = got
            if kind == STDOUT:
                out += content
            elif kind == END:
                return Reply(bytes(out))

    def has_more(self):
        """Is there anything behind what was read, the connection's end included? nginx closes it then."""
        if self._buffer:
            return True
        self.socket.setblocking(False)
        try:
            self._buffer = self.socket.recv(65536)
            return True
        except BlockingIOError:
            return False
        finally:
            self.socket.setblocking(True)
            self.socket.settimeout(30)

    def ends(self):
        """Waits for the end of the connection and says whether nothing came before it."""
        return self.record() is None

    def ask(self, *arguments, **more):
        self.send(request(*arguments, **more))
        return self.reply()


class Api:
    """
    bailleur-api alone, in a private directory. `settings` are options of [api]; `how` it gets its socket: listen or
    spawn-fcgi; `arguments` are added to its command line.
    """

    def __init__(self, how="listen", arguments=(), start=True, detect_leaks=True, **settings):
        self.dir = tempfile.mkdtemp(prefix="bailleur-fastcgi.")
        self.conf, self.log, self.socket = self.dir + "/bailleur.conf", self.dir + "/api.log", self.dir + "/api.sock"
        self.output = self.dir + "/api.out"
        self.how, self.arguments, self.process = how, list(arguments), None
        self.detect_leaks = int(detect_leaks)
        self.settings = {"workers": 2, "express": 1, "shuttle": 1, **settings}
        self.configure()
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def configure(self, **settings):
        self.settings.update(settings)
        lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
        with open(self.conf, "w") as file:
            file.writelines(["[bailleur]\n", "base_url = https://bailleur.test\n", f"secret = {SECRET}\n",
                             f"log_file = {self.log}\n", "[client]\n", f"socket = {self.dir}/no-database\n", "[api]\n",
                             *lines])

    def program(self):
        return [BUILD + "/bailleur-api", "--config", self.conf, *self.arguments]

    def env(self):
        return dict(os.environ, BAILLEUR_TEMPLATES=TOP + "/templates", LC_ALL="C.UTF-8",
                    PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
                    ASAN_OPTIONS=f"log_path={self.dir}/asan:detect_leaks={self.detect_leaks}",
                    UBSAN_OPTIONS=f"log_path={self.dir}/ubsan:print_stacktrace=1",
                    LSAN_OPTIONS=f"suppressions={TOP}/tests/lib/lsan.supp:print_suppressions=0")

    def command(self):
        if self.how == "spawn-fcgi":
            return ["spawn-fcgi", "-n", "-s", self.socket, "-M", "0660", "--", *self.program()]
        return [*self.program(), "--listen", self.socket]

    def start(self):
        self.process = Process("bailleur-api", self.command(), self.output, env=self.env())
        expected = 1 if self.arguments else self.settings["workers"]
        wait_until(lambda: self.process.must_run() and self.answers() and len(self.workers()) >= expected and
                   len(self.process.children()) - len(self.workers()) ==
                   self.settings["express"] + self.settings["shuttle"], 30, "bailleur-api")

    def answers(self):
        try:
            with self.connect() as connection:
                return connection.ask() is not None
        except OSError:
            return False

    def connect(self):
        return Connection(self.socket)

    def ask(self, *arguments, **more):
        with self.connect() as connection:
            return connection.ask(*arguments, **more)

    def workers(self):
        return sorted(pid for pid in self.process.children() if alive(pid) and kind_of(pid) == "worker")

    def events(self, name=None):
        """The lines of the log; those of one kind of event."""
        try:
            with open(self.log) as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            lines = []
        return [line for line in lines if name is None or line.split()[3:4] == [name]]

    def signal(self, number):
        self.process.signal(number)

    def reports(self):
        """What a sanitizer said."""
        found = []
        for name in sorted(os.listdir(self.dir)):
            if name.startswith(("asan.", "ubsan.")):
                with open(f"{self.dir}/{name}", errors="replace") as file:
                    found.append(file.read())
        return "\n".join(found)

    def close(self):
        try:
            if self.process and self.process.running():
                self.process.stop(30)
            found = self.reports()
            if found:
                raise AssertionError("a sanitizer complains:\n" + found)
        finally:
            if not os.environ.get("BAILLEUR_KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)
