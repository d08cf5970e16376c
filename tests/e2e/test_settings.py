"""Options of bailleur.conf that nothing else would miss: what they say is what happens."""

import json
import re
import unittest

from tests.e2e.test_shuttle import send
from tests.lib.fastcgi import Connection
from tests.lib.gestion import import_landlord, small_portfolio
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


if __name__ == "__main__":
    unittest.main()
