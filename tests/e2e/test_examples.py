"""
The API document's own curl, Ruby and JavaScript examples, run with the real clients, unchanged but for the host.

examples/ holds them as the document prints them. Two of its curl examples are broken there: the single /v1/messages
one lacks a backslash, so that curl never sends what follows; its batch lacks a comma, so that it is not JSON. They are
run as printed (a clear refusal is what a client deserves) and as they were meant.
"""

import hashlib
import json
import os
import subprocess

from tests.lib.stack import StackCase

EXAMPLES = os.path.join(os.path.dirname(__file__), "examples")
HOST = "https://communication.avis-locataire.com"
QUEUED = {"status": 200, "message": "Message successfully queued"}
INTERPRETER = {".sh": ["sh"], ".rb": ["ruby"], ".js": ["node"]}

# What the document's list example answers, member by member.
LISTED = {
    "id": int, "channel": "both", "phone": "0602030405", "email": "exemple@email.com", "email_subject": "Email exemple",
    "email_content": "Ceci est un example%0ATest", "sms_content": "Ceci est un example%0ATest",
    "custom_identifier1": "001", "custom_identifier2": "test", "email_originator": None, "sms_originator": None,
    "force_sending": False, "unsubscribe_link": True, "has_error": False, "error_message": None,
    "created_at": "2020-01-18T15:31:12Z", "test_mode": False,
}


def with_comma(text):
    """The batch of messages, made JSON."""
    return text.replace('%0ATest"\n', '%0ATest",\n')


class ExamplesTest(StackCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The document's credentials.
        hashed = hashlib.blake2b(b"mysecret", digest_size=32).hexdigest()
        cls.stack.sql("INSERT INTO api_client (name, auth_key, secret_hash, rate, burst, created_at) "
                      f"VALUES ('document', 'mykey', x'{hashed}', 100000, 100000, UTC_TIMESTAMP(3))")

    def setUp(self):
        self.stack.sql("DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM message")

    def example(self, name, change=lambda text: text):
        """Runs an example against the stack and returns the one JSON value it prints."""
        with open(f"{EXAMPLES}/{name}") as file:
            text = file.read()
        self.assertIn(HOST, text)
        path = f"{self.stack.dir}/{name}"
        with open(path, "w") as file:
            file.write(change(text).replace(HOST, self.stack.web.url))
        env = dict(os.environ, no_proxy="127.0.0.1")
        done = subprocess.run([*INTERPRETER[os.path.splitext(name)[1]], path], capture_output=True, text=True, env=env,
                              timeout=120)
        try:
            return json.loads(done.stdout)
        except ValueError:
            self.fail(f"{name} printed no JSON: {done.stdout!r}\n{done.stderr}")

    def rows(self, columns):
        return self.stack.sql(f"SELECT {columns} FROM message ORDER BY id")

    def assert_single(self, answer, expected_row, columns):
        self.assertEqual({**QUEUED, "id": answer.get("id")}, answer)
        self.assertIsInstance(answer["id"], int)
        self.assertEqual(self.rows("id, " + columns), [[str(answer["id"]), *expected_row]])

    def assert_batch(self, answer, recipients):
        """recipients: the members that name the recipient, an item each."""
        items = answer.pop("messages")
        self.assertEqual(answer, {"status": 200})
        self.assertEqual([{key: value for key, value in item.items() if key != "id"} for item in items],
                         [{"error": False, **recipient, "message": QUEUED["message"]} for recipient in recipients])
        self.assertEqual([[str(item["id"])] for item in items], self.rows("id"))

    MAIL = ("channel, email, phone, email_subject, email_content, identifier1, force_sending, unsubscribe_link, "
            "test_mode")
    MAIL_ROW = ["email", "exemple@mail.com", None, "Email exemple", "Ceci est un exemple\nTest", "001", "0", "1", "0"]

    def test_send_email_curl(self):
        self.assert_single(self.example("send_email.sh"), self.MAIL_ROW, self.MAIL)

    def test_send_email_ruby(self):
        self.assert_single(self.example("send_email.rb"), self.MAIL_ROW, self.MAIL)

    def test_send_email_javascript(self):
        self.assert_single(self.example("send_email.js"), self.MAIL_ROW, self.MAIL)

    def test_send_email_batch_curl(self):
        self.assert_batch(self.example("send_email_batch.sh"),
                          [{"recipient": "exemple@mail.com"}, {"recipient": "exemple2@mail.com"}])
        # In JSON the %0A is text; it is kept as it is and becomes a line end when the mail is made.
        self.assertEqual(self.rows("email_content, force_sending, unsubscribe_link"),
                         [["Ceci est un exemple%0ATest", "1", "1"], ["Ceci est un exemple2%0ATest", "0", "1"]])

    SMS = "channel, email, phone, sms_content, identifier1, force_sending"
    SMS_ROW = ["sms", None, "0602030405", "Ceci est un exemple\nTest", "001", "0"]

    def test_send_sms_curl(self):
        row = list(self.SMS_ROW)
        row[3] = "Ceci est un example\nTest"
        self.assert_single(self.example("send_sms.sh"), row, self.SMS)

    def test_send_sms_ruby(self):
        self.assert_single(self.example("send_sms.rb"), self.SMS_ROW, self.SMS)

    def test_send_sms_javascript(self):
        self.assert_single(self.example("send_sms.js"), self.SMS_ROW, self.SMS)

    def test_send_sms_batch_curl(self):
        self.assert_batch(self.example("send_sms_batch.sh"), [{"recipient": "0602030405"}, {"recipient": "0702030405"}])

    def test_messages_curl_as_printed(self):
        """Without the backslash curl sends the e-mail address alone: no channel."""
        self.assertEqual(self.example("messages.sh"), {"status": 400, "message": "invalid channel"})
        self.assertEqual(self.rows("id"), [])

    def messages(self):
        return self.example("messages.sh", lambda text: text.replace('exemple@email.com"\n', 'exemple@email.com" \\\n'))

    def test_messages_curl_as_meant(self):
        self.assert_single(self.messages(),
                           ["both", "exemple@email.com", "0602030405", "Email exemple", "Ceci est un example\nTest",
                            "Ceci est un example\nTest", "001", "0", "1"],
                           "channel, email, phone, email_subject, email_content, sms_content, identifier1, "
                           "force_sending, unsubscribe_link")
        self.assertEqual(self.stack.sql("SELECT channel, recipient, state FROM delivery ORDER BY channel"),
                         [["mail", "exemple@email.com", "queued"], ["sms", "+33602030405", "queued"]])

    def test_messages_batch_curl_as_printed(self):
        """Without the comma it is not JSON."""
        self.assertEqual(self.example("messages_batch.sh"), {"status": 400, "message": "invalid body"})
        self.assertEqual(self.rows("id"), [])

    def test_messages_batch_curl_as_meant(self):
        answer = self.example("messages_batch.sh", with_comma)
        self.assert_batch(answer, [{"email": "exemple@email.com", "phone": "0602030405"},
                                   {"email": "exemple2@email.com", "phone": "0702030405"}])

    def test_answers_to_what_cannot_be_sent(self):
        """The document's failures: a single one, and items of batches, with the recipient null."""
        def broken(old, new):
            return lambda text: text.replace(old, new, 1)

        self.assertEqual(self.example("send_email.sh", broken("exemple@mail.com", "exemple")),
                         {"status": 400, "message": "invalid recipient"})
        blank = {"error": True, "recipient": None, "message": "message can't be blank"}
        queued = {"error": False, "recipient": "0602030405", "message": "Message successfully queued"}
        answer = self.example("send_sms_batch.sh", broken("Ceci est un exemple2%0ATest", ""))
        self.assertEqual(answer, {"status": 200, "messages": [{**queued, "id": answer["messages"][0]["id"]}, blank]})

        both = {"error": True, "email": None, "phone": None, "message": "message can't be blank"}
        blank_content = broken("Ceci est un exemple2%0ATest", "")
        answer = self.example("messages_batch.sh", lambda text: blank_content(with_comma(text)))
        self.assertEqual(answer["messages"][1], both)
        self.assertEqual(len(self.rows("id")), 2)

    def test_list_curl(self):
        """The document's list: its message, made as the document's example makes it, on the document's date."""
        # Content is listed as it was given: here the literal %0A that a JSON client sends.
        answer = self.example("messages_batch.sh", with_comma)
        first = answer["messages"][0]["id"]
        self.stack.sql("UPDATE message SET created_at = '2020-01-18 15:31:12', identifier2 = 'test', "
                       f"force_sending = 0, email_content = sms_content WHERE id = {first}")

        # As printed it asks for messages with errors, and there is none.
        self.assertEqual(self.example("list.sh"), {"status": 200, "messages": []})

        answer = self.example("list.sh", lambda text: text.replace("with_error=true", "with_error=false"))
        self.assertEqual(answer.pop("status"), 200)
        self.assertEqual(list(answer), ["messages"])
        self.assertEqual(len(answer["messages"]), 1)
        listed = answer["messages"][0]
        self.assertEqual({name: listed[name] for name in LISTED}, {**LISTED, "id": first})
        self.assertEqual(set(listed) - set(LISTED), {"state", "sent_at"})

    def test_list_curl_period(self):
        """The document's second `from` ends the period: what was queued today is outside it."""
        self.messages()
        def without(text):
            for parameter in ("with_error=true", "identifier2=test"):
                text = text.replace(f'  --data "{parameter}" \\\n', "")
            return text

        self.assertEqual(self.example("list.sh", without)["messages"], [])
        wider = self.example("list.sh", lambda text: without(text).replace("2020-01-31", "2999-01-31"))
        self.assertEqual(len(wider["messages"]), 1)

    def test_status_curl(self):
        self.assertEqual(self.example("status.sh"), {"status": 400, "message": "invalid identifier"})
        self.messages()
        self.stack.sql("UPDATE message SET identifier2 = 'test'")
        answer = self.example("status.sh")
        self.assertEqual((answer["status"], answer["all_sent"]), (200, False))
        self.stack.send_all()
        answer = self.example("status.sh")
        self.assertEqual((answer["status"], answer["all_sent"]), (200, True))
        self.assertEqual((len(self.stack.mails()), len(self.stack.texts())), (1, 1))
