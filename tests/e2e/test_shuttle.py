"""
The shuttle: single messages of many clients, stored together, are answered as a worker would answer each; and whatever
ends, an answer means that the message is there, once.
"""

import base64
import concurrent.futures
import json
import os
import signal
import threading
import urllib.parse

from tests.lib.crowd import Crowd
from tests.lib.fastcgi import Connection, request
from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.process import alive, wait_until
from tests.lib.stack import StackCase

FORM = "application/x-www-form-urlencoded"
MAIL = {"recipient": "a@example.org", "subject": "Sujet", "message": "Texte", "identifier1": "one"}
SMS = {"recipient": "0602030405", "message": "Texte", "identifier1": "one"}
ANY = {"channel": "both", "email": "a@example.org", "phone": "0602030405", "email_subject": "Sujet",
       "email_content": "Texte", "sms_content": "Texte"}


def send(client, path="send_email", fields=MAIL, keep=True, **more):
    """A client's request as nginx would send it."""
    body = urllib.parse.urlencode(client.form(**fields)).encode()
    return request("/v1/" + path, "POST", body=body, keep=keep, **{"CONTENT_TYPE": FORM, **more})


def immeubles(landlord):
    form = urllib.parse.urlencode({"username": landlord.username, "password": landlord.password}).encode()
    return request("/api/gestion/2/immeubles", "POST", body=form, keep=True, CONTENT_TYPE=FORM,
                   HTTP_X_API_KEY=landlord.key)


def basic(client):
    return "Basic " + base64.b64encode(f"{client.key}:{client.secret}".encode()).decode()


class ShuttleCase(StackCase):
    options = {"workers": 3, "settings": {"api": {"express": 1, "shuttle": 1}}}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client, cls.other = cls.stack.add_client(), cls.stack.add_client()

    def connect(self, client=None):
        """A connection that the shuttle has: the answer before came from a worker, which gave it away."""
        connection = Connection(self.stack.socket)
        connection.send(send(client or self.client))
        self.assertEqual(connection.reply().status, 200)
        return connection

    def shuttle_answers(self, job):
        return self.answered_by("shuttle", job)

    def worker_answers(self, asked):
        """What a worker says to the same: the first request on a connection is for one."""
        with Connection(self.stack.socket) as connection:
            connection.send(asked)
            answer = connection.reply()
            self.assertIn(self.served_by(answer), self.stack.workers())
            return answer

    def stored(self, where="TRUE"):
        return int(self.stack.db.value(f"SELECT COUNT(*) FROM message WHERE {where}"))


class Answers(ShuttleCase):
    def told(self, connection, asked):
        def job():
            connection.send(asked)
            return connection.reply()
        return job

    def same(self, a, b):
        """But for what belongs to one request: its ids, and the state of the client's rate."""
        def plain(answer):
            headers = {name: value for name, value in answer.headers.items()
                       if name != "x-request-id" and not name.startswith("ratelimit")}
            return answer.status, headers.keys(), {**json.loads(answer.body), "id": 0}
        self.assertEqual(plain(a), plain(b))
        self.assertEqual({name for name in a.headers if name.startswith("ratelimit")},
                         {name for name in b.headers if name.startswith("ratelimit")})

    def test_as_a_worker_would(self):
        self.stack.ctl("suppress", "add", self.client.name, "gone@example.org")
        with self.connect() as connection:
            for path, fields in (("send_email", MAIL), ("send_sms", SMS), ("messages", ANY),
                                 ("messages", {**ANY, "channel": "email"}),
                                 ("send_email", {**MAIL, "test_mode": "true"}),
                                 ("send_email", {**MAIL, "message": "é" * 2000}),
                                 ("send_email", {**MAIL, "recipient": "gone@example.org"}),
                                 ("send_email", {**MAIL, "recipient": "gone@example.org", "force_sending": "true"})):
                with self.subTest(path, fields=str(fields)[:200]):
                    asked = send(self.client, path, fields)
                    answer = self.shuttle_answers(self.told(connection, asked))
                    self.same(answer, self.worker_answers(asked))
                    stored = self.stack.sql(f"SELECT client_id, identifier1, test_mode FROM message WHERE id = "
                                            f"{json.loads(answer.body).get('id', 0)}")
                    self.assertEqual(len(stored), answer.status == 200)

    def test_json_and_basic(self):
        asked = request("/v1/send_email", "POST", body=json.dumps(MAIL).encode(), keep=True,
                        CONTENT_TYPE="application/json", HTTP_AUTHORIZATION=basic(self.client))
        with self.connect() as connection:
            self.assertEqual(self.shuttle_answers(self.told(connection, asked)).status, 200)

    def test_not_for_it(self):
        """A worker answers, on the same connection, and nothing happens twice."""
        large = {**MAIL, "message": "x" * 50000}
        batch = request("/v1/send_email", "POST", body=json.dumps([MAIL, MAIL]).encode(), keep=True,
                        CONTENT_TYPE="application/json", HTTP_AUTHORIZATION=basic(self.client))
        with self.connect() as connection:
            for asked, status, more in (
                    (send(self.client, HTTP_IDEMPOTENCY_KEY="key-1"), 200, 1),
                    (send(self.client, HTTP_IDEMPOTENCY_KEY="key-1"), 200, 0),
                    (send(self.client, fields={**MAIL, "recipient": "nobody"}), 400, 0),
                    (send(self.client, fields={**MAIL, "recipient": "%00"}), 400, 0),
                    (send(self.client, fields=large), 200, 1), (batch, 200, 2),
                    (request("/v1/messages", keep=True, HTTP_AUTHORIZATION=basic(self.client)), 200, 0),
                    (request("/v1/nothing", keep=True), 404, 0)):
                connection.send(send(self.client))
                self.assertEqual(connection.reply().status, 200)
                before = self.stored()
                connection.send(asked)
                answer = connection.reply()
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(self.stored(), before + more)
                self.assertIn(self.served_by(answer), self.stack.workers())

    def test_habits(self):
        """Who sends batches, or under keys, stays with a worker; who sends one message after the other does not."""
        batch = request("/v1/send_email", "POST", body=json.dumps([MAIL]).encode(), keep=True,
                        CONTENT_TYPE="application/json", HTTP_AUTHORIZATION=basic(self.client))
        for asked in (batch, send(self.client, HTTP_IDEMPOTENCY_KEY="habits")):
            with Connection(self.stack.socket) as connection:
                for again in (asked, send(self.client)):
                    connection.send(again)
                    self.assertIn(self.served_by(connection.reply()), self.stack.workers())
                self.shuttle_answers(self.told(connection, send(self.client)))

    def test_who_is_let_in(self):
        form = self.client.form
        with self.connect() as connection:
            def status(**fields):
                body = urllib.parse.urlencode({**form(**MAIL), **fields}).encode()
                connection.send(request("/v1/send_email", "POST", body=body, keep=True, CONTENT_TYPE=FORM))
                return connection.reply().status
            self.assertEqual(status(), 200)
            self.assertEqual(status(auth_secret="wrong"), 401)
            self.assertEqual(status(auth_secret=self.other.secret), 401)
            self.assertEqual(status(auth_key="unknown"), 401)
            self.assertEqual(status(auth_key=""), 401)
            self.assertEqual(status(), 200)

    def test_disabled_client(self):
        client = self.stack.add_client()
        with self.connect(client) as connection:
            def status():
                connection.send(send(client))
                return connection.reply().status
            self.assertEqual(status(), 200)
            self.stack.ctl("client", "disable", client.name)
            wait_until(lambda: status() == 401, 10, "what is remembered of it to end")
            self.assertEqual([status() for _ in range(5)], [401] * 5)

    def test_rate(self):
        """Every request is counted once, whoever answers it."""
        client = self.stack.add_client(rate=1, burst=12)
        with Connection(self.stack.socket) as connection:
            answers = []
            for _ in range(15):
                connection.send(send(client))
                answers.append(connection.reply())
        self.assertEqual([answer.status for answer in answers], [200] * 12 + [429] * 3)
        self.assertEqual([answer.headers["ratelimit-remaining"] for answer in answers[:12]],
                         [str(left) for left in range(11, -1, -1)])
        self.assertIn("retry-after", answers[12].headers)

    def test_whose_message(self):
        """Two clients at once, on connections that share one shuttle."""
        def go(n):
            client, ids = (self.client, self.other)[n % 2], []
            with self.connect(client) as connection:
                for turn in range(40):
                    connection.send(send(client, fields={**MAIL, "identifier2": f"whose-{n}-{turn}"}))
                    ids.append((client.key, f"whose-{n}-{turn}", json.loads(connection.reply().body)["id"]))
            return ids
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            told = sorted(one for ids in pool.map(go, range(12)) for one in ids)
        rows = self.stack.sql("SELECT c.auth_key, m.identifier2, m.id FROM message m JOIN api_client c ON "
                              "c.id = m.client_id WHERE m.identifier2 LIKE 'whose-%'")
        self.assertEqual(told, sorted((key, name, int(number)) for key, name, number in rows))

    def test_crowd(self):
        """More at once than two loads have room for."""
        held = [self.connect() for _ in range(150)]
        before = self.stored()
        for connection in held:
            connection.send(send(self.client))
        self.assertEqual({connection.reply().status for connection in held}, {200})
        self.assertEqual(self.stored(), before + len(held))
        for connection in held:
            connection.close()

    def test_peer_that_leaves(self):
        """Its message is stored all the same, and others' are answered."""
        before = self.stored("identifier1 = 'left'")
        for _ in range(20):
            with self.connect() as connection, self.connect() as stays:
                connection.send(send(self.client, fields={**MAIL, "identifier1": "left"}))
                stays.send(send(self.client))
                connection.close()
                self.assertEqual(stays.reply().status, 200)
        wait_until(lambda: self.stored("identifier1 = 'left'") > before, 10, "one of them")
        self.assertEqual(len(self.stack.shuttle()), 1)


class Ends(ShuttleCase):
    def load(self, clients=8):
        """Senders through nginx: what was answered, what failed, and a way to stop them."""
        answered, failures, unanswered = [], [], set()

        def send_once(n, turn):
            name = f"{self.id().rpartition('.')[2]}-{n}-{turn}"
            unanswered.add(name)
            answer = self.stack.web.post("/v1/send_email", self.client.form(**{**MAIL, "identifier2": name}))
            if answer.status == 200:
                answered.append((name, answer.json["id"]))
                unanswered.remove(name)
            else:
                failures.append(answer)
        crowd = Crowd(send_once, clients, failures)
        self.addCleanup(crowd.end)

        def end():
            crowd.end()
            rows = self.stack.sql("SELECT identifier2, id FROM message WHERE identifier2 LIKE "
                                  f"'{self.id().rpartition('.')[2]}-%'")
            self.assertEqual(sorted((name, int(number)) for name, number in rows if name not in unanswered),
                             sorted(answered))
            self.assertEqual(len({name for name, _ in rows}), len(rows), "stored twice")
            return failures
        return answered, end

    def test_reload_under_load(self):
        answered, end = self.load()
        for _ in range(3):
            old, before = self.stack.shuttle() + self.stack.workers(), len(answered)
            self.stack.api.signal(signal.SIGHUP)
            wait_until(lambda old=old: not set(old) & set(self.stack.shuttle() + self.stack.workers()), 30, "new ones")
            wait_until(lambda before=before: len(answered) > before + 50, 30, "more answers")
        self.assertEqual(end(), [])

    def test_killed(self):
        """Whoever was with it hears nothing, at most once each; who was answered finds his message."""
        answered, end = self.load()
        for _ in range(3):
            before = len(answered)
            wait_until(lambda before=before: len(answered) > before + 50, 30, "answers")
            self.stack.kill_worker("shuttle")
        failures = end()
        self.assertEqual([failure for failure in failures if getattr(failure, "status", None) != 502], [])
        self.assertLessEqual(len(failures), 3 * 8)

    def test_retired_under_load(self):
        answered, end = self.load()
        old = self.stack.shuttle()
        os.kill(old[0], signal.SIGQUIT)
        wait_until(lambda: not alive(old[0]) and self.stack.shuttle(), 20, "it to end and be replaced")
        before = len(answered)
        wait_until(lambda: len(answered) > before + 50, 30, "more answers")
        self.assertEqual(end(), [])

    def test_stop_with_messages_in_hand(self):
        """What was sent before the stop is answered, and stored once."""
        held = [self.connect() for _ in range(40)]
        before = self.stored()
        for connection in held:
            connection.send(send(self.client))
        self.stack.api.signal(signal.SIGTERM)
        self.assertEqual({connection.reply().status for connection in held}, {200})
        self.assertEqual(self.stack.api.wait(30), 0)
        self.stack.start_api()
        self.assertEqual(self.stored(), before + len(held))

    def test_without(self):
        self.stack.set({"api": {"workers": 3, "shuttle": 0}})
        self.stack.api.signal(signal.SIGHUP)
        try:
            wait_until(lambda: not self.stack.shuttle(), 20, "it to end")
            with self.connect() as connection, Connection(self.stack.socket) as landlords:
                for of in (connection, landlords):
                    if of is landlords:         # one that the express has
                        bob = import_landlord(self.stack, small_portfolio("without", 2))
                        bob.get("immeubles")
                        landlords.send(immeubles(bob))
                        self.assertEqual(landlords.reply().status, 200)
                    of.send(send(self.client))
                    answer = of.reply()
                    self.assertEqual(answer.status, 200)
                    self.assertIn(self.served_by(answer), self.stack.workers())
        finally:
            self.stack.set({"api": {"workers": 3, "shuttle": 1}})
            self.stack.api.signal(signal.SIGHUP)
            wait_until(self.stack.shuttle, 20, "it to be there again")


class Stalls(ShuttleCase):
    def test_renews_nothing(self):
        """It answers a landlord what is kept, but messages do not wait for his operations to be counted."""
        landlord = import_landlord(self.stack, small_portfolio("counted", 3))
        operation, seen = landlord.portfolio["operations"][0]["id"], 0
        for turn in range(40):
            landlord.get(f"markOperation{('', 'Un')[turn % 2]}Paid/{operation}")
            landlord.get("immeubles")
            with self.connect() as kept, self.connect() as changed:
                kept.send(immeubles(landlord))
                by_shuttle = self.served_by(kept.reply()) in self.stack.shuttle()
                landlord.get(f"markOperation{('Un', '')[turn % 2]}Paid/{operation}")
                changed.send(immeubles(landlord))
                answer = changed.reply()
                self.assertIn(b'"countOperationsUnpaid":%d' % (1 - turn % 2), answer.body)
                self.assertNotIn(self.served_by(answer), self.stack.shuttle())
            seen += by_shuttle      # then it knows the landlord and the key
            if seen == 3:
                return
        self.fail("it did not answer what is kept")

    def test_table_that_is_locked(self):
        """
        Messages wait and are stored; a landlord, even one whose connection the shuttle has, does not wait for them.
        """
        bob = import_landlord(self.stack, small_portfolio("bob", 1))
        bob.get("immeubles")
        landlord = immeubles(bob)
        before = self.stored()
        with self.connect() as one, self.connect() as two, self.connect() as three, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            locked = pool.submit(self.stack.sql, "LOCK TABLES message WRITE, delivery WRITE; DO SLEEP(4)")
            wait_until(lambda: "SLEEP(4)" in str(self.stack.sql("SHOW FULL PROCESSLIST")), 10, "the lock")
            one.send(send(self.client))
            two.send(send(self.client))
            for _ in range(3):
                three.send(landlord)
                self.assertIn(b'"immeubles"', three.reply().body)
            self.assertFalse(locked.done(), "the landlord has waited")
            self.assertEqual([one.reply().status, two.reply().status], [200, 200])
            locked.result()
        self.assertEqual(self.stored(), before + 5)

    def test_client_that_is_locked(self):
        """His messages wait, for as long as it takes; those of others in the same load a second or two at most."""
        old, before = self.stack.shuttle(), self.stored()
        with self.connect() as first, self.connect() as one, self.connect(self.other) as two, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            locked = pool.submit(self.stack.sql, "START TRANSACTION; UPDATE api_client SET burst = burst + 1 WHERE "
                                 f"auth_key = '{self.client.key}'; DO SLEEP(6); ROLLBACK")
            wait_until(lambda: "SLEEP(6)" in str(self.stack.sql("SHOW FULL PROCESSLIST")), 10, "the lock")
            first.send(send(self.client))       # it is away alone, and the next two gather
            threading.Event().wait(0.2)
            one.send(send(self.client))
            two.send(send(self.other))
            self.assertEqual(two.reply().status, 200)
            self.assertFalse(locked.done(), "the other client has waited")
            self.assertEqual([first.reply().status, one.reply().status], [200, 200])
            locked.result()
        self.assertEqual(self.stored(), before + 3 + 3)
        self.assertEqual(self.stack.shuttle(), old)

    def test_rate_of_what_a_worker_does_after_all(self):
        """A message that could not be stored with the others is counted once."""
        client = self.stack.add_client(rate=1, burst=50)
        with self.connect(client) as connection, concurrent.futures.ThreadPoolExecutor(1) as pool:
            connection.send(send(client))
            left = int(connection.reply().headers["ratelimit-remaining"])
            locked = pool.submit(self.stack.sql, "START TRANSACTION; UPDATE api_client SET burst = burst + 1 WHERE "
                                 f"auth_key = '{client.key}'; DO SLEEP(2.5); ROLLBACK")
            wait_until(lambda: "SLEEP(2.5)" in str(self.stack.sql("SHOW FULL PROCESSLIST")), 10, "the lock")
            connection.send(send(client))
            answer = connection.reply()
            self.assertEqual((answer.status, int(answer.headers["ratelimit-remaining"])), (200, left - 1))
            locked.result()

    def test_no_database(self):
        """An error is the answer, soon; nothing is there afterwards that was not answered, and all goes on."""
        held = [self.connect() for _ in range(12)]
        before = self.stored()
        self.stack.db.kill()
        try:
            for connection in held:
                connection.send(send(self.client))
            statuses = {connection.reply().status for connection in held}
        finally:
            self.stack.db.start()
        self.assertEqual(statuses, {500})
        self.assertEqual(self.stored(), before)
        with self.connect() as connection:
            connection.send(send(self.client))
            self.assertEqual(connection.reply().status, 200)
