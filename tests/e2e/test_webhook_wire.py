"""Webhooks on the wire: what servers may answer, connections that are kept or not, and TLS."""

import socket
import ssl
import tempfile
import threading
import unittest

from tests.lib.smtp_server import make_certificate
from tests.lib.stack import StackCase

APPOINTMENT = {"start_at": "2099-06-12T12:00:00Z", "duration": 45, "recipient": {"email": "a@exemple.fr"}}
# One connection, so that posts follow each other; a failed one is not tried again within a test.
SETTINGS = {"webhook": {"allow_private": "yes", "connections": "1", "timeout": "2s", "retry_first": "1h"}}


class Scripted:
    """
    A server that reads whole requests and answers each with the same bytes, whatever they are. `close`: it ends the
    connection after each; `certificate`: it speaks TLS. Keeps the requests, and counts the connections.
    """

    def __init__(self, answer, close=False, certificate=None):
        self.requests, self.connections, self._answer, self._close, self._tls = [], 0, answer, close, None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.set_alpn_protocols(["h2", "http/1.1"])
            self._tls.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._tls.wrap_socket(conn, server_side=True) if self._tls else conn as stream:
                    self._serve(stream)
            except OSError:
                conn.close()

    def _serve(self, conn):
        conn.settimeout(20)
        self.connections += 1
        stream = conn.makefile("rb")
        while True:
            head = []
            while (line := stream.readline()) not in (b"\r\n", b""):
                head.append(line.decode())
            if not line:
                return
            length = next(int(h.split(":")[1]) for h in head if h.lower().startswith("content-length:"))
            self.requests.append((head, stream.read(length)))
            if self._answer is None:
                stream.read(1)          # says nothing until the other side goes
                return
            conn.sendall(self._answer)
            if self._close:
                conn.shutdown(socket.SHUT_RDWR)
                return

    def close(self):
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._thread.join(30)


NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
# (what is answered, does it close then, connections for three events)
TAKEN = {
    "nothing in it": (NO_CONTENT, False, 1),
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", False, 1),
    "in chunks": (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False, 1),
    "after another": (b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT, False, 1),
    "closed unsaid": (NO_CONTENT, True, 3),
    "closed and said": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", True, 3),
    "a body it may not have": (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", False, 3),
    "said and not closed": (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", False, 3),
    "to the end": (b"HTTP/1.1 200 OK\r\n\r\nok", True, 3),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", False, 3),
    "more than is read": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000, False, 3),
    "more than was asked": (NO_CONTENT + b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", False, 3),
}
# (what is answered, does it close then, HTTP status recorded, why the event waits)
NOT_TAKEN = {
    "a refusal": (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", False, "500", "HTTP status 500"),
    "a redirection": (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", False, "302",
                      "HTTP status 302"),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", False, "101", "HTTP status 101"),
    "no HTTP": (b"220 mail.example ESMTP\r\n", False, "0", "Weird server reply"),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok", False, "0",
                    "Weird server reply"),
    "less than was said": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", True, "0",
                           "Transferred a partial file"),
    "half a head": (b"HTTP/1.1 200 OK\r\nX: ", True, "0", "Transferred a partial file"),
    "nothing": (b"", True, "0", "Server returned nothing (no headers, no data)"),
    "silence": (None, False, "0", "Timeout was reached"),
    "half an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", False, "0", "Timeout was reached"),
}


class Wire(StackCase):
    options = {"settings": SETTINGS}

    def serve(self, *arguments, scheme="http://127.0.0.1", path="/hook?a=1&b=%0d%0a#c", **more):
        """A server, and a client whose webhook it is."""
        server, client = Scripted(*arguments, **more), self.stack.add_client()
        self.addCleanup(server.close)
        self.stack.ctl("client", "webhook", client.name, f"{scheme}:{server.port}{path}")
        return server, client

    def tell(self, client, count):
        """Makes so many appointments and tells of them; gives (state, status, error) of each event."""
        answer = self.stack.web.request("POST", "/v1/appointments", client.form(), json=[APPOINTMENT] * count)
        self.assertEqual(answer.status, 200, answer)
        self.stack.send_all()
        return [tuple(row) for row in self.stack.db.sql(
            "SELECT state, last_status, error_message FROM webhook_event WHERE client_id = (SELECT id FROM api_client "
            f"WHERE name = '{client.name}')")]

    def test_taken(self):
        for what, (answer, close, connections) in TAKEN.items():
            with self.subTest(what):
                server, client = self.serve(answer, close)
                told = self.tell(client, 3)
                self.assertEqual([state for state, _, _ in told], ["sent"] * 3, told)
                self.assertEqual((len(server.requests), server.connections), (3, connections))

    def test_not_taken(self):
        for what, (answer, close, status, why) in NOT_TAKEN.items():
            with self.subTest(what):
                server, client = self.serve(answer, close)
                self.assertEqual(self.tell(client, 1), [("queued", status, why)])
                self.assertEqual(len(server.requests), 1)

    def test_a_server_that_is_not_there(self):
        server, client = self.serve(NO_CONTENT)
        server.close()
        ((state, status, why),) = self.tell(client, 1)
        self.assertEqual((state, status, why), ("queued", "0", "Couldn't connect to server"))

    def test_what_another_asked_for(self):
        """
        How long a server asks to be left alone says nothing of the next one, even if that one says nothing at all.
        """
        busy = b"HTTP/1.1 503 No\r\nRetry-After: 80000\r\nContent-Length: 0\r\n\r\n"
        pairs = [self.serve(answer) for answer in (busy, NO_CONTENT, busy)]     # one of the busy ones comes first
        pairs[1][0].close()
        for _, client in pairs:
            self.stack.web.request("POST", "/v1/appointments", client.form(), json=[APPOINTMENT])
        self.stack.send_all()
        rests = [int(self.stack.db.value(
            "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(3), retry_at) FROM webhook_endpoint WHERE client_id = "
            f"(SELECT id FROM api_client WHERE name = '{client.name}')")) // 60 for _, client in pairs]
        self.assertEqual((rests[0], rests[1] < 2, rests[2]), (22, True, 22), rests)

    def test_the_request(self):
        for path, target in (("/hook?a=1&b=%0d%0a#c", "/hook?a=1&b=%0d%0a"), ("", "/"), ("?x", "/?x")):
            server, client = self.serve(NO_CONTENT, path=path)
            self.tell(client, 1)
            ((head, body),) = server.requests
            self.assertEqual(head[0], f"POST {target} HTTP/1.1\r\n")
            names = [line.split(":")[0] for line in head[1:]]
            self.assertEqual(sorted(names), sorted({"Host", "User-Agent", "Accept", "Content-Type", "webhook-id",
                                                    "webhook-timestamp", "webhook-signature", "Content-Length"}))
            self.assertIn(f"Host: 127.0.0.1:{server.port}\r\n", head)
            self.assertTrue(body.startswith(b"{") and body.endswith(b"}"), body)

    def test_each_url_has_its_own_connection(self):
        """One connection at a time, two clients in turns: what is posted goes where it belongs."""
        pairs = [self.serve(NO_CONTENT) for _ in range(2)]
        for _, client in pairs:
            self.stack.web.request("POST", "/v1/appointments", client.form(), json=[APPOINTMENT] * 3)
        self.stack.send_all()
        for server, _ in pairs:
            self.assertEqual(len(server.requests), 3)

    def test_tls(self):
        """The certificate must be one that is trusted, and be the host's; HTTP/2, offered, is not spoken."""
        with tempfile.TemporaryDirectory() as directory:
            certificate = make_certificate(directory)
            other = make_certificate(directory, "other.example")
            for trusted, shown, scheme, taken in (
                    (certificate, certificate, "https://localhost", True),
                    ("", certificate, "https://localhost", False),
                    (other, certificate, "https://localhost", False), (other, other, "https://localhost", False),
                    (certificate, certificate, "http://127.0.0.1", False)):
                with self.subTest(trusted=trusted, shown=shown, scheme=scheme):
                    self.stack.set({"webhook": {**SETTINGS["webhook"], "ca_file": trusted and trusted[0]}})
                    server, client = self.serve(NO_CONTENT, scheme=scheme, certificate=shown)
                    told = self.tell(client, 3)
                    self.assertEqual([state for state, _, _ in told], ["sent" if taken else "queued"] * 3, told)
                    self.assertEqual(len(server.requests), 3 if taken else 0)
                    if taken:
                        self.assertEqual(server.connections, 1)
            self.stack.set(SETTINGS)


if __name__ == "__main__":
    unittest.main()
