"""
A real Kannel: bearerbox and smsbox, with fakesmsc as the operator's SMS centre, which prints each SMS it receives.
"""

import re
import shutil
import tempfile
import urllib.parse
from collections import namedtuple

from .process import Process, wait_until

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"

_CONF = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = {user}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
max-messages = 0
text = nothing
"""

Sms = namedtuple("Sms", "sender receiver coding text")


class Kannel:
    def __init__(self):
        from .stack import free_port        # stack.py imports this module
        self.dir = tempfile.mkdtemp(prefix="bailleur-kannel.")
        self.user, self.password = "bailleur", "only-for-tests"
        self.ports = {name: free_port() for name in ("admin", "box", "smsc", "sendsms")}
        self.url = f"http://127.0.0.1:{self.ports['sendsms']}/cgi-bin/sendsms"
        self.conf = self.dir + "/kannel.conf"
        with open(self.conf, "w") as file:
            file.write(_CONF.format(user=self.user, password=self.password, **self.ports))
        self.processes = []

    def start(self):
        for name, argv, port in (
                ("bearerbox", ["/usr/sbin/bearerbox", "-v", "2", self.conf], "box"),
                ("smsbox", ["/usr/sbin/smsbox", "-v", "2", self.conf], "sendsms"),
                ("fakesmsc", [FAKESMSC, "-v", "0", "-H", "127.0.0.1", "-r", self.ports["smsc"], "-i", "1000000", "-m",
                              "1",
                              "1 2 text nothing"], None)):
            process = Process(name, argv, f"{self.dir}/{name}.log")
            self.processes.append(process)
            if port:
                wait_until(lambda: process.must_run() and _listens(self.ports[port]), 20, name)
        wait_until(lambda: process.must_run() and "sent message 1" in self._log(), 20, "fakesmsc")
        return self

    def _log(self):
        with open(self.dir + "/fakesmsc.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def texts(self):
        """What the SMS centre received, in order; an SMS of several parts is several. The text is decoded."""
        found = []
        for sender, receiver, coding, text in re.findall(r"Got message \d+: <(\S+) (\S+) (\S+) (.*)>$", self._log(),
                                                         re.M):
            found.append(Sms(_unescape(sender), _unescape(receiver), coding, _decode(coding, text)))
        return found

    def stop(self):
        for process in reversed(self.processes):
            if process.running():
                process.kill()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *_):
        self.close()


def _listens(port):
    """Does anyone listen there? Seen without connecting: bearerbox would take a connection for a box. smsbox ends when
    bearerbox does not listen yet."""
    with open("/proc/net/tcp") as file:
        return any(words[1].endswith(f":{port:04X}") and words[3] == "0A" for words in map(str.split, file))


def _unescape(text):
    return urllib.parse.unquote(text)


def _decode(coding, text):
    raw = urllib.parse.unquote_to_bytes(text.replace("+", " "))
    return raw.decode("utf-16-be" if coding == "ucs-2" else "latin-1", "replace") if coding != "text" else text
