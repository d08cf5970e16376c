"""Options of bailleur.conf that nothing else would miss: what they say is what happens."""

import json
import re
import unittest

from tests.e2e.test_shuttle import send
from tests.lib.fastcgi import Connection
from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.receiver import Receiver
from tests.lib.smtp_server import SmtpServer
from tests.lib.stack import StackCase

LIFETIMES = {"expire_mail": "2h", "expire_sms": "3h", "expire_webhook": "4h"}
MAIL_SECONDS, SMS_SECONDS, WEBHOOK_SECONDS = 2 * 3600, 3 * 3600, 4 * 3600
BOTH = {"channel": "both", "email": "a@example.org", "phone": "0602030405", "email_subject": "Sujet",
        "email_content": "Texte", "sms_content": "Texte"}
APPOINTMENT = {"start_at": "2093-06-12T12:00:00+02:00", "duration": 45, "reminder_delay": 24,
               "reminder_channel": "both", "recipient": {"email": "a@example.org", "phone": "0602030405"}}


class Lifetimes(StackCase):
    """expire_mail, expire_sms and expire_webhook, wherever something is queued."""

    options = {"workers": 2, "settings": {"sender": LIFETIMES, "api": {"shuttle": 1}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.add_client()

    def post(self, path, body, **headers):
        answer = self.stack.web.request("POST", path, self.client.form(), json=body, headers=headers)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def of_message(self, message, since="created_at"):
        """{channel: seconds} from a moment to the end of each delivery."""
        return {channel: int(seconds) for channel, seconds in self.stack.sql(
            f"SELECT d.channel, TIMESTAMPDIFF(SECOND, {since}, expires_at) FROM delivery d JOIN message m ON "
            f"m.id = message_id WHERE m.id = {message}")}

    def test_messages(self):
        with Connection(self.stack.socket) as connection:
            def by_shuttle():
                connection.send(send(self.client, "messages", BOTH))
                return connection.reply()
            by_shuttle()
            for name, message in {
                "one": self.post("/v1/messages", BOTH)["id"],
                "of several": self.post("/v1/messages", [BOTH, BOTH])["messages"][1]["id"],
                "with a key": self.post("/v1/messages", BOTH, **{"Idempotency-Key": "lifetimes"})["id"],
                "by the shuttle": json.loads(self.answered_by("shuttle", by_shuttle).body)["id"],
            }.items():
                with self.subTest(name):
                    self.assertEqual(self.of_message(message), {"mail": MAIL_SECONDS, "sms": SMS_SECONDS})

    def test_resent(self):
        for arguments in (["resend", "{}"], ["resend", "--failed"]):
            with self.subTest(arguments=arguments):
                message = self.post("/v1/messages", BOTH)["id"]
                self.stack.sql(f"UPDATE delivery SET state = 'failed', due_at = NULL, expires_at = '2020-01-01' "
                               f"WHERE message_id = {message}")
                self.stack.ctl(*(argument.format(message) for argument in arguments))
                left = self.of_message(message, "UTC_TIMESTAMP(3)")
                self.assertAlmostEqual(left["mail"], MAIL_SECONDS, delta=600)
                self.assertAlmostEqual(left["sms"], SMS_SECONDS, delta=600)

    def test_appointments(self):
        self.stack.ctl("client", "webhook", self.client.name, "https://exemple.fr/hook")
        oid = self.post("/v1/appointments", APPOINTMENT)["id"]
        self.post(f"/v1/appointments/{oid}/approve", {})
        self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", "2093-06-11T10:00:00Z")
        events = f"FROM webhook_event WHERE appointment_id = {oid}"
        self.assertEqual(self.stack.sql(f"SELECT TIMESTAMPDIFF(SECOND, created_at, expires_at) {events}"),
                         [[str(WEBHOOK_SECONDS)]] * 3)
        self.assertEqual(self.of_message(self.stack.db.value(f"SELECT reminder_message_id FROM appointment WHERE "
                                                             f"id = {oid}")),
                         {"mail": MAIL_SECONDS, "sms": SMS_SECONDS})
        self.stack.sql("UPDATE webhook_event SET state = 'failed', told = TRUE, expires_at = '2020-01-01'")
        self.stack.ctl("webhook", "replay", self.client.name)
        for left, in self.stack.sql(f"SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), expires_at) {events}"):
            self.assertAlmostEqual(int(left), WEBHOOK_SECONDS, delta=600)

    def test_letters_of_landlords(self):
        portfolio = small_portfolio("anne", 1)
        portfolio["immeubles"][0]["biens"][0]["locataires"][0]["email"] = "locataire@example.fr"
        landlord = import_landlord(self.stack, portfolio)
        tenant = portfolio["immeubles"][0]["biens"][0]["locataires"][0]["id"]
        answer = landlord.get(f"quittance/{tenant}/1", startDate="01/01/2023", endDate="31/01/2023")
        self.assertEqual(answer["code"], 0, answer)
        self.assertEqual(self.of_message(self.last()), {"mail": MAIL_SECONDS})
        self.stack.web.post("/api/pass", {"email": "anne@example.fr"}, headers={"X-API-KEY": landlord.key})
        link_ends = self.of_message(self.last())["mail"]
        self.assertLess(link_ends, MAIL_SECONDS)                # sooner, with the link
        self.stack.send_all()
        path = re.search(rb"/reset/[\w-]{43}", self.stack.mails()[-1].replace(b"=\r\n", b""))[0].decode()
        answer = self.stack.web.post(path, {"password": "trois corbeaux gris", "again": "trois corbeaux gris"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.of_message(self.last()), {"mail": MAIL_SECONDS})

    def last(self):
        return self.stack.db.value("SELECT MAX(id) FROM message")


class Delays(StackCase):
    """retry_first and retry_max, of [sender] and of [webhook]: doubled up to the most, with a fifth to either side."""

    DELAYS = {"retry_first": "10h", "retry_max": "11h"}
    options = {"mail": "smtp", "settings": {"smtp": {"host": "127.0.0.1"}, "sender": DELAYS,
                                            "webhook": {"allow_private": "yes", **DELAYS}}}

    def between(self, seconds, hours):
        """Is it so many hours, with what chance adds, and what time has passed?"""
        self.assertLessEqual(int(seconds), hours * 3600 * 1.2)
        self.assertGreater(int(seconds), hours * 3600 * 0.8 - 900)

    def test_mails(self):
        server = SmtpServer()
        self.addCleanup(server.stop)
        self.stack.set({"smtp": {"port": server.port}})
        form = self.stack.add_client().form(recipient="rcpt-450@example.org", subject="s", message="m")
        self.assertEqual(self.stack.web.post("/v1/send_email", form).status, 200)
        for hours in (10, 11, 11):
            self.stack.send_all()
            self.between(self.stack.db.value("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), due_at) FROM delivery "
                                             "WHERE state = 'queued'"), hours)
            self.stack.sql("UPDATE delivery SET due_at = UTC_TIMESTAMP(3)")

    def test_webhooks(self):
        receiver = Receiver(always=500)
        self.addCleanup(receiver.close)
        client = self.stack.add_client()
        self.stack.ctl("client", "webhook", client.name, receiver.url)
        answer = self.stack.web.request("POST", "/v1/appointments", client.form(), json=APPOINTMENT)
        self.assertEqual(answer.status, 200, answer)
        for n, hours in enumerate((10, 11, 11), 1):
            self.stack.send_all()
            self.assertEqual(len(receiver.got), n)
            self.between(self.stack.db.value("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), retry_at) FROM "
                                             "webhook_endpoint"), hours)
            self.stack.sql("UPDATE webhook_endpoint SET retry_at = NULL; UPDATE webhook_event SET due_at = "
                           "UTC_TIMESTAMP(3)")


class Logs(StackCase):
    """log_level and log_file, of a program that ends and of the API."""

    def test_levels_and_file(self):
        client, path = self.stack.add_client(), self.stack.dir + "/own.log"
        for level, wanted in (("error", set()), ("info", {"info"}), ("debug", {"info", "debug"})):
            with self.subTest(level=level):
                self.stack.set({"bailleur": {"log_level": level, "log_file": None}})
                self.stack.restart_api()
                with open(self.stack.api.log) as log:
                    log.seek(0, 2)
                    self.assertEqual(self.stack.web.post("/v1/send_email", client.form(
                        recipient="a@example.org", subject="s", message="m")).status, 200)
                    said = self.stack.send_all().stderr
                    self.stack.api.stop()
                    api = log.read()
                self.assertEqual(set(re.findall(r"(?m)^\S+Z (\w+) bailleur-sender", said)), wanted, said)
                self.assertEqual(" request id=" in api, "info" in wanted, api)
        self.stack.set({"bailleur": {"log_level": "info", "log_file": path}})
        self.stack.start_api()
        self.stack.web.post("/v1/send_email", client.form(recipient="a@example.org", subject="s", message="m"))
        self.assertEqual(self.stack.send_all().stderr, "")
        with open(path) as file:
            programs = set(re.findall(r"(?m)^\S+Z \w+ ([\w-]+)\[", file.read()))
        self.assertEqual(programs, {"bailleur-api", "bailleur-sender"})


if __name__ == "__main__":
    unittest.main()
