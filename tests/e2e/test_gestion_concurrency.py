"""
Many requests of Gestion at once: nothing is lost, nothing is half done, no answer is older than the write before it,
and a worker that is killed spoils nobody's answer.
"""

import collections
import concurrent.futures
import itertools
import json
import os
import signal
import threading
import time
import unittest

from tests.lib.crowd import at_once
from tests.lib.gestion import import_landlord, small_portfolio, tenant
from tests.lib.process import wait_until
from tests.lib.stack import StackCase

WORKERS = 6
OPERATION_FORM = {"operationName": "chargeTF", "operationDate": "17/08/2016", "operationMontant": "1"}
TENANT_FORM = {"nom": "Dupont", "prenom": "Jean", "loyer": "666", "provision": "20", "indiceRevision": "0",
               "signatureDate": "12/08/2014", "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0",
               "depotGarantie": "1"}
BAD_OPERATION = {"result": False, "code": -10, "message": "Missing or invalid operationId (in url path)"}
EXPORT_POINTS = ["export.tenants_read"]


def two_buildings(username, number):
    """small_portfolio() with a second immeuble, to move to."""
    made = small_portfolio(username, number)
    first = made["immeubles"][0]
    made["immeubles"].append({**first, "id": f"11{number:022x}", "emprunts": [], "biens": [
        {"id": f"12{number:022x}", "nom": "T3", "locataires": [tenant(f"13{number:022x}")]}]})
    return made


class ConcurrencyCase(StackCase):
    options = {"workers": WORKERS}
    maxDiff = None
    numbers = itertools.count(1)
    key = None

    def setUp(self):
        """A landlord for each test."""
        self.number = next(self.numbers)
        self.landlord = import_landlord(self.stack, two_buildings(f"user{self.number}", self.number), type(self).key)
        type(self).key = self.landlord.key
        self.immeuble, self.bien, self.tenant, self.operation = (f"{kind:02x}{self.number:022x}" for kind in (1, 2, 3,
                                                                                                              4))
        self.landlord.get("immeubles")          # the slow password hash is paid here

    def version(self):
        return int(self.stack.db.value("SELECT portfolio_version + operations_version FROM user_account "
                                       f"WHERE username = '{self.landlord.username}'"))

    def operations(self):
        return {o["id"]: o for o in self.landlord.get(f"operations/{self.immeuble}/100000")["operations"]}

    def call(self, path, **form):
        """The JSON of an answer; anything but HTTP 200 fails the test."""
        return self.landlord.get(path, **form)


class Writes(ConcurrencyCase):
    def test_saves_of_one_operation(self):
        """The last one stands, whole: no mixture of two forms."""
        before = self.version()

        def save(who):
            for i in range(20):
                amount = who * 1000 + i + 1
                answer = self.call(f"saveOperation/{self.immeuble}/{self.operation}", **{
                    **OPERATION_FORM, "operationMontant": amount, "operationDesc": f"n° {amount}",
                    "operationPaid": "on" if amount % 2 else "off"})
                self.assertEqual(answer, {"message": "Operation updated", "result": True, "operationId": self.operation,
                                          "code": 0})

        at_once(*(lambda who=who: save(who) for who in range(4)))
        one = self.operations()[self.operation]
        amount = one["operationMontant"]
        self.assertEqual(amount % 1000, 20, "the last save of one of them")
        self.assertEqual((one["operationDesc"], one["operationPaid"]), (f"n° {amount}", amount % 2 == 1))
        self.assertEqual(self.version(), before + 80)

    def test_a_delete_during_updates(self):
        """An update finds the operation or adds a new one; the delete succeeds once."""
        for _ in range(15):
            oid = self.call("saveOperation/" + self.immeuble, **OPERATION_FORM)["operationId"]
            before, version = set(self.operations()), self.version()

            def update():
                return self.call(f"saveOperation/{self.immeuble}/{oid}", **OPERATION_FORM, operationDesc="changed")

            def delete():
                return self.call("deleteOperation/" + oid)

            *saved, first, second = at_once(update, update, delete, delete)
            self.assertEqual(sorted([first["code"], second["code"]]), [-10, 0])
            added = {answer["operationId"] for answer in saved if answer["message"] == "Operation added"}
            self.assertTrue(all(answer["operationId"] == oid or answer["operationId"] in added for answer in saved))
            self.assertEqual(set(self.operations()), before - {oid} | added)
            self.assertEqual(self.version(), version + 3)

    def test_marks_at_once(self):
        before = self.version()
        answers = at_once(*[lambda: self.call("markOperationPaid/" + self.operation)] * 8)
        self.assertEqual(answers, [{"result": True, "code": 0}] * 8)
        self.assertTrue(self.operations()[self.operation]["operationPaid"])
        self.assertEqual(self.version(), before + 8)
        at_once(*[lambda: self.call("markOperationUnPaid/" + self.operation),
                  lambda: self.call("markOperationPaid/" + self.operation)] * 4)
        self.assertEqual(self.version(), before + 16)
        unpaid = sum(not o["operationPaid"] for o in self.operations().values())
        shown = self.call("immeubles")["immeubles"][0]["countOperationsUnpaid"]
        self.assertEqual(shown, unpaid)

    def test_two_moves_of_a_tenant(self):
        """He lives in one place, and the immeuble told is that of the bien."""
        places = {self.bien: self.immeuble, f"12{self.number:022x}": f"11{self.number:022x}"}
        for _ in range(10):
            answers = at_once(*(lambda bien=bien, i=i: self.call(f"saveLocataire/{bien}/{self.tenant}", **{
                **TENANT_FORM, "loyer": 600 + i, "address1": f"{bien} {600 + i}"})
                for i, bien in enumerate([*places] * 2)))
            self.assertEqual(answers, [{"result": True, "locataireId": self.tenant, "code": 0}] * 4)
            he = self.call("locataire/" + self.tenant)["locataire"]
            self.assertEqual(places[he["bienId"]], he["immeubleId"])
            self.assertEqual(he["address1"], f"{he['bienId']} {he['loyer']}")
            where = [bien for bien in places for l in self.call(f"locataires/{bien}")["locataires"]
                     if l["id"] == self.tenant]
            self.assertEqual(where, [he["bienId"]])

    def test_many_adds(self):
        before, version = set(self.operations()), self.version()

        def add(who):
            return [self.call("saveOperation/" + self.immeuble, **OPERATION_FORM,
                              operationDesc=f"{who}-{i}")["operationId"]
                    for i in range(25)]

        made = [oid for oids in at_once(*(lambda who=who: add(who) for who in range(8))) for oid in oids]
        self.assertEqual(len(set(made)), 200)
        now = self.operations()
        self.assertEqual(set(now) - before, set(made))
        self.assertEqual(collections.Counter(now[oid]["operationDesc"] for oid in made),
                         collections.Counter(f"{who}-{i}" for who in range(8) for i in range(25)))
        self.assertEqual(self.version(), version + 200)

    def test_one_key_at_once(self):
        """Many requests with one key make one operation, and whoever is answered 200 gets the same answer."""
        before = set(self.operations())
        answers = at_once(*[lambda: self.landlord.call("saveOperation/" + self.immeuble, **OPERATION_FORM,
                                                       headers={"Idempotency-Key": "once"})] * 8)
        self.assertLessEqual({answer.status for answer in answers}, {200, 409})
        good = {answer.body for answer in answers if answer.status == 200}
        self.assertEqual(len(good), 1)
        self.assertEqual(len(set(self.operations()) - before), 1)

    def test_what_is_refused_does_not_count(self):
        before = self.version()
        at_once(*(lambda path=path, form=form: self.call(path, **form) for path, form in (
            ("deleteOperation/" + "f" * 24, {}), ("markOperationPaid/" + "f" * 24, {}),
            ("saveOperation/" + "f" * 24, OPERATION_FORM), ("saveLocataire/" + "f" * 24, TENANT_FORM),
            ("saveOperation/" + self.immeuble, {**OPERATION_FORM, "locataireId": "f" * 24}),
            ("setLocataireGone/" + self.tenant, {"quitDate": "01/01/1990"}))))
        self.assertEqual(self.version(), before)


class Reads(ConcurrencyCase):
    def test_an_export_is_of_one_moment(self):
        """A tenant and his operation that come while it is read are both not in it; and they need not wait for it."""
        held = self.stack.dir + "/held"
        before = json.loads(self.stack.ctl("portfolio", "export", self.landlord.username).stdout)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            export = pool.submit(self.stack.ctl, "portfolio", "export", self.landlord.username,
                                 BAILLEUR_FAULT=EXPORT_POINTS[0], BAILLEUR_FAULT_HOLD=held)
            try:
                wait_until(lambda: os.path.exists(held), 20, "the export to be held")
                made = self.call("saveLocataire/" + self.bien, **TENANT_FORM)["locataireId"]
                self.call("saveOperation/" + self.immeuble, operationName="recetteLoyer", operationMontant="10",
                          operationDate="17/08/2016", locataireId=made)
                self.assertTrue(os.path.exists(held), "the writes waited for the export")
            finally:
                if os.path.exists(held):
                    os.unlink(held)
            self.assertEqual(json.loads(export.result().stdout), before)
        after = json.loads(self.stack.ctl("portfolio", "export", self.landlord.username).stdout)
        self.assertEqual(len(after["operations"]), len(before["operations"]) + 1)

    def test_a_write_is_visible_to_the_next_read(self):
        """Each writer tells nobody; every read that begins after a write's answer shows it, through whatever worker."""
        def hammer(who):
            landlord = self.landlord if who == 0 else import_landlord(
                self.stack, small_portfolio(f"hammer{self.number}-{who}", 1000 * self.number + who), self.key)
            first = landlord.portfolio["immeubles"][0]["id"]
            oid = landlord.portfolio["operations"][0]["id"]
            for i in range(1, 60):
                saved = landlord.get(f"saveOperation/{first}/{oid}", **{**OPERATION_FORM, "operationMontant": i,
                                                                        "operationPaid": "on" if i % 2 else "off"})
                self.assertEqual(saved["message"], "Operation updated")
                for _ in range(WORKERS):
                    (seen,) = landlord.get("operations/" + first)["operations"]
                    self.assertEqual(seen["operationMontant"], i)
                    counted = landlord.get("immeubles")["immeubles"][0]["countOperationsUnpaid"]
                    self.assertEqual(counted, (i + 1) % 2)

        at_once(*(lambda who=who: hammer(who) for who in range(4)))

    def test_an_account_put_back(self):
        """
        A row put back as a backup has it, its version too: nothing kept from before is taken for what is there now.
        """
        name = f"'{self.landlord.username}'"
        before = self.landlord.get("immeubles")
        self.stack.sql(f"CREATE TEMPORARY TABLE backup SELECT * FROM user_account WHERE username = {name};"
                       "SET foreign_key_checks = 0;"
                       f"DELETE FROM user_account WHERE username = {name};"
                       f"UPDATE immeuble SET name = 'Restaurée' WHERE user_id = (SELECT id FROM backup);"
                       "INSERT INTO user_account SELECT * FROM backup")
        after = self.landlord.get("immeubles")
        self.assertNotIn("Restaurée", str(before))
        self.assertIn("Restaurée", str(after))

    def test_readers_see_whole_writes(self):
        """A rent and its provision come together: no reading shows one of them, nor a sum of two versions."""
        stop = threading.Event()

        def read():
            seen = set()
            while not stop.is_set():
                answer = self.call(f"operations/{self.immeuble}/100000")
                kinds = collections.Counter(o["operationType"]["id"] for o in answer["operations"])
                self.assertEqual(kinds["recetteLoyer"] - 1, kinds["recetteLoyerProvision"])
                self.assertEqual(answer["count"], answer["countAll"])
                seen.add(answer["count"])
            return seen

        def write():
            try:
                for _ in range(40):
                    self.call("saveOperation/" + self.immeuble, operationName="recetteLoyer", operationMontant="1",
                              operationMontantPC="2", operationDate="17/08/2016", locataireId=self.tenant)
            finally:
                stop.set()

        seen = at_once(read, read, read, write, write)[:3]
        self.assertGreater(len(set().union(*seen)), 1, "nothing was read meanwhile")

    def test_workers_killed_while_others_read(self):
        """Killed at any moment, of a copy into the shared memory too: who is answered is answered right."""
        expected = {path: self.landlord.call(path).body for path in (
            "immeubles", "bien/" + self.bien, "operations/" + self.immeuble, "locataires/" + self.immeuble)}
        stop = threading.Event()

        def read():
            counts = collections.Counter()
            while not stop.is_set():
                for path, body in expected.items():
                    answer = self.landlord.call(path)
                    counts[answer.status] += 1
                    if answer.status == 200:
                        self.assertEqual(answer.body, body)
            return counts

        def kill():
            try:
                for i in range(25):
                    # A write by another way, so that what is kept is of no use and is kept anew.
                    self.stack.sql("UPDATE user_account SET portfolio_version = portfolio_version + 1")
                    workers = self.stack.workers()
                    if workers:
                        os.kill(workers[i % len(workers)], signal.SIGKILL)
                    time.sleep(0.1)
            finally:
                stop.set()

        *counts, _ = at_once(read, read, read, read, kill)
        total = sum(counts, collections.Counter())
        self.assertGreater(total[200], 100)
        self.assertLessEqual(set(total), {200, 500, 502, 504}, total)
        for path, body in expected.items():
            for _ in range(2 * WORKERS):
                self.assertEqual(self.landlord.call(path).body, body)


if __name__ == "__main__":
    unittest.main()
