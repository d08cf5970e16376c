"""
The express: known answers come from it, the same as from a worker; everything else passes through it unharmed; and
nothing is lost when it, or what is around it, ends.
"""

import concurrent.futures
import contextlib
import os
import signal
import threading
import unittest
import urllib.parse

from tests.lib.crowd import Crowd
from tests.lib.fastcgi import Api, Connection, begin, pairs, parameters, record, request, stream, PARAMS, STDIN
from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.process import alive, wait_until
from tests.lib.stack import StackCase

EMAIL = {"recipient": "a@example.org", "subject": "s", "message": "m", "identifier1": "1"}
FORM = "application/x-www-form-urlencoded"
IMMEUBLES = "/api/gestion/2/immeubles"


def form(landlord, **more):
    return urllib.parse.urlencode({"username": landlord.username, "password": landlord.password, **more}).encode()


def ask(connection, landlord, path="immeubles", **more):
    """A landlord's request on a connection of our own, as nginx would send it."""
    values = {"CONTENT_TYPE": FORM, "HTTP_X_API_KEY": landlord.key, **more}
    return connection.ask("/api/gestion/2/" + path, "POST", body=form(landlord), keep=True, **values)


class ExpressCase(StackCase):
    options = {"workers": 3, "settings": {"api": {"express": 1}}}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = import_landlord(cls.stack, small_portfolio("bob", 1))
        cls.eve = import_landlord(cls.stack, small_portfolio("eve", 2), cls.bob.key)
        for landlord in (cls.bob, cls.eve):
            landlord.get("immeubles")           # the slow password hash is paid here

    def connect(self):
        """A connection that the express has: the answer before came from a worker, which gave it away."""
        connection = Connection(self.stack.socket)
        self.assertEqual(ask(connection, self.bob).status, 200)
        return connection

    def assert_worker(self, answer):
        self.assertNotIn(self.served_by(answer), self.stack.express())

    def express_answers(self, job):
        return self.answered_by("express", job)


class Answers(ExpressCase):
    def test_known_answers_come_from_it(self):
        with self.connect() as connection:
            for path in ("immeubles", f"immeuble/{1:02x}{1:022x}", f"operations/{1:02x}{1:022x}"):
                first, second = (ask(connection, self.bob, path) for _ in range(2))
                third = self.express_answers(lambda path=path: ask(connection, self.bob, path))
                self.assertEqual((first.status, first.body), (third.status, third.body), path)
                self.assertEqual({**first.headers, "x-request-id": ""}, {**third.headers, "x-request-id": ""})
            self.assertNotEqual(second.headers["x-request-id"], third.headers["x-request-id"])

    def test_head(self):
        with self.connect() as connection:
            query = form(self.bob).decode()
            asked = {"method": "HEAD", "query": query, "keep": True, "HTTP_X_API_KEY": self.bob.key}
            connection.ask(IMMEUBLES, **asked)
            answer = self.express_answers(lambda: connection.ask(IMMEUBLES, **asked))
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertGreater(int(answer.headers["content-length"]), 100)

    def test_whose_answer(self):
        """Landlords in turns and at once, on connections that all share one express."""
        wanted = {landlord: landlord.call("immeubles").body for landlord in (self.bob, self.eve)}
        self.assertNotEqual(*wanted.values())

        def go(n):
            with self.connect() as connection:
                for turn in range(150):
                    landlord = (self.bob, self.eve)[(n + turn // (1 + n % 3)) % 2]
                    if ask(connection, landlord).body != wanted[landlord]:
                        return turn
            return None
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            self.assertEqual(list(pool.map(go, range(12))), [None] * 12)

    def test_who_is_let_in(self):
        """On a connection and for an answer that the express has just served."""
        wrong = {"username": "bob", "password": "wrong horse"}
        with self.connect() as connection:
            def code(key=self.bob.key, **fields):
                values = {"username": "bob", "password": "correct horse", **fields}
                body = urllib.parse.urlencode(values).encode()
                answer = connection.ask(IMMEUBLES, "POST", body=body, keep=True, CONTENT_TYPE=FORM, HTTP_X_API_KEY=key)
                return answer.status, b'"immeubles"' in answer.body
            right = self.bob.call("immeubles")
            self.assertEqual(code(), (200, True))
            self.assertEqual(code(**wrong), (200, False))
            self.assertEqual(code(key="unknown")[0], 403)
            self.assertEqual(code(key=None)[0], 403)
            self.assertEqual(code(username="nobody"), (200, False))
            self.assertEqual(code(username="eve", password="wrong horse"), (200, False))
            self.assertEqual(code(), (200, True))
            self.assertEqual(right.body, self.bob.call("immeubles").body)

    def test_from_where(self):
        """Who is kept from guessing learns nothing of what is remembered of the landlord."""
        wrong = urllib.parse.urlencode({"username": "bob", "password": "wrong horse"}).encode()

        def statuses(connection, address):
            def guess():
                return connection.ask(IMMEUBLES, "POST", body=wrong, keep=True, CONTENT_TYPE=FORM,
                                      HTTP_X_API_KEY=self.bob.key, REMOTE_ADDR=address)
            wait_until(lambda: guess().status == 429, 60, "the limit")
            return {ask(connection, self.bob, REMOTE_ADDR=address).status for _ in range(4)}
        with self.connect() as connection:
            self.express_answers(lambda: ask(connection, self.bob))
            # On a slow machine a guess may have come free meanwhile, and then it is told.
            self.assertIn({429}, [statuses(connection, f"192.0.2.{i}") for i in range(3)])
            self.express_answers(lambda: ask(connection, self.bob))

    def test_password_that_changes(self):
        landlord = import_landlord(self.stack, small_portfolio("changing", 3), self.bob.key)
        landlord.get("immeubles")
        with self.connect() as connection:
            self.assertIn(b'"immeubles"', ask(connection, landlord).body)
            self.express_answers(lambda: ask(connection, landlord))
            self.stack.ctl("user", "premium", "changing", "PRO", "2040-01-01")
            self.assertIn(b'"immeubles"', ask(connection, landlord).body)
            self.stack.sql("UPDATE user_account SET password_hash = '$5$none$none' WHERE username = 'changing'")
            self.assertNotIn(b'"immeubles"', ask(connection, landlord).body)

    def test_write_is_seen_by_the_next_reading(self):
        operation = f"{4:02x}{1:022x}"
        with self.connect() as reader, self.connect() as writer:
            for turn in range(60):
                mark, unpaid = (("markOperationPaid", 0), ("markOperationUnPaid", 1))[turn % 2]
                self.assertEqual(ask(writer, self.bob, f"{mark}/{operation}").status, 200)
                self.assertIn(f'"countOperationsUnpaid":{unpaid}'.encode(), ask(reader, self.bob).body)

    def test_settings_that_change(self):
        """What was made with others is not found any more, however much of it is kept."""
        with self.connect() as connection:
            self.express_answers(lambda: ask(connection, self.bob))
        for key in ("Uno", "Duo"):
            self.stack.set({"gestion": {"maps_key": key}})
            self.stack.reload_api()
            with self.connect() as connection:
                for answer in (ask(connection, self.bob), self.express_answers(lambda: ask(connection, self.bob))):
                    self.assertIn(f"key={key}".encode(), answer.body)

    def test_without(self):
        self.stack.set({"api": {"workers": 3, "express": 0}})
        self.stack.api.signal(signal.SIGHUP)
        try:
            wait_until(lambda: not self.stack.express(), 20, "it to end")
            with self.connect() as connection:
                answer = ask(connection, self.bob)
                self.assertEqual(answer.status, 200)
                self.assertIn(self.served_by(answer), self.stack.workers())
        finally:
            self.stack.set({"api": {"workers": 3, "express": 1}})
            self.stack.api.signal(signal.SIGHUP)
            wait_until(self.stack.express, 20, "it to be there again")


class Others(ExpressCase):
    """What is not for it, on its connections."""

    def test_other_routes(self):
        client = self.stack.add_client()
        body = urllib.parse.urlencode(client.form(**EMAIL)).encode()
        with self.connect() as connection:
            for path, method, status in (("/health", "GET", 200), ("/v1/nothing", "GET", 404), ("/", "GET", 404),
                                         ("/v1/send_email", "POST", 200), ("/v1/messages", "GET", 401)):
                ask(connection, self.bob)
                answer = connection.ask(path, method, body=body if method == "POST" else b"", keep=True,
                                        CONTENT_TYPE=FORM)
                self.assertEqual(answer.status, status, (path, answer))
                self.assert_worker(answer)

    def test_pieces(self):
        """A request that comes byte by byte, in many records, with padding."""
        body = form(self.bob)
        values = pairs(parameters(IMMEUBLES, "POST", body=body, CONTENT_TYPE=FORM, HTTP_X_API_KEY=self.bob.key))
        whole = begin(True) + stream(PARAMS, values) + stream(STDIN, body)
        cut = begin(True) + b"".join(record(PARAMS, values[at:at + 7], padding=at % 8)
                                     for at in range(0, len(values), 7)) + record(PARAMS)
        cut += b"".join(record(STDIN, body[at:at + 3]) for at in range(0, len(body), 3)) + record(STDIN)
        with self.connect() as connection:
            wanted = ask(connection, self.bob).body
            for at in range(len(whole)):
                connection.send(whole[at:at + 1])
            self.assertEqual(connection.reply().body, wanted)
            ask(connection, self.bob)

            def in_pieces():
                connection.send(cut)
                return connection.reply()
            self.assertEqual(self.express_answers(in_pieces).body, wanted)

    def test_large(self):
        """More than it looks at."""
        body = form(self.bob, more="x" * 100000)
        with self.connect() as connection:
            for _ in range(3):
                answer = connection.ask(IMMEUBLES, "POST", body=body, keep=True, CONTENT_TYPE=FORM,
                                        HTTP_X_API_KEY=self.bob.key)
                self.assertEqual(answer.status, 200)
                self.assert_worker(answer)
                self.assertEqual(ask(connection, self.bob).status, 200)

    def test_two_at_once(self):
        """What nginx never does: a second request behind the first."""
        one = request(IMMEUBLES, "POST", body=form(self.bob), keep=True, CONTENT_TYPE=FORM,
                      HTTP_X_API_KEY=self.bob.key)
        other = request(IMMEUBLES, "POST", body=form(self.eve), keep=True, CONTENT_TYPE=FORM,
                        HTTP_X_API_KEY=self.eve.key)
        with self.connect() as connection:
            wanted = ask(connection, self.bob).body
            connection.send(one + other)
            self.assertEqual(connection.reply().body, wanted)

    def test_broken(self):
        good = begin(True) + stream(PARAMS, pairs(parameters(IMMEUBLES, "POST", CONTENT_LENGTH="5")))
        for bad in (b"\x07" * 64, record(PARAMS, b"xx", version=9), good + record(STDIN, b"ab"), record(STDIN)):
            with self.subTest(bad[:16]), self.connect() as connection:
                ask(connection, self.bob)
                connection.send(bad)
                connection.socket.shutdown(1)
                reply = connection.reply()
                self.assertTrue(reply is None or reply.status >= 400, reply)
        with self.connect() as connection:
            self.assertEqual(ask(connection, self.bob).status, 200)
        self.assertEqual(len(self.stack.express()), 1)

    def test_length_that_is_not_that_of_the_body(self):
        """What is left of a body must never be read as a request."""
        hidden = request("/health", keep=True)
        for announced in (len(form(self.bob)) + len(hidden), 3, "x"):
            with self.subTest(announced), self.connect() as connection:
                ask(connection, self.bob)
                values = parameters(IMMEUBLES, "POST", CONTENT_TYPE=FORM, CONTENT_LENGTH=announced,
                                    HTTP_X_API_KEY=self.bob.key)
                connection.send(begin(True) + stream(PARAMS, pairs(values)) + stream(STDIN, form(self.bob)))
                answer = connection.reply()
                self.assertTrue(answer is None or answer.status == 400, answer)

    def test_idle_connections(self):
        """Many of them, closed by the peer or left alone; the next one is served."""
        held = [self.connect() for _ in range(60)]
        for connection in held[::2]:
            connection.close()
        for connection in held[1::2]:
            self.assertEqual(ask(connection, self.bob).status, 200)
        left = held[1::2]
        for connection in left:
            self.assertTrue(connection.ends(), "it ends silent ones after a while")


class Ends(ExpressCase):
    """The express, its workers and their master end, in any way."""

    def load(self, clients=8):
        """Readers and writers through nginx: how many answers there are, and the crowd itself."""
        failures, answers = [], [0]
        operation = f"{4:02x}{2:022x}"

        def ask_once(n, turn):
            path = f"markOperationPaid/{operation}" if turn % 10 == n else "immeubles"
            answer = (self.bob, self.eve)[path != "immeubles" or turn % 2].call(path)
            if answer.status != 200:
                failures.append(answer)
            answers[0] += 1
        crowd = Crowd(ask_once, clients, failures)
        self.addCleanup(crowd.end)
        return answers, crowd

    def test_reload_under_load(self):
        answers, crowd = self.load()
        for _ in range(4):
            old, before = self.stack.express() + self.stack.workers(), answers[0]
            self.stack.api.signal(signal.SIGHUP)
            wait_until(lambda old=old: not set(old) & set(self.stack.express() + self.stack.workers()), 30, "new ones")
            wait_until(lambda before=before: crowd.wrong or answers[0] > before + 100, 30, "more answers")
        self.assertEqual(crowd.end(), [])

    def test_killed(self):
        """What it holds is lost at that moment, at most an answer each; it is replaced, and others go on."""
        answers, crowd = self.load()
        for _ in range(3):
            old, before = self.stack.express(), answers[0]
            wait_until(lambda before=before: answers[0] > before + 100, 30, "answers")
            os.kill(old[0], signal.SIGKILL)
            wait_until(lambda old=old: set(self.stack.express()) - set(old), 30, "a new one")
        failures = crowd.end()
        self.assertEqual([failure for failure in failures if getattr(failure, "status", None) != 502], [])
        self.assertLessEqual(len(failures), 3 * 8)
        with self.connect() as connection:
            self.express_answers(lambda: ask(connection, self.bob))

    def test_that_cannot_start(self):
        """Connections meant for it are the workers', and do not wait for it."""
        for _ in range(3):                      # once is enough, unless this machine is very slow
            for _ in range(6):                  # each time the master waits longer
                wait_until(self.stack.express, 30, "one")
                os.kill(self.stack.express()[0], signal.SIGKILL)
                wait_until(lambda: not self.stack.express(), 30, "its end")
            with self.connect() as connection:
                self.assertEqual(ask(connection, self.bob).status, 200)
                before = not self.stack.express()
            if before:
                break
        self.assertTrue(before)
        wait_until(self.stack.express, 30, "one")

    def test_workers_killed(self):
        """Connections that wait for a worker outlive those that there are."""
        self.bob.get("immeubles")
        for _ in range(3):
            killed = self.stack.workers()
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda killed=killed: not any(map(alive, killed)), 10, "their end")
            self.assertEqual(self.bob.call(f"immeuble/{1:02x}{1:022x}", headers={"X-Request-Id": ""}).status, 200)

    def stop_under_load(self, tell):
        """Every request that was sent before its connection was closed, or said to be the last, is answered."""
        self.assertEqual(self.bob.call("immeubles").status, 200)
        stop, cut, answers = threading.Event(), [], []

        def run(n):
            try:
                with self.connect() as connection:
                    while not stop.is_set():
                        answer = ask(connection, self.bob)
                        if answer is None:
                            cut.append(n)
                            return
                        answers.append(answer.status)
                        if connection.has_more():
                            return
            except OSError:
                pass                            # not accepted any more
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(run, n) for n in range(8)]
            try:
                wait_until(lambda: len(answers) > 200, 30, "answers")
                tell()
                status = self.stack.api.wait(30)
            finally:
                stop.set()
            for done in runs:
                done.result()
        self.stack.start_api()
        self.bob.get("immeubles")
        self.assertEqual(set(answers), {200})
        return status, cut

    def test_stop(self):
        status, cut = self.stop_under_load(lambda: self.stack.api.signal(signal.SIGTERM))
        self.assertEqual((status, cut), (0, []))

    def test_stop_of_all_processes(self):
        """As systemd does it: everybody gets the signal at once."""
        def tell():
            for pid in [*self.stack.express(), *self.stack.workers(), self.stack.api.pid]:
                os.kill(pid, signal.SIGTERM)
        _, cut = self.stop_under_load(tell)
        self.assertEqual(cut, [])


class Renewals(ExpressCase):
    """After a write to an operation: the counts are new, the rest is kept, and the express needs no worker."""

    def marked(self, connection, landlord, paid):
        """The list after a write that changes it."""
        for now in (not paid, paid):
            mark = "markOperationPaid" if now else "markOperationUnPaid"
            landlord.get(f"{mark}/{landlord.portfolio['operations'][0]['id']}")
        return ask(connection, landlord)

    def test_counts(self):
        lists = {}
        with self.connect() as connection:
            for turn in range(6):
                paid = turn % 2 == 1
                answer = self.express_answers(lambda paid=paid: self.marked(connection, self.bob, paid))
                self.assertIn(f'"countOperationsUnpaid":{int(not paid)}'.encode(), answer.body)
                self.assertEqual(lists.setdefault(paid, answer.body), answer.body)
                self.assertEqual(self.bob.call("immeubles").body, answer.body)
            self.stack.sql("UPDATE user_account SET portfolio_version = portfolio_version + 1 WHERE username = 'bob'")
            self.assertEqual(self.bob.call("immeubles").body, lists[True])     # built anew

    def test_changed_otherwise(self):
        """A tenant's name is in what is kept."""
        tenant = self.bob.portfolio["immeubles"][0]["biens"][0]["locataires"][0]["id"]
        with self.connect() as connection:
            for name in ("Nouveau", "Encore"):
                self.express_answers(lambda: self.marked(connection, self.bob, True))
                self.stack.sql(f"UPDATE user_account u JOIN locataire l ON l.user_id = u.id SET l.nom = '{name}', "
                               f"u.portfolio_version = u.portfolio_version + 1 WHERE l.id = X'{tenant}'")
                self.assertIn(name.encode(), self.marked(connection, self.bob, True).body)

    def one_round(self, asked):
        """Answers to landlords' requests, one a connection, that the express finds all at the same moment."""
        pid, = self.stack.express()
        os.kill(pid, signal.SIGSTOP)
        try:
            for connection, landlord in asked:
                connection.send(request(IMMEUBLES, "POST", body=form(landlord), keep=True, CONTENT_TYPE=FORM,
                                        HTTP_X_API_KEY=landlord.key))
        finally:
            os.kill(pid, signal.SIGCONT)
        answers = [connection.reply() for connection, _ in asked]
        for (_, landlord), answer in zip(asked, answers):
            self.assertIn(landlord.portfolio["immeubles"][0]["id"].encode(), answer.body)
        return answers

    def in_one_round(self, landlords, by_express):
        """
        After writes to the portfolios of all, those of whom it is said are answered by the express, and never others.
        Not in every round: once a second a worker looks at the developer's key again, and time for renewals is short.
        """
        with contextlib.ExitStack() as stack:
            asked = [(stack.enter_context(self.connect()), landlord) for landlord in landlords]
            for turn in range(40):
                for landlord in set(landlords):
                    self.marked(asked[0][0], landlord, turn % 2 == 1)
                    landlord.get(f"markOperation{('', 'Un')[turn % 2]}Paid/{landlord.portfolio['operations'][0]['id']}")
                answers = self.one_round(asked)
                for answer in answers:
                    self.assertRegex(answer.body, b'"countOperationsUnpaid":(%d|%d)\\D' % (turn % 2, 2000 + turn % 2))
                by = [self.served_by(answer) in self.stack.express() for answer in answers]
                self.assertEqual([got and not wanted for got, wanted in zip(by, by_express)], [False] * len(by))
                if by == by_express:
                    return
        self.fail("workers answered some of them each time")

    def test_several(self):
        self.in_one_round([self.bob, self.eve, self.bob, self.bob, self.eve], [True] * 5)

    def test_much_to_count(self):
        """Is counted once, and from then on by workers: others wait for the express, and are not kept waiting."""
        heavy = import_landlord(self.stack, small_portfolio("heavy", 7), self.bob.key)
        operation = heavy.portfolio["operations"][0]["id"]
        columns = "user_id, immeuble_id, locataire_id, type_id, montant, operation_date, paid, auto, date_created"
        self.stack.sql(f"INSERT INTO operation (id, {columns}) SELECT UNHEX(LPAD(HEX(4096 + s.seq), 24, '0')), "
                       f"{columns} FROM operation o, seq_1_to_2000 s WHERE o.id = X'{operation}'")
        heavy.get("immeubles")
        with self.connect() as connection:
            answer = self.express_answers(lambda: self.marked(connection, heavy, False))
            self.assertIn(b'"countOperationsUnpaid":2001', answer.body)
        self.in_one_round([heavy, heavy, heavy, self.bob, heavy], [False, False, False, True, False])

    def test_operations_that_are_locked(self):
        """A worker waits for them, not the express, and others do not notice."""
        unlucky = import_landlord(self.stack, small_portfolio("unlucky", 8), self.bob.key)
        asked = request(IMMEUBLES, "POST", body=form(unlucky), keep=True, CONTENT_TYPE=FORM,
                        HTTP_X_API_KEY=unlucky.key)
        unlucky.get("immeubles")
        with self.connect() as first, self.connect() as second, self.connect() as other, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.express_answers(lambda: ask(other, self.eve))
            self.express_answers(lambda: self.marked(first, unlucky, True))
            unlucky.get("markOperationUnPaid/" + unlucky.portfolio["operations"][0]["id"])
            locked = pool.submit(self.stack.sql, "LOCK TABLES operation WRITE; DO SLEEP(1000)")
            running = "FROM information_schema.processlist WHERE info = 'DO SLEEP(1000)'"
            wait_until(lambda: self.stack.sql("SELECT 1 " + running), 10, "the lock")
            try:
                for connection in (first, second):
                    connection.send(asked)
                    self.express_answers(lambda: ask(other, self.eve))
            finally:
                self.stack.sql("KILL " + self.stack.db.value("SELECT id " + running))
            locked.exception()
            for connection in (first, second):
                answer = connection.reply()
                self.assert_worker(answer)
                self.assertIn(b'"countOperationsUnpaid":1', answer.body)


class Stalls(ExpressCase):
    def test_database_that_stands_still(self):
        """Requests that come while the express waits in vain are answered by workers, not lost."""
        asked = request(IMMEUBLES, "POST", body=form(self.bob), keep=True, CONTENT_TYPE=FORM,
                        HTTP_X_API_KEY=self.bob.key)
        with self.connect() as a, self.connect() as b, concurrent.futures.ThreadPoolExecutor(1) as pool:
            for connection in (a, b):
                self.express_answers(lambda connection=connection: ask(connection, self.bob))
            locked = pool.submit(self.stack.sql, "LOCK TABLES user_account WRITE; DO SLEEP(4)")
            wait_until(lambda: "SLEEP(4)" in str(self.stack.sql("SHOW FULL PROCESSLIST")), 10, "the lock")
            a.send(asked)
            threading.Event().wait(0.5)
            b.send(asked)
            replies = [connection.reply() for connection in (a, b)]
            self.assertEqual([reply.status for reply in replies], [200, 200])
            for reply in replies:
                self.assert_worker(reply)
            locked.result()
            ask(a, self.bob)

    def test_reload_without_it(self):
        """A worker that was busy at the reload gives its connection to an express that is no more."""
        body = form(self.bob)
        values = pairs(parameters(IMMEUBLES, "POST", body=body, CONTENT_TYPE=FORM, HTTP_X_API_KEY=self.bob.key))
        with Connection(self.stack.socket) as connection:
            connection.send(begin(True) + stream(PARAMS, values) + record(STDIN, body[:5]))
            old = self.stack.workers()
            self.stack.set({"api": {"workers": 3, "express": 0}})
            self.stack.api.signal(signal.SIGHUP)
            try:
                wait_until(lambda: not self.stack.express() and len(set(old) & set(self.stack.workers())) == 1, 20,
                           "the new generation")
                connection.send(record(STDIN, body[5:]) + record(STDIN))
                self.assertEqual(connection.reply().status, 200)
                if not connection.has_more():
                    self.assertEqual(ask(connection, self.bob).status, 200)
            finally:
                self.stack.set({"api": {"workers": 3, "express": 1}})
                self.stack.api.signal(signal.SIGHUP)
                wait_until(self.stack.express, 20, "it to be there again")

    def test_retired_under_load(self):
        """What it has goes to the others, and no request is lost."""
        stop, lost = threading.Event(), []

        def run(n):
            with self.connect() as connection:
                while not stop.is_set():
                    answer = ask(connection, self.bob)
                    if answer is None:
                        lost.append(n)
                    if answer is None or connection.has_more():
                        return
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            runs = [pool.submit(run, n) for n in range(16)]
            try:
                old = self.stack.express()
                os.kill(old[0], signal.SIGQUIT)
                wait_until(lambda: set(self.stack.express()) - set(old) and old[0] not in self.stack.express(), 20,
                           "it to end and be replaced")
            finally:
                stop.set()
            for done in runs:
                done.result()
        self.assertEqual(lost, [])


class Crowds(ExpressCase):
    def test_workers_that_stand_still(self):
        """The queue to them is full: the express waits, hears its signals, ends, and nothing is lost."""
        held = [self.connect() for _ in range(300)]
        old, stopped = self.stack.express(), self.stack.workers()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            for connection in held:
                connection.send(request("/v1/nothing", keep=True))
            os.kill(old[0], signal.SIGUSR1)     # heard, and no reason to end
            os.kill(old[0], signal.SIGQUIT)
            wait_until(lambda: not alive(old[0]), 20, "its end")
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        self.assertEqual([connection.reply().status for connection in held], [404] * len(held))

    def test_patience_at_the_end(self):
        """What comes to an express that was told to stop waits for the database as it would with a worker."""
        operation = f"{4:02x}{1:022x}"
        for _ in range(5):                      # until it is the express that answers
            wait_until(self.stack.express, 30, "one")
            old = self.stack.express()
            with self.connect() as connection, concurrent.futures.ThreadPoolExecutor(1) as pool:
                ask(connection, self.bob)
                locked = pool.submit(self.stack.sql, "LOCK TABLES user_account WRITE, operation WRITE; DO SLEEP(5)")
                wait_until(lambda: "SLEEP(5)" in str(self.stack.sql("SHOW FULL PROCESSLIST")), 10, "the lock")
                os.kill(old[0], signal.SIGTERM)
                threading.Event().wait(0.2)
                answer = ask(connection, self.bob, f"markOperationPaid/{operation}")
                self.assertEqual(answer.status, 200)
                locked.result()
            if self.served_by(answer) in old:
                return
        self.fail("a worker answered each time")


class Alone(unittest.TestCase):
    def test_without_a_database(self):
        """The connection is with the express, and what it cannot answer is answered by workers."""
        with Api() as api, api.connect() as connection:
            for _ in range(10):
                answer = connection.ask(IMMEUBLES, "POST", keep=True, HTTP_X_API_KEY="x")
                self.assertEqual(answer.status, 500, answer)

    def test_how_many(self):
        with Api(express=3, shuttle=2) as api:
            wait_until(lambda: len(api.process.children()) == 7, 10, "two workers, three and two")
            wait_until(lambda: len(api.workers()) == 2, 10, "two of them workers")


if __name__ == "__main__":
    unittest.main()
