"""An SMS gateway over HTTP that does what the text asks for, and keeps every request."""

import contextlib
import http.server
import re
import threading
import time
import urllib.parse


class Gateway:
    """
    The text of the SMS says how it is answered:

        status-CODE     that status
        close           the connection is closed after the request was read, without an answer
        never           nothing, until the end
        slow            202, late
        half            a status line, and the connection is closed in the middle of the headers
        redirect        302 to another path of this gateway
        anything else   202
    """

    def __init__(self, slow=1.0):
        self.requests, self.lock, self.slow = [], threading.Lock(), slow
        self.stopped = threading.Event()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                gateway.handle(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A connection that a killed sender leaves behind."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def texts(self):
        with self.lock:
            return [request["text"] for request in self.requests]

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        parts = urllib.parse.urlsplit(handler.path)
        form = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query or body).items()}
        found = re.search(r'"text": *"([^"]*)"', body)
        text = form.get("text") or (found.group(1) if found else "")
        with self.lock:
            self.requests.append({"method": handler.command, "path": parts.path, "form": form, "body": body,
                                  "text": text, "headers": dict(handler.headers)})
        with contextlib.suppress(OSError):      # a sender that was killed does not wait for its answer
            self.answer(handler, text)

    def answer(self, handler, text):
        what, _, how = text.partition("-")
        if what in ("close", "never", "half"):
            if what == "half":
                handler.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n0")
                handler.wfile.flush()
            if what == "never":
                self.stopped.wait(60)
            handler.close_connection = True
            return
        if what == "slow":
            time.sleep(self.slow)
        status = int(how) if what == "status" else 302 if what == "redirect" else 202
        handler.send_response(status)
        if status == 302:
            handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")
