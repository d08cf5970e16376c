"""HTTP as a test needs it: nothing hidden, nothing followed, raw bytes when they matter."""

import http.client
import json
import socket
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"not JSON, HTTP {self.status}: {self.body[:500]!r}") from None

    def __repr__(self):
        return f"HTTP {self.status} {self.body[:2000]!r}"


class Web:
    """Requests to one server, a connection each (use `keep()` for several on one)."""

    def __init__(self, host, port, timeout=60):
        self.host, self.port, self.timeout = host, port, timeout
        self.url = f"http://{host}:{port}"

    def request(self, method, path, query=None, form=None, json=None, body=None, headers=None, connection=None):
        """
        query: parameters added to the path; form: body of a form; json: body made of a value; body: bytes as they are.
        """
        headers = dict(headers or {})
        if query:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif json is not None:
            body = _dump(json)
            headers.setdefault("Content-Type", "application/json")
        own = connection or http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            own.request(method, path, body, headers)
            got = own.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            if not connection:
                own.close()

    def get(self, path, query=None, **more):
        return self.request("GET", path, query, **more)

    def post(self, path, form=None, **more):
        return self.request("POST", path, form=form, **more)

    def keep(self):
        """A connection to pass as `connection=` to several requests."""
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)

    def raw(self, data, shutdown=False):
        """Sends these bytes and returns every byte of the answer; `shutdown` ends our side first."""
        with socket.create_connection((self.host, self.port), self.timeout) as peer:
            peer.sendall(data)
            if shutdown:
                peer.shutdown(socket.SHUT_WR)
            parts = []
            while part := peer.recv(65536):
                parts.append(part)
            return b"".join(parts)


def _dump(value):
    return json.dumps(value, ensure_ascii=False).encode()
