"""The robot's retention: what it deletes, and what it must keep."""

import concurrent.futures
import unittest

from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.process import wait_until
from tests.lib.receiver import Receiver
from tests.lib.stack import StackCase


class Retention(StackCase):
    options = {"settings": {"robot": {"keep_messages": "30d"}, "webhook": {"allow_private": "yes"}}}

    def setUp(self):
        self.client = self.stack.add_client()
        # Numbers grow with time: what other tests left is older than what this one makes.
        self.stack.sql("UPDATE message SET created_at = '2000-01-01'; UPDATE webhook_event SET created_at = "
                       "'2000-01-01'")

    def queue(self, days, **more):
        """A message made so many days ago; its number."""
        answer = self.stack.web.post("/v1/send_email", self.client.form(recipient="a@b.fr", subject="s", message="m",
                                                                        **more))
        self.assertEqual(answer.status, 200, answer)
        self.stack.sql(f"UPDATE message SET created_at = created_at - INTERVAL {days} DAY WHERE id = "
                       f"{answer.json['id']}")
        return answer.json["id"]

    def robot(self):
        self.stack.run("bailleur-robot", "--config", self.stack.conf)

    def kept(self):
        return [int(id) for (id,) in self.stack.sql(f"SELECT m.id FROM message m JOIN api_client c ON c.id = "
                                                    f"m.client_id "
                                                    f"WHERE c.auth_key = '{self.client.key}' ORDER BY m.id")]

    def state(self, message, state):
        due = "UTC_TIMESTAMP()" if state in ("queued", "claimed", "transmitting") else "NULL"
        self.stack.sql(f"UPDATE delivery SET state = '{state}', due_at = {due}, claim_id = REPEAT('x', 16), sent_at = "
                       f"UTC_TIMESTAMP() "
                       f"WHERE message_id = {message}")

    def test_what_is_at_rest_and_old(self):
        states = ["sent", "delivered", "failed", "expired", "suppressed", "unknown", "queued", "claimed",
                  "transmitting"]
        old = {state: self.queue(31) for state in states}
        new = {state: self.queue(29) for state in states}
        for state in states:
            self.state(old[state], state)
            self.state(new[state], state)
        for _ in range(2):
            self.robot()
        self.assertEqual(self.kept(),
                         [old[s] for s in ("unknown", "queued", "claimed", "transmitting")] + list(new.values()))
        self.assertEqual(self.stack.sql("SELECT COUNT(*) FROM delivery_event e LEFT JOIN delivery d ON d.id = "
                                        "e.delivery_id WHERE d.id IS NULL"),
                         [["0"]])
        for message in (*old.values(), *new.values()):
            self.state(message, "sent")

    def test_what_hangs_on_a_message(self):
        """A mail to a tenant is what his landlord can show: it stays, whole. Another's attachments go with it."""
        made = small_portfolio("anne", 1)
        made["immeubles"][0]["biens"][0]["locataires"][0]["email"] = "locataire@exemple.fr"
        anne, tenant = import_landlord(self.stack, made), made["operations"][0]["locataireId"]
        self.assertEqual(anne.get(f"quittance/{tenant}/oui", startDate="01/01/2023", endDate="31/01/2023")["code"], 0)
        mail = int(self.stack.db.value("SELECT message_id FROM tenant_mail"))
        attached, other = self.queue(31), self.queue(31)
        self.stack.sql("INSERT INTO message_attachment SELECT seq, position, name, type, content FROM "
                       f"message_attachment, seq_{attached}_to_{other} WHERE message_id = {mail}; "
                       "UPDATE message SET attachments = 1, "
                       f"created_at = '2000-01-01' WHERE id IN ({mail}, {attached}, {other})")
        for message in (mail, attached, other):
            self.state(message, "sent")
        young = self.queue(1)
        listed = anne.get("emails/" + tenant)
        self.assertEqual(len(listed["emails"]), 1)
        of_mail = ("SELECT email_subject, email_content, state, name, MD5(content) FROM message m JOIN delivery d ON "
                   f"d.message_id = m.id JOIN message_attachment a ON a.message_id = m.id WHERE m.id = {mail}")
        before = self.stack.sql(of_mail)
        self.assertEqual(len(before), 1)
        for _ in range(2):
            self.robot()
        self.assertEqual(self.stack.sql(of_mail), before)
        self.assertEqual(anne.get("emails/" + tenant), listed)
        self.assertEqual(self.kept(), [young])
        self.assertEqual(self.stack.sql("SELECT message_id FROM message_attachment"), [[str(mail)]])

    def test_more_than_one_transaction_takes(self):
        first = self.queue(40)
        self.stack.sql(f"INSERT INTO message (client_id, request_uuid, request_index, channel, email, force_sending, "
                       f"unsubscribe_link, test_mode, "
                       f"created_at) SELECT client_id, UNHEX(MD5(seq)), 0, 'email', email, 0, 1, 0, created_at FROM "
                       f"message, seq_1_to_2500 WHERE id = {first}")
        self.state(first, "sent")
        young = self.queue(1)
        self.robot()
        self.assertEqual(self.kept(), [young])

    def test_resent_meanwhile(self):
        """An operator's resend that commits while the robot looks wins: the message is queued, and stays."""
        message, other = self.queue(31), self.queue(31)
        self.state(message, "failed")
        self.state(other, "failed")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            resend = pool.submit(self.stack.sql, "BEGIN; UPDATE delivery SET state = 'queued', due_at = "
                                 f"UTC_TIMESTAMP() WHERE message_id = {message}; DO GET_LOCK('resending', 0); "
                                 "DO SLEEP(2); COMMIT")
            wait_until(lambda: self.stack.sql("SELECT IS_USED_LOCK('resending') IS NULL") == [["0"]], 20, "the resend")
            self.robot()
            resend.result()
        self.assertIn(message, self.kept())
        self.assertEqual(self.stack.sql(f"SELECT state FROM delivery WHERE message_id = {message}"), [["queued"]])
        self.robot()
        self.assertEqual(self.kept(), [message])

    def test_told_webhooks_go_too(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.stack.ctl("client", "webhook", self.client.name, receiver.url)
        body = {"start_at": "2093-06-12T12:00:00+02:00", "duration": 45, "recipient": {"email": "a@b.fr"}}
        for _ in range(4):
            answer = self.stack.web.request("POST", "/v1/appointments", query=self.client.form(), json=body)
            self.assertEqual(answer.status, 200, answer)
        self.stack.send_all()
        told = [int(id) for (id,) in self.stack.sql("SELECT id FROM webhook_event ORDER BY id")]
        self.stack.sql(f"UPDATE webhook_event SET created_at = created_at - INTERVAL 31 DAY WHERE id <= {told[2]};"
                       f"UPDATE webhook_event SET state = 'queued', told = FALSE, due_at = '2093-01-01' WHERE id = "
                       f"{told[1]}")
        self.robot()
        self.assertEqual([int(id) for (id,) in self.stack.sql("SELECT id FROM webhook_event ORDER BY id")],
                         [told[1], told[3]])


if __name__ == "__main__":
    unittest.main()
