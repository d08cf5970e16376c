"""
Every success that was answered was committed: MariaDB, workers and the whole API are killed under a load of sends.
"""

import os
import random
import re
import signal
import sys
import time
import unittest

from tests.lib.load import Load, mail_of
from tests.lib.stack import StackCase

ROUNDS = 3


class Durability(StackCase):
    options = {"workers": 6}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.add_client()
        seed = int(os.environ.get("BAILLEUR_SEED", random.SystemRandom().randrange(1 << 32)))
        cls.random = random.Random(seed)
        sys.stderr.write(f"BAILLEUR_SEED={seed}\n")

    def load(self, prefix):
        return Load(self.stack.web, self.client, prefix, singles=6, batches=2, batch_size=50).start()

    def judge(self, load):
        """All that was answered is there whole; of what was not, each is there whole or not at all."""
        rows = self.stack.sql(
            "SELECT m.identifier1, m.id, m.email, m.email_content, COUNT(d.id), MIN(d.recipient) FROM message m LEFT "
            "JOIN "
            f"delivery d ON d.message_id = m.id WHERE m.identifier1 LIKE '{load.prefix}-%' GROUP BY m.id")
        for marker, _, email, content, deliveries, recipient in rows:
            self.assertEqual([email, content, deliveries, recipient], [mail_of(marker), marker, "1", mail_of(marker)])
        stored = {marker: int(number) for marker, number, *_ in rows}
        self.assertEqual(len(stored), len(rows), "a message is there twice")
        missing = [sent for sent in load.accepted if stored.get(sent.marker) != sent.id]
        self.assertEqual(missing, [], f"{len(missing)} of {len(load.accepted)} answered messages are not there")
        known = {sent.marker for sent in load.accepted} | {sent.marker for sent in load.unanswered}
        self.assertLessEqual(set(stored), known)
        self.whole_batches(load, set(stored))
        sys.stderr.write(f"{load.prefix}: {len(load.accepted)} answered, all there; {len(load.unanswered)} not "
                         f"answered, "
                         f"{len(stored) - len(load.accepted)} of them there\n")

    def whole_batches(self, load, stored):
        """A batch nobody answered is there with all its messages or with none."""
        batches = {}
        for sent in load.unanswered:
            batch = re.fullmatch(r"(.*-b\d+-\d+)-\d+", sent.marker)
            if batch:
                batches.setdefault(batch[1], []).append(sent.marker in stored)
        torn = [name for name, there in batches.items() if len(set(there)) > 1]
        self.assertEqual(torn, [])

    def test_flushed_at_every_commit(self):
        self.assertEqual(self.stack.db.value("SELECT @@innodb_flush_log_at_trx_commit"), "1")

    def test_killed_mariadb(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                load = self.load(f"mariadb{number}")
                load.wait_for(200)
                time.sleep(self.random.uniform(0, 0.3))
                self.stack.db.kill()
                load.stop()
                self.assertTrue(load.accepted)
                self.stack.db.start()
                self.judge(load)
        load = self.load("after")                # the same workers find the database again
        load.wait_for(100)
        load.stop()
        self.judge(load)

    def test_killed_workers(self):
        load = self.load("workers")
        load.wait_for(50)
        for _ in range(15):
            pids = self.stack.workers()
            if pids:
                os.kill(self.random.choice(pids), signal.SIGKILL)
            time.sleep(self.random.uniform(0, 0.1))
        load.wait_for(len(load.accepted) + 100, 60)
        load.stop()
        self.judge(load)

    def test_killed_api(self):
        load = self.load("api")
        load.wait_for(100)
        self.stack.kill_api()
        time.sleep(0.2)
        self.stack.start_api()
        load.wait_for(len(load.accepted) + 100, 60)
        load.stop()
        self.judge(load)


if __name__ == "__main__":
    unittest.main()
