"""An HTTP server on loopback that keeps what is posted to it, for tests of webhooks."""

import http.server
import json
import threading
import time


class Receiver:
    """
    `answers` holds (status, headers) for the next requests, then `always` holds for the rest; `delay` in seconds;
    `on_post` is called at each.
    """

    def __init__(self, always=204, delay=0):
        self.got, self.answers, self.always, self.delay = [], [], always, delay
        self.on_post = None
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with outer._lock:
                    outer.got.append((dict(self.headers.items()), body))
                    status, headers = outer.answers.pop(0) if outer.answers else (outer.always, {})
                    if outer.on_post:
                        outer.on_post()
                if outer.delay:
                    time.sleep(outer.delay)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *arguments: None      # a sender that hangs up is no news
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def bodies(self):
        return [json.loads(body) for _, body in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
