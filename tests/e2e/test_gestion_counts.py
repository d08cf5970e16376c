"""
The list of immeubles after any writes: its counts of unpaid operations are the database's, and its bytes those it is
built to anew, whatever was written, by whom, and however it ended.
"""

import itertools
import os
import random
import re
import unittest

from tests.lib.crowd import Crowd, at_once
from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.stack import BUILD, StackCase

from .test_gestion_concurrency import TENANT_FORM, two_buildings

WORKERS = 4
FORM = {"operationName": "chargeTF", "operationDate": "17/08/2016", "operationMontant": "1"}
COUNT = re.compile(rb'"countOperationsUnpaid":(\d+)')


class CountsCase(StackCase):
    options = {"workers": WORKERS}
    numbers = itertools.count(1)
    key = None

    def setUp(self):
        number = self.number = next(type(self).numbers)
        self.landlord = import_landlord(self.stack, self.portfolio(f"user{number}", number), type(self).key)
        type(self).key = self.landlord.key
        self.user = self.stack.db.value(f"SELECT id FROM user_account WHERE username = 'user{number}'")
        self.tenant, self.places = f"03{number:022x}", [f"02{number:022x}", f"12{number:022x}"]
        self.immeubles = [i["id"] for i in self.landlord.portfolio["immeubles"]]
        self.landlord.get("immeubles")

    portfolio = staticmethod(two_buildings)

    def read(self):
        answer = self.landlord.call("immeubles")
        self.assertEqual(answer.status, 200, answer)
        return answer.body

    def counts(self):
        rows = self.stack.sql("SELECT (SELECT COUNT(*) FROM operation o WHERE o.user_id = i.user_id AND "
                              "o.immeuble_id = i.id AND paid = 0) FROM immeuble i "
                              f"WHERE user_id = {self.user} ORDER BY seq")
        return [int(row[0]) for row in rows]

    def shown(self):
        return [int(n) for n in COUNT.findall(self.read())]

    def ids(self):
        return [row[0] for row in self.stack.sql(f"SELECT LOWER(HEX(id)) FROM operation WHERE user_id = {self.user} "
                                             "ORDER BY seq")]

    def touch(self):
        """A change of the account: nothing that is kept is of its version any more."""
        self.stack.sql(f"UPDATE user_account SET first_name = IF(first_name = 'A', 'B', 'A') WHERE id = {self.user}")

    def check(self):
        """What every worker has to say is what the database has, and the same bytes when it has been built anew."""
        self.assertEqual(self.shown(), self.counts())
        before = {self.read() for _ in range(WORKERS)}
        self.touch()
        self.assertEqual(before, {self.read()})


class Walk(CountsCase):
    """Random writes and reads; a step is told by name when it fails."""

    def portfolio(self, username, number):
        """Three immeubles, the last with nothing in it."""
        made = two_buildings(username, number)
        made["immeubles"].append({**made["immeubles"][0], "id": f"21{number:022x}", "emprunts": [], "biens": []})
        return made

    def one(self):
        return self.dice.choice(self.ids() or ["f" * 24])

    def mark(self, landlord):
        landlord.get(self.dice.choice(["markOperationPaid/", "markOperationUnPaid/"]) + self.one())

    def mark_with_key(self, landlord):
        path = self.dice.choice(["markOperationPaid/", "markOperationUnPaid/"]) + self.one()
        for _ in range(self.dice.randint(1, 2)):
            landlord.call(path, headers={"Idempotency-Key": f"k{self.step}"})

    def add(self, landlord):
        landlord.get("saveOperation/" + self.dice.choice(self.immeubles), **FORM, **self.paid())

    def add_with_key(self, landlord):
        where, paid = self.dice.choice(self.immeubles), self.paid()
        for _ in range(self.dice.randint(1, 2)):
            landlord.call("saveOperation/" + where, **FORM, **paid, headers={"Idempotency-Key": f"k{self.step}"})

    def add_a_series(self, landlord):
        landlord.get("saveOperation/" + self.immeubles[0], **{
            **FORM, "operationName": "recetteLoyer", "operationMontantPC": "3", "operationRepeatDate": "17/10/2016",
            "locataireId": self.tenant_if(self.immeubles[0])}, **self.paid())

    def tenant_if(self, immeuble):
        rows = self.stack.sql(f"SELECT LOWER(HEX(id)) FROM locataire WHERE user_id = {self.user} AND "
                              f"immeuble_id = UNHEX('{immeuble}')")
        return rows[0][0] if rows else "f" * 24

    def change_or_move(self, landlord):
        landlord.get(f"saveOperation/{self.dice.choice(self.immeubles)}/{self.one()}", **FORM, **self.paid())

    def paid(self):
        return self.dice.choice([{}, {"operationPaid": "on"}])

    def delete(self, landlord):
        landlord.get("deleteOperation/" + self.one())

    def refused(self, landlord):
        landlord.get("deleteOperation/" + "f" * 24)
        landlord.get("markOperationPaid/" + "f" * 24)
        landlord.get("saveOperation/" + self.immeubles[0], **{**FORM, "locataireId": "f" * 24})

    def tenant_moves(self, landlord):
        landlord.get(f"saveLocataire/{self.dice.choice(self.places)}/{self.tenant}",
                     **{**TENANT_FORM, "nom": f"N{self.dice.randint(1, 9)}"})

    def tenant_goes(self, landlord):
        landlord.get("setLocataireGone/" + self.tenant, quitDate="17/08/2016")

    def other_hand(self, _):
        """As bailleur-robot, or another host's worker, counts and writes."""
        self.stack.sql("START TRANSACTION; UPDATE user_account SET operations_version = operations_version + 1 WHERE "
                       f"id = {self.user}; UPDATE operation SET paid = 1 - paid WHERE user_id = {self.user}; COMMIT")

    def account(self, _):
        self.touch()

    def other_landlord(self, _):
        self.other.get("saveOperation/" + self.other.portfolio["immeubles"][0]["id"], **FORM)
        self.other.get("immeubles")

    def walk(self, seed, steps):
        self.dice = random.Random(seed)
        other = 900 + self.number
        self.other = import_landlord(self.stack, small_portfolio(f"other{other}", other), self.key)
        kinds = [self.mark, self.mark, self.mark, self.add, self.add, self.change_or_move, self.change_or_move,
                 self.delete, self.delete, self.add_a_series, self.mark_with_key, self.add_with_key, self.refused,
                 self.tenant_moves, self.tenant_goes, self.other_hand, self.account, self.other_landlord]
        done = []
        for self.step in range(steps):
            kind = self.dice.choice(kinds)
            kind(self.landlord)
            done.append(kind.__name__)
            if self.dice.random() < 0.7:
                self.assertEqual(self.shown(), self.counts(), done[-8:])
            if self.dice.random() < 0.1:
                self.check()
        self.check()

    def test_walks(self):
        for seed in (1, 2, 3):
            if seed > 1:
                self.setUp()
            with self.subTest(seed=seed):
                self.walk(seed, 120)


class Writers(CountsCase):
    def test_writers_and_readers_at_once(self):
        """Whatever comes between whatever: a read that begins after the last write's answer is right."""
        ids = [self.landlord.get("saveOperation/" + immeuble, **FORM)["operationId"] for immeuble in self.immeubles * 3]
        for turn in range(6):
            def write(seed):
                dice = random.Random(seed)
                for _ in range(12):
                    dice.choice([
                        lambda: self.landlord.get("markOperationPaid/" + dice.choice(ids)),
                        lambda: self.landlord.get("markOperationUnPaid/" + dice.choice(ids)),
                        lambda: self.landlord.get(f"saveOperation/{dice.choice(self.immeubles)}/{dice.choice(ids)}",
                                                  **FORM)])()

            readers = Crowd(lambda *_: self.read(), 2)
            try:
                at_once(*(lambda seed=10 * turn + i: write(seed) for i in range(3)))
            finally:
                readers.end()
            self.assertEqual(readers.wrong, [])
            self.assertEqual([self.shown() for _ in range(WORKERS)], [self.counts()] * WORKERS)
        self.check()

    def test_the_next_read(self):
        """Through whatever worker either goes."""
        one, _ = [self.landlord.get("saveOperation/" + self.immeubles[1], **FORM)["operationId"] for _ in range(2)]
        for i in range(25):
            self.landlord.get(("markOperationPaid/", "markOperationUnPaid/")[i % 2] + one)
            self.assertEqual(self.shown()[1], 1 + i % 2)
        self.check()


@unittest.skipUnless("fault_point" in os.popen(f"nm -C {BUILD}/bailleur-api 2>/dev/null").read(), "no fault points")
class CutShort(CountsCase):
    """A worker that dies just before or after the commit of a write."""

    def test_a_worker_dies_at_a_commit(self):
        one = self.ids()[0]
        for point in ("db.before_commit", "db.after_commit"):
            for path, form in (("markOperationPaid/" + one, {}), ("saveOperation/" + self.immeubles[1], FORM),
                               (f"saveOperation/{self.immeubles[0]}/{one}", FORM)):
                with self.subTest(point=point, path=path):
                    self.stack.restart_api(BAILLEUR_FAULT=point,
                                           BAILLEUR_FAULT_ONCE=f"{self.stack.dir}/{point}{len(path)}{path[0]}")
                    self.read()
                    self.landlord.call(path, **form)
                    self.assertEqual(self.shown(), self.counts())
                    self.landlord.call(path, **form)
                    self.assertEqual(self.shown(), self.counts())
        self.stack.restart_api()
        self.check()


if __name__ == "__main__":
    unittest.main()
