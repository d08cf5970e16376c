"""
A mail server of our own, for what smtp-sink cannot do: it misbehaves on demand, speaks TLS, asks for a login, and
keeps every byte it was sent. What it does is asked for by the recipient's local part, see SmtpServer.
"""

import base64
import re
import socket
import ssl
import subprocess
import threading
import time


def make_certificate(directory, name="localhost"):
    """A self-signed certificate for `name` and 127.0.0.1; returns (certificate, key) as paths."""
    certificate, key = directory + f"/{name}.crt", directory + f"/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=" + name,
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    return certificate, key


class Connection:
    """One connection as the server saw it: the bytes received, and whether it ended with QUIT."""

    def __init__(self):
        self.bytes, self.tls, self.user, self.quit, self.mails = bytearray(), False, None, False, 0


class SmtpServer:
    """
    An SMTP server of our own. The recipient's local part, before a "+", says what happens:

        mail-CODE rcpt-CODE data-CODE    that command is answered with CODE
        dot-CODE                         the mail is read whole and answered with CODE
        dot-close                        … and the connection closed without an answer: the lost 250
        dot-junk                         … and answered with something that is not SMTP
        dot-slow                         … and answered late, after `slow` seconds
        dot-never                        … and never answered
        data-close mail-close            the connection is closed instead of an answer to that command
        mid-CODE                         CODE while the mail is being read, then closed
        anything else                    is taken

    mail-… needs the recipient before RCPT, so it looks for it in what has been pipelined, or answers at RCPT instead.
    data_hook(recipient) is called before DATA is answered, dot_hook(recipient) when a mail has been read to its dot.
    """

    def __init__(self, pipelining=True, tls=None, certificate=None, auth=None, per_connection=0, slow=3.0,
                 data_hook=None, dot_hook=None):
        self.pipelining, self.tls, self.auth, self.slow = pipelining, tls, auth, slow
        self.per_connection, self.data_hook, self.dot_hook = per_connection, data_hook, dot_hook
        self.connections, self.accepted, self.lock = [], [], threading.Lock()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._open, self._stopped = set(), threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def stop(self):
        """
        The descriptor is closed only when nobody accepts on it any more: its number is soon the next server's, and a
        thread that was late would take a connection of that one, and the mail with it.
        """
        self._stopped.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)   # ends an accept() in progress, which close() does not
        except OSError:
            pass
        self._acceptor.join(10)
        self._listener.close()
        with self.lock:
            for sock in list(self._open):
                _close(sock)

    def hang_up(self):
        """Ends every connection without a word, as a server that is restarted does."""
        with self.lock:
            for sock in list(self._open):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def recipients(self):
        """Recipients of the mails that were taken (answered 250 after the dot, or would have been)."""
        with self.lock:
            return [recipient for recipient, _ in self.accepted]

    def mail_to(self, recipient):
        with self.lock:
            return [message for to, message in self.accepted if to == recipient]

    def _accept(self):
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        record = Connection()
        with self.lock:
            self.connections.append(record)
            self._open.add(sock)
        session = _Session(self, sock, record)
        try:
            session.run()
        except (OSError, EOFError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self._open.discard(sock)
            _close(session.sock)


def _close(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


class _Session:
    def __init__(self, server, sock, record):
        self.server, self.sock, self.record = server, sock, record
        self.pending, self.recipient, self.refused = b"", None, False

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise EOFError
        self.record.bytes += got
        self.pending += got

    def line(self):
        while b"\n" not in self.pending:
            self.more()
        line, _, self.pending = self.pending.partition(b"\n")
        return line.rstrip(b"\r").decode("ascii", "replace")

    def wrap(self):
        self.sock = self.server._context.wrap_socket(self.sock, server_side=True)
        self.record.tls = True

    def run(self):
        if self.server.tls == "implicit":
            self.wrap()
        self.say("220 mail.test ESMTP")
        while True:
            line = self.line()
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                self.record.quit = True
                self.say("221 bye")
                return
            getattr(self, "do_" + verb.lower(), self.unknown)(line)

    def unknown(self, line):
        self.say("502 what?")

    def do_ehlo(self, line):
        words = ["mail.test"]
        if self.server.pipelining:
            words.append("PIPELINING")
        if self.server.tls == "starttls" and not self.record.tls:
            words.append("STARTTLS")
        if self.server.auth and (self.record.tls or not self.server.tls):
            words.append("AUTH PLAIN")
        words.append("8BITMIME")
        for word in words[:-1]:
            self.say("250-" + word)
        self.say("250 " + words[-1])

    def do_starttls(self, line):
        self.say("220 go on")
        self.pending = b""
        self.wrap()

    def do_auth(self, line):
        words = line.split(" ")
        if len(words) < 3:
            self.say("334 ")
            words = ["", "", self.line()]
        user, password = base64.b64decode(words[2]).decode().split("\0")[1:]
        if (user, password) != self.server.auth:
            self.say("535 5.7.8 wrong credentials")
            return
        self.record.user = user
        self.say("235 welcome")

    def behaviour(self):
        return (self.recipient or "").split("@")[0].split("+")[0]

    def answer(self, step, good):
        """Answers a command as the recipient asks for."""
        what, _, how = self.behaviour().partition("-")
        if what != step:
            self.say(good)
            return True
        if how == "close":
            raise EOFError
        self.say(f"{how} 5.0.0 as asked")
        if how == "421":
            raise EOFError
        return False

    def do_mail(self, line):
        if self.server.auth and not self.record.user:
            self.say("530 5.7.0 who are you?")
            self.refused = True
            return
        if self.server.per_connection and self.record.mails >= self.server.per_connection:
            self.say("421 4.7.0 enough")
            raise EOFError
        ahead = re.search(rb"RCPT TO:<(.*?)>", self.pending)
        self.recipient = ahead.group(1).decode() if ahead else None
        self.refused = not self.answer("mail", "250 ok")

    def do_rcpt(self, line):
        self.recipient = re.search(r"<(.*)>", line).group(1)
        if self.refused:
            self.say("503 MAIL first")
            return
        self.refused = not (self.answer("mail", "250 ok") if self.behaviour().startswith("mail-")
                            else self.answer("rcpt", "250 ok"))

    def do_data(self, line):
        if self.refused and not self.behaviour().endswith("!"):
            self.say("503 no recipient")
            return
        if self.server.data_hook:
            self.server.data_hook(self.recipient)
        if self.answer("data", "354 go on"):
            self.read_mail()

    def read_mail(self):
        what, _, how = self.behaviour().partition("-")
        if what == "mid":
            self.say(f"{how} 4.3.0 as asked")
            time.sleep(0.2)
            raise EOFError
        while b"\r\n.\r\n" not in self.pending and not self.pending.startswith(b".\r\n"):
            self.more()
        message, _, self.pending = self.pending.partition(b"\r\n.\r\n")
        if self.server.dot_hook:
            self.server.dot_hook(self.recipient)
        if what == "dot":
            self.answer_dot(message, how)
        else:
            self.taken(message)

    def taken(self, message):
        self.record.mails += 1
        with self.server.lock:
            self.server.accepted.append((self.recipient, message + b"\r\n"))
        self.say("250 2.0.0 Ok: queued as 4F2B1-" + str(len(self.server.accepted)))

    def answer_dot(self, message, how):
        if how == "slow":
            time.sleep(self.server.slow)
            self.taken(message)
        elif how == "close":
            with self.server.lock:
                self.server.accepted.append((self.recipient, message + b"\r\n"))
            raise EOFError
        elif how == "junk":
            self.sock.sendall(b"\x00\xff HELLO\r\n")
        elif how == "never":
            self.server._stopped.wait(60)
            raise EOFError
        else:
            self.say(f"{how} 5.0.0 as asked")

    def do_rset(self, line):
        self.recipient = None
        self.say("250 ok")

    def do_noop(self, line):
        self.say("250 ok")
