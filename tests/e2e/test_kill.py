"""
The kill matrix: SIGKILL the sender, a worker of the API or MariaDB at every named step of a message's way, and at
random moments, with a real mail sink and a real SMS gateway; then go on, and count. No accepted message may be lost,
none sent twice.

What was killed while `transmitting` becomes `unknown`, and nothing else does: whether it was sent is for an operator to
find out, so it is never sent again by itself. Needs a build with --enable-fault-points. BAILLEUR_SEED repeats a run's
random moments.
"""

import glob
import os
import random
import re
import sys
import time
import unittest
from collections import Counter, namedtuple

from tests.e2e.test_gestion_concurrency import EXPORT_POINTS
from tests.e2e.test_rendezvous import ROBOT_POINTS, WEBHOOK_POINTS
from tests.lib.kannel import Kannel
from tests.lib.load import Load, mail_of
from tests.lib.process import wait_until
from tests.lib.smtp import SmtpSink
from tests.lib.stack import TOP, Stack

# Where the sender passes on its way, and at which passage it happens: some in the middle of a claim.
SENDER = {
    "store.claimed": 1, "sender.claimed": 1, "sender.rendered": 3, "sender.before_transmitting": 1,
    "sender.transmitting": 1,
    "sender.before_dot": 2, "sender.after_dot": 2, "sender.answer": 2, "sender.before_record": 1, "sender.recorded": 1,
    "sms.before_request": 2, "sms.after_request": 2, "sms.answer": 2, "db.before_commit": 2, "db.after_commit": 2,
}
FILES = {"file.before_rename": 3, "file.renamed": 3}
API = {"db.before_commit": 4, "db.after_commit": 4, "outbox.before_group": 10, "outbox.committing": 4,
       "outbox.after_group": 10}
# Messages that are stored together are those without an idempotency key: a request is made once.
ONCE = ("outbox.before_group", "outbox.committing", "outbox.after_group")
MESSAGES = 6                    # of each channel, in each case
ROUNDS = 4                      # of random moments

Result = namedtuple("Result", "point killed accepted delivered unknown lost doubled")


def named_points():
    """Every fault point in the source: the matrix must know them all."""
    names = set()
    for path in glob.glob(TOP + "/src/**/*.c", recursive=True):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        names.update(re.findall(r'FAULT\("([^"]+)"\)', text))
        for call in re.findall(r"fault_points\(errand, ([^)]*)\)", text):
            names.update(re.findall(r'"([^"]+)"', call))
    return names


class KillMatrix(unittest.TestCase):
    results = []

    @classmethod
    def setUpClass(cls):
        cls.sink = cls.kannel = cls.stack = None
        try:
            cls.sink, cls.kannel = SmtpSink(keep=True).start(), Kannel().start()
            cls.stack = Stack(workers=6, listen="self", settings=cls.settings())
            cls.client = cls.stack.add_client()
        except BaseException:
            cls.tearDownClass()
            raise
        cls.seed = int(os.environ.get("BAILLEUR_SEED", random.SystemRandom().randrange(1 << 32)))
        cls.random = random.Random(cls.seed)
        sys.stderr.write(f"BAILLEUR_SEED={cls.seed}\n")

    @classmethod
    def settings(cls):
        return {"sender": {"mail_transport": "smtp", "sms_transport": "kannel"},
                "smtp": {"host": "127.0.0.1", "port": cls.sink.port, "tls": "none", "connections": 3},
                "sms": {"url": cls.kannel.url, "user": cls.kannel.user, "password": cls.kannel.password,
                        "connections": 3,
                        "reports": "no"}}

    @classmethod
    def tearDownClass(cls):
        if cls.results:
            sys.stderr.write(cls.table())
        if cls.stack:
            cls.stack.close()
        for part in (cls.sink, cls.kannel):
            if part:
                part.close()

    @classmethod
    def table(cls):
        lines = ["{:<28}{:<10}{:>10}{:>10}{:>9}{:>6}{:>9}".format(*Result._fields)]
        lines += ["{:<28}{:<10}{:>10}{:>10}{:>9}{:>6}{:>9}".format(*result) for result in cls.results]
        total = [sum(column) for column in list(zip(*cls.results))[2:]]
        lines.append("{:<28}{:<10}{:>10}{:>10}{:>9}{:>6}{:>9}".format("in all", "", *total))
        return "\n".join(lines) + "\n"

    # One case

    def queue(self, case):
        """Queues mails and SMS and returns their markers; every one of them is accepted."""
        markers = [f"{case}-{i}" for i in range(MESSAGES)]
        for path, items in (("/v1/send_email", [{"recipient": mail_of(marker), "subject": "Essai", "message": marker}
                                                for marker in markers]),
                            ("/v1/send_sms", [{"recipient": f"+3360000{i:04d}", "message": f"{marker}."}
                                              for i, marker in enumerate(markers)])):
            answer = self.stack.web.post(path, query=self.client.form(), json=items)
            self.assertEqual(answer.status, 200, answer)
            self.assertFalse([item for item in answer.json["messages"] if item["error"]])
        return markers

    def state_of(self, case):
        """{(marker, channel): (state, was it ever transmitting)} of what the case queued."""
        rows = self.stack.sql(
            "SELECT TRIM(TRAILING '.' FROM COALESCE(m.email_content, m.sms_content)), d.channel, d.state, EXISTS "
            "(SELECT 1 "
            "FROM delivery_event e WHERE e.delivery_id = d.id AND e.state = 'transmitting') FROM message m JOIN "
            "delivery d ON "
            f"d.message_id = m.id WHERE COALESCE(m.email_content, m.sms_content) LIKE '{case}-%'")
        return {(marker, channel): (state, ever == "1") for marker, channel, state, ever in rows}

    def arrived(self, case):
        """How often each (marker, channel) of the case has arrived at the sinks."""
        mails = self.sink.received()
        ids = Counter(name for _, name in mails)
        self.assertEqual([name for name, n in ids.items() if n > 1], [], "Message-IDs that came twice")
        counts = Counter((recipient.partition("@")[0], "mail") for recipient, _ in mails)
        counts.update((sms.text.rstrip("."), "sms") for sms in self.kannel.texts())
        return Counter({key: n for key, n in counts.items() if key[0].startswith(case + "-")})

    def end_leases(self):
        """As if the time had passed after which a sender's claims are its no longer."""
        self.stack.sql("UPDATE delivery SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE due_at IS NOT NULL")

    def finish(self, case, point, killed, accepted, doubtful=()):
        """Sends all that is left, counts, and judges. doubtful: of requests that nobody answered."""
        for _ in range(2):
            self.end_leases()
            self.stack.send_all()
        states = self.state_of(case)
        expected = {key for key in states if states[key][0] == "sent"}
        try:
            wait_until(lambda: expected <= set(self.arrived(case)), 5, "the sinks")
        except AssertionError:
            pass                                # counted below as lost
        before = self.arrived(case)
        self.end_leases()
        self.stack.send_all()                   # what is unknown stays so
        arrived, after = self.arrived(case), self.state_of(case)
        lost = [key for key in accepted if after.get(key, ("",))[0] not in ("sent", "unknown")]
        lost += [key for key in after if after[key][0] == "sent" and not arrived[key]]
        doubled = [key for key, n in arrived.items() if n > 1]
        unknown = [key for key in after if after[key][0] == "unknown"]
        self.results.append(Result(point, killed, len(accepted), len(arrived), len(unknown), len(lost), len(doubled)))
        self.assertEqual(lost, [], f"lost: {[(key, after.get(key)) for key in lost]}")
        self.assertEqual(doubled, [], "sent twice")
        self.assertEqual(after, states, "states changed by themselves")
        self.assertEqual(arrived, before, "sent again by itself")
        self.assertEqual([key for key in unknown if not after[key][1]], [], "unknown without having been transmitting")
        self.assertLessEqual({key for key in after} - set(accepted), set(doubtful), "messages nobody sent")
        return unknown

    def both(self, markers):
        return [(marker, channel) for marker in markers for channel in ("mail", "sms")]

    # The sender

    def killed_sender(self, point, passage):
        case = f"sender-{point}".replace(".", "-").replace("_", "-")
        markers = self.queue(case)
        done = self.stack.send("--drain", check=False, BAILLEUR_FAULT=f"{point}:{passage}")
        self.assertEqual(done.returncode, -9, f"the sender was not killed at {point}\n{done.stderr}")
        transmitting = [key for key, (state, _) in self.state_of(case).items() if state == "transmitting"]
        unknown = self.finish(case, point, "sender", self.both(markers))
        self.assertCountEqual(unknown, transmitting)

    def test_sender(self):
        for point, passage in SENDER.items():
            with self.subTest(point=point):
                self.killed_sender(point, passage)

    # MariaDB, under the sender

    def killed_database(self, point, passage):
        case = f"db-{point}".replace(".", "-").replace("_", "-")
        markers = self.queue(case)
        sender = self.stack.start_sender(BAILLEUR_FAULT=f"{point}:{passage}",
                                         BAILLEUR_FAULT_VICTIM=str(self.stack.db.process.pid))
        wait_until(lambda: not self.stack.db.process.running(), 30, f"the death of MariaDB at {point}")
        self.stack.db.start()
        sender.wait(60)
        self.finish(case, point, "mariadbd", self.both(markers))

    def test_database_under_the_sender(self):
        for point, passage in SENDER.items():
            with self.subTest(point=point):
                self.killed_database(point, passage)

    # The API

    def killed_in_api(self, point, passage, victim):
        """Clients send on, whatever dies; those with idempotency keys repeat a request until it is answered."""
        case = f"{victim}-{point}".replace(".", "-").replace("_", "-")
        once = f"{self.stack.dir}/{case}.once"
        env = {"BAILLEUR_FAULT": f"{point}:{passage}", "BAILLEUR_FAULT_ONCE": once}
        if victim == "mariadbd":
            env["BAILLEUR_FAULT_VICTIM"] = str(self.stack.db.process.pid)
        self.stack.restart_api(**env)
        again = point not in ONCE
        load = Load(self.stack.web, self.client, case, singles=5, batches=2 if again else 0, batch_size=5,
                    again=again).start()
        wait_until(lambda: os.path.exists(once), 30, f"passing {point}")
        if victim == "mariadbd":
            wait_until(lambda: not self.stack.db.process.running(), 30, "the death of MariaDB")
            self.stack.db.start()
        load.wait_for(len(load.accepted) + 20)
        load.stop()
        if again:
            self.assertEqual(load.unanswered, [])
        self.stored_once(load)
        self.finish(case, point, victim, [(sent.marker, "mail") for sent in load.accepted],
                    [(sent.marker, "mail") for sent in load.unanswered])

    def stored_once(self, load):
        """
        Each accepted message is in the table, once, under the id that was answered; of the others, none is there twice.
        """
        rows = self.stack.sql(f"SELECT identifier1, id FROM message WHERE identifier1 LIKE '{load.prefix}-%'")
        doubtful = {sent.marker for sent in load.unanswered}
        self.assertCountEqual([row for row in rows if row[0] not in doubtful],
                              [[sent.marker, str(sent.id)] for sent in load.accepted])
        self.assertEqual([marker for marker, n in Counter(row[0] for row in rows).items() if n > 1], [], "stored twice")

    def test_api(self):
        for victim in ("worker", "mariadbd"):
            for point, passage in API.items():
                with self.subTest(point=point, victim=victim):
                    self.killed_in_api(point, passage, victim)
        self.stack.restart_api()

    # Random moments

    def test_random_moments(self):
        self.stack.restart_api()
        for number in range(ROUNDS):
            with self.subTest(round=number, seed=self.seed):
                self.random_round(f"random-{number}", again=number % 2 == 0)

    def random_round(self, case, again):
        """Clients send, a sender drains, and each part in turn is killed at some moment of it."""
        load = Load(self.stack.web, self.client, case, singles=4, batches=1, batch_size=10, again=again).start()
        load.wait_for(30)
        for victim in self.random.sample(["sender", "worker", "shuttle", "mariadbd"], 4):
            sender = self.stack.start_sender()
            time.sleep(self.random.uniform(0, 0.25))
            if victim == "sender":
                sender.kill()
            elif victim != "mariadbd":
                self.stack.kill_worker(victim)
            else:
                self.stack.db.kill()
                self.stack.db.start()
            time.sleep(self.random.uniform(0, 0.1))
            sender.kill()
            self.end_leases()
        load.stop()
        if again:
            self.assertEqual(load.unanswered, [])
        self.stored_once(load)
        self.finish(case, case, "all", [(sent.marker, "mail") for sent in load.accepted],
                    [(sent.marker, "mail") for sent in load.unanswered])


class FileKill(unittest.TestCase):
    """The transport that writes files is killed too; a file that is there is whole."""

    def test_files(self):
        stack = Stack(listen="self")
        self.addCleanup(stack.close)
        client = stack.add_client()
        for number, (point, passage) in enumerate(FILES.items()):
            with self.subTest(point=point):
                for i in range(MESSAGES):
                    answer = stack.web.post("/v1/send_email", client.form(recipient=mail_of(f"f{number}-{i}"),
                                                                          subject="Essai",
                                                                          message="Le texte entier"))
                    self.assertEqual(answer.status, 200)
                done = stack.send("--drain", check=False, BAILLEUR_FAULT=f"{point}:{passage}")
                self.assertEqual(done.returncode, -9, f"the sender was not killed at {point}\n{done.stderr}")
                stack.sql("UPDATE delivery SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE due_at IS NOT NULL")
                stack.send_all()
                written = [mail for mail in stack.mails() if f"f{number}-".encode() in mail]
                states = Counter(row[0] for row in stack.sql(
                    f"SELECT state FROM delivery WHERE recipient LIKE 'f{number}-%'"))
                self.assertEqual(states["sent"] + states["unknown"], MESSAGES, states)
                self.assertLessEqual(states["sent"], len(written))
                self.assertLessEqual(len(written), MESSAGES)
                self.assertTrue(all(b"</html>" in mail or b"Le texte entier" in mail for mail in written))


class Coverage(unittest.TestCase):
    def test_every_point_is_in_the_matrix(self):
        elsewhere = {point.partition(":")[0] for point in WEBHOOK_POINTS + ROBOT_POINTS + EXPORT_POINTS}
        self.assertEqual(named_points(), set(SENDER) | set(FILES) | set(API) | elsewhere)


if __name__ == "__main__":
    unittest.main()
