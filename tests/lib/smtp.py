"""Postfix's smtp-sink as the mail server that bailleur delivers to; it keeps what it accepted, one file a mail."""

import email
import email.policy
import glob
import os
import re
import shutil
import tempfile

from .process import Process, wait_until


class SmtpSink:
    """
    keep: every accepted mail can be looked at (slower); options: more of smtp-sink's own, such as ["-r", "."].
    """

    def __init__(self, keep=False, options=()):
        from .stack import free_port        # stack.py imports this module
        self.dir = tempfile.mkdtemp(prefix="bailleur-sink.")
        self.port, self.keep, self.options = free_port(), keep, list(options)
        os.mkdir(self.dir + "/mail")
        os.chmod(self.dir, 0o755)
        os.chmod(self.dir + "/mail", 0o777)
        self.process, self._received = None, {}

    def start(self):
        argv = ["/usr/sbin/smtp-sink", "-4", *self.options]
        if os.getuid() == 0:
            argv += ["-u", "nobody"]
        if self.keep:
            argv += ["-d", self.dir + "/mail/m."]
        self.process = Process("smtp-sink", [*argv, f"127.0.0.1:{self.port}", "1000"], self.dir + "/log")
        wait_until(lambda: self.process.must_run() and self._listens(), 20, "smtp-sink")
        return self

    def _listens(self):
        from .stack import _connects
        return _connects(self.port)

    def mails(self):
        """
        The accepted mails as email.message objects; what smtp-sink adds in front is X-…-Addr, X-Mail-Args and so on.
        """
        return [email.message_from_bytes(self._read(path), policy=email.policy.default) for path in self._paths()]

    def received(self):
        """(recipient, Message-ID) of each accepted mail; quick, however many there are."""
        paths = self._paths()
        self._received = {path: self._received[path] for path in paths if path in self._received}
        for path in paths:
            if path not in self._received:
                head = self._read(path).partition(b"\n\n")[0].decode()
                recipient = re.search(r"^X-Rcpt-Args: <([^>]*)>", head, re.M)
                name = re.search(r"^Message-I[Dd]:\s+(\S+)", head, re.M)
                if recipient and name:                      # else it is still being written
                    self._received[path] = (recipient[1], name[1])
        return list(self._received.values())

    def _paths(self):
        return sorted(glob.glob(self.dir + "/mail/m.*"))

    @staticmethod
    def _read(path):
        """Nothing, when smtp-sink has just removed what was not accepted after all."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def stop(self):
        if self.process and self.process.running():
            self.process.kill()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *_):
        self.close()
