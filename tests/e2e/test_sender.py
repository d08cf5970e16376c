"""The sender against mail servers and SMS gateways, good and bad: what it sends, what it makes of the answers."""

import base64
import concurrent.futures
import email
import email.policy
import email.utils
import json
import os
import pty
import re
import signal
import subprocess
import threading
import unittest
from email.header import decode_header, make_header

from tests.lib.gateway import Gateway
from tests.lib.kannel import Kannel
from tests.lib.process import wait_until
from tests.lib.smtp import SmtpSink
from tests.lib.smtp_server import SmtpServer, make_certificate
from tests.lib.stack import StackCase, free_port


LOGO = 'https://example.org/logo.png?a=1&b="2"'


def sql_text(value):
    return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4)"


class Case(StackCase):
    def setUp(self):
        self.client = self.stack.add_client()

    def post(self, path, items):
        client = self.client
        answer = self.stack.web.post(path, json=items, query={"auth_key": client.key, "auth_secret": client.secret})
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(all(not item["error"] for item in answer.json["messages"]), answer)
        return [item["id"] for item in answer.json["messages"]]

    def queue_mails(self, recipients, **more):
        return self.post("/v1/send_email", [{"recipient": to, "subject": "Sujet", "message": "Bonjour", **more}
                                            for to in recipients])

    def queue_texts(self, texts, **more):
        return self.post("/v1/send_sms", [{"recipient": f"06020304{i:02}", "message": text, **more}
                                          for i, text in enumerate(texts)])

    def deliveries(self, ids):
        """{message id: row} of one delivery each."""
        columns = "message_id, state, error_message, recipient, attempts, remote_id, sms_encoding, segments"
        rows = self.stack.sql(f"SELECT {columns} FROM delivery WHERE message_id IN ({','.join(map(str, ids))})")
        names = ["message", "state", "error", "recipient", "attempts", "remote_id", "encoding", "segments"]
        return {int(row[0]): dict(zip(names, row)) for row in rows}

    def states(self, ids):
        found = self.deliveries(ids)
        return [found[i]["state"] for i in ids]

    def make_due(self):
        self.stack.sql("UPDATE delivery SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE state = 'queued'")

    def forget(self):
        """What one test leaves unsent is not another's business."""
        self.stack.sql("UPDATE delivery SET state = 'failed', due_at = NULL WHERE due_at IS NOT NULL")

    def tearDown(self):
        self.forget()
        super().tearDown()


class MailCase(Case):
    options = {"mail": "smtp", "settings": {"smtp": {"host": "127.0.0.1", "connections": 4, "timeout": "3s"},
                                            "sms": {"timeout": "3s"}, "sender": {"lease": "30s"}}}

    def serve(self, settings=None, **arguments):
        server = SmtpServer(**arguments)
        self.addCleanup(server.stop)
        self.stack.set({"smtp": {"host": "127.0.0.1", "port": server.port, "connections": 4, "tls": "none",
                                 "user": None, "password": None, "ca_file": None, "verify": None, **(settings or {})}})
        return server


class Outcomes(MailCase):
    """What the server answers decides; what it leaves unclear is never sent again."""

    EXPECTED = [
        ("taken", "sent"),
        ("mail-450", "queued"), ("mail-550", "failed"), ("mail-421", "queued"), ("mail-close", "queued"),
        ("mail-530", "queued"),
        ("rcpt-450", "queued"), ("rcpt-550", "failed"), ("rcpt-553", "failed"), ("rcpt-421", "queued"),
        ("rcpt-close", "queued"),
        ("data-451", "queued"), ("data-554", "failed"), ("data-421", "queued"), ("data-close", "queued"),
        ("data-250", "queued"), ("mid-452", "queued"), ("mid-552", "failed"),
        ("dot-450", "queued"), ("dot-421", "queued"), ("dot-552", "failed"), ("dot-550", "failed"),
        ("dot-slow", "sent"),
        ("dot-close", "unknown"), ("dot-junk", "unknown"), ("dot-never", "unknown"), ("dot-354", "unknown"),
    ]

    def check(self, pipelining):
        server = self.serve(pipelining=pipelining, slow=0.5)
        ids = self.queue_mails([f"{name}@example.org" for name, _ in self.EXPECTED])
        self.stack.send_all()
        got = dict(zip((name for name, _ in self.EXPECTED), self.states(ids)))
        self.assertEqual(got, dict(self.EXPECTED))
        for row in self.deliveries(ids).values():
            if row["state"] == "sent":
                self.assertRegex(row["remote_id"], r"^4F2B1-\d+$")
                self.assertIsNone(row["error"])
            else:
                self.assertTrue(row["error"], row)
            code = re.match(r"(mail|rcpt|data|dot|mid)-(\d+)", row["recipient"])
            if code and row["state"] != "sent":
                self.assertIn(code.group(2), row["error"])
        # Later, what may be sent again is; what is unclear is not, nor what was refused for good.
        before = len(server.recipients())
        mails = [bytes(connection.bytes) for connection in server.connections]
        self.assertEqual(sum(b"<dot-close@" in one for one in mails), 1)
        self.make_due()
        self.stack.send_all()
        self.assertEqual(self.states(ids), [state for _, state in self.EXPECTED])
        self.assertEqual(len(server.recipients()), before)
        asked = b"".join(bytes(connection.bytes) for connection in server.connections)
        for name, state in self.EXPECTED:
            tries = asked.count(f"RCPT TO:<{name}@example.org>".encode())
            if state != "queued":
                self.assertEqual(tries, 1, name)
            elif not name.startswith("mail-"):
                self.assertGreaterEqual(tries, 2, name)     # once more where the server closed a connection it had used

    def test_with_pipelining(self):
        self.check(True)

    def test_without_pipelining(self):
        self.check(False)

    def test_server_closes_after_some(self):
        """A connection that the server ends after a few mails costs none of them an attempt."""
        server = self.serve(per_connection=3)
        ids = self.queue_mails([f"m{i}@example.org" for i in range(40)])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 40)
        self.assertEqual(sorted(server.recipients()), sorted(f"m{i}@example.org" for i in range(40)))
        self.assertGreaterEqual(len(server.connections), 13)

    def test_slow_one_holds_nobody_up(self):
        """Two connections, one stuck behind a slow answer: all the others pass on the other one."""
        server = self.serve({"connections": 2}, slow=2.0)
        ids = self.queue_mails(["dot-slow@example.org"] + [f"m{i}@example.org" for i in range(60)])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 61)
        self.assertEqual(server.recipients()[-1], "dot-slow@example.org")

    def test_nobody_there(self):
        """Nothing is lost or failed when no server answers, and all of it goes when one does."""
        ids = self.queue_mails([f"m{i}@example.org" for i in range(5)])
        self.stack.set({"smtp": {"port": free_port()}})
        self.assertEqual(self.stack.send_all().returncode, 0)
        self.assertEqual(self.states(ids), ["queued"] * 5)
        self.assertTrue(all("not reachable" in row["error"] for row in self.deliveries(ids).values()))
        server = self.serve()
        self.stack.send_all()
        self.assertEqual(server.recipients(), [], "sent before the delay of a retry was over")
        self.make_due()
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 5)
        self.assertEqual(len(server.recipients()), 5)

    def test_expires(self):
        """Neither sent after its time, nor put back for a time after it."""
        server = self.serve()
        ids = self.queue_mails(["late@example.org", "rcpt-450@example.org"])
        for i, seconds in zip(ids, (-1, 20)):
            self.stack.sql(f"UPDATE delivery SET expires_at = UTC_TIMESTAMP(3) + INTERVAL {seconds} SECOND"
                           f" WHERE message_id = {i}")
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["expired", "expired"])
        self.assertEqual(server.recipients(), [])
        self.assertIn("450", self.deliveries(ids)[ids[1]]["error"])

    def test_helo(self):
        """The name that was set; without one this machine's, and never none."""
        for helo, said in (("api.exemple.fr", rb"api\.exemple\.fr"), (None, rb"[\w.-]+")):
            server = self.serve({"helo": helo})
            ids = self.queue_mails(["x@example.org"])
            self.stack.send_all()
            self.assertEqual(self.states(ids), ["sent"])
            self.assertRegex(bytes(server.connections[-1].bytes), rb"^EHLO " + said + rb"\r\n")

    def test_unsubscribed_meanwhile(self):
        server = self.serve()
        ids = self.queue_mails(["gone@example.org", "stays@example.org"])
        forced = self.queue_mails(["gone@example.org"], force_sending=True)
        self.stack.ctl("suppress", "add", self.client.name, "gone@example.org")
        self.stack.send_all()
        self.assertEqual(self.states(ids + forced), ["suppressed", "sent", "sent"])
        self.assertEqual(self.deliveries(ids)[ids[0]]["error"], "recipient unsubscribed")
        self.assertEqual(sorted(server.recipients()), ["gone@example.org", "stays@example.org"])


class PointOfNoReturn(MailCase):
    """The final dot is written only after `transmitting` was committed, and never for a claim that was lost."""

    def test_committed_before_the_dot(self):
        seen = []

        def look(recipient):
            seen.append(self.stack.sql(f"SELECT state FROM delivery WHERE recipient = '{recipient}'")[0][0])
        self.serve(dot_hook=look)
        ids = self.queue_mails([f"hold{i}@example.org" for i in range(10)])
        self.stack.send_all()
        self.assertEqual(seen, ["transmitting"] * 10)
        self.assertEqual(self.states(ids), ["sent"] * 10)

    def test_killed_around_the_dot(self):
        """What the server has got when the sender dies there, and what the table says."""
        for point, dots, state in (("sender.claimed", 0, "claimed"), ("sender.rendered", 0, "claimed"),
                                   ("sender.before_transmitting", 0, "claimed"),
                                   ("sender.transmitting", 0, "transmitting"),
                                   ("sender.before_dot", 0, "transmitting"), ("sender.after_dot", 1, "transmitting"),
                                   ("sender.answer", 1, "transmitting"), ("sender.before_record", 1, "transmitting"),
                                   ("sender.recorded", 1, "sent")):
            with self.subTest(point=point):
                server = self.serve()
                ids = self.queue_mails([f"{point}@example.org"])
                self.assertEqual(self.stack.send(BAILLEUR_FAULT=point, check=False).returncode, -signal.SIGKILL)
                wait_until(lambda: not server._open, 10, "the connection to end")
                got = b"".join(bytes(connection.bytes) for connection in server.connections)
                self.assertEqual(got.count(b"\r\n.\r\n"), dots)
                self.assertEqual(len(server.recipients()), dots)
                self.assertEqual(self.states(ids), [state])
                self.forget()

    def test_commit_takes_most_of_the_lease(self):
        """What is left of the lease when `transmitting` is committed at last is too short for the mail: no dot."""
        holders, pool = [], concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)

        def hold(recipient):
            if holders:
                return
            row = f"SELECT id FROM delivery WHERE recipient = '{recipient}' FOR UPDATE"
            holders.append(pool.submit(self.stack.sql, f"START TRANSACTION; {row}; DO SLEEP(7); COMMIT"))
            wait_until(lambda: not self.stack.sql(row + " SKIP LOCKED"), 5, "the row to be locked")
        server = self.serve(data_hook=hold)
        self.stack.set({"sender": {"lease": "10s"}})
        self.addCleanup(self.stack.set, {"sender": {"lease": "30s"}})
        ids = self.queue_mails(["late@example.org"])
        self.stack.send_all()
        holders[0].result()
        self.assertEqual(self.states(ids), ["sent"])
        self.assertEqual(server.recipients(), ["late@example.org"])
        events = self.stack.sql("SELECT e.state FROM delivery_event e JOIN delivery d ON d.id = e.delivery_id"
                                f" WHERE d.message_id = {ids[0]} ORDER BY e.number")
        self.assertEqual([row[0] for row in events],
                         ["claimed", "transmitting", "queued", "claimed", "transmitting", "sent"])

    def test_lost_claim(self):
        """Another sender took the row over while the envelope was being spoken: no dot."""
        def steal(recipient):
            if recipient.startswith("stolen"):
                self.stack.sql("UPDATE delivery SET claim_id = UNHEX(REPEAT('ab', 16))"
                               f" WHERE recipient = '{recipient}'")
        server = self.serve(data_hook=steal)
        ids = self.queue_mails(["stolen@example.org", "kept@example.org"])
        self.stack.send_all()
        self.assertEqual(server.recipients(), ["kept@example.org"])
        self.assertEqual(self.states(ids), ["claimed", "sent"])
        got = b"".join(bytes(connection.bytes) for connection in server.connections)
        self.assertEqual(got.count(b"\r\n.\r\n"), 1)

    def hang_up_before_the_dot(self, attempts):
        """
        The server goes away while the second mail, committed as transmitting, is about to get its dot. Returns the
        server, the ids of three mails, and the events of the second.
        """
        held = self.stack.dir + f"/held-{attempts}"
        server = self.serve({"connections": 1})
        ids = self.queue_mails([f"{name}@example.org" for name in ("before", "cut", "after")])
        self.stack.sql(f"UPDATE delivery SET attempts = {attempts} WHERE message_id = {ids[1]}")
        sender = self.stack.start_sender(BAILLEUR_FAULT="sender.before_dot:2", BAILLEUR_FAULT_HOLD=held)
        wait_until(lambda: os.path.exists(held), 30, "the second dot")
        server.hang_up()
        os.unlink(held)
        self.assertEqual(sender.wait(60), 0)
        events = self.stack.sql("SELECT e.state FROM delivery_event e JOIN delivery d ON d.id = e.delivery_id"
                                f" WHERE d.message_id = {ids[1]} ORDER BY e.number")
        return server, ids, [row[0] for row in events]

    def test_server_gone_before_the_dot(self):
        """Nothing of it is with the server: it is sent at once, on another connection, as if it had not been begun."""
        server, ids, events = self.hang_up_before_the_dot(0)
        self.assertEqual(self.states(ids), ["sent"] * 3)
        self.assertEqual(sorted(server.recipients()), ["after@example.org", "before@example.org", "cut@example.org"])
        self.assertEqual(events, ["claimed", "transmitting", "queued", "claimed", "transmitting", "sent"])

    def test_server_gone_before_the_dot_again(self):
        """At a second attempt it waits its time: it may be this mail that the server goes away at."""
        server, ids, events = self.hang_up_before_the_dot(1)
        self.assertEqual(self.states(ids), ["sent", "queued", "sent"])
        self.assertIn("lost", self.deliveries(ids)[ids[1]]["error"])
        self.assertEqual(events, ["claimed", "transmitting", "queued"])
        self.make_due()
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 3)
        self.assertEqual(sorted(server.recipients()), ["after@example.org", "before@example.org", "cut@example.org"])

    def test_short_lease(self):
        """What would not be done before the lease ends is not begun, but given back."""
        self.stack.set({"sender": {"lease": "10s"}, "smtp": {"timeout": "6s"}})
        self.addCleanup(self.stack.set, {"sender": {"lease": "30s"}, "smtp": {"timeout": "3s"}})
        server = self.serve({"connections": 1}, slow=4.0)
        ids = self.queue_mails(["dot-slow@example.org"] + [f"m{i}@example.org" for i in range(3)])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 4)
        self.assertEqual(len(server.recipients()), 4)
        told = self.stack.sql("SELECT COUNT(*) FROM delivery_event JOIN delivery ON id = delivery_id"
                              f" WHERE message_id = {ids[1]} AND delivery_event.state = 'claimed'")
        self.assertEqual(told, [["2"]])

    def test_lease_shorter_than_the_timeout(self):
        self.stack.set({"sender": {"lease": "10s"}, "smtp": {"timeout": "9s"}})
        self.addCleanup(self.stack.set, {"sender": {"lease": "30s"}, "smtp": {"timeout": "3s"}})
        self.serve()
        ids = self.queue_mails(["x@example.org"])
        self.assertEqual(self.stack.send_all(check=False).returncode, 1)
        self.assertEqual(self.states(ids), ["queued"])


class Stopping(MailCase):
    def test_sigterm(self):
        """What is being transmitted is finished and recorded; what was only claimed is given back at once."""
        reached = threading.Event()
        server = self.serve({"connections": 1}, slow=1.5, dot_hook=lambda recipient: reached.set())
        ids = self.queue_mails(["dot-slow@example.org"] + [f"m{i}@example.org" for i in range(20)])
        process = self.stack.start_sender()
        self.assertTrue(reached.wait(20))
        self.assertEqual(process.stop(), 0)
        self.assertEqual(self.states(ids), ["sent"] + ["queued"] * 20)
        self.assertEqual(server.recipients(), ["dot-slow@example.org"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 21)
        self.assertEqual(len(server.recipients()), 21)

    def test_two_at_once(self):
        self.stack.set({"sender": {"claim_size": 7}})
        self.addCleanup(self.stack.set, {"sender": {"claim_size": None}})
        sink = SmtpSink(keep=True)
        self.addCleanup(sink.close)
        sink.start()
        self.stack.set({"smtp": {"port": sink.port, "connections": 4}})
        ids = self.queue_mails([f"m{i}@example.org" for i in range(300)])
        senders = [self.stack.start_sender() for _ in range(3)]
        self.assertEqual([sender.wait(60) for sender in senders], [0, 0, 0])
        self.assertEqual(self.states(ids), ["sent"] * 300)
        arrived = sorted(mail["To"].addresses[0].addr_spec for mail in sink.mails())
        self.assertEqual(arrived, sorted(f"m{i}@example.org" for i in range(300)))
        claimers = self.stack.sql("SELECT COUNT(DISTINCT sender) FROM delivery_event JOIN delivery ON id = delivery_id"
                                  f" WHERE message_id >= {ids[0]} AND delivery_event.state = 'claimed'")
        self.assertGreater(int(claimers[0][0]), 1, "only one of the senders had anything to do")


class Options(MailCase):
    def test_once_drain_and_dry_run(self):
        server = self.serve()
        self.stack.set({"sender": {"claim_size": 5}})
        self.addCleanup(self.stack.set, {"sender": {"claim_size": None}})
        ids = self.queue_mails([f"m{i}@example.org" for i in range(12)])
        told = self.stack.send("--dry-run").stdout
        self.assertRegex(told, r"(?m)^mail: 12 due")
        self.assertRegex(told, r"(?m)^sms: 0 due")
        self.assertEqual(server.recipients(), [])
        self.stack.send("--once")
        self.assertEqual(len(server.recipients()), 5)
        self.stack.send()
        self.assertEqual(self.states(ids), ["sent"] * 12)

    def test_wrong_use(self):
        for arguments in (["--nonsense"], ["--once", "--drain"], ["--dry-run", "--once"], ["extra"]):
            self.assertEqual(self.stack.send(*arguments, check=False).returncode, 2, arguments)
        self.assertIn("usage:", self.stack.send("--help").stdout)
        self.assertRegex(self.stack.send("--version").stdout, r"^bailleur-sender \d")
        missing = self.stack.run("bailleur-sender", "--config", self.stack.dir + "/none.conf", check=False)
        self.assertEqual(missing.returncode, 1)

    def test_broken_template(self):
        """A template that is wrong stops the sender before it claims anything."""
        own = self.stack.dir + "/own-templates"
        os.makedirs(own, exist_ok=True)
        self.stack.set({"bailleur": {"templates": own}})
        self.addCleanup(self.stack.set, {"bailleur": {"templates": None}})
        server = self.serve()
        ids = self.queue_mails(["x@example.org"])
        with open(own + "/mail.txt", "w") as file:
            file.write("{{#content}}")
        self.assertEqual(self.stack.send_all(check=False).returncode, 1)
        self.assertEqual(self.states(ids), ["queued"])
        with open(own + "/mail.txt", "w") as file:
            file.write("De notre part : {{content}}")
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"])
        self.assertIn(b"De notre part : Bonjour", server.mail_to("x@example.org")[0])

    def test_progress_on_a_terminal(self):
        self.serve()
        self.queue_mails([f"m{i}@example.org" for i in range(30)])
        master, slave = pty.openpty()
        process = subprocess.Popen([*self.stack.program("bailleur-sender"), "--config", self.stack.conf, "--drain"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
                                   env=self.stack.env())
        os.close(slave)
        shown = b""
        while True:
            try:
                got = os.read(master, 4096)
            except OSError:
                break
            if not got:
                break
            shown += got
        os.close(master)
        self.assertEqual(process.wait(30), 0)
        self.assertRegex(shown.decode(), r"30 done, \d+/s, 0 left")


class Tls(MailCase):
    """STARTTLS and TLS from the first byte, certificates checked, a login."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate = make_certificate(cls.stack.dir)

    def try_with(self, tls, expected, server_tls=None, **settings):
        server = self.serve({"tls": tls, "host": "localhost", "ca_file": self.certificate[0], "user": "bailleur",
                             "password": "pâss word", **settings}, tls=server_tls or tls, certificate=self.certificate,
                            auth=("bailleur", "pâss word"))
        ids = self.queue_mails(["x@example.org"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), [expected])
        self.assertEqual(server.recipients(), ["x@example.org"] if expected == "sent" else [])
        if expected == "sent":
            self.assertTrue(server.connections[-1].tls)
            self.assertEqual(server.connections[-1].user, "bailleur")
        log = self.stack.tails()
        self.assertNotIn("pâss word", log)
        self.forget()

    def test_tls(self):
        for tls in ("starttls", "implicit"):
            with self.subTest(tls=tls):
                self.try_with(tls, "sent")
                self.try_with(tls, "sent", host="127.0.0.1", verify="no", ca_file=None)
                self.try_with(tls, "queued", ca_file=None)                      # not signed by anyone known
                self.try_with(tls, "queued", host="127.0.0.1")                  # another name
                self.try_with(tls, "queued", password="wrong")
                self.try_with(tls, "queued", user=None, password=None)          # 530: ours to mend, not the mail's end
        self.try_with("starttls", "queued", server_tls="none")                  # a stripped STARTTLS is not accepted


class Content(MailCase):
    """A mail reads back, in another program, as it was meant; nothing a client writes becomes a header or markup."""

    VALUES = [
        "Bonjour", "Quittance d'été — réglée", "日本語のメール", "🏠🔑 maison", "a\r\nBcc: evil@example.org\r\n\r\ncorps",
        "a\nX-Evil: 1", "=?UTF-8?Q?encod=C3=A9?=", "\"guillemets\" \\ <x@y.fr>", "<script>alert('x')</script>&amp;",
        "{{sender}} {{{content_html}}}", "x" * 300, "é" * 150, "mot " * 60 + "fin", "virgule, point; deux: points (x)",
        "\tdebut", "a\x01\x1f\x7fb", "\u2028ligne\u202e", "l%0Aligne",
    ]

    def parse(self, raw):
        self.assertEqual(re.sub(rb"\r\n", b"", raw).count(b"\n"), 0, "a bare LF")
        self.assertEqual(re.sub(rb"\r\n", b"", raw).count(b"\r"), 0, "a bare CR")
        self.assertNotRegex(raw, rb"(?m)^\.")
        self.assertLessEqual(max(map(len, raw.split(b"\r\n"))), 998)
        return email.message_from_bytes(raw, policy=email.policy.default)

    @staticmethod
    def shown(value):
        """As a header shows it: control characters are spaces."""
        return re.sub(r"[\x00-\x1f\x7f]", " ", value)

    @staticmethod
    def display_name(raw):
        """The policy used elsewhere puts spaces between encoded words of a phrase; this older reader does not."""
        field = str(email.message_from_bytes(raw)["From"])
        return str(make_header(decode_header(email.utils.parseaddr(re.sub(r"\r\n", "", field))[0])))

    def test_values(self):
        server = self.serve()
        ids = self.queue_mails([f"m{i}@example.org" for i in range(len(self.VALUES))])
        for i, value in zip(ids, self.VALUES):          # past what the API refuses: the sender relies on nobody
            self.stack.sql(f"UPDATE message SET email_subject = {sql_text(value)}, email_content = {sql_text(value)},"
                           f" email_originator = {sql_text(value[:80])},"
                           f" logo_url = {sql_text(LOGO)} WHERE id = {i}")
        self.stack.send_all()
        for i, value in enumerate(self.VALUES):
            with self.subTest(value=value):
                message = self.parse(server.mail_to(f"m{i}@example.org")[0])
                self.assertEqual(sorted(message.keys()), sorted([
                    "Date", "From", "To", "Message-ID", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post",
                    "Auto-Submitted", "MIME-Version", "Content-Type"]))
                self.assertEqual(message["Subject"], self.shown(value))
                sender = message["From"].addresses
                self.assertEqual(len(sender), 1)
                self.assertEqual(sender[0].addr_spec, "ne-pas-repondre@bailleur.test")
                self.assertEqual(self.display_name(server.mail_to(f"m{i}@example.org")[0]).split(),
                                 self.shown(value[:80]).split())
                self.assertEqual(message["To"].addresses[0].addr_spec, f"m{i}@example.org")
                self.check_parts(message, value)

    def check_parts(self, message, value):
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        text, html = list(message.iter_parts())
        self.assertEqual([text.get_content_type(), html.get_content_type()], ["text/plain", "text/html"])
        self.assertEqual([text.get_content_charset(), html.get_content_charset()], ["utf-8", "utf-8"])
        lines = value.replace("%0A", "\n").replace("\r\n", "\n").replace("\r", "\n")
        self.assertTrue(text.get_content().replace("\r\n", "\n").startswith(lines + "\n"), text.get_content())
        markup = html.get_content()
        self.assertNotIn("<script", markup)
        self.assertIn('src="https://example.org/logo.png?a=1&amp;b=&quot;2&quot;"', markup)
        self.assertEqual(len(re.findall(r"<(img|a) ", markup)), 2)

    def test_unsubscribe_link(self):
        server = self.serve()
        self.queue_mails(["seen@example.org"])
        self.queue_mails(["hidden@example.org"], unsubscribe_link=False)
        self.stack.send_all()
        for name, seen in (("seen", True), ("hidden", False)):
            message = self.parse(server.mail_to(f"{name}@example.org")[0])
            link = re.fullmatch(r"<(http://127\.0\.0\.1:\d+/u/[A-Za-z0-9_-]{32})>",
                                message["List-Unsubscribe"]).group(1)
            self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            for part in message.iter_parts():
                self.assertEqual(link in part.get_content(), seen)

    def test_message_id_is_the_delivery(self):
        server = self.serve()
        ids = self.queue_mails(["x@example.org"])
        self.stack.send_all()
        uuid = self.stack.sql(f"SELECT LOWER(HEX(uuid)) FROM delivery WHERE message_id = {ids[0]}")[0][0]
        message = self.parse(server.mail_to("x@example.org")[0])
        self.assertEqual(message["Message-ID"].split("@")[0].lstrip("<").replace("-", ""), uuid)

    def test_javascript_logo_is_left_out(self):
        server = self.serve()
        ids = self.queue_mails(["x@example.org"])
        self.stack.sql(f"UPDATE message SET logo_url = 'javascript:alert(1)' WHERE id = {ids[0]}")
        self.stack.send_all()
        self.assertNotIn(b"javascript", server.mail_to("x@example.org")[0])


class Files(Case):
    def test_written_once(self):
        """Killed between writing the file and recording it: an operator sends it again, and it is still one file."""
        ids = self.queue_mails(["x@example.org"])
        self.assertEqual(self.stack.send(BAILLEUR_FAULT="file.renamed", check=False).returncode, -signal.SIGKILL)
        self.assertEqual(self.states(ids), ["transmitting"])
        self.stack.sql(f"UPDATE delivery SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE message_id = {ids[0]}")
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["unknown"])
        self.stack.ctl("resend", ids[0])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"])
        self.assertEqual(len(self.stack.mails()), 1)
        self.assertFalse([name for name in os.listdir(self.stack.spool) if name.endswith(".part")])


class Gateways(Case):
    """The generic gateway: templates filled in, statuses judged, no request ever repeated by itself."""

    options = {"sms": "http", "settings": {"sms": {"url": "http://127.0.0.1:9/", "timeout": "3s", "connections": 2},
                                           "smtp": {"timeout": "3s"}, "sender": {"lease": "30s"}}}

    def serve(self, slow=0.5, **settings):
        gateway = Gateway(slow=slow)
        self.addCleanup(gateway.stop)
        self.stack.set({"sender": {"sms_transport": "http"}, "sms": {
            "url": gateway.url, "method": "POST", "headers": "Content-Type: application/json|Idempotency-Key: {id}",
            "body": '{"to": "{to}", "from": "{from}", "text": "{text}", "id": "{id}", "report": "{report_url}"}',
            "success": "202", "user": None, "password": None, **settings}})
        return gateway

    EXPECTED = [("bonjour", "sent"), ("slow", "sent"), ("status-400", "failed"), ("status-422", "failed"),
                ("status-401", "queued"), ("status-403", "queued"), ("status-404", "queued"), ("status-429", "queued"),
                ("status-503", "queued"), ("redirect", "queued"), ("status-500", "unknown"), ("status-502", "unknown"),
                ("status-504", "unknown"), ("status-200", "unknown"), ("close", "unknown"), ("half", "sent"),
                ("never", "unknown")]

    def test_outcomes(self):
        gateway = self.serve()
        ids = self.queue_texts([text for text, _ in self.EXPECTED])
        self.stack.send_all()
        self.assertEqual(dict(zip((text for text, _ in self.EXPECTED), self.states(ids))), dict(self.EXPECTED))
        self.assertEqual(sorted(gateway.texts()), sorted(text for text, _ in self.EXPECTED), "asked more than once")
        self.assertEqual({request["path"] for request in gateway.requests}, {"/send"}, "a redirect was followed")

    def test_kept_connection_closed(self):
        """The gateway reads a request on a kept connection and closes: libcurl would repeat it on a new one."""
        gateway = self.serve(connections=1)
        ids = self.queue_texts(["one", "two", "close", "four"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent", "sent", "unknown", "sent"])
        self.assertEqual(gateway.texts(), ["one", "two", "close", "four"])

    def test_more_in_hand_than_connections(self):
        gateway = self.serve(connections=1)
        ids = self.queue_texts(["slow", "two", "three", "slow", "five"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 5)
        self.assertEqual(gateway.texts(), ["slow", "two", "three", "slow", "five"])

    def test_standing_by_behind_one_that_hangs(self):
        """What was committed and stood by for as long as the one before it hung is asked all the same, once."""
        gateway = self.serve(connections=1)
        ids = self.queue_texts(["never", "two", "three"])
        self.stack.send(check=False)
        self.assertEqual(self.states(ids), ["unknown", "sent", "sent"])
        self.assertEqual(gateway.texts(), ["never", "two", "three"])

    def test_standing_by_costs_no_time_on_the_wire(self):
        """Every answer takes most of the timeout: those that stood by wait for theirs as long as the first."""
        gateway = self.serve(slow=1.8, connections=1)
        ids = self.queue_texts(["slow"] * 3)
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 3)
        self.assertEqual(gateway.texts(), ["slow"] * 3)

    def test_lease_too_short_to_stand_by(self):
        gateway = self.serve(connections=1)
        self.stack.set({"sender": {"lease": "10s"}})
        self.addCleanup(self.stack.set, {"sender": {"lease": "30s"}})
        ids = self.queue_texts(["slow", "two", "three"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"] * 3)
        self.assertEqual(gateway.texts(), ["slow", "two", "three"])

    def test_request(self):
        gateway = self.serve()
        ids = self.queue_texts(["Été à 5 € {to} \\ fin"], sms_originator="MonBailleur")
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["sent"])
        request = gateway.requests[0]
        body = json.loads(request["body"])
        uuid = self.stack.sql(f"SELECT LOWER(HEX(uuid)) FROM delivery WHERE message_id = {ids[0]}")[0][0]
        self.assertEqual({name: body[name] for name in ("to", "from", "text")},
                         {"to": "+33602030400", "from": "MonBailleur", "text": "Été à 5 € {to} \\ fin"})
        self.assertEqual(body["id"].replace("-", ""), uuid)
        self.assertEqual(request["headers"]["Idempotency-Key"], body["id"])
        self.assertRegex(body["report"], r"^http://127\.0\.0\.1:\d+/hooks/sms/[A-Za-z0-9_-]{40}$")
        answer = self.stack.web.get(body["report"][len(self.stack.web.url):] + "?status=delivered")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.states(ids), ["delivered"])

    def test_each_attempt_has_its_report(self):
        """The first attempt, of which nobody knew, was not delivered: that says nothing of the second, sent by hand."""
        gateway = self.serve()
        ids = self.queue_texts(["status-500"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["unknown"])
        self.stack.ctl("resend", str(ids[0]))
        self.stack.send_all()
        reports = [json.loads(request["body"])["report"][len(self.stack.web.url):] for request in gateway.requests]
        self.assertEqual(len(set(reports)), 2)
        for report, status, state in ((reports[0], "failed", "unknown"), (reports[1], "delivered", "delivered")):
            self.assertEqual(self.stack.web.get(report, {"status": status}).status, 200)
            self.assertEqual(self.states(ids), [state])

    def test_login(self):
        given = base64.b64encode("bailleur:pâss".encode()).decode()
        for user, wanted in ((None, None), ("bailleur", "Basic " + given)):
            gateway = self.serve(user=user, password="pâss")
            self.queue_texts(["bonjour"])
            self.stack.send_all()
            self.assertEqual(gateway.requests[0]["headers"].get("Authorization"), wanted)

    def test_without_reports(self):
        gateway = self.serve(reports="no")
        self.addCleanup(self.stack.set, {"sms": {"reports": None}})
        self.queue_texts(["bonjour"])
        self.stack.send_all()
        self.assertEqual(json.loads(gateway.requests[0]["body"])["report"], "")

    def test_get_with_a_template(self):
        gateway = self.serve(method="GET", headers=None, body=None)
        self.stack.set({"sms": {"url": gateway.url + "?n={to}&text={text}&from={from}"}})
        self.queue_texts(["a&b=c+d é"])
        self.stack.send_all()
        self.assertEqual(gateway.requests[0]["form"], {"n": "+33602030400", "text": "a&b=c+d é", "from": "Bailleur"})

    def test_nobody_there(self):
        self.serve()
        self.stack.set({"sms": {"url": f"http://127.0.0.1:{free_port()}/"}})
        ids = self.queue_texts(["a", "b", "c", "d", "e"])
        self.assertEqual(self.stack.send_all().returncode, 0)
        self.assertEqual(self.states(ids), ["queued"] * 5)

    def test_killed_around_the_request(self):
        for point, requests, state in (("sms.before_request", 0, "transmitting"),
                                       ("sms.after_request", 1, "transmitting"),
                                       ("sms.answer", 1, "transmitting")):
            with self.subTest(point=point):
                gateway = self.serve()
                ids = self.queue_texts(["bonjour"])
                self.assertEqual(self.stack.send(BAILLEUR_FAULT=point, check=False).returncode, -signal.SIGKILL)
                self.assertEqual(self.states(ids), [state])
                if requests:
                    wait_until(lambda: len(gateway.requests) == requests, 10, "the request")
                else:
                    self.assertEqual(gateway.requests, [])
                self.forget()


class WithKannel(Case):
    """bearerbox, smsbox and a fake SMS centre."""

    options = {"sms": "kannel", "settings": {"sms": {"url": "http://127.0.0.1:9/"}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kannel = Kannel().start()
        cls.addClassCleanup(cls.kannel.close)
        cls.stack.set({"sms": {"url": cls.kannel.url, "user": cls.kannel.user, "password": cls.kannel.password}})

    def arrived(self, n):
        before = self.before
        return wait_until(lambda: len(self.kannel.texts()) >= before + n and self.kannel.texts()[before:], 20,
                          f"{n} SMS")

    def setUp(self):
        super().setUp()
        self.before = len(self.kannel.texts())

    def test_texts(self):
        cases = [("Bonjour%0Aà vous", "gsm7", 1, 1), ("x" * 161, "gsm7", 2, 2), ("Спасибо за оплату", "ucs2", 1, 1),
                 ("é" * 80 + "ж" * 60, "ucs2", 3, 3), ("crochets [x]", "gsm7", 1, 1)]
        ids = self.queue_texts([text for text, *_ in cases])
        self.stack.send_all()
        rows = self.deliveries(ids)
        for i, (_, encoding, segments, _) in zip(ids, cases):
            self.assertIn(rows[i]["state"], ("sent", "delivered"))          # the report may be here already
            self.assertEqual((rows[i]["encoding"], int(rows[i]["segments"])), (encoding, segments))
        got = self.arrived(sum(parts for *_, parts in cases))
        self.assertEqual({sms.sender for sms in got}, {"Bailleur"})
        self.assertEqual(len(got), sum(parts for *_, parts in cases))
        russian = [sms.text for sms in got if sms.receiver.endswith("602030402")]
        self.assertEqual(russian, ["Спасибо за оплату"])

    def test_wrong_password(self):
        """Kannel's 403: nothing wrong with the message, so it waits."""
        self.stack.set({"sms": {"password": "wrong-password"}})
        self.addCleanup(self.stack.set, {"sms": {"password": self.kannel.password}})
        ids = self.queue_texts(["bonjour"])
        self.stack.send_all()
        self.assertEqual(self.states(ids), ["queued"])
        self.assertNotIn("wrong-password", self.stack.tails())
        self.stack.set({"sms": {"password": self.kannel.password}})
        self.make_due()
        self.stack.send_all()
        self.arrived(1)
        self.assertIn(self.states(ids)[0], ("sent", "delivered"))

    def test_reports(self):
        ids = self.queue_texts(["avec accusé"])
        self.stack.send_all()
        self.arrived(1)
        wait_until(lambda: self.states(ids) == ["delivered"], 20, "the report")
        events = self.stack.sql("SELECT delivery_event.state FROM delivery_event JOIN delivery ON id = delivery_id"
                                f" WHERE message_id = {ids[0]} ORDER BY number")
        self.assertEqual([event[0] for event in events][:2], ["claimed", "transmitting"])
        self.assertEqual(events[-1], ["delivered"])


if __name__ == "__main__":
    unittest.main()
