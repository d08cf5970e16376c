"""bailleurctl for landlords: accounts, the keys of their applications, and portfolios that are refused."""

import copy
import hashlib
import json
import os
import pty
import re
import subprocess
import termios
import unittest

from tests.e2e.test_ctl import _ISO, CtlCase
from tests.lib.gestion import small_portfolio
from tests.lib.process import wait_until
from tests.lib.stack import Stack

PASSWORD = "cheval pile agrafe"
OWNED = ("user_account", "immeuble", "emprunt", "declaration", "bien", "locataire", "operation", "developer_key")


def _echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


class LandlordCase(CtlCase):
    """With the API beside it, which tells who is let in."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.addClassCleanup(cls.stack.close)
        cls.key = cls.stack.ctl_json("devkey", "add", "app")["key"]

    def typed(self, line, *arguments, status=0):
        """The output of a command that this is typed to, and must end so: standard error if it fails."""
        done = subprocess.run([*self.stack.program("bailleurctl"), "--config", self.stack.conf, *arguments],
                              input=line, capture_output=True, text=True, env=self.stack.env(), timeout=60)
        self.assertEqual((done.returncode, done.stdout if status else done.stderr), (status, ""), done)
        return done.stderr if status else done.stdout

    def user(self, username):
        (user,) = [user for user in self.json("user", "list")["users"] if user["username"] == username]
        return user

    def login(self, username, password=PASSWORD, key=None):
        return self.stack.web.post("/api/login", {"username": username, "password": password},
                                   headers={"X-API-KEY": key or self.key})

    def owned(self):
        return self.stack.sql("CHECKSUM TABLE " + ", ".join(OWNED))


class UserTest(LandlordCase):
    def test_add(self):
        made = json.loads(self.typed(PASSWORD + "\n", "--json", "user", "add", "Hélène Marchand", "--email",
                                     "helene@exemple.fr", "--first-name", "Hélène", "--last-name", "Marchand"))
        user = {"userid": made["userid"], "username": "Hélène Marchand", "email": "helene@exemple.fr",
                "first_name": "Hélène", "last_name": "Marchand", "premium_offer": None, "premium_end": None}
        self.assertEqual(made, {"userid": user["userid"], "username": user["username"]})
        self.assertEqual(self.user("Hélène Marchand"), user)
        self.assertRegex(self.ctl("user", "list"), rf"(?m)^{made['userid']} +Hélène Marchand +helene@exemple\.fr +"
                                                   r"Hélène Marchand +- +-$")
        for login in ("Hélène Marchand", "helene@exemple.fr"):
            answer = self.login(login).json
            self.assertEqual({name: answer[name] for name in ("userid", "Code", "username", "first_name", "last_name")},
                             {"userid": str(made["userid"]), "Code": "-3", "username": "Hélène Marchand",
                              "first_name": "Hélène", "last_name": "Marchand"})
        self.assertEqual(self.login("Hélène Marchand", PASSWORD + " ").json["Code"], "-2")
        self.assertNotIn(PASSWORD, str(self.stack.sql("SELECT * FROM user_account")))

    def test_add_for_people(self):
        out = self.typed(PASSWORD, "user", "add", "bare")            # without an end of line
        self.assertRegex(out, r"^bare \(\d+\) is added\n$")
        user = self.user("bare")
        self.assertEqual((user["email"], user["first_name"], user["last_name"]), (None, "", ""))
        self.assertEqual(self.login("bare").json["Code"], "-3")

    def test_add_what_is_refused(self):
        self.typed(PASSWORD + "\n", "user", "add", "taken", "--email", "taken@exemple.fr")
        before = self.owned()
        for status, says, arguments in [
            (1, "is there already", ["taken"]), (1, "is there already", ["other", "--email", "taken@exemple.fr"]),
            (2, "1 to 100 characters", [""]), (2, "1 to 100 characters", ["é" * 101]),
            (2, "1 to 100 characters", ["two\nlines"]), (2, "1 to 100 characters", [" "]),
            (2, "not an e-mail address", ["other", "--email", "exemple.fr"]),
            (2, "not an e-mail address", ["other", "--email", ""]),
            (2, "at most 100 characters", ["other", "--first-name", "é" * 101]),
            (2, "at most 100 characters", ["other", "--last-name", "a\x1bb"]),
            (2, "usage: bailleurctl user add", []), (2, "usage: bailleurctl user add", ["other", "name"]),
            (2, "--rate means nothing to user add", ["other", "--rate", "1"]),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(says, self.typed(PASSWORD + "\n", "user", "add", *arguments, status=status))
        self.assertEqual(self.owned(), before)
        self.typed(PASSWORD, "user", "add", "é" * 100, "--first-name", "é" * 100, "--last-name", "", "--email",
                   "longest@exemple.fr")
        self.assertEqual(self.user("é" * 100)["first_name"], "é" * 100)

    def test_passwords_that_are_refused(self):
        self.typed(PASSWORD + "\n", "user", "add", "keeps")
        before = self.owned()
        for line, says in [("", "none came"), ("\n", "1 to 1024 bytes"), ("x" * 1025 + "\n", "1 to 1024 bytes")]:
            for command in (["add", "never"], ["passwd", "keeps"]):
                with self.subTest(line=line[:3], command=command):
                    self.assertIn(says, self.typed(line, "user", *command, status=1))
        self.fails(1, "no landlord is named «nobody»", "user", "passwd", "nobody")
        self.fails(2, "usage: bailleurctl user passwd", "user", "passwd")
        self.assertEqual(self.owned(), before)

    def test_passwd(self):
        self.typed(PASSWORD + "\n", "user", "add", "changes", "--email", "changes@exemple.fr")
        self.assertEqual(self.login("changes").json["Code"], "-3")
        self.assertRegex(self.typed("é" * 512 + "\nmore\n", "user", "passwd", "changes"),
                         r"^changes \(\d+\) has a new password\n$")
        self.assertEqual(self.login("changes").json["Code"], "-2")
        self.assertEqual(self.login("changes", "é" * 512).json["Code"], "-3")
        done = json.loads(self.typed("troisième\r\n", "--json", "user", "passwd", "changes@exemple.fr"))
        self.assertEqual(done, {"userid": self.user("changes")["userid"], "username": "changes"})
        self.assertEqual(self.login("changes", "troisième").json["Code"], "-3")

    def test_a_terminal_shows_no_password(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, theirs)
        self.addCleanup(os.close, ours)
        run = subprocess.Popen([*self.stack.program("bailleurctl"), "--config", self.stack.conf, "user", "add",
                                "at a terminal"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=self.stack.env())
        self.addCleanup(run.kill)
        self.assertEqual(run.stderr.read(10), b"Password: ")
        wait_until(lambda: not _echoes(theirs), 30, "the end of the echo")
        os.write(ours, PASSWORD.encode() + b"\n")
        out, error = run.communicate(timeout=60)
        self.assertEqual((run.returncode, error), (0, b"\n"))
        self.assertRegex(out, rb"^at a terminal \(\d+\) is added\n$")
        self.assertTrue(_echoes(theirs))
        os.write(theirs, b"end")
        self.assertEqual(os.read(ours, 100), b"end")             # nothing was shown before it
        self.assertEqual(self.login("at a terminal").json["Code"], "-3")

    def test_premium(self):
        self.typed(PASSWORD + "\n", "user", "add", "pays", "--email", "pays@exemple.fr")
        for until, end in [
            ("31/12/2040", "2040-12-31T22:59:59Z"), ("30/06/2040", "2040-06-30T21:59:59Z"),       # its end, in Paris
            ("29/02/2040", "2040-02-29T22:59:59Z"), ("2040-06-30T23:06:06+02:00", "2040-06-30T21:06:06Z"),
            ("2040-06-30T23:06:06Z", "2040-06-30T23:06:06Z"),
        ]:
            with self.subTest(until=until):
                self.assertRegex(self.ctl("user", "premium", "pays", "PRO", until), r"^pays \(\d+\) is premium\n$")
                user = self.user("pays")
                self.assertEqual((user["premium_offer"], user["premium_end"]), ("PRO", end))
                self.assertEqual(self.login("pays").json["Code"], "0")
        answer = self.login("pays").json
        self.assertEqual((answer["auth"], answer["premium_offer"], answer["premium_end"]),
                         (True, "PRO", "2040-07-01T01:06:06+02:00"))
        self.assertRegex(self.ctl("user", "list"), r"(?m)^\d+ +pays +pays@exemple\.fr +PRO +2040-06-30T23:06:06Z$")
        self.ctl("user", "premium", "pays", "PRO", "31/12/2019")
        self.assertEqual(self.login("pays").json["Code"], "-3")
        done = self.json("user", "premium", "pays@exemple.fr", "é" * 50, "31/12/2040")
        self.assertEqual(done, {"userid": self.user("pays")["userid"], "username": "pays"})
        self.assertEqual(self.login("pays").json["premium_offer"], "é" * 50)
        self.assertRegex(self.ctl("user", "premium", "pays"), r"^pays \(\d+\) has no premium period\n$")
        user, answer = self.user("pays"), self.login("pays").json
        self.assertEqual((user["premium_offer"], user["premium_end"], answer["Code"]), (None, None, "-3"))

    def test_premium_that_is_refused(self):
        self.typed(PASSWORD + "\n", "user", "add", "stays")
        self.ctl("user", "premium", "stays", "PRO", "31/12/2040")
        before = self.owned()
        for status, says, arguments in [
            (2, "until when?", ["stays", "PRO"]), (2, "usage: bailleurctl user premium", []),
            (2, "usage: bailleurctl user premium", ["stays", "PRO", "31/12/2040", "x"]),
            (2, "neither a day", ["stays", "PRO", "31/02/2040"]), (2, "neither a day", ["stays", "PRO", "soon"]),
            (2, "neither a day", ["stays", "PRO", "2040-13-01T00:00:00Z"]), (2, "neither a day", ["stays", "PRO", ""]),
            (2, "1 to 50 characters", ["stays", "", "31/12/2040"]),
            (2, "1 to 50 characters", ["stays", "é" * 51, "31/12/2040"]),
            (1, "no landlord is named «nobody»", ["nobody", "PRO", "31/12/2040"]),
            (1, "no landlord is named «nobody»", ["nobody"]),
        ]:
            with self.subTest(arguments=arguments):
                self.fails(status, says, "user", "premium", *arguments)
        self.assertEqual(self.owned(), before)

    def test_list_shows_control_characters_harmlessly(self):
        self.stack.sql("INSERT INTO user_account (username, password_hash, first_name) VALUES ('odd', '-', 'a\x1b[2J')")
        self.assertRegex(self.ctl("user", "list"), r"(?m)^ID +USERNAME +EMAIL +NAME +OFFER +UNTIL$")
        self.assertIn("a\\x1b[2J", self.ctl("user", "list"))
        self.assertEqual(self.user("odd")["first_name"], "a\x1b[2J")
        self.fails(2, "usage: bailleurctl user list", "user", "list", "odd")


class DevkeyTest(LandlordCase):
    def listed(self):
        return {key["name"]: key for key in self.json("devkey", "list")["devkeys"]}

    def soon(self, key, status):
        """A worker may know a key for a second."""
        wait_until(lambda: self.login("nobody", key=key).status == status, 30, f"{status} for the key")

    def test_add_disable_enable(self):
        made = self.json("devkey", "add", "switched")
        self.assertEqual(made, {"name": "switched", "key": made["key"]})
        self.assertRegex(made["key"], r"^[A-Za-z0-9_-]{43}$")
        key = made["key"]
        self.soon(key, 200)
        self.assertEqual({name: self.listed()["switched"][name] for name in ("name", "disabled")},
                         {"name": "switched", "disabled": False})
        self.assertRegex(self.listed()["switched"]["created_at"], _ISO)
        self.assertRegex(self.ctl("devkey", "list"), r"(?m)^NAME +STATE +CREATED$")
        self.assertRegex(self.ctl("devkey", "list"), r"(?m)^switched +enabled +\d{4}-\S+Z$")
        self.assertEqual(self.ctl("devkey", "disable", "switched"), "switched is disabled\n")
        self.soon(key, 403)
        self.assertTrue(self.listed()["switched"]["disabled"])
        self.assertFalse(self.listed()["app"]["disabled"])
        self.assertRegex(self.ctl("devkey", "list"), r"(?m)^switched +disabled +\d{4}-\S+Z$")
        self.assertEqual(self.json("devkey", "disable", "switched"), {"name": "switched", "disabled": True})
        self.assertEqual(self.ctl("devkey", "enable", "switched"), "switched is enabled\n")
        self.soon(key, 200)
        self.assertFalse(self.listed()["switched"]["disabled"])
        self.assertEqual(self.json("devkey", "enable", "switched"), {"name": "switched", "disabled": False})
        self.assertNotIn(key, self.ctl("devkey", "list") + self.ctl("--json", "devkey", "list"))
        self.assertEqual(self.value("SELECT LOWER(HEX(key_hash)) FROM developer_key WHERE name = 'switched'"),
                         hashlib.blake2b(key.encode(), digest_size=32).hexdigest())

    def test_add_for_people(self):
        out = self.ctl("devkey", "add", "é" * 100)
        self.assertIn("é" * 100, self.listed())
        self.soon(re.search(r"(?m)^ +key +(\S+)$", out)[1], 200)
        self.assertIn("shown this once", out)

    def test_what_is_refused(self):
        self.ctl("devkey", "add", "taken")
        before = self.owned()
        for status, says, arguments in [
            (1, "«taken» is there already", ["add", "taken"]), (2, "1 to 100 characters", ["add", ""]),
            (2, "1 to 100 characters", ["add", "é" * 101]), (2, "1 to 100 characters", ["add", "two\nlines"]),
            (1, "no key is named «nobody»", ["disable", "nobody"]),
            (1, "no key is named «nobody»", ["enable", "nobody"]),
            (2, "usage: bailleurctl devkey add", ["add"]), (2, "usage: bailleurctl devkey disable", ["disable"]),
            (2, "usage: bailleurctl devkey enable", ["enable", "a", "b"]),
            (2, "usage: bailleurctl devkey list", ["list", "taken"]), (2, "devkey what?", ["rotate", "taken"]),
        ]:
            with self.subTest(arguments=arguments):
                self.fails(status, says, "devkey", *arguments)
        self.assertEqual(self.owned(), before)


class PortfolioTest(LandlordCase):
    def imports(self, portfolio, status=0, arguments=()):
        return self.typed(json.dumps(portfolio), *arguments, "portfolio", "import", "-", status=status)

    def test_import_and_export(self):
        answer = json.loads(self.imports(small_portfolio("stdin", 1), arguments=["--json"]))
        self.assertEqual(answer, {"userid": self.user("stdin")["userid"], "username": "stdin",
                                  "immeubles": 1, "biens": 1, "locataires": 1, "operations": 1})
        path = self.stack.dir + "/portfolio.json"
        with open(path, "w") as file:
            json.dump(small_portfolio("file", 2), file)
        self.assertRegex(self.ctl("portfolio", "import", path),
                         r"^file \(\d+\) is imported: 1 immeubles, 1 biens, 1 locataires, 1 operations\n$")
        self.assertEqual(self.login("file", "correct horse").json["Code"], "-3")
        exported = self.ctl("portfolio", "export", "file")
        self.assertEqual(self.json("portfolio", "export", "file@example.fr"), json.loads(exported))
        self.assertEqual(exported.count("\n"), 1)
        self.assertEqual(self.user("file")["userid"], int(json.loads(exported)["user"]["userid"]))
        self.assertEqual(exported.count("correct horse"), 0)
        self.fails(1, "no landlord is named «nobody»", "portfolio", "export", "nobody")
        for arguments in (["export"], ["export", "a", "b"], ["import"], ["import", "-", "-"]):
            self.fails(2, "usage: bailleurctl portfolio", "portfolio", *arguments)

    def test_all_or_nothing(self):
        """What fails at the last row leaves none of those before it."""
        there, fresh = small_portfolio("there", 10), small_portfolio("fresh", 11)
        self.imports(there)
        userid = str(self.user("there")["userid"])
        before = self.owned()

        def changed(change):
            portfolio = copy.deepcopy(fresh)
            change(portfolio, portfolio["immeubles"][0], portfolio["operations"][0])
            return portfolio
        old, immeuble = there["operations"][0], there["immeubles"][0]
        bien = immeuble["biens"][0]
        for name, change in {
            "a user name that is taken": lambda p, i, o: p["user"].update(username="there"),
            "an address that is taken": lambda p, i, o: p["user"].update(email="there@example.fr"),
            "a number that is taken": lambda p, i, o: p["user"].update(userid=userid),
            "another's immeuble": lambda p, i, o: (i.update(id=immeuble["id"]), o.update(immeubleId=immeuble["id"])),
            "another's bien": lambda p, i, o: i["biens"][0].update(id=bien["id"]),
            "another's tenant": lambda p, i, o: (
                i["biens"][0]["locataires"][0].update(id=bien["locataires"][0]["id"]),
                o.update(locataireId=bien["locataires"][0]["id"])),
            "another's operation": lambda p, i, o: o.update(id=old["id"]),
            "another's operation, the last of many": lambda p, i, o: p["operations"].extend(
                [{**o, "id": f"{n:024x}"} for n in range(1000, 1040)] + [{**o, "id": old["id"]}]),
            "an operation of another's immeuble": lambda p, i, o: o.update(immeubleId=immeuble["id"]),
            "an operation of another's tenant": lambda p, i, o: o.update(
                locataireId=bien["locataires"][0]["id"]),
            "an operation twice": lambda p, i, o: p["operations"].append(dict(o)),
            "a tenant without a name": lambda p, i, o: i["biens"][0]["locataires"][0].pop("nom"),
            "no user": lambda p, i, o: p.pop("user"),
            "a member that is unknown": lambda p, i, o: p.update(operation=[]),
        }.items():
            with self.subTest(name):
                self.assertIn("nothing was imported", self.imports(changed(change), status=1))
                self.assertEqual(self.owned(), before)
        self.imports(fresh)

    def test_what_is_no_document(self):
        before = self.owned()
        for text in ("", "{", "[]", "null", "\x00", json.dumps(small_portfolio("cut", 12))[:-1]):
            with self.subTest(text=text[:5]):
                self.assertIn("nothing was imported", self.typed(text, "portfolio", "import", "-", status=1))
        self.fails(1, "No such file", "portfolio", "import", self.stack.dir + "/none.json")
        self.fails(1, "Is a directory", "portfolio", "import", self.stack.dir)
        self.assertEqual(self.owned(), before)


if __name__ == "__main__":
    unittest.main()
