"""bailleur-api at its own socket: requests well and badly spoken, and what a worker may never do with them."""

import contextlib
import json
import signal
import struct
import time
import unittest
import uuid

from tests.lib.fastcgi import (ABORT, AUTHORIZER, BEGIN, DATA, END, FILTER, GET_VALUES, GET_VALUES_RESULT, PARAMS,
                               STDIN,
                               UNKNOWN_TYPE, Api, begin, pairs, parameters, record, request, stream)
from tests.lib.process import wait_until

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
JSON = {"CONTENT_TYPE": "application/json"}
NOT_FOUND = {"status": 404, "message": "not found"}


class ApiCase(unittest.TestCase):
    """Tests that share one bailleur-api of two workers, none of which may die."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.api = Api(**cls.settings)
        cls.first_workers = cls.api.workers()

    @classmethod
    def tearDownClass(cls):
        cls.api.close()

    def assert_well(self):
        """Both workers live, and one of them answers."""
        self.assertEqual(json.loads(self.api.ask().body), NOT_FOUND)
        self.assertEqual(self.api.workers(), self.first_workers)
        self.assertEqual(self.api.events("worker-died"), [])


class Answers(ApiCase):
    def test_answer(self):
        reply = self.api.ask("/v1/nothing", query="a=1")
        self.assertEqual((reply.status, json.loads(reply.body)), (404, NOT_FOUND))
        self.assertEqual(reply.headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(reply.headers["content-length"], str(len(reply.body)))
        uuid.UUID(reply.headers["x-request-id"])

    def test_head_has_no_body(self):
        reply = self.api.ask("/v1/nothing", method="HEAD")
        self.assertEqual((reply.status, reply.body), (404, b""))
        self.assertGreater(int(reply.headers["content-length"]), 0)

    def test_request_id(self):
        for given, kept in (("123e4567-E89b-12d3-a456-426614174000", True), ("123e4567", False), ("", False),
                            ("123e4567-e89b-12d3-a456-42661417400g", False),
                            ("../../../../../../../../../../../../", False),
                            ("123e4567-e89b-12d3-a456-426614174000\r\nX: y", False)):
            with self.subTest(given):
                made = self.api.ask(HTTP_X_REQUEST_ID=given).headers["x-request-id"]
                self.assertEqual(made == given, kept)
                uuid.UUID(made)
                wait_until(lambda: self.lines_of(made), 10, "the log")
                self.assertEqual(len(self.lines_of(made)), 1, "each request is one line of the log")

    def lines_of(self, number):
        return [line for line in self.api.events("request") if f"id={number} " in line]

    def test_log_has_no_secret(self):
        self.api.ask("/v1/send_email", method="POST", query="auth_secret=geheim1&a=%zz", body=b"auth_secret=geheim2",
                     **FORM)
        self.api.ask("/v1/geheim3")
        with open(self.api.log) as file:
            self.assertNotIn("geheim", file.read())

    def test_form_of_errors(self):
        self.assertEqual(json.loads(self.api.ask("/api/nothing").body)["code"], 404)
        self.assertEqual(json.loads(self.api.ask("/v1/send_email", query="a=%zz", method="POST").body),
                         {"status": 400, "message": "invalid a"})
        self.assertEqual(json.loads(self.api.ask("/v1/send_email", method="PUT").body), NOT_FOUND)

    def test_paths(self):
        """What nginx may pass as a decoded path, and a raw one without DOCUMENT_URI."""
        for path in ("/v1/send_email/", "/v1//send_email", "/v1/send_email\n", b"/v1/\xff", b"/v1/\xc0\xaf",
                     "v1/send_email",
                     "", "/", "/v1/../v1/send_email", "/v1/send%5Femail", "/" + "x" * 60000):
            with self.subTest(path[:40]):
                self.assertEqual(self.api.ask(path, method="POST").status, 404)
        for uri, status in (("/v1/send%5Femail?a=%zz", 400), ("/v1/send_email", 400), ("/v1/%zz", 404),
                            ("/v1/send%5", 404),
                            ("/v1/send_email%00", 404), ("http://host/v1/send_email", 404)):
            with self.subTest(uri):
                reply = self.api.ask(None, method="POST", query="a=%zz", REQUEST_URI=uri)
                self.assertEqual(reply.status, status)

    def test_kept_connection(self):
        with self.api.connect() as connection:
            ids = {connection.ask(keep=True).headers["x-request-id"] for _ in range(50)}
            self.assertEqual(len(ids), 50)
            self.assertEqual(connection.ask(keep=False).status, 404)
            self.assertTrue(connection.ends())

    def test_large_answer_is_whole(self):
        """
        Larger than libfcgi's buffer, and than one record: an error message repeats a name as long as allowed only.
        """
        name = "n" * 64
        reply = self.api.ask("/v1/send_email", method="POST", query=f"{name}=%zz")
        self.assertEqual(json.loads(reply.body)["message"], "invalid " + name)
        reply = self.api.ask("/v1/send_email", method="POST", query=f"{name}n=%zz")
        self.assertEqual(json.loads(reply.body)["message"], "invalid parameter")

    def test_first_of_two_parameters_wins(self):
        """nginx's own come first; none of a client's may take their place."""
        twice = pairs(parameters("/v1/nothing")) + pairs({"DOCUMENT_URI": "/v1/send_email", "REQUEST_METHOD": "POST"})
        with self.api.connect() as connection:
            connection.send(begin() + stream(PARAMS, twice) + stream(STDIN, b""))
            self.assertEqual(connection.reply().status, 404)


def truncated(n):
    """A good request that ends after n bytes."""
    return request("/v1/send_email", "POST", body=b"a=" + b"x" * 200, **FORM)[:n]


GOOD = truncated(None)
BAD_PARAMS = begin() + record(PARAMS, b"\x0e\x04REQUEST_METHOD") + record(PARAMS) + record(STDIN)

# What is sent before the peer closes its side; no answer is due, and nothing may break.
BROKEN = {
    "nothing": b"",
    "one byte": b"\x01",
    "half a header": b"\x01\x01\x00\x01",
    "garbage": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(4096),
    "0xff": b"\xff" * 4096,
    "wrong version": record(BEGIN, struct.pack(">HB5x", 1, 0), version=2),
    "begin and close": begin(),
    "begin, kept, and close": begin(keep=True),
    "begin of a wrong size": record(BEGIN, b"\0\1\0"),
    "begin with request 0": begin(request=0),
    "begin of an unknown role": begin(role=9) + GOOD[16:],
    "authorizer": begin(role=AUTHORIZER) + GOOD[16:],
    "filter": begin(role=FILTER) + GOOD[16:] + stream(DATA, b"x"),
    "stdin before params": begin() + record(STDIN, b"x"),
    "params before begin": stream(PARAMS, pairs(parameters())),
    "a name without its value": BAD_PARAMS,
    "lengths beyond the record": begin() + record(PARAMS, b"\x7f\x7fshort") + record(PARAMS) + record(STDIN),
    "half a length": begin() + record(PARAMS, b"\x80\x00") + record(PARAMS) + record(STDIN),
    "abort instead of stdin": begin() + stream(PARAMS, pairs(parameters(body=b"xx"))) + record(ABORT),
    "abort within stdin": truncated(len(GOOD) - 8) + record(ABORT),
    "data instead of stdin": begin() + stream(PARAMS, pairs(parameters())) + stream(DATA, b"x"),
    "a record longer than what comes": begin() + record(PARAMS, b"x", length=60000),
    "unknown record within stdin": truncated(len(GOOD) - 8) + record(77, b"x"),
}


class Broken(ApiCase):
    def test_broken(self):
        for name, data in BROKEN.items():
            with self.subTest(name), self.api.connect() as connection:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.send(data)
                    connection.socket.shutdown(1)
                self.assertIsNone(connection.reply())
        self.assert_well()

    def test_truncated_anywhere(self):
        """A good request that ends early, at each of its bytes, is never answered as if it were whole."""
        for n in range(len(GOOD)):
            with self.api.connect() as connection:
                connection.send(GOOD[:n])
                connection.socket.shutdown(1)
                self.assertIsNone(connection.reply(), f"after {n} of {len(GOOD)} bytes")
        self.assertEqual(self.api.ask("/v1/send_email", "POST", body=b"a=" + b"x" * 200, **FORM).status, 401)
        self.assert_well()

    def test_byte_by_byte(self):
        with self.api.connect() as connection:
            for at in range(len(GOOD)):
                connection.send(GOOD[at:at + 1])
            self.assertEqual(connection.reply().status, 401)

    def test_padding_and_pieces(self):
        body = b"a=%zz"
        data = begin() + b"".join(record(PARAMS, bytes([c]), padding=c % 9) for c in pairs(
            parameters("/v1/send_email", "POST", body=body, **FORM))) + record(PARAMS)
        data += b"".join(record(STDIN, bytes([c]), padding=7) for c in body) + record(STDIN)
        with self.api.connect() as connection:
            connection.send(data)
            self.assertEqual(json.loads(connection.reply().body)["message"], "invalid a")

    def test_multiplexing_is_refused(self):
        """A second request within the first is told so, and the first is answered."""
        with self.api.connect() as connection:
            connection.send(begin() + begin(request=2) + request()[16:])
            kind, number, content = connection.record()
            self.assertEqual((kind, number, content[4]), (END, 2, 1))
            self.assertEqual(connection.reply().status, 404)
        self.assert_well()

    def test_without_method_or_path(self):
        for left_out in ("REQUEST_METHOD", "DOCUMENT_URI", "QUERY_STRING", "REMOTE_ADDR"):
            with self.subTest(left_out):
                without = parameters()
                del without[left_out]
                with self.api.connect() as connection:
                    connection.send(begin() + stream(PARAMS, pairs(without)) + stream(STDIN, b""))
                    self.assertEqual(connection.reply().status, 404)
        with self.api.connect() as connection:
            connection.send(begin() + record(PARAMS) + record(STDIN))
            self.assertEqual(connection.reply().status, 404)
        self.assert_well()

    def test_what_is_for_this_machine_alone(self):
        for path, status in (("/health", 503), ("/metrics", 200)):          # there is no database here
            for address, expected in (("127.0.0.1", status), ("::1", status), ("192.0.2.1", 404), ("10.0.0.1", 404),
                                      ("::ffff:192.0.2.1", 404), ("", 404)):
                with self.subTest(path=path, address=address), self.api.connect() as connection:
                    self.assertEqual(connection.ask(path, REMOTE_ADDR=address).status, expected)

    def test_gone_before_the_answer(self):
        for _ in range(100):
            with self.api.connect() as connection:
                connection.send(request("/v1/send_email", "POST", body=b"a=" + b"x" * 20000, **FORM))
        self.assert_well()


class Management(ApiCase):
    # libfcgi 2.4.2 loses 48 bytes with each unknown record of this kind; nginx sends none.
    settings = {"detect_leaks": False}

    def test_management(self):
        """Records about the application itself are answered, and a request after them too."""
        with self.api.connect() as connection:
            connection.send(record(GET_VALUES, pairs({"FCGI_MAX_CONNS": "", "FCGI_MPXS_CONNS": ""}), request=0))
            connection.send(record(99, request=0) + request())
            self.assertEqual(connection.record()[0], GET_VALUES_RESULT)
            self.assertEqual(connection.record()[0], UNKNOWN_TYPE)
            self.assertEqual(connection.reply().status, 404)
        self.assert_well()


class Bodies(ApiCase):
    settings = {"body_max": "64K"}

    def message(self, **more):
        reply = self.api.ask("/v1/send_email", "POST", **more)
        return reply.status, json.loads(reply.body)["message"]

    def test_length(self):
        """What CONTENT_LENGTH says and what comes must agree."""
        body = b"a=" + b"x" * 98
        for announced, good in ((100, True), (99, False), (101, False), (0, False), (None, False), ("", False),
                                ("-1", False),
                                ("1e2", False), ("100 ", False), ("18446744073709551716", False), ("9" * 40, False)):
            with self.subTest(announced):
                got = self.message(body=body, CONTENT_LENGTH=announced, **FORM)
                self.assertEqual(got[0], 401 if good else 400)
                self.assertEqual(got[1], "invalid credentials" if good else "invalid body")
        self.assertEqual(self.message(CONTENT_LENGTH=5)[1], "invalid body")
        self.assert_well()

    def test_limit(self):
        for size, status in ((65536, 401), (65537, 413), (10_000_000, 413)):
            with self.subTest(size), self.api.connect() as connection:
                body = b"a=" + b"x" * (size - 2)
                reply = connection.ask("/v1/send_email", "POST", body=body, keep=True, **FORM)
                self.assertEqual(reply.status, status)
                self.assertEqual(connection.ask(keep=True).status, 404, "the connection goes on")
        self.assertEqual(json.loads(self.api.ask("/v1/send_email", "POST", body=bytes(65537)).body),
                         {"status": 413, "message": "request entity too large"})
        self.assert_well()

    def test_ten_thousand_parameters(self):
        many = "&".join(f"p{i}=1" for i in range(10000))
        as_object = json.dumps({f"p{i}": 1 for i in range(5000)}).encode()
        self.assertEqual(self.message(query=many), (400, "invalid parameters"))
        self.assertEqual(self.message(body=many[:60000].encode(), **FORM), (400, "invalid parameters"))
        self.assertEqual(self.message(body=as_object, **JSON), (400, "invalid parameters"))
        self.assertEqual(self.message(body=b"[" + b"{}," * 9999 + b"{}]", **JSON), (400, "invalid body"))
        busy = [int(line.split(" us=")[1].split()[0]) for line in self.api.events("request")[-4:]]
        self.assertLess(max(busy), 1_000_000, "microseconds; quadratic work would take seconds")
        self.assert_well()

    def test_batch_only_where_welcome(self):
        reply = self.api.ask("/v1/messages_status", "POST", body=b"[{}]", **JSON)
        self.assertEqual((reply.status, json.loads(reply.body)["message"]), (400, "invalid body"))

    def test_smuggling(self):
        """
        Requests hidden in a body, where a worker that left stdin unread would find them as the next request of the
        connection. libfcgi reads 8 kB at a time, so they are put at each multiple of that in the stream.
        """
        hidden = request("/v1/send_email", "POST", query="a=%zz", keep=True)
        for path, method, status, more in (("/v1/nothing", "POST", 404, {}), ("/v1/send_email", "POST", 400, FORM),
                                           ("/v1/send_email", "POST", 413, {"size": 200000}),
                                           ("/v1/send_email", "POST", 400, {"CONTENT_TYPE": "text/x"}),
                                           ("/v1/send_email", "POST", 400, {"CONTENT_LENGTH": 10}),
                                           ("/v1/send_email", "PUT", 404, {}), ("/v1/nothing", "HEAD", 404, {})):
            with self.subTest(path=path, method=method, **more), self.api.connect() as connection:
                size = more.pop("size", 60000)
                values = {"CONTENT_LENGTH": size, **more}
                head = begin(keep=True) + stream(PARAMS, pairs(parameters(path, method, **values)))
                connection.send(head + self.hiding(hidden, len(head), size))
                reply = connection.reply()
                self.assertEqual(reply.status, status)
                with contextlib.suppress(BrokenPipeError):
                    connection.send(request("/v1/nothing", HTTP_X_REQUEST_ID="123e4567-e89b-12d3-a456-426614174000",
                                            keep=True))
                after = connection.reply()
                self.assertEqual(after.headers["x-request-id"], "123e4567-e89b-12d3-a456-426614174000")
                self.assertEqual(after.status, 404)
        self.assert_well()

    @staticmethod
    def hiding(hidden, offset, size):
        """
        A stdin stream of `size` bytes, sent at `offset` of the connection, that has `hidden` at each multiple of 8 kB.
        """
        out, left = bytearray(), size
        while left:
            n = min(left, 65535)
            content = bytearray(b"&" * n)
            at = -(offset + len(out) + 8) % 8192
            while at + len(hidden) <= n:
                content[at:at + len(hidden)] = hidden
                at += 8192
            out += record(STDIN, bytes(content))
            left -= n
        return bytes(out) + record(STDIN)


class Silence(unittest.TestCase):
    def test_idle_connections_starve_nobody(self):
        """Two workers, ten connections kept open and silent after a request, ten that never said anything."""
        with Api() as api:
            kept = [api.connect() for _ in range(10)]
            for connection in kept:
                self.assertEqual(connection.ask(keep=True).status, 404)
            silent = [api.connect() for _ in range(10)]
            for _ in range(20):
                self.assertEqual(api.ask().status, 404)
            for connection in kept:
                self.assertEqual(connection.ask(keep=True).status, 404, "and none of the kept ones was closed")
            for connection in kept + silent:
                connection.close()

    def test_more_idle_connections_than_workers_hold(self):
        """The longest silent are closed for those that wait: nginx closes its own after one second."""
        with Api() as api:
            kept = [api.connect() for _ in range(60)]
            for connection in kept:
                self.assertEqual(connection.ask(keep=True).status, 404)
            self.assertEqual(api.ask().status, 404)
            for connection in kept:
                connection.close()

    def test_a_peer_that_stops_in_a_request(self):
        """The other worker goes on, and the stuck one is free again after a while, without having died."""
        with Api() as api:
            workers = api.workers()
            with api.connect() as stuck:
                stuck.send(truncated(len(GOOD) - 20))
                for _ in range(20):
                    self.assertEqual(api.ask().status, 404)
                self.assertIsNone(stuck.reply())
            self.assertEqual(api.workers(), workers)
            self.assertTrue(api.events("request-broken"))

    def test_deadline(self):
        """A worker that is busy with one request for too long is ended, and replaced."""
        with Api(workers=1, request_deadline="1s") as api:
            worker = api.workers()
            with api.connect() as stuck:
                stuck.send(truncated(len(GOOD) - 20))
                self.assertIsNone(stuck.reply())
            wait_until(lambda: api.workers() and api.workers() != worker, 20, "a new worker")
            self.assertEqual(api.ask().status, 404)
            self.assertEqual(len(api.events("worker-deadline")), 1)
            self.assertIn(f"signal={signal.SIGKILL.value} ", api.events("worker-died")[0])

    def test_a_waiting_worker_has_no_deadline(self):
        with Api(workers=1, request_deadline="1s") as api, api.connect() as connection:
            connection.ask(keep=True)
            worker = api.workers()
            time.sleep(2.5)
            self.assertEqual(connection.ask(keep=True).status if api.workers() == worker else None, 404)
