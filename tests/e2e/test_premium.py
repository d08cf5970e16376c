"""[gestion] premium_only: whoever answers, only landlords who pay are served."""

import json
import time
import unittest
from datetime import datetime, timezone

from tests.e2e.test_express import ask
from tests.lib.fastcgi import Connection
from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.process import wait_until
from tests.lib.stack import StackCase


class PremiumOnly(StackCase):
    """Who does not pay gets nothing but the answer that says so, from a worker and from the express."""

    options = {"workers": 2, "settings": {"api": {"express": 1}, "gestion": {"premium_only": "yes"}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.free = import_landlord(cls.stack, small_portfolio("free", 1))
        cls.payer = import_landlord(cls.stack, small_portfolio("payer", 2), cls.free.key)

    def pay(self, seconds):
        """A period that ends then, from now; its last second."""
        until = int(time.time()) + seconds
        self.stack.ctl("user", "premium", "payer", "PRO", datetime.fromtimestamp(until, timezone.utc).isoformat())
        return until

    def assert_refused(self, answer):
        got = json.loads(answer.body)
        self.assertEqual((answer.status, got["result"], got["code"], set(got)),
                         (200, False, -3, {"result", "code", "message"}))

    def test_a_free_account(self):
        kept = self.stack.ctl("portfolio", "export", "free").stdout
        operation = self.free.portfolio["operations"][0]["id"]
        for path in ("immeubles", f"markOperationPaid/{operation}", f"operations/{1:02x}{1:022x}", "immeubles"):
            self.assert_refused(self.free.call(path))
        self.assertEqual(self.stack.ctl("portfolio", "export", "free").stdout, kept)
        headers = {"X-API-KEY": self.free.key}
        form = {"username": "free", "password": self.free.password}
        login = self.stack.web.post("/api/login", form, headers=headers).json
        self.assertEqual((login["auth"], login["Code"]), (False, "-3"))
        # Only who he is is told whether he pays.
        self.assertEqual(self.free.get("immeubles", password="wrong")["code"], -2)

    def test_a_period_that_ends(self):
        """Nothing is written when it does: the express must look at the time by itself, and so must the workers."""
        with Connection(self.stack.socket) as connection:
            for seconds in (3, 10, 40):         # the first is enough, unless this machine is very slow
                until = self.pay(seconds)
                kept = self.answered_by("express", lambda: ask(connection, self.payer))
                if time.time() < until:
                    break
        self.assertIn(b'"immeubles"', kept.body)
        wait_until(lambda: time.time() > until + 1.5, 60, "the end of the period")
        with Connection(self.stack.socket) as connection:
            for _ in range(12):                 # the first are the workers', who remember the key for the others
                self.assert_refused(ask(connection, self.payer))
            self.pay(3600)
            self.assertEqual(ask(connection, self.payer).body, kept.body)
            self.assertEqual(self.answered_by("express", lambda: ask(connection, self.payer)).body, kept.body)
            self.stack.ctl("user", "premium", "payer")
            for _ in range(3):
                self.assert_refused(ask(connection, self.payer))


if __name__ == "__main__":
    unittest.main()
