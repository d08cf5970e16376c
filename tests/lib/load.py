"""
Clients that send all the time, each on its own thread, while a test breaks something: what was answered, what was not.
"""

import http.client
import threading
import time
import uuid
from collections import namedtuple

# marker: names the message at every step of its way; id: as answered, None when no answer came.
Sent = namedtuple("Sent", "marker id")


def mail_of(marker):
    return f"{marker}@example.org"


class Load:
    """
    `singles` and `batches` are numbers of clients. again: every request carries an Idempotency-Key and is repeated
    until it is answered; otherwise each is made once. Lists: accepted (answered with 200) and unanswered.
    """

    def __init__(self, web, client, prefix, singles=4, batches=0, batch_size=20, again=False):
        self.web, self.client, self.prefix, self.batch_size, self.again = web, client, prefix, batch_size, again
        self.accepted, self.unanswered, self.refused = [], [], []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(f"s{i}", self._single), daemon=True)
                         for i in range(singles)]
        self._threads += [threading.Thread(target=self._client, args=(f"b{i}", self._batch), daemon=True)
                          for i in range(batches)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, seconds=60):
        """Lets every client finish the request it is at; raises what was answered and should not have been."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
        if any(thread.is_alive() for thread in self._threads):
            raise AssertionError("a client of the load still waits for its answer")
        if self.refused:
            raise AssertionError(f"unexpected answers, the first: {self.refused[0]!r}")
        return self

    def wait_for(self, count, seconds=30):
        """Until that many messages have been accepted."""
        end = time.monotonic() + seconds
        while len(self.accepted) < count:
            if time.monotonic() > end or not any(thread.is_alive() for thread in self._threads):
                raise AssertionError(f"{len(self.accepted)} messages accepted in {seconds} s, not {count}: "
                                     f"{self.refused[:1]!r}")
            time.sleep(0.01)

    def _client(self, name, request):
        number = 0
        try:
            while not self._stop.is_set():
                request(f"{self.prefix}-{name}-{number}")
                number += 1
        except Exception as trouble:            # a thread's exception must not get lost
            self.refused.append(trouble)

    def _single(self, marker):
        form = self.client.form(recipient=mail_of(marker), subject="Charge", message=marker, identifier1=marker)
        answer = self._answer(lambda headers: self.web.post("/v1/send_email", form, headers=headers))
        self._note([marker], answer and [answer.json["id"]])

    def _batch(self, marker):
        markers = [f"{marker}-{i}" for i in range(self.batch_size)]
        items = [{"recipient": mail_of(each), "subject": "Charge", "message": each, "identifier1": each}
                 for each in markers]
        answer = self._answer(lambda headers: self.web.post("/v1/send_email", query=self.client.form(), json=items,
                                                            headers=headers))
        self._note(markers, answer and [item["id"] for item in answer.json["messages"]])

    def _note(self, markers, ids):
        with self._lock:
            if ids:
                self.accepted += [Sent(marker, number) for marker, number in zip(markers, ids, strict=True)]
            else:
                self.unanswered += [Sent(marker, None) for marker in markers]

    def _answer(self, request):
        """The answer if it is 200; None when there was none or it was a 5xx, which says nothing about what was done."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if self.again else {}
        end = time.monotonic() + 60
        while True:
            try:
                answer = request(headers)
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is not None and answer.status == 200:
                return answer
            # 409: the first request with this key still runs, or its transaction has not yet been rolled back.
            if answer is not None and answer.status < 500 and not (self.again and answer.status == 409):
                raise AssertionError(f"answered {answer!r}")
            if not self.again or time.monotonic() > end:
                time.sleep(0.02)
                return None
            time.sleep(0.05)
