"""
A forgotten password: the request that tells nothing, the mail, the page behind its link, and what changes with it.
"""

import concurrent.futures
import email
import email.policy
import http.client
import os
import re
import unittest

from tests.lib.browser import SCREENS, InBrowser, contrast
from tests.lib.crowd import at_once
from tests.lib.fastcgi import Connection
from tests.lib.gestion import Landlord, import_landlord, small_portfolio
from tests.lib.stack import StackCase
from tests.lib.process import wait_until

ANSWER = ('{"pass":true,"Code":"0","message":"Vous allez recevoir un email qui va vous permettre de réinitialiser '
          'votre mot '
          'de passe.!"}').encode()
OLD, NEW = "correct horse", "trois corbeaux gris"


class Case(StackCase):
    options = {"workers": 4}
    key = None
    addresses = iter(range(2, 250))
    numbers = iter(range(1, 1000))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.stack.ctl_json("devkey", "add", "app")["key"]

    def landlord(self, **user):
        """A landlord of one's own: limits count by account."""
        number = next(self.numbers)
        landlord = import_landlord(self.stack, small_portfolio(f"bob{number}", number), self.key)
        for column, value in user.items():
            quoted = "NULL" if value is None else "X'%s'" % value.encode().hex()
            self.stack.sql(f"UPDATE user_account SET {column} = {quoted} WHERE username = '{landlord.username}'")
            landlord.portfolio["user"][column] = value
            if column == "username":
                landlord.username = value
        return landlord

    def ask(self, login=None, address=None, headers=None, name="email", **parameters):
        """POST /api/pass from an address of this machine, another one each time: there is a limit by address."""
        address = address or f"127.0.0.{next(self.addresses)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.web.port, timeout=60,
                                                source_address=(address, 0))
        form = {name: login, **parameters} if login is not None else parameters
        answer = self.stack.web.post("/api/pass", form, headers={"X-API-KEY": self.key, **(headers or {})},
                                     connection=connection)
        connection.close()
        return answer

    def mails(self, to, subject="Votre nouveau mot de passe"):
        """What arrived for someone: sends all that waits first."""
        self.stack.send_all()
        messages = [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.stack.mails()]
        return [each for each in messages if each["To"].addresses[0].addr_spec == to and each["Subject"] == subject]

    def links(self, landlord):
        """The paths of the links that he was sent, oldest first."""
        found = []
        for mail in self.mails(landlord.portfolio["user"]["email"]):
            text = mail.get_body(("plain",)).get_content().replace("\r", "")
            links = re.findall(r"^" + re.escape(self.stack.web.url) + r"(/reset/[\w-]{43})$", text, re.M)
            self.assertEqual(len(links), 1, text)
            found += links
        return found

    def link(self, landlord):
        self.assertEqual(self.ask(landlord.username).body, ANSWER)
        return self.links(landlord)[-1]

    def set(self, path, password=NEW, again=None):
        return self.stack.web.post(path, {"password": password, "again": password if again is None else again})

    def login(self, landlord, password):
        return self.stack.web.post("/api/login", {"username": landlord.username, "password": password},
                                   headers={"X-API-KEY": self.key}).json["Code"]

    def accepts(self, landlord, password):
        return self.login(landlord, password) in ("0", "-3")

    def refused(self, answer):
        self.assertEqual(answer.status, 404, answer)
        self.assertIn("Ce lien n’est plus valable", answer.text)
        self.assertNotIn("<form", answer.text)
        return re.sub(r"nonce=\"[\w-]+\"", "", answer.text)


class Asking(Case):
    def test_same_answer_for_everyone(self):
        known, silent = self.landlord(), self.landlord(email=None)
        odd = self.landlord(email="pas une adresse@")
        disabled = self.landlord()
        self.stack.sql(f"UPDATE user_account SET disabled_at = UTC_TIMESTAMP(3) WHERE username = '{disabled.username}'")
        answers = [self.ask(login) for login in (
            known.username, known.username.upper(), known.portfolio["user"]["email"], silent.username, odd.username,
            disabled.username, disabled.portfolio["user"]["email"], "personne", "personne@exemple.fr", "x" * 254, "é🦀",
            "' OR 1=1 --", "a@b@c", "%s%n", "bob\r\nBcc: x@y.fr")]
        answers.append(self.ask(known.username, name="username"))
        answers.append(self.ask("inconnu", name="username"))
        shapes = set()
        for answer in answers:
            self.assertEqual((answer.status, answer.body), (200, ANSWER))
            shapes.add(tuple(sorted((name, value) for name, value in answer.headers.items()
                                    if name not in ("Date", "X-Request-Id"))))
        self.assertEqual(len(shapes), 1, shapes)

    def test_only_the_account_gets_a_mail(self):
        landlord, other = self.landlord(), self.landlord()
        self.stack.send_all()
        before = len(self.stack.mails())
        for login in ("personne", "personne@exemple.fr", "autre@example.fr", landlord.username + "x"):
            self.ask(login)
        self.stack.send_all()
        self.assertEqual(len(self.stack.mails()), before)
        self.ask(landlord.portfolio["user"]["email"].upper())
        self.assertEqual((len(self.links(landlord)), len(self.links(other))), (1, 0))
        self.assertEqual(len(self.stack.mails()), before + 1)
        self.assertEqual(self.stack.db.value("SELECT COUNT(*) FROM delivery WHERE recipient LIKE 'personne%'"), "0")

    def test_statements_are_the_same(self):
        """What the database is asked for an account, for none, for one without e-mail, and for one asked too often."""
        self.statements_are_the_same(lambda: {})

    def test_statements_are_the_same_with_a_key(self):
        told = self.statements_are_the_same(lambda: {"Idempotency-Key": f"même {next(self.numbers)}".encode().hex()})
        self.assertTrue(any("idempotency_key" in statement for statement in told), told)

    def statements_are_the_same(self, headers):
        landlord, silent, often = self.landlord(), self.landlord(email=None), self.landlord()
        logins = [landlord.portfolio["user"]["email"], "personne@exemple.fr", silent.username,
                  "personne", often.username]
        for _ in range(4):
            self.ask(often.username)
        told = []
        self.stack.sql("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1")
        try:
            for login in logins:
                self.stack.sql("TRUNCATE mysql.general_log")
                self.ask(login, headers=headers())
                rows = self.stack.sql("SELECT HEX(argument) FROM mysql.general_log WHERE command_type IN "
                                      "('Execute', 'Query') AND argument NOT LIKE '%general_log%' ORDER BY event_time")
                told.append([self.skeleton(bytes.fromhex(row[0]).decode("latin-1")) for row in rows])
        finally:
            self.stack.sql("SET GLOBAL general_log = 0; SET GLOBAL log_output = 'FILE'")
        self.assertGreater(len(told[0]), 6)
        self.assertIn("COMMIT", told[0])
        self.assertEqual(sum("password_reset" in statement and "INSERT" in statement for statement in told[0]), 1)
        for other in told[1:]:
            self.assertEqual([re.sub("ROLLBACK TO", "RELEASE", statement) for statement in other],
                             [statement for statement in told[0]])
            self.assertIn("ROLLBACK TO SAVEPOINT mail", other)
        return told[0]

    @staticmethod
    def skeleton(statement):
        """A statement without its values."""
        return re.sub(r"(\b[x_]?\w*)?'(?:[^'\\]|\\.|'')*'|\b(?:NULL|\d+)\b", "?", statement, flags=re.S)

    def test_what_is_asked_of_a_request(self):
        landlord = self.landlord()
        for parameters in ({}, {"email": ""}, {"email": "   "}, {"email": "x" * 255}, {"username": ""}):
            with self.subTest(parameters=parameters):
                answer = self.ask(**parameters)
                self.assertEqual((answer.status, answer.json["pass"], answer.json["Code"]), (200, False, "-21"))
        for key in ("", "wrong"):
            answer = self.ask(landlord.username, headers={"X-API-KEY": key})
            self.assertEqual((answer.status, answer.json["code"]), (403, 403))
        self.assertEqual(self.stack.web.get("/api/pass", headers={"X-API-KEY": self.key}).status, 404)
        answer = self.stack.web.post("/api/pass", json={"email": landlord.username}, headers={"X-API-KEY": self.key})
        self.assertEqual(answer.body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 1)

    def test_the_mail(self):
        landlord = self.landlord(email="zoe@exemple.fr", username="zoé & <b>fils</b>")
        self.ask(landlord.username)
        mail, = self.mails("zoe@exemple.fr")
        self.assertIsNone(mail["List-Unsubscribe"])
        self.assertEqual(mail["From"].addresses[0].addr_spec, "ne-pas-repondre@bailleur.test")
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            self.assertIn(self.stack.web.url + "/reset/", text)
            self.assertIn("60 minutes", text)
            self.assertNotIn("/u/", text)
            self.assertNotIn("désinscri", text.lower())
            self.assertNotIn("sealed:", text)
        self.assertIn("«\u00a0zoé & <b>fils</b>\u00a0»", mail.get_body(("plain",)).get_content())
        self.assertIn("zoé &amp; &lt;b&gt;fils&lt;/b&gt;", mail.get_body(("html",)).get_content())

    def test_host_header_is_ignored(self):
        landlord = self.landlord()
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
            self.ask(landlord.username, headers={"Host": host, "X-Forwarded-Host": host})
        self.assertEqual(len(self.links(landlord)), 3)
        self.assertNotIn(b"evil", b"".join(self.stack.mails()))

    def test_unsubscribing_from_nothing_stops_nothing(self):
        landlord = self.landlord()
        client = self.stack.db.value("SELECT id FROM api_client WHERE name = 'Gestion'")
        self.stack.sql(f"INSERT INTO unsubscribe (client_id, channel, address, created_at) VALUES ({client}, 'mail', "
                       f"'{landlord.portfolio['user']['email']}', UTC_TIMESTAMP(3))")
        self.assertTrue(self.link(landlord))

    def test_nobody_can_read_the_token(self):
        """Not in the database, not in what an operator is shown, not in a log."""
        landlord = self.landlord()
        path = self.link(landlord)
        token = path.rsplit("/", 1)[1]
        self.stack.web.get(path)
        message = self.stack.db.value("SELECT MAX(id) FROM message")
        shown = [self.stack.ctl("why", message).stdout, self.stack.ctl("--json", "why", message).stdout]
        self.assertIn(landlord.portfolio["user"]["email"], shown[0])
        shown += [str(self.stack.sql("SELECT email, email_subject, email_content FROM message")), str(self.stack.sql(
            "SELECT HEX(account), HEX(token_hash), CAST(token_hash AS CHAR CHARACTER SET latin1) FROM password_reset")),
                  str(self.stack.sql("SELECT recipient, error_message, remote_id FROM delivery")),
                  str(self.stack.sql("SELECT sender, detail FROM delivery_event"))]
        for name in os.listdir(self.stack.log_dir):
            with open(f"{self.stack.log_dir}/{name}", errors="replace") as log:
                shown.append(log.read())
        self.assertIn("password-asked", "".join(shown))
        for text in shown:
            self.assertNotIn(token, text)
        self.set(path, NEW)
        self.assertTrue(self.accepts(landlord, NEW))
        with open(f"{self.stack.log_dir}/bailleur-api.log") as log:
            self.assertNotIn(NEW, log.read())

    def test_clients_cannot_open_what_is_sealed(self):
        """Sealed text sent in a client's own message stays as it is."""
        landlord = self.landlord()
        self.ask(landlord.username)
        sealed = self.stack.db.value("SELECT email_content FROM message ORDER BY id DESC LIMIT 1")
        self.assertTrue(sealed.startswith("sealed:"), sealed)
        client = self.stack.add_client()
        to = landlord.portfolio["user"]["email"]
        self.stack.web.post("/v1/send_email", client.form(recipient=to, subject="copie", message=sealed))
        mail, = self.mails(to, "copie")
        self.assertIn(sealed, mail.get_body(("plain",)).get_content().replace("\r", "").replace("\n", ""))
        self.assertIsNotNone(mail["List-Unsubscribe"])


class Limits(Case):
    def test_by_account(self):
        """Without a word; the last link stays good."""
        landlord = self.landlord()
        logins = [landlord.username, landlord.portfolio["user"]["email"], landlord.username.upper(),
                  landlord.username + " ", landlord.portfolio["user"]["email"].upper(), landlord.username]
        for login in logins:
            self.assertEqual(self.ask(login).body, ANSWER)
        links = self.links(landlord)
        self.assertEqual(len(links), 3)
        self.assertEqual(self.stack.web.get(links[-1]).status, 200)
        self.assertEqual(self.set(links[-1]).status, 200)

    def test_accounts_are_apart(self):
        one, two = self.landlord(), self.landlord()
        for _ in range(4):
            self.ask(one.username)
        self.ask(two.username)
        self.assertEqual((len(self.links(one)), len(self.links(two))), (3, 1))

    def test_by_address(self):
        landlord, address = self.landlord(), "127.0.1.1"
        for i in range(20):
            self.assertEqual(self.ask(f"personne{i}", address=address).body, ANSWER)
        for login in (landlord.username, "personne"):
            answer = self.ask(login, address=address)
            self.assertEqual((answer.status, answer.json["code"], answer.json["result"]), (429, 429, False))
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(self.links(landlord), [])
        self.assertEqual(self.ask(landlord.username, address="127.0.1.2").body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 1)
        self.assertTrue(self.accepts(landlord, OLD), "logging in has limits of its own")


class Once(Case):
    """An Idempotency-Key: one mail, whose link stays good, and the first answer again."""

    def keyed(self, login, key, **more):
        return self.ask(login, headers={"Idempotency-Key": key, **more.pop("headers", {})}, **more)

    def test_again(self):
        landlord = self.landlord()
        first = self.keyed(landlord.username, "encore")
        self.assertEqual((first.status, first.body, first.headers["Idempotent-Replayed"]), (200, ANSWER, None))
        link, = self.links(landlord)
        for _ in range(3):
            again = self.keyed(landlord.username, "encore")
            self.assertEqual((again.status, again.body, again.headers["Idempotent-Replayed"]), (200, ANSWER, "true"))
        self.assertEqual(self.links(landlord), [link])
        self.assertEqual(self.stack.web.get(link).status, 200)
        self.assertEqual(self.keyed(landlord.username, "autre").body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 2)

    def test_another_request(self):
        landlord, other = self.landlord(), self.landlord()
        self.keyed(landlord.username, "pris")
        for login in (other.username, "personne"):
            answer = self.keyed(login, "pris")
            self.assertEqual((answer.status, answer.json["result"], answer.json["code"]), (422, False, 422))
        self.assertEqual((len(self.links(landlord)), self.links(other)), (1, []))

    def test_keys_of_applications_are_apart(self):
        landlord = self.landlord()
        key = self.stack.ctl_json("devkey", "add", "autre app")["key"]
        for headers in ({}, {"X-API-KEY": key}) * 2:
            self.assertEqual(self.keyed(landlord.username, "la-meme", headers=headers).body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 2)

    def test_nobody_can_tell_an_account(self):
        """What a key answers for an account, for none and for one without e-mail: at first, again, and to another."""
        seen = set()
        for login in (self.landlord().username, "personne", self.landlord(email=None).username):
            key = "qui " + login
            answers = [self.keyed(login, key), self.keyed(login, key), self.keyed(login + "x", key)]
            seen.add(tuple((answer.status, answer.body, answer.headers["Idempotent-Replayed"]) for answer in answers))
        self.assertEqual(len(seen), 1, seen)

    def test_limits(self):
        """An answer that is given again counts for none, and none refuses it; what they refuse is not kept."""
        landlord, address = self.landlord(), "127.0.1.3"
        for i in range(20):
            for _ in range(2):
                self.assertEqual(self.keyed(landlord.username if i < 4 else f"personne{i}", f"limite {i}",
                                            address=address).body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 3)
        answer = self.keyed("personne", "limite 20", address=address)
        self.assertEqual((answer.status, answer.json["code"]), (429, 429))
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        for i in (0, 19):
            self.assertEqual(self.keyed(landlord.username if i < 4 else f"personne{i}", f"limite {i}",
                                        address=address).body, ANSWER)
        answer = self.keyed("personne", "limite 20")
        self.assertEqual((answer.body, answer.headers["Idempotent-Replayed"]), (ANSWER, None))

    def test_bad_keys(self):
        landlord = self.landlord()
        for key in ("k" * 256, "cl\xe9", "a\tb"):
            answer = self.keyed(landlord.username, key)
            self.assertEqual((answer.status, answer.json["code"], answer.json["message"]),
                             (400, 400, "Paramètre invalide : Idempotency-Key"))
        self.assertEqual(self.links(landlord), [])
        self.assertEqual(self.keyed(landlord.username, "k" * 255).body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 1)

    def test_what_is_refused_is_not_kept(self):
        self.assertEqual(self.keyed(" ", "refus").json["Code"], "-21")
        self.assertEqual(self.keyed("personne", "refus").body, ANSWER)

    def test_at_once(self):
        """Of eight with one key one is done; the others have its answer, or are told that it runs."""
        landlord = self.landlord()
        answers = at_once(*[lambda: self.keyed(landlord.username, "ensemble")] * 8)
        self.assertLessEqual({answer.status for answer in answers}, {200, 409})
        self.assertEqual({answer.body for answer in answers if answer.status == 200}, {ANSWER})
        self.assertEqual(len(self.links(landlord)), 1)

    def test_while_the_first_runs(self):
        """The first waits for the account's row, which somebody holds."""
        landlord = self.landlord()
        self.keyed(landlord.username, "avant")
        held = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with self.stack.db.holding("SELECT COUNT(*) FROM password_reset FOR UPDATE"):
                first = pool.submit(self.keyed, landlord.username, "court")
                wait_until(lambda: self.stack.db.value(held) != "0", 30, "the first request at the row")
                answer = self.keyed(landlord.username, "court")
                self.assertEqual((answer.status, answer.json["result"], answer.json["code"]), (409, False, 409))
            self.assertEqual(first.result().body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 2)


class Setting(Case):
    def test_the_whole_way(self):
        landlord = self.landlord()
        path = self.link(landlord)
        for _ in range(3):
            self.assertIn("<form", self.stack.web.get(path).text)
        self.assertEqual(self.stack.web.request("HEAD", path).status, 200)
        self.assertTrue(self.accepts(landlord, OLD))
        answer = self.set(path)
        self.assertEqual(answer.status, 200)
        self.assertIn("Mot de passe changé", answer.text)
        self.assertEqual(self.login(landlord, OLD), "-2")
        self.assertTrue(self.accepts(landlord, NEW))
        self.assertRegex(self.stack.db.value(f"SELECT password_hash FROM user_account WHERE username = "
                                             f"'{landlord.username}'"),
                         r"^\$argon2id\$v=19\$m=19456,t=2,p=1\$")
        notice, = self.mails(landlord.portfolio["user"]["email"], "Votre mot de passe a été changé")
        text = notice.get_body(("plain",)).get_content()
        self.assertIn(landlord.username, text)
        self.assertNotIn("/reset/", text)
        self.assertIsNone(notice["List-Unsubscribe"])

    def test_headers(self):
        path = self.link(self.landlord())
        for answer in (self.stack.web.get(path), self.set(path, "court"), self.set(path), self.stack.web.get(path)):
            headers = answer.headers
            self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertIn("form-action 'self'", headers["Content-Security-Policy"])
            self.assertNotIn("script-src", headers["Content-Security-Policy"])
            self.assertNotIn("http", re.sub(r"<!DOCTYPE.*?>", "", answer.text), "no address of elsewhere")

    def test_a_link_works_once(self):
        landlord = self.landlord()
        path = self.link(landlord)
        self.assertEqual(self.set(path).status, 200)
        self.refused(self.stack.web.get(path))
        self.refused(self.set(path, "une tartine de rhubarbe"))
        self.assertTrue(self.accepts(landlord, NEW))

    def test_the_last_one_only(self):
        landlord = self.landlord()
        first, second = self.link(landlord), self.link(landlord)
        self.assertNotEqual(first, second)
        self.refused(self.stack.web.get(first))
        self.refused(self.set(first))
        self.assertTrue(self.accepts(landlord, OLD))
        self.assertEqual(self.set(second).status, 200)

    def test_expired(self):
        landlord = self.landlord()
        path = self.link(landlord)
        where = f"WHERE user_id = (SELECT id FROM user_account WHERE username = '{landlord.username}')"
        left = self.stack.db.value("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), expires_at) FROM "
                                   "password_reset " + where)
        self.assertTrue(3000 < int(left) <= 3600, left)
        lifetime = self.stack.db.value("SELECT TIMESTAMPDIFF(SECOND, created_at, expires_at) FROM delivery JOIN "
                                       "message ON "
                                       "message.id = message_id ORDER BY delivery.id DESC LIMIT 1")
        self.assertEqual(int(lifetime), 3600)
        self.stack.sql("UPDATE password_reset SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND " + where)
        self.refused(self.stack.web.get(path))
        self.refused(self.set(path))
        self.assertTrue(self.accepts(landlord, OLD))
        self.ask("personne")
        self.assertEqual(self.stack.db.value("SELECT COUNT(*) FROM password_reset " + where), "0", "not purged")

    def test_void_when_the_password_changes_elsewhere(self):
        landlord = self.landlord()
        path = self.link(landlord)
        name = landlord.username
        other = self.landlord()
        self.stack.sql(f"UPDATE user_account u JOIN user_account o ON o.username = '{other.username}' "
                       f"SET u.password_hash = o.password_hash WHERE u.username = '{name}'")
        self.refused(self.stack.web.get(path))
        self.refused(self.set(path))

    def test_disabled_account(self):
        landlord = self.landlord()
        path = self.link(landlord)
        self.stack.sql(f"UPDATE user_account SET disabled_at = UTC_TIMESTAMP(3) WHERE username = '{landlord.username}'")
        self.refused(self.stack.web.get(path))
        self.refused(self.set(path))
        self.assertEqual(self.ask(landlord.username).body, ANSWER)
        self.assertEqual(len(self.links(landlord)), 1)

    def test_one_page_for_every_bad_link(self):
        used, landlord = self.link(self.landlord()), self.landlord()
        self.assertEqual(self.set(used).status, 200)
        good = self.link(landlord)
        pages = set()
        for name in (used[7:], good[7:-1], good[7:] + "A", good[7:-1] + ("A" if good[-1] != "A" else "B"),
                     good[7:].swapcase(),
                     "A" * 43, "x", "%3Cscript%3E", "x" * 3000, "é".encode().hex()):
            for method in ("GET", "POST"):
                with self.subTest(name=name[:60], method=method):
                    pages.add(self.refused(self.stack.web.request(method, "/reset/" + name)))
        self.assertEqual(len(pages), 1)
        self.assertEqual(self.stack.web.get(good).status, 200)

    def test_rows_of_nobody_open_nothing(self):
        self.stack.sql("INSERT INTO password_reset VALUES (REPEAT('x', 32), NULL, UNHEX(SHA2('t', 256)), REPEAT('x', "
                       "32), "
                       "UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)")
        self.refused(self.stack.web.get("/reset/t"))

    def test_bad_passwords(self):
        landlord = self.landlord()
        path = self.link(landlord)
        for password, again, words in (
                ("", "", "trop court"), ("onze lettre", None, "trop court"),
                ("motdepasse1234", None, "trop facile à deviner"),
                (landlord.username + "@example.fr", None, "trop facile à deviner"),
                ("é" * 12, None, "trop facile à deviner"),
                (NEW, "", "pas les mêmes"), (NEW, NEW + " ", "pas les mêmes"), (NEW, NEW.upper(), "pas les mêmes"),
                ("kT9#xQ2vLm" * 103, None, "trop long"), ("é🦀ab" * 130, None, "trop long")):
            with self.subTest(password=password[:30], again=again):
                answer = self.set(path, password, again)
                self.assertEqual(answer.status, 422)
                self.assertIn(words, answer.text)
                self.assertIn("<form", answer.text)
                if len(password) > 10:
                    self.assertNotIn(password, answer.text)
        self.assertEqual(self.stack.web.post(path).status, 422)
        self.assertEqual(self.stack.web.post(path, body=b"password=%ff", headers={
            "Content-Type": "application/x-www-form-urlencoded"}).status, 400)
        self.assertTrue(self.accepts(landlord, OLD))
        self.assertEqual(self.set(path, "  J'habite au 4ᵉ étage & <là> 🦀 ").status, 200)
        self.assertTrue(self.accepts(landlord, "  J'habite au 4ᵉ étage & <là> 🦀 "))
        self.assertFalse(self.accepts(landlord, "J'habite au 4ᵉ étage & <là> 🦀"))

    def test_two_at_once(self):
        """Exactly one wins, and its password counts."""
        for _ in range(3):
            landlord = self.landlord()
            path = self.link(landlord)
            passwords = [f"{NEW} numéro {letter * 2}" for letter in "kqwxzj"]
            given = at_once(*(lambda password=password: self.set(path, password) for password in passwords))
            answers = dict(zip(passwords, given, strict=True))
            won = [password for password, answer in answers.items() if answer.status == 200]
            self.assertEqual(len(won), 1, answers)
            for password, answer in answers.items():
                if password not in won:
                    self.refused(answer)
            self.assertEqual([password for password in passwords if self.accepts(landlord, password)], won)
            self.assertEqual(len(self.mails(landlord.portfolio["user"]["email"], "Votre mot de passe a été changé")), 1)

    def test_asked_for_at_once(self):
        """Of links made at the same time one is good."""
        landlord = self.landlord()
        at_once(*[lambda: self.ask(landlord.username)] * 3)
        links = self.links(landlord)
        self.assertEqual(len(links), 3)
        self.assertEqual(sorted(self.stack.web.get(link).status for link in links), [200, 404, 404])

    def test_isolation(self):
        """One landlord's link changes nothing of another's."""
        one, two = self.landlord(), self.landlord()
        mine, other = self.link(one), self.link(two)
        hashes = "SELECT username, password_hash FROM user_account WHERE username <> '%s' ORDER BY id" % one.username
        before = self.stack.sql(hashes)
        for parameters in ({"username": two.username}, {"email": two.portfolio["user"]["email"]}, {"userid": "2"},
                           {"token": other[7:]}):
            answer = self.stack.web.post(mine, {"password": "court", "again": "court", **parameters})
            self.assertEqual(answer.status, 422)
            self.assertIn(one.username, answer.text)
            self.assertNotIn(two.username, answer.text)
        answer = self.stack.web.post(mine, {"password": NEW, "again": NEW, "username": two.username})
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.accepts(one, NEW))
        self.assertTrue(self.accepts(two, OLD))
        self.assertEqual(self.stack.sql(hashes), before)
        self.assertEqual(self.stack.web.get(other).status, 200)

    def test_account_without_email_gets_no_notice(self):
        landlord = self.landlord()
        path = self.link(landlord)
        self.stack.sql(f"UPDATE user_account SET email = NULL WHERE username = '{landlord.username}'")
        self.assertEqual(self.set(path).status, 200)
        self.assertTrue(self.accepts(landlord, NEW))


class Remembered(Case):
    """What was remembered of the old password is void at once: every worker of this host, and another host."""

    def burst(self, call, n=24):
        return set(at_once(*[call] * n))

    def test_everywhere_at_once(self):
        landlord = self.landlord()
        address = self.stack.dir + "/other.sock"
        other = self.stack._process("other-api", [*self.stack.program("bailleur-api"), "--config", self.stack.conf,
                                                  "--listen", address, "--workers", "2"])
        wait_until(lambda: other.must_run() and os.path.exists(address), 60, "the other host's bailleur-api")

        def elsewhere(password):
            body = f"username={landlord.username}&password={password.replace(' ', '+')}".encode()
            with Connection(address) as connection:
                reply = connection.ask("/api/gestion/2/immeubles", "POST", body=body, HTTP_X_API_KEY=self.key,
                                       CONTENT_TYPE="application/x-www-form-urlencoded")
            return b'"result":true' in reply.body

        def here(password):
            return Landlord(self.stack, {"user": {"username": landlord.username, "password": password}},
                            self.key).call("immeubles").json.get("result")

        try:
            path = self.link(landlord)
            # Many at once that are not remembered yet would count as guesses: one goes first.
            for password in (OLD, NEW):
                if password == NEW:
                    self.assertEqual(self.set(path).status, 200)
                    self.assertEqual(self.burst(lambda: here(OLD), 5), {False})
                    self.assertEqual(self.burst(lambda: elsewhere(OLD), 5), {False})
                self.assertEqual((here(password), elsewhere(password)), (True, True))
                self.assertEqual(self.burst(lambda: here(password)), {True})
                self.assertEqual(self.burst(lambda: elsewhere(password)), {True})
        finally:
            other.stop()


class InChromium(InBrowser, Case):
    forgiven, shots = "404|422", "reset-"

    def type(self, page, selector, text):
        page.call("DOM.focus", nodeId=page.node(selector))
        page.call("Input.insertText", text=text)

    def check_fields(self, page):
        for selector in ("#password", "#again", "button"):
            left, _, width, height = page.box(selector)
            self.assertGreaterEqual(height, 44)
            self.assertGreaterEqual(left, 0)
            self.assertLessEqual(left + width, page.width)
        style = page.style("#password")
        self.assertGreaterEqual(float(style["font-size"].removesuffix("px")), 16)
        self.assertGreaterEqual(contrast(style["border-top-color"], page.style("main")["background-color"]), 3)
        self.check_contrast(page, "#password", 7)

    def check_form(self, page, name):
        self.check_looks(page, name)
        self.check_fields(page)

    def described(self, page, selector):
        """Name, description and properties of a field, as a screen reader is told them."""
        nodes = page.call("Accessibility.getPartialAXTree", nodeId=page.node(selector), fetchRelatives=False)["nodes"]
        node = nodes[0]
        return (node["name"]["value"], node.get("description", {}).get("value", ""),
                {each["name"]: each["value"].get("value") for each in node.get("properties", [])})

    def test_without_scripts(self):
        for name, (width, height) in SCREENS.items():
            for dark in (False, True):
                with self.subTest(name=name, dark=dark):
                    self.use(name + " dark" * dark, width, height, dark)

    def use(self, name, width, height, dark):
        landlord = self.landlord()
        page = self.browser.page(width, height, scripts=False, dark=dark)
        page.go(self.stack.web.url + self.link(landlord))
        self.assertIn(("heading", "Nouveau mot de passe"), page.tree())
        self.check_form(page, "ask " + name)
        label, description, properties = self.described(page, "#password")
        self.assertEqual(label, "Nouveau mot de passe")
        self.assertIn("Au moins 12 caractères", description)
        self.assertTrue(properties["required"])
        self.type(page, "#password", "motdepasse1234")
        self.type(page, "#again", "motdepasse1234")
        page.click("button")
        self.assertIn("trop facile à deviner", page.text())
        self.check_form(page, "refused " + name)
        label, description, properties = self.described(page, "#password")
        self.assertIn("trop facile à deviner", description)
        self.assertEqual(properties["invalid"], "true")
        self.assertIn("alert", [role for role, _ in page.tree()])
        self.type(page, "#password", NEW)
        self.type(page, "#again", NEW)
        page.click("button")
        self.assertIn(("heading", "Mot de passe changé"), page.tree())
        self.check_looks(page, "done " + name)
        self.assertTrue(self.accepts(landlord, NEW))

    def test_keyboard_alone(self):
        """The first field has the focus; Tab and Enter do the rest."""
        for dark in (False, True):
            landlord = self.landlord()
            page = self.browser.page(*SCREENS["desktop"], scripts=False, dark=dark)
            page.go(self.stack.web.url + self.link(landlord))
            self.check_focus(page, "#password")
            page.call("Input.insertText", text=NEW)
            self.shoot(page, "focus" + " dark" * dark)
            page.press("Tab", 9)
            page.focus("#again")
            page.call("Input.insertText", text=NEW)
            page.press("Tab", 9)
            self.check_focus(page, "button")
            page.press("Enter", 13, "\r", wait=True)
            self.assertIn(("heading", "Mot de passe changé"), page.tree())
            self.assertTrue(self.accepts(landlord, NEW))

    def test_for_password_managers(self):
        landlord = self.landlord()
        page = self.browser.page(*SCREENS["desktop"], scripts=False)
        page.go(self.stack.web.url + self.link(landlord))
        html = page.html()
        self.assertEqual(html.count('autocomplete="new-password"'), 2)
        self.assertRegex(html, rf'<input type="text" name="username" value="{landlord.username}" '
                                 'autocomplete="username"')
        self.assertEqual(html.count('minlength="12"'), 2)

    def test_bad_link(self):
        for name, screen in SCREENS.items():
            page = self.browser.page(*screen, scripts=False)
            page.go(self.stack.web.url + "/reset/faux")
            self.assertIn(("heading", "Ce lien n’est plus valable"), page.tree())
            self.assertIsNone(page.node("form"))
            self.check_looks(page, "bad " + name)

    def test_long_and_hostile_names(self):
        landlord = self.landlord(username='<script>"' + "x" * 80 + "'&amp;")
        page = self.browser.page(*SCREENS["small telephone"], scripts=False)
        page.go(self.stack.web.url + self.link(landlord))
        self.assertIn(landlord.username, page.text())
        self.assertIsNone(page.node("script"))
        self.check_form(page, "long")


if __name__ == "__main__":
    unittest.main()
