"""bailleurctl: each command, for people and for scripts, its errors and what it leaves in the database."""

import base64
import glob
import hashlib
import json
import os
import pty
import re
import subprocess
import unittest
import uuid

from tests.lib.crowd import at_once
from tests.lib.stack import TOP, Stack

_ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class CtlCase(unittest.TestCase):
    """One database for the tests of a class; only bailleurctl runs."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(start=False)
        cls.addClassCleanup(cls.stack.close)
        cls.stack.db.start()

    def tearDown(self):
        self.stack.check_reports()

    def ctl(self, *arguments):
        """Standard output of a command that must succeed, with nothing on standard error."""
        done = self.stack.ctl(*arguments)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def json(self, *arguments):
        out = self.ctl("--json", *arguments)
        self.assertEqual(out.count("\n"), 1)
        return json.loads(out)

    def fails(self, status, says, *arguments, **env):
        """The command must end with this status, say this on standard error, and print nothing."""
        done = self.stack.ctl(*arguments, check=False, **env)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertIn(says, done.stderr)

    def value(self, statement):
        return self.stack.db.value(statement)


class MigrateTest(CtlCase):
    def setUp(self):
        self.stack.db.sql("DROP DATABASE IF EXISTS bailleur", database=None)

    def start(self):
        return subprocess.Popen([*self.stack.program("bailleurctl"), "--config", self.stack.conf, "--json", "migrate"],
                                env=self.stack.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_two_at_once_then_again(self):
        files = [os.path.basename(path) for path in sorted(glob.glob(TOP + "/sql/[0-9]*.sql"))]
        runs = [self.start(), self.start()]
        outputs = [run.communicate(timeout=120) for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0], outputs)
        answers = [json.loads(out) for out, _ in outputs]
        self.assertEqual(sum(answer["applied"] for answer in answers), len(files))
        self.assertEqual({answer["version"] for answer in answers}, {int(files[-1][:4])})
        self.assertEqual(self.json("migrate"), {"applied": 0, "version": int(files[-1][:4])})
        self.assertEqual(self.ctl("migrate"), f"0 applied, the schema is at version {int(files[-1][:4])}\n")

    def test_migrations_cut_short_are_run_again(self):
        self.ctl("migrate")
        for number in range(1, int(self.value("SELECT COUNT(*) FROM schema_migration")) + 1):
            # As a server that was killed leaves it: tables and all, but no record of an end.
            self.stack.sql(f"UPDATE schema_migration SET finished_at = NULL ORDER BY version DESC LIMIT {number}")
            self.assertEqual(self.json("migrate")["applied"], number)
        self.assertEqual(self.value("SELECT COUNT(*) FROM schema_migration WHERE finished_at IS NULL"), "0")

    def test_bad_migrations(self):
        self.ctl("migrate")
        directory = self.stack.dir + "/bad"
        os.mkdir(directory)
        with open(directory + "/9000-broken.sql", "w") as file:
            file.write("CREATE TABLE broken (id INT PRIMARY KEY; -- no end\n")
        self.fails(1, directory, "migrate", BAILLEUR_SQL=directory)
        self.fails(1, directory + "/none", "migrate", BAILLEUR_SQL=directory + "/none")
        self.assertEqual(self.value("SELECT COUNT(*) FROM schema_migration WHERE version = 9000 "
                                    "AND finished_at IS NOT NULL"), "0")


class BinaryLogTest(unittest.TestCase):
    """A server with a binary log, as every node of a cluster is one: the triggers need the administrator's leave."""

    def test_what_is_to_be_done(self):
        stack = Stack(db=["--log-bin=binlog", "--server-id=1"], start=False)
        self.addCleanup(stack.close)
        stack.db.start()
        refused = stack.ctl("migrate", check=False)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("log_bin_trust_function_creators = 1", refused.stderr.splitlines()[-1])
        stack.db.sql("SET GLOBAL log_bin_trust_function_creators = 1", database=None)
        self.assertGreater(stack.ctl_json("migrate")["applied"], 0)
        self.assertEqual(stack.ctl_json("migrate")["applied"], 0)
        # Once the triggers are there, nothing needs it any more.
        stack.db.sql("SET GLOBAL log_bin_trust_function_creators = 0", database=None)
        stack.start_nginx()
        stack.start_api()
        client = stack.add_client()
        answer = stack.web.post("/v1/send_email", client.form(recipient="a@b.fr", subject="s", message="m"))
        self.assertEqual(answer.status, 200, answer)
        stack.send_all()
        stack.run("bailleur-robot", "--config", stack.conf)
        self.assertEqual(len(stack.mails()), 1)
        with open(stack.db.log) as file:
            self.assertNotIn("unsafe", file.read())


class WithSchema(CtlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.ctl("migrate")


class CommandLineTest(WithSchema):
    def test_usage(self):
        cases = [
            ([], "usage: bailleurctl"), (["queues"], "«queues» is not a command"), (["client"], "client what?"),
            (["client", "delete"], "client what?"), (["why"], "usage: bailleurctl why ID"),
            (["why", "1", "2"], "usage: bailleurctl why ID"), (["migrate", "now"], "usage: bailleurctl migrate"),
            (["client", "list", "--rate", "3"], "--rate means nothing to client list"),
            (["queue", "--yes"], "--yes means nothing to queue"), (["queue", "--nonsense"], "--nonsense"),
            (["client", "add", "a", "--rate"], "--rate"), (["client", "add", "a", "--rate", "0"], "from 1 to 1000000"),
            (["client", "add", "a", "--rate", "-1"], "from 1 to 1000000"),
            (["client", "add", "a", "--burst", "1000001"], "from 1 to 1000000"),
            (["client", "add", "a", "--burst", "12abc"], "from 1 to 1000000"),
            (["client", "add", "a", "--rate", "99999999999999999999"], "from 1 to 1000000"),
            (["client", "add", ""], "one line"), (["client", "add", " \u00a0 "], "one line"),
            (["client", "add", "two\nlines"], "one line"), (["client", "add", "é" * 101], "one line"),
            (["client", "add", "\x1b[2J"], "one line"), (["why", "0"], "not a message's number"),
            (["why", "-1"], ""), (["why", "12abc"], "not a message's number"),
            (["why", "18446744073709551616"], "not a message's number"), (["resend"], "one of ID"),
            (["resend", "1", "--failed"], "one of ID"), (["resend", "--failed", "--unknown"], "one of ID"),
            (["suppress", "add", "x", "--channel", "fax", "a@b.fr"], "email or sms"),
            (["hold", "--until", "yesterday"], "--until takes a time"), (["hold", "1"], "usage: bailleurctl hold"),
            (["queue", "--failed"], "--failed means nothing to queue"),
        ]
        for arguments, says in cases:
            with self.subTest(arguments=arguments):
                self.fails(2, says, *arguments)
        self.assertEqual(self.value("SELECT COUNT(*) FROM api_client WHERE auth_key <> 'gestion'"), "0")

    def test_help_and_version(self):
        self.assertIn("client rotate NAME", self.ctl("--help"))
        self.assertRegex(self.ctl("--version"), r"^bailleurctl \d+\.\d+")
        self.assertEqual((self.ctl("-h"), self.ctl("-V")), (self.ctl("--help"), self.ctl("--version")))

    def test_options_stand_anywhere(self):
        outputs = {self.ctl(*arguments) for arguments in (["--json", "client", "list"], ["client", "--json", "list"],
                                                          ["client", "list", "-j"])}
        self.assertEqual(len(outputs), 1)
        json.loads(*outputs)
        done = self.stack.run("bailleurctl", "-j", "client", "list", "-c", self.stack.conf)
        self.assertEqual({done.stdout}, outputs)

    def test_every_command_is_in_the_manual(self):
        with open(TOP + "/man/bailleurctl.8", encoding="utf-8") as file:
            manual = set(re.findall(r"(?m)^\.It Cm (.*)$", file.read()))
        manual = {" ".join(re.match(r"[a-z ]+(?= [A-Z]|$)", re.sub(r" Cm", "", line))[0].split())
                  for line in manual}
        self.assertEqual(manual, set(re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)(?: .*)?$", self.ctl("--help"))))

    def test_config_writes_every_option_with_its_default(self):
        done = subprocess.run([*self.stack.program("bailleurctl"), "config"], capture_output=True, text=True,
                              env=self.stack.env(), timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("base_url =", "workers = 16", "retry_max = 6h", "[sms]"):
            self.assertIn(option, done.stdout)
        self.fails(2, "not JSON", "--json", "config")
        # With the commented defaults made real, and what has none, it is a configuration.
        made = re.sub(r"(?m)^#(?=\w+ =)", "", done.stdout)
        made = re.sub(r"(?m)^base_url =.*", "base_url = https://bailleur.test", made)
        made = re.sub(r"(?m)^secret =.*", "secret = " + "s" * 40, made)
        made = re.sub(r"(?m)^socket =.*", f"socket = {self.stack.db.socket}", made)
        made = re.sub(r"password =", f"password = {self.stack.db.password}", made, 1)
        path = self.stack.dir + "/made.conf"
        with open(path, "w") as file:
            file.write(made)
        self.stack.run("bailleurctl", "--config", path, "client", "list")

    def test_the_example_of_the_manual_page_is_right(self):
        with open(TOP + "/man/bailleur.conf.5", encoding="utf-8") as file:
            example = re.search(r"\.Bd -literal.*?\n(.*?)\.Ed", file.read(), re.S)[1]
        path = self.stack.dir + "/example.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(example)
        self.assertIn("right", self.stack.run("bailleur-api", "--config", path, "--check-config").stdout)

    def test_configuration_errors(self):
        missing = self.stack.run("bailleurctl", "--config", self.stack.dir + "/none.conf", "queue", check=False)
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertIn("none.conf", missing.stderr)
        with open(self.stack.conf) as file:
            text = file.read()
        away = self.stack.dir + "/away.conf"
        with open(away, "w") as file:
            file.write(text.replace(self.stack.db.socket, self.stack.dir + "/no.sock"))
        for arguments in (["queue"], ["client", "list"], ["migrate"], ["why", "1"], ["suppress", "list", "x"]):
            with self.subTest(arguments=arguments):
                done = self.stack.run("bailleurctl", "--config", away, *arguments, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("bailleurctl: ", done.stderr)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*self.stack.program("bailleurctl"), "--config", self.stack.conf, "queue"],
                                  stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=self.stack.env(), timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write the output", done.stderr)


class ClientTest(WithSchema):
    def stored_hash(self, name):
        return self.value(f"SELECT LOWER(HEX(secret_hash)) FROM api_client WHERE name = '{name}'")

    @staticmethod
    def hash(secret):
        return hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()

    def test_add(self):
        made = self.json("client", "add", "Résidence d'Été", "--rate", "60", "--burst", "7")
        self.assertEqual({name: made[name] for name in ("name", "rate", "burst")},
                         {"name": "Résidence d'Été", "rate": 60, "burst": 7})
        self.assertRegex(made["auth_key"], r"^[A-Za-z0-9_-]{22}$")
        self.assertRegex(made["auth_secret"], r"^[A-Za-z0-9_-]{43}$")
        row = self.stack.sql(f"SELECT id, auth_key, rate, burst, disabled_at FROM api_client WHERE id = {made['id']}")
        self.assertEqual(row, [[str(made["id"]), made["auth_key"], "60", "7", None]])
        self.assertEqual(self.value(f"SELECT LOWER(HEX(secret_hash)) FROM api_client WHERE id = {made['id']}"),
                         self.hash(made["auth_secret"]))

    def test_add_for_people(self):
        out = self.ctl("client", "add", "people")
        secret = re.search(r"auth_secret +(\S+)", out)[1]
        self.assertEqual(self.stored_hash("people"), self.hash(secret))
        self.assertEqual(self.stack.sql("SELECT rate, burst FROM api_client WHERE name = 'people'"), [["6000", "1000"]])

    def test_a_name_is_taken_once(self):
        first = self.json("client", "add", "unique")
        self.fails(1, "«unique» is there already", "client", "add", "unique")
        self.assertEqual(self.stored_hash("unique"), self.hash(first["auth_secret"]))
        self.assertEqual(self.value("SELECT COUNT(*) FROM api_client WHERE name = 'unique'"), "1")

    def test_names_at_the_limit(self):
        for name in ("é" * 100, "a", "--rate", "x'); DROP TABLE api_client; --"):
            with self.subTest(name=name):
                self.assertEqual(self.json("client", "add", "--", name)["name"], name)
        self.assertIn("é" * 100, [client["name"] for client in self.json("client", "list")["clients"]])

    def test_disable_and_enable(self):
        self.ctl("client", "add", "switched")
        self.assertEqual(self.ctl("client", "disable", "switched"), "switched is disabled\n")
        self.assertTrue(self.listed("switched")["disabled"])
        self.assertRegex(self.ctl("client", "list"), r"(?m)^\d+ +switched +\S+ +6000 +1000 +disabled +\d{4}-")
        self.assertTrue(self.json("client", "disable", "switched")["disabled"])        # twice is once
        self.assertEqual(self.json("client", "enable", "switched")["disabled"], False)
        self.assertEqual(self.ctl("client", "enable", "switched"), "switched is enabled\n")
        self.assertFalse(self.listed("switched")["disabled"])

    def listed(self, name):
        return {client["name"]: client for client in self.json("client", "list")["clients"]}[name]

    def test_rotate(self):
        first = self.json("client", "add", "rotated", "--rate", "5")
        second = self.json("client", "rotate", "rotated")
        self.assertEqual({**first, "auth_secret": 0}, {**second, "auth_secret": 0})
        self.assertNotEqual(first["auth_secret"], second["auth_secret"])
        self.assertEqual(self.stored_hash("rotated"), self.hash(second["auth_secret"]))
        listed = self.listed("rotated")
        self.assertEqual(listed["auth_key"], first["auth_key"])
        self.assertRegex(listed["created_at"], _ISO)
        self.assertNotIn(second["auth_secret"], self.ctl("client", "list") + self.ctl("--json", "client", "list"))

    def test_nobody(self):
        for command in ("disable", "enable", "rotate"):
            with self.subTest(command=command):
                self.fails(1, "no client is named «nobody»", "client", command, "nobody")

    def test_the_row_of_the_landlords_mails_opens_to_nobody(self):
        before = self.stack.sql("SELECT * FROM api_client WHERE auth_key = 'gestion'")
        self.assertEqual(len(before), 1)
        for command in ("enable", "rotate"):
            with self.subTest(command=command):
                self.fails(1, "nobody's to use", "client", command, "Gestion")
        self.assertEqual(self.stack.sql("SELECT * FROM api_client WHERE auth_key = 'gestion'"), before)


class DeliveryTest(WithSchema):
    """queue, why and resend, over rows in every state."""

    _END = {"queued": "NOW(3)", "claimed": "NOW(3) + INTERVAL 1 HOUR", "transmitting": "NOW(3) + INTERVAL 1 HOUR"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = json.loads(cls.stack.ctl("--json", "client", "add", "Bailleur Un").stdout)

    def setUp(self):
        self.stack.sql("DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM message")

    def message(self, *states, subject="Sujet", minutes=0):
        """Inserts a message with a delivery by e-mail in the first state, and one by SMS in the second; its id."""
        made, request = f"UTC_TIMESTAMP(3) - INTERVAL {minutes} MINUTE", uuid.uuid4().hex
        escaped = subject.replace("\\", "\\\\").replace("'", "''")
        self.stack.sql(
            "INSERT INTO message (client_id, request_uuid, request_index, channel, email, phone, email_subject, "
            "email_content,"
            " sms_content, identifier1, force_sending, unsubscribe_link, test_mode, created_at)"
            f" VALUES ({self.client['id']}, 0x{request}, 0, '{'both' if len(states) > 1 else 'email'}', "
            f"'Jean@exemple.fr',"
            f" '06 02 03 04 05', '{escaped}', 'SECRET-CONTENT', 'SECRET-CONTENT', 'id-1', 0, 1, 0, {made})")
        message = self.value(f"SELECT id FROM message WHERE request_uuid = 0x{request}")
        for state, (channel, to) in zip(states, [("mail", "Jean@exemple.fr"), ("sms", "+33602030405")]):
            self.deliver(message, state, channel, to, made)
        return int(message)

    def deliver(self, message, state, channel, to, made):
        name, claim = uuid.uuid4().hex, "NULL" if state == "queued" else "0x" + uuid.uuid4().hex
        due = self._END[state].replace("NOW", "UTC_TIMESTAMP") if state in self._END else "NULL"
        sent = made if state in ("sent", "delivered") else "NULL"
        error = "'550 no such user'" if state in ("failed", "expired", "unknown", "suppressed") else "NULL"
        self.stack.sql(
            "INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at, attempts, changes, "
            "claim_id,"
            f" sent_at, error_message) VALUES ({message}, '{channel}', 0x{name}, '{to}', '{state}', {due},"
            f" {made} + INTERVAL 1 MINUTE, 1, 1, {claim}, {sent}, {error});"
            "INSERT INTO delivery_event SELECT id, 1, UTC_TIMESTAMP(3), state, 'host:42', error_message FROM delivery"
            f" WHERE uuid = 0x{name};"
            f"UPDATE message SET has_error = has_error OR {error} IS NOT NULL WHERE id = {message}")

    def states(self, message):
        return [row[0] for row in self.stack.sql(f"SELECT state FROM delivery WHERE message_id = {message} ORDER BY "
                                                 f"channel")]

    def test_queue(self):
        self.assertEqual(self.json("queue")["queue"], [])
        self.message("queued", "failed", minutes=90)
        self.message("queued", minutes=5)
        self.message("unknown", "delivered")
        answer = self.json("queue")
        counts = {(row["channel"], row["state"]): row for row in answer["queue"]}
        self.assertEqual({key: row["count"] for key, row in counts.items()},
                         {("email", "queued"): 2, ("sms", "failed"): 1, ("email", "unknown"): 1,
                          ("sms", "delivered"): 1})
        self.assertAlmostEqual(counts["email", "queued"]["age"], 90 * 60, delta=600)
        self.assertRegex(counts["email", "queued"]["oldest"], _ISO)
        due = {row["channel"]: row for row in answer["due"]}
        self.assertEqual((due["email"]["count"], due["sms"]["count"]), (2, 0))
        text = self.ctl("queue")
        self.assertRegex(text, r"(?m)^email +queued +2 +\d{4}-\S+Z +1h 3\dm$")
        self.assertRegex(text, r"(?m)^sms +failed +1 ")
        self.assertIn("email: 2 due now", text)

    def test_why(self):
        message = self.message("failed", "sent", subject="Votre «reçu» \U0001f3e0")
        story = self.json("why", message)
        self.assertEqual((story["id"], story["client"], story["channel"], story["state"], story["subject"]),
                         (message, "Bailleur Un", "both", "failed", "Votre «reçu» \U0001f3e0"))
        self.assertEqual([(d["channel"], d["state"], d["recipient"], d["attempts"],
                           d["error"]) for d in story["deliveries"]],
                         [("email", "failed", "Jean@exemple.fr", 1, "550 no such user"),
                          ("sms", "sent", "+33602030405", 1, None)])
        self.assertEqual(sorted((e["state"], e["by"], e["detail"]) for e in story["events"]),
                         [("failed", "host:42", "550 no such user"), ("sent", "host:42", None)])
        self.assertRegex(story["events"][0]["at"], _ISO)
        text = self.ctl("why", message)
        for part in (f"message {message}: failed\n", "client        Bailleur Un\n", "550 no such user", "host:42",
                     "Votre «reçu» \U0001f3e0", story["deliveries"][0]["uuid"]):
            self.assertIn(part, text)
        self.assertNotIn("SECRET-CONTENT", text + json.dumps(story))
        self.assertNotRegex(text, r"(?m) $")

    def test_why_by_other_names(self):
        self.message("sent")
        message = self.message("failed", "sent")
        for delivery in self.json("why", message)["deliveries"]:
            name = delivery["uuid"]
            for given in (name, name.upper(), f"<{name}@mail.exemple.fr>", f"{name}@mail.exemple.fr"):
                with self.subTest(given=given):
                    self.assertEqual(self.json("why", given)["id"], message)

    def test_why_of_nothing(self):
        self.fails(1, "no message has the number 999999", "why", "999999")
        self.fails(1, "no delivery is known as", "why", str(uuid.uuid4()))

    def test_why_shows_control_characters_harmlessly(self):
        message = self.message("sent", subject="a\x1b[2Jb\x07c\u009bd\ne")
        text = self.ctl("why", message)
        self.assertIn("a\\x1b[2Jb\\x07c\\xc2\\x9bd\\x0ae", text)
        self.assertEqual(self.json("why", message)["subject"], "a\x1b[2Jb\x07c\u009bd\ne")

    def test_resend_a_message(self):
        for state in ("failed", "expired", "suppressed", "unknown"):
            with self.subTest(state=state):
                message = self.message(state, "delivered", minutes=60)
                self.assertEqual(self.json("resend", message), {"queued": 1, "left_out": 0})
                self.assertEqual(self.states(message), ["queued", "delivered"])
                row = self.stack.sql("SELECT due_at <= UTC_TIMESTAMP(3), expires_at > UTC_TIMESTAMP(3) + INTERVAL 1 "
                                     "DAY, changes"
                                     f" FROM delivery WHERE message_id = {message} AND channel = 'mail'")
                self.assertEqual(row, [["1", "1", "2"]])
                last = [event for event in self.json("why", message)["events"] if event["state"] == "queued"]
                self.assertEqual([event["by"] for event in last], ["operator"])
                self.assertEqual(self.json("why", message)["state"], "queued")

    def test_resend_what_needs_no_resending(self):
        for state in ("queued", "claimed", "transmitting", "sent", "delivered"):
            with self.subTest(state=state):
                message = self.message(state)
                row = ("SELECT state, due_at, expires_at, attempts, changes, HEX(claim_id), sent_at, error_message "
                       "FROM delivery"
                       f" WHERE message_id = {message}")
                before = self.stack.sql(row)
                self.fails(1, f"message {message} is {state}: nothing of it can be sent again", "resend", message)
                self.assertEqual(self.stack.sql(row), before)
        self.fails(1, "no message has the number 999999", "resend", "999999")

    def test_resend_all_of_a_state(self):
        ids = {state: [self.message(state) for _ in range(3)] for state in ("failed", "unknown", "sent", "expired")}
        self.assertEqual(self.ctl("resend", "--failed"), "3 deliveries queued again\n")
        self.assertEqual([self.states(m) for m in ids["failed"]], [["queued"]] * 3)
        self.assertEqual([self.states(m) for m in ids["unknown"]], [["unknown"]] * 3)
        self.assertEqual(self.json("resend", "--unknown"), {"queued": 3, "left_out": 0})
        self.assertEqual([self.states(m) for m in ids["unknown"]], [["queued"]] * 3)
        self.assertEqual([self.states(m) for m in ids["sent"] + ids["expired"]], [["sent"]] * 3 + [["expired"]] * 3)
        self.assertEqual(self.json("resend", "--unknown"), {"queued": 0, "left_out": 0})

    def on_terminal(self, answer, *arguments):
        """
        Runs a command whose standard input is a terminal at which this answer is typed; status and standard error.
        """
        ours, theirs = pty.openpty()
        try:
            os.write(ours, answer.encode())
            done = subprocess.run([*self.stack.program("bailleurctl"), "--config", self.stack.conf, *arguments],
                                  stdin=theirs,
                                  capture_output=True, text=True, env=self.stack.env(), timeout=60)
        finally:
            os.close(ours)
            os.close(theirs)
        return done.returncode, done.stderr

    def test_resend_unknown_asks_on_a_terminal(self):
        message = self.message("unknown")
        for arguments in (["resend", "--unknown"], ["resend", str(message)]):
            for answer in ("n\n", "\n", "\x04"):
                with self.subTest(arguments=arguments, answer=answer):
                    status, said = self.on_terminal(answer, *arguments)
                    self.assertEqual(status, 1)
                    self.assertIn("may have arrived already", said)
                    self.assertEqual(self.states(message), ["unknown"])
        status, said = self.on_terminal("y\n", "resend", "--unknown")
        self.assertEqual((status, self.states(message)), (0, ["queued"]))
        other = self.message("unknown")
        status, said = self.on_terminal("", "resend", str(other), "--yes")
        self.assertEqual((status, said, self.states(other)), (0, "", ["queued"]))
        failed = self.message("failed")
        self.assertEqual(self.on_terminal("", "resend", str(failed)), (0, ""))

    def test_two_operators_resend_once(self):
        messages = [self.message("failed") for _ in range(20)]
        answers = at_once(*[lambda: self.json("resend", "--failed")["queued"]] * 2)
        self.assertEqual(sum(answers), len(messages))
        self.assertEqual(self.value("SELECT COUNT(*) FROM delivery_event WHERE state = 'queued'"), str(len(messages)))


class SuppressTest(WithSchema):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("a", "b"):
            cls.stack.ctl("client", "add", name)

    def setUp(self):
        self.stack.sql("DELETE FROM unsubscribe")

    def listed(self, *arguments):
        return [(entry["channel"], entry["address"]) for entry in self.json("suppress", "list",
                                                                            *arguments)["suppressed"]]

    def test_add_list_remove(self):
        self.assertEqual(self.listed("a"), [])
        self.assertEqual(self.json("suppress", "add", "a", "Jean@EXEMPLE.fr"),
                         {"client": "a", "channel": "email", "address": "Jean@exemple.fr", "outcome": "suppressed"})
        self.assertEqual(self.ctl("suppress", "add", "a", "06 02 03 04 05"), "+33602030405 suppressed (sms, a)\n")
        self.assertEqual(self.ctl("suppress", "add", "a", "--channel", "sms", "0602030405"),
                         "+33602030405 suppressed (sms, a)\n")
        self.assertEqual(self.listed("a"), [("email", "Jean@exemple.fr"), ("sms", "+33602030405")])
        self.assertEqual(self.listed("a", "--channel", "sms"), [("sms", "+33602030405")])
        self.assertEqual(self.listed("a", "--channel", "email"), [("email", "Jean@exemple.fr")])
        self.assertEqual(self.listed("b"), [])
        self.assertRegex(self.ctl("suppress", "list", "a"),
                         r"^\d{4}-\S+Z  email  Jean@exemple\.fr\n\d{4}-\S+Z  sms    \+33602030405\n$")
        self.fails(1, "not suppressed for «b»", "suppress", "remove", "b", "jean@exemple.fr")
        self.assertEqual(self.json("suppress", "remove", "a", "+33 6 02 03 04 05")["outcome"], "removed")
        self.assertEqual(self.ctl("suppress", "remove", "a", "Jean@exemple.fr"), "Jean@exemple.fr removed (email, a)\n")
        self.assertEqual(self.listed("a"), [])
        self.fails(1, "not suppressed", "suppress", "remove", "a", "Jean@exemple.fr")

    def test_bad_addresses(self):
        for arguments, says in [
            (["a", "jean@"], "not an e-mail address"), (["a", "0602"], "not a telephone number"),
            (["a", "--channel", "email", "0602030405"], "not an e-mail address"),
            (["a", "--channel", "sms", "jean@exemple.fr"], "not a telephone number"),
            (["a", "a@b.fr\r\nRCPT TO:<c@d.fr>"], "not an e-mail address"), (["a"], "usage:"),
            (["a", "b", "c"], "usage:"),
        ]:
            for command in ("add", "remove"):
                with self.subTest(command=command, arguments=arguments):
                    self.fails(2, says, "suppress", command, *arguments)
        self.assertEqual(self.value("SELECT COUNT(*) FROM unsubscribe"), "0")

    def test_nobody(self):
        for arguments in (["list", "nobody"], ["add", "nobody", "a@b.fr"], ["remove", "nobody", "a@b.fr"]):
            self.fails(1, "no client is named «nobody»", "suppress", *arguments)

    def test_a_long_list_is_whole(self):
        self.stack.sql("INSERT INTO unsubscribe (client_id, channel, address, created_at)"
                       " SELECT (SELECT id FROM api_client WHERE name = 'b'), 'mail', CONCAT('r', seq, '@exemple.fr'),"
                       " UTC_TIMESTAMP(3) - INTERVAL seq SECOND FROM seq_1_to_2500")
        listed = self.listed("b")
        self.assertEqual(listed, [("email", f"r{n}@exemple.fr") for n in range(1, 2501)])
        self.assertEqual(self.ctl("suppress", "list", "b").count("\n"), 2500)


class WebhookTest(WithSchema):
    """client webhook and the commands of webhook, over events in every state."""

    URL = "https://exemple.fr/hook"

    def setUp(self):
        self.stack.sql("DELETE FROM webhook_event; DELETE FROM webhook_endpoint; DELETE FROM appointment; "
                       "DELETE FROM api_client WHERE auth_key <> 'gestion'")
        for name in ("hooked", "another", "silent"):
            self.ctl("client", "add", name)
        self.secret = self.json("client", "webhook", "hooked", self.URL)["secret"]
        self.ctl("client", "webhook", "another", self.URL)

    def events(self, *states, client="hooked"):
        """Inserts an event in each state; their ids."""
        self.stack.sql(
            f"INSERT INTO appointment (client_id, request_uuid, request_index, status, channel, start_at, end_at, "
            f"reminder_delay, reminder_channel, variables, created_at, updated_at) SELECT id, X'{uuid.uuid4().hex}', "
            f"0, 'preset', 'email', '2099-01-01', '2099-01-02', 0, 'disabled', '{{}}', UTC_TIMESTAMP(3), "
            f"UTC_TIMESTAMP(3) FROM api_client WHERE name = '{client}'")
        ids = []
        for state in states:
            name, told = uuid.uuid4().hex, state != "queued"
            error = "'the endpoint answered 500'" if state in ("failed", "expired") else "NULL"
            self.stack.sql(
                f"INSERT INTO webhook_event (client_id, appointment_id, uuid, body, state, told, due_at, expires_at, "
                f"attempts, error_message, created_at, changed_at) SELECT c.id, MAX(a.id), X'{name}', '{{}}', "
                f"'{state}', {told}, UTC_TIMESTAMP(3) - INTERVAL 2 DAY, UTC_TIMESTAMP(3) - INTERVAL 1 DAY, "
                f"{int(told)}, {error}, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM api_client c JOIN appointment a "
                f"ON a.client_id = c.id WHERE c.name = '{client}'")
            ids.append(int(self.value(f"SELECT id FROM webhook_event WHERE uuid = X'{name}'")))
        return ids

    def states(self, client="hooked"):
        return [event["state"] for event in self.json("webhook", "events", client)["events"]]

    def webhook(self, client="hooked"):
        (webhook,) = [webhook for webhook in self.json("webhook", "list")["webhooks"] if webhook["client"] == client]
        return webhook

    def test_a_url_keeps_its_secret(self):
        self.assertRegex(self.secret, r"^whsec_[A-Za-z0-9+/]{43}=$")
        other = self.URL + "/other"
        self.assertEqual(self.json("client", "webhook", "hooked", other),
                         {"client": "hooked", "url": other, "secret": self.secret})
        self.assertEqual(self.ctl("client", "webhook", "hooked", self.URL),
                         f"  client        hooked\n  url           {self.URL}\n  secret        {self.secret}\n")
        self.fails(1, "no client is named «nobody»", "client", "webhook", "nobody", self.URL)
        for arguments in (["hooked"], ["hooked", self.URL, "x"]):
            self.fails(2, "usage: bailleurctl client webhook", "client", "webhook", *arguments)

    def test_list(self):
        self.events("queued", "queued", "sent")
        self.stack.sql("UPDATE webhook_endpoint JOIN api_client ON id = client_id SET failures = 3, "
                       "retry_at = '2099-02-03 04:05:06' WHERE name = 'another'")
        self.assertEqual(self.webhook(), {"client": "hooked", "url": self.URL, "disabled": False, "why": None,
                                          "waiting": 2, "failures": 0, "retry_at": None})
        self.assertEqual((self.webhook("another")["failures"], self.webhook("another")["retry_at"]),
                         (3, "2099-02-03T04:05:06Z"))
        text = self.ctl("webhook", "list")
        self.assertRegex(text, rf"(?m)^hooked +2 +enabled +{self.URL}$")
        self.assertRegex(text, rf"(?m)^another +0 +3 failures, again at 2099-02-03T04:05:06Z +{self.URL}$")
        self.assertNotIn("silent", text)
        self.assertNotIn(self.secret, text + self.ctl("--json", "webhook", "list"))

    def test_events(self):
        failed, sent = self.events("failed", "sent")
        self.events("queued", client="another")
        first, second = self.json("webhook", "events", "hooked")["events"]          # the last change first
        self.assertEqual((first["id"], first["state"], first["error"]), (sent, "sent", None))
        self.assertEqual((second["id"], second["state"], second["attempts"], second["error"]),
                         (failed, "failed", 1, "the endpoint answered 500"))
        self.assertRegex(first["webhook_id"], r"^msg_[0-9a-f]{8}-[0-9a-f-]{27}$")
        self.assertRegex(first["created_at"], _ISO)
        text = self.ctl("webhook", "events", "hooked")
        self.assertRegex(text, rf"(?m)^{failed} +{second['appointment']} +failed +1 +\d{{4}}-\S+Z +"
                               rf"{second['webhook_id']} +the endpoint answered 500$")
        self.assertEqual(self.json("webhook", "events", "silent"), {"events": []})
        self.assertEqual(text.count("\n"), 3)

    def test_replay(self):
        self.events("sent", "failed", "expired", "queued")
        self.events("failed", client="another")
        self.assertEqual(self.ctl("webhook", "replay", "hooked"), "2 queued again\n")
        self.assertEqual(self.states(), ["queued", "queued", "queued", "sent"])
        self.assertEqual(self.states("another"), ["failed"])
        self.assertEqual(self.value("SELECT COUNT(*) FROM webhook_event WHERE state = 'queued' AND NOT told AND due_at "
                                    "<= UTC_TIMESTAMP(3) AND expires_at > UTC_TIMESTAMP(3) + INTERVAL 2 DAY"), "2")
        self.assertEqual(self.json("webhook", "replay", "hooked"), {"queued": 0})
        (sent,) = self.events("sent")
        self.assertEqual(self.ctl("webhook", "replay", "hooked", str(sent)), "1 queued again\n")
        self.fails(1, f"no event {sent} of «hooked» is at rest", "webhook", "replay", "hooked", str(sent))

    def test_rotate(self):
        new = self.json("webhook", "rotate", "hooked")
        self.assertEqual(new, {"client": "hooked", "secret": new["secret"]})
        self.assertNotEqual(new["secret"], self.secret)
        out = self.ctl("webhook", "rotate", "hooked")
        newest = re.search(r"(?m)^  client +hooked\n  secret +(whsec_\S+)\n\Z", out)[1]
        self.assertEqual(self.json("client", "webhook", "hooked", self.URL)["secret"], newest)
        for column, secret in (("secret", newest), ("old_secret", new["secret"])):
            stored = self.value(f"SELECT HEX({column}) FROM webhook_endpoint JOIN api_client ON id = client_id "
                                f"WHERE name = 'hooked'")
            self.assertEqual(base64.b64decode(secret.removeprefix("whsec_")).hex().upper(), stored)

    def test_disable(self):
        self.assertEqual(self.ctl("webhook", "disable", "hooked"), "its webhook is disabled\n")
        self.assertEqual(self.json("webhook", "disable", "hooked"), {"client": "hooked", "disabled": True})
        self.assertEqual((self.webhook()["disabled"], self.webhook()["why"]), (True, "disabled by an operator"))
        self.assertFalse(self.webhook("another")["disabled"])
        self.assertRegex(self.ctl("webhook", "list"), r"(?m)^hooked +0 +disabled: disabled by an operator +https:")
        self.ctl("client", "webhook", "hooked", self.URL)
        self.assertEqual((self.webhook()["disabled"], self.webhook()["why"]), (False, None))

    def test_nobody(self):
        for command in ("events", "replay", "rotate", "disable"):
            with self.subTest(command=command):
                self.fails(1, "no client is named «nobody»", "webhook", command, "nobody")
                self.fails(2, f"usage: bailleurctl webhook {command}", "webhook", command)
        for command in ("rotate", "disable"):
            self.fails(1, "«silent» has no webhook", "webhook", command, "silent")
        self.assertEqual(self.json("webhook", "replay", "silent"), {"queued": 0})
        self.fails(2, "usage: bailleurctl webhook list", "webhook", "list", "hooked")


if __name__ == "__main__":
    unittest.main()
