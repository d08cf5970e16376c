"""Every endpoint of Communication: each documented success and each error, as a client sees them."""

import base64
import json
import os
import re
import time
import unittest
import urllib.parse

from tests.lib.crowd import at_once
from tests.lib.process import wait_until
from tests.lib.stack import StackCase
from tests.lib.tokens import token

FORM_TYPE = "application/x-www-form-urlencoded"
QUEUED = "Message successfully queued"
MAIL = {"recipient": "exemple@mail.com", "subject": "Email exemple", "message": "Ceci est un exemple%0ATest"}
SMS = {"recipient": "0602030405", "message": "Ceci est un exemple%0ATest"}
BOTH = {"email": "exemple@email.com", "phone": "06 02 03 04 05", "email_subject": "Email exemple",
        "email_content": "Ceci est un exemple%0ATest", "sms_content": "Ceci est un example%0ATest", "channel": "both"}
FIELDS = ["id", "channel", "phone", "email", "email_subject", "email_content", "sms_content", "custom_identifier1",
          "custom_identifier2", "email_originator", "sms_originator", "force_sending", "unsubscribe_link", "has_error",
          "error_message", "created_at", "test_mode", "state", "sent_at"]
STATES = ["queued", "claimed", "transmitting", "sent", "delivered", "failed", "expired", "suppressed", "unknown"]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def without(parameters, *names):
    return {name: value for name, value in parameters.items() if name not in names}


class Case(StackCase):
    """One stack for the class, one client for each test."""

    def setUp(self):
        self.client = self.stack.add_client()

    def post(self, path, parameters=None, client=None, **more):
        return self.stack.web.post(path, (client or self.client).form(**(parameters or {})), **more)

    def batch(self, path, items, client=None, **more):
        client = client or self.client
        return self.stack.web.post(path, json=items, query={"auth_key": client.key, "auth_secret": client.secret},
                                   **more)

    def batch_text(self, path, text):
        """The same of a text, for what is no JSON of Python's, or no UTF-8 before it is escaped."""
        return self.stack.web.post(path, body=text.encode(), headers={"Content-Type": "application/json"},
                                   query={"auth_key": self.client.key, "auth_secret": self.client.secret})

    def get(self, path, client=None, **parameters):
        return self.stack.web.get(path, (client or self.client).form(**parameters))

    def list(self, client=None, **parameters):
        answer = self.get("/v1/messages", client, **parameters)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["messages"]

    def ids(self, **parameters):
        return [message["id"] for message in self.list(**parameters)]

    def queued(self, answer):
        """The id in an answer of success."""
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(list(answer.json), ["status", "message", "id"])
        self.assertEqual((answer.json["status"], answer.json["message"]), (200, QUEUED))
        return answer.json["id"]

    def refused(self, answer, status, message):
        self.assertEqual((answer.status, answer.json), (status, {"status": status, "message": message}), answer)
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")

    def delivery(self, message_id, channel):
        return self.stack.db.value(f"SELECT id FROM delivery WHERE message_id={message_id} AND channel='{channel}'")

    def unsubscribe(self, message_id, channel):
        """As the recipient of an earlier message would do."""
        path = "/u/" + token("unsubscribe", self.delivery(message_id, channel))
        self.assertEqual(self.stack.web.post(path, {"List-Unsubscribe": "One-Click"}).status, 200)


class Sending(Case):
    def test_every_way_to_pass_parameters(self):
        boundary = "limite"
        multipart = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                            for name, value in self.client.form(**MAIL).items()) + f"--{boundary}--\r\n"
        basic = base64.b64encode(f"{self.client.key}:{self.client.secret}".encode()).decode()
        web, form = self.stack.web, self.client.form(**MAIL)
        answers = {
            "form": web.post("/v1/send_email", form),
            "query and no body": web.post("/v1/send_email", query=form),
            "multipart": web.post("/v1/send_email", body=multipart.encode(),
                                  headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}),
            "json": web.post("/v1/send_email", json=form),
            "basic and form": web.post("/v1/send_email", MAIL, headers={"Authorization": "Basic " + basic}),
            "basic and json": web.post("/v1/send_email", json=MAIL, headers={"Authorization": "Basic " + basic}),
            "query and json": web.post("/v1/send_email", json=MAIL, query=self.client.form()),
        }
        ids = [self.queued(answer) for answer in answers.values()]
        self.assertEqual(ids, sorted(set(ids)))
        listed = self.list()
        self.assertEqual([message["id"] for message in listed], ids[::-1])
        for message in listed:
            self.assertEqual((message["email"], message["email_subject"], message["email_content"]),
                             (MAIL["recipient"], MAIL["subject"], MAIL["message"]))

    def test_success_of_each_endpoint(self):
        email = self.queued(self.post("/v1/send_email", MAIL))
        sms = self.queued(self.post("/v1/send_sms", SMS))
        both = self.queued(self.post("/v1/messages", BOTH))
        self.assertEqual({message["id"]: message["channel"] for message in self.list()},
                         {email: "email", sms: "sms", both: "both"})
        rows = self.stack.sql(f"SELECT message_id, channel, recipient, state FROM delivery "
                              f"WHERE message_id IN ({email},{sms},{both}) ORDER BY id")
        self.assertEqual([tuple(row) for row in rows], [
            (str(email), "mail", "exemple@mail.com", "queued"), (str(sms), "sms", "+33602030405", "queued"),
            (str(both), "mail", "exemple@email.com", "queued"), (str(both), "sms", "+33602030405", "queued")])

    def test_content_is_kept_verbatim(self):
        text = "été 🏠 «%0A»\n\tligne\r\n<b>&amp;\"'\\ ​fin  "
        sent = {**BOTH, "email_content": text, "sms_content": text, "email_subject": "Sujet 🏠 \"<é>\"",
                "identifier1": " a ",
                "identifier2": "%0A", "email_originator": "Mairie d'Étampes <x>", "sms_originator": "Mairie 91"}
        for number in (self.queued(self.post("/v1/messages", sent)),
                       self.queued(self.stack.web.post("/v1/messages", json=self.client.form(**sent)))):
            message = next(each for each in self.list() if each["id"] == number)
            self.assertEqual((message["email_content"], message["sms_content"]), (text, text))
            for name in ("email_subject", "email_originator", "sms_originator", "phone"):
                self.assertEqual(message[name], sent[name])
            self.assertEqual((message["custom_identifier1"], message["custom_identifier2"]), (" a ", "%0A"))

    ERRORS = [
        ("/v1/send_email", without(MAIL, "recipient"), "invalid recipient"),
        ("/v1/send_email", {**MAIL, "recipient": ""}, "invalid recipient"),
        ("/v1/send_email", {**MAIL, "recipient": "0602030405"}, "invalid recipient"),
        ("/v1/send_email", {**MAIL, "recipient": "a@b.fr, c@d.fr"}, "invalid recipient"),
        ("/v1/send_email", without(MAIL, "subject"), "subject can't be blank"),
        ("/v1/send_email", {**MAIL, "subject": " \t "}, "subject can't be blank"),
        ("/v1/send_email", without(MAIL, "message"), "message can't be blank"),
        ("/v1/send_email", {**MAIL, "message": "\n\u00a0 "}, "message can't be blank"),
        ("/v1/send_email", {**MAIL, "force_sending": "oui"}, "invalid force_sending"),
        ("/v1/send_email", {**MAIL, "unsubscribe_link": "2"}, "invalid unsubscribe_link"),
        ("/v1/send_email", {**MAIL, "test_mode": "TRUE"}, "invalid test_mode"),
        ("/v1/send_email", {**MAIL, "logo_url": "exemple.fr/logo.png"}, "invalid logo_url"),
        ("/v1/send_email", {**MAIL, "identifier1": "a\nb"}, "invalid identifier1"),
        ("/v1/send_email", {**MAIL, "identifier2": "x" * 256}, "invalid identifier2"),
        ("/v1/send_email", {**MAIL, "email_originator": "x" * 101}, "invalid email_originator"),
        ("/v1/send_sms", without(SMS, "recipient"), "invalid recipient"),
        ("/v1/send_sms", {**SMS, "recipient": "exemple@mail.com"}, "invalid recipient"),
        ("/v1/send_sms", {**SMS, "recipient": "06020304"}, "invalid recipient"),
        ("/v1/send_sms", without(SMS, "message"), "message can't be blank"),
        ("/v1/send_sms", {**SMS, "message": "x" * 1601}, "invalid message"),
        ("/v1/send_sms", {**SMS, "sms_originator": "Trop long pour un SMS"}, "invalid sms_originator"),
        ("/v1/messages", without(BOTH, "channel"), "invalid channel"),
        ("/v1/messages", {**BOTH, "channel": "fax"}, "invalid channel"),
        ("/v1/messages", without(BOTH, "email"), "invalid recipient"),
        ("/v1/messages", without(BOTH, "phone"), "invalid recipient"),
        ("/v1/messages", {**BOTH, "email": "personne"}, "invalid recipient"),
        ("/v1/messages", without(BOTH, "email_subject"), "subject can't be blank"),
        ("/v1/messages", without(BOTH, "email_content"), "message can't be blank"),
        ("/v1/messages", without(BOTH, "sms_content"), "message can't be blank"),
        ("/v1/messages", {**without(BOTH, "phone"), "channel": "sms"}, "invalid recipient"),
        ("/v1/messages", {**without(BOTH, "email"), "channel": "email"}, "invalid recipient"),
        ("/v1/messages", {**without(BOTH, "email", "phone"), "channel": "sms_first"}, "invalid recipient"),
        ("/v1/messages", {**BOTH, "phone": "12", "channel": "sms_first"}, "invalid recipient"),
    ]

    def test_errors(self):
        for path, parameters, message in self.ERRORS:
            with self.subTest(path=path, message=message, parameters=str(parameters)[:200]):
                self.refused(self.post(path, parameters), 400, message)
        self.assertEqual(self.list(), [])

    CHANNELS = [
        # channel, left out, goes by mail, goes by SMS
        ("sms", (), False, True), ("sms", ("email", "email_subject", "email_content"), False, True),
        ("email", (), True, False), ("email", ("phone", "sms_content"), True, False), ("both", (), True, True),
        ("sms_first", (), False, True), ("sms_first", ("phone",), True, False), ("sms_first", ("email",), False, True),
        ("email_first", (), True, False), ("email_first", ("email",), False, True),
        ("email_first", ("phone",), True, False),
    ]

    def test_channels(self):
        for channel, left_out, mail, sms in self.CHANNELS:
            with self.subTest(channel=channel, left_out=left_out):
                number = self.queued(self.post("/v1/messages", {**without(BOTH, *left_out), "channel": channel}))
                rows = self.stack.sql(f"SELECT channel FROM delivery WHERE message_id={number} ORDER BY channel")
                self.assertEqual([row[0] for row in rows], ["mail"] * mail + ["sms"] * sms)
                self.assertEqual(self.list()[0]["channel"], channel)

    def test_booleans(self):
        for given, value in ((True, True), (False, False), ("true", True), ("false", False), (1, True), (0, False),
                             ("1", True), ("0", False)):
            with self.subTest(given=given):
                options = {name: given for name in ("force_sending", "unsubscribe_link", "test_mode")}
                self.queued(self.stack.web.post("/v1/send_email", json=self.client.form(**MAIL, **options)))
                message = self.list(limit=1)[0]
                self.assertEqual([message[name] for name in options], [value] * 3)
        self.queued(self.post("/v1/send_email", MAIL))
        message = self.list(limit=1)[0]
        self.assertEqual([message[name] for name in ("force_sending", "unsubscribe_link", "test_mode")],
                         [False, True, False])

    def test_nothing_leaves_in_test_mode(self):
        test = {**MAIL, "recipient": "essai@mail.com", "test_mode": "true", "identifier1": "essai"}
        real = {**MAIL, "recipient": "vrai@mail.com"}
        self.queued(self.post("/v1/send_email", real))
        number = self.queued(self.post("/v1/send_email", test))
        self.stack.send_all()
        mails = self.stack.mails()
        self.assertEqual([sum(each.encode() in mail for mail in mails) for each in (real["recipient"],
                                                                                    test["recipient"])],
                         [1, 0])
        message = self.list()[0]
        self.assertEqual((message["id"], message["state"], message["test_mode"]), (number, "sent", True))
        self.assertTrue(self.get("/v1/messages_status", identifier1="essai").json["all_sent"])

    def test_batch(self):
        items = [MAIL, {**MAIL, "message": ""}, {**MAIL, "recipient": "deux@mail.com"}, "texte", None, [MAIL], 12,
                 {**MAIL, "recipient": "personne"}, {}, {**MAIL, "subject": None}, {**MAIL, "recipient": ["a@b.fr"]}]
        answer = self.batch("/v1/send_email", items)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(list(answer.json), ["status", "messages"])
        got = answer.json["messages"]
        self.assertEqual([item.get("message") for item in got], [
            QUEUED, "message can't be blank", QUEUED, "invalid message", "invalid message", "invalid message",
            "invalid message", "invalid recipient", "invalid recipient", "subject can't be blank", "invalid recipient"])
        for item in got:
            good = item["message"] == QUEUED
            self.assertEqual(list(item), ["error", "recipient", "message"] + ["id"] * good)
            self.assertEqual((item["error"], item["recipient"] is None), (not good, not good))
        self.assertEqual([item["recipient"] for item in got if not item["error"]],
                         ["exemple@mail.com", "deux@mail.com"])
        self.assertEqual(self.ids(), [got[2]["id"], got[0]["id"]])

    def test_batch_with_flaws(self):
        """What JSON can say and no text may hold is the fault of its item, and of no other."""
        number = 10 ** 20
        items = [{**MAIL, "message": "a\0b"}, MAIL, {**MAIL, "subject": "\ud83d"}, {**MAIL, "recipient": "\udfe0\ud83d"},
                 {**MAIL, "message": "\ud83d\n"}, {**MAIL, "identifier1": number}, {**MAIL, "test_mode": -number},
                 {**MAIL, "subject": ["\0"]}, {**MAIL, "subject": "\0", "message": "\0"}, "\0", [number],
                 {**MAIL, "nobody reads": "\0", "recipient": "deux@mail.com"}]
        body = json.dumps(items)[:-1] + ',{"recipient":"a@mail.com","subject":"s","message":"m","s\\u0075bject":"t"}]'
        answer = self.batch_text("/v1/send_email", body)
        self.assertEqual(answer.status, 200, answer)
        got = answer.json["messages"]
        self.assertEqual([item["message"] for item in got], [
            "invalid message", QUEUED, "invalid subject", "invalid recipient", "invalid message", "invalid identifier1",
            "invalid test_mode", "invalid subject", "invalid subject", "invalid message", "invalid message", QUEUED,
            "invalid subject"])
        self.assertEqual([(item["error"], item["recipient"]) for item in got if item["error"]], [(True, None)] * 11)
        self.assertEqual(self.ids(), [got[11]["id"], got[1]["id"]])
        self.stack.send_all()
        self.assertEqual({message["state"] for message in self.list()}, {"sent"})

    def test_batch_of_messages_with_flaws(self):
        """The same for SMS and for both channels, where a flaw in the channel is no other channel."""
        answer = self.batch("/v1/send_sms", [{**SMS, "message": "\0"}, SMS, {**SMS, "recipient": "\0"}])
        self.assertEqual([item["message"] for item in answer.json["messages"]],
                         ["invalid message", QUEUED, "invalid recipient"])
        answer = self.batch_text("/v1/messages", json.dumps([{**BOTH, name: "\ud83d"} for name in BOTH] + [BOTH]))
        self.assertEqual([item["message"] for item in answer.json["messages"]], [
            "invalid recipient" if name in ("email", "phone") else "invalid " + name for name in BOTH] + [QUEUED])

    def test_batch_of_sms_and_of_messages(self):
        answer = self.batch("/v1/send_sms", [{**SMS, "recipient": "06.02.03.04.05"}, {**SMS, "message": " "}])
        self.assertEqual(answer.json, {"status": 200, "messages": [
            {"error": False, "recipient": "06.02.03.04.05", "message": QUEUED, "id": self.ids()[0]},
            {"error": True, "recipient": None, "message": "message can't be blank"}]})
        answer = self.batch("/v1/messages",
                            [{**BOTH, "sms_content": None}, BOTH, {**BOTH, "channel": "email", "phone": None}])
        newest, second = self.ids()[:2]
        self.assertEqual(answer.json, {"status": 200, "messages": [
            {"error": True, "email": None, "phone": None, "message": "message can't be blank"},
            {"error": False, "email": BOTH["email"], "phone": BOTH["phone"], "message": QUEUED, "id": second},
            {"error": False, "email": BOTH["email"], "phone": None, "message": QUEUED, "id": newest}]})

    def test_batch_sizes(self):
        answer = self.batch("/v1/send_email", [{**MAIL, "identifier1": str(i)} for i in range(1000)])
        self.assertEqual(answer.status, 200, answer)
        numbers = [item["id"] for item in answer.json["messages"]]
        self.assertEqual(len(set(numbers)), 1000)
        listed = {message["id"]: message["custom_identifier1"] for message in self.list(limit=1000)}
        self.assertEqual([listed[number] for number in numbers], [str(i) for i in range(1000)])
        self.refused(self.batch("/v1/send_email", [MAIL] * 1001), 400, "invalid body")
        self.refused(self.batch("/v1/send_email", []), 400, "invalid body")
        self.assertEqual(self.stack.db.value("SELECT COUNT(*) FROM message JOIN api_client c ON c.id = client_id "
                                             f"WHERE c.name = '{self.client.name}'"), "1000")

    def test_batch_where_every_item_is_bad(self):
        answer = self.batch("/v1/send_email", [{}, {}])
        self.assertEqual([item["error"] for item in answer.json["messages"]], [True, True])
        self.assertEqual(self.list(), [])

    def test_credentials_inside_items_do_not_count(self):
        self.refused(self.stack.web.post("/v1/send_email", json=[self.client.form(**MAIL)]), 401, "invalid credentials")


class Unsubscribed(Case):
    def test_refused_unless_forced(self):
        first = self.queued(self.post("/v1/send_email", MAIL))
        self.unsubscribe(first, "mail")
        self.refused(self.post("/v1/send_email", MAIL), 400, "recipient unsubscribed")
        self.refused(self.post("/v1/send_email", {**MAIL, "recipient": "EXEMPLE@Mail.Com"}), 400,
                     "recipient unsubscribed")
        self.assertEqual(self.ids(), [first])
        self.queued(self.post("/v1/send_email", {**MAIL, "force_sending": "true"}))
        self.queued(self.post("/v1/send_sms", SMS))
        answer = self.batch("/v1/send_email",
                            [MAIL, {**MAIL, "recipient": "autre@mail.com"}, {**MAIL, "force_sending": 1}])
        self.assertEqual([(item["error"], item["recipient"], item["message"]) for item in answer.json["messages"]], [
            (True, None, "recipient unsubscribed"), (False, "autre@mail.com", QUEUED),
            (False, MAIL["recipient"], QUEUED)])

    def test_either_channel_stops_both(self):
        first = self.queued(self.post("/v1/messages", BOTH))
        self.unsubscribe(first, "sms")
        self.refused(self.post("/v1/messages", BOTH), 400, "recipient unsubscribed")
        self.refused(self.post("/v1/send_sms", {**SMS, "recipient": "+33602030405"}), 400, "recipient unsubscribed")
        self.queued(self.post("/v1/messages", {**BOTH, "channel": "email"}))

    def test_after_queueing_the_sender_suppresses(self):
        first = self.queued(self.post("/v1/send_email", {**MAIL, "recipient": "tard@mail.com"}))
        second = self.queued(self.post("/v1/send_email",
                                       {**MAIL, "recipient": "tard@mail.com", "force_sending": "true"}))
        self.unsubscribe(first, "mail")
        self.stack.send_all()
        listed = {message["id"]: message for message in self.list()}
        self.assertEqual([listed[first][name] for name in ("state", "has_error", "error_message", "sent_at")],
                         ["suppressed", True, "recipient unsubscribed", None])
        self.assertEqual((listed[second]["state"], listed[second]["has_error"]), ("sent", False))

    def test_list(self):
        numbers = [self.queued(self.post("/v1/send_email", {**MAIL, "recipient": f"r{i}@mail.com"})) for i in range(3)]
        for number in numbers:
            self.unsubscribe(number, "mail")
        self.unsubscribe(self.queued(self.post("/v1/send_sms", SMS)), "sms")
        answer = self.get("/v1/unsubscribes")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(list(answer.json), ["status", "unsubscribes"])
        entries = answer.json["unsubscribes"]
        self.assertEqual([entry["email"] for entry in entries], ["r2@mail.com", "r1@mail.com", "r0@mail.com"])
        for entry in entries:
            self.assertEqual(list(entry), ["id", "email", "created_at"])
            self.assertRegex(entry["created_at"], INSTANT)
        pages = [self.get("/v1/unsubscribes", limit=1, offset=i).json["unsubscribes"] for i in range(4)]
        self.assertEqual(pages, [[entries[0]], [entries[1]], [entries[2]], []])
        sms = self.get("/v1/unsubscribes", channel="sms").json["unsubscribes"]
        self.assertEqual([(list(entry), entry["phone"]) for entry in sms],
                         [(["id", "phone", "created_at"], "+33602030405")])
        self.assertEqual(self.get("/v1/unsubscribes", channel="email").json["unsubscribes"], entries)
        self.assertEqual(self.get("/v1/unsubscribes", until="2000-01-01").json["unsubscribes"], [])
        self.assertEqual(self.get("/v1/unsubscribes", **{"from": "2000-01-01"}).json["unsubscribes"], entries)
        for name, value in (("channel", "both"), ("limit", "0"), ("limit", "1001"), ("offset", "x"), ("from", "hier"),
                            ("until", "2020-13-01")):
            self.refused(self.get("/v1/unsubscribes", **{name: value}), 400, "invalid " + name)


class Listing(Case):
    def fill(self):
        """Five messages: identifiers a, b, a, b, a; the second is a test; created a day apart, newest last."""
        numbers = []
        for i, mark in enumerate("ababa"):
            numbers.append(self.queued(self.post("/v1/send_email", {
                **MAIL, "identifier1": mark, "identifier2": f"n{i}", "test_mode": "true" if i == 1 else "false"})))
            self.stack.sql(f"UPDATE message SET created_at='2020-01-0{i + 1} 12:00:00.500' WHERE id={numbers[-1]}")
        return numbers

    def test_a_page_of_very_long_messages_ends_early(self):
        """What a worker holds is bounded; by either cursor each message is found once, in order."""
        model = self.queued(self.post("/v1/send_email", MAIL))
        self.stack.sql("INSERT INTO message (client_id, request_uuid, request_index, channel, email, email_content, "
                       "force_sending, unsubscribe_link, test_mode, created_at) SELECT client_id, UNHEX(MD5(CONCAT("
                       "'long', seq))), 0, 'email', email, REPEAT('\U0001f600', 100000), 0, 1, 0, created_at "
                       f"FROM message, seq_1_to_90 WHERE id = {model}")
        first = self.ids(limit=1000)
        self.assertEqual(len(first), 84)                # of 400 kB each, 32 MB and the one that is beyond
        for cursor in ({"before_id": first[-1]}, {"offset": len(first)}):
            rest = self.ids(limit=1000, **cursor)
            self.assertEqual((len(rest), first + rest), (7, sorted(first + rest, reverse=True)))
        self.assertEqual(rest[-1], model)

    def test_fields_and_their_order(self):
        number = self.queued(self.post("/v1/messages", {**BOTH, "identifier1": "001", "identifier2": "test",
                                                        "logo_url": "https://exemple.fr/l.png"}))
        answer = self.get("/v1/messages")
        self.assertEqual(list(answer.json), ["status", "messages"])
        message = answer.json["messages"][0]
        self.assertEqual(list(message), FIELDS)
        self.assertRegex(message.pop("created_at"), INSTANT)
        self.assertEqual(message, {
            "id": number, "channel": "both", "phone": BOTH["phone"], "email": BOTH["email"],
            "email_subject": BOTH["email_subject"], "email_content": BOTH["email_content"],
            "sms_content": BOTH["sms_content"], "custom_identifier1": "001", "custom_identifier2": "test",
            "email_originator": None, "sms_originator": None, "force_sending": False, "unsubscribe_link": True,
            "has_error": False, "error_message": None, "test_mode": False, "state": "queued", "sent_at": None})
        self.stack.send_all()
        message = self.list()[0]
        self.assertEqual(message["state"], "sent")
        self.assertRegex(message["sent_at"], INSTANT)

    def test_filters(self):
        one, two, three, four, five = self.fill()
        self.stack.sql("UPDATE delivery SET state='failed', due_at=NULL, error_message='550 no' "
                       f"WHERE message_id={four}; "
                       f"UPDATE message SET has_error=1 WHERE id={four}")
        for parameters, expected in [
            ({}, [five, four, three, two, one]), ({"limit": 2}, [five, four]),
            ({"limit": 2, "offset": 1}, [four, three]),
            ({"offset": 4}, [one]), ({"offset": 5}, []), ({"before_id": three}, [two, one]),
            ({"before_id": three, "limit": 1}, [two]), ({"before_id": one}, []),
            ({"limit": 1000}, [five, four, three, two, one]),
            ({"identifier1": "a"}, [five, three, one]), ({"identifier2": "n3"}, [four]),
            ({"identifier1": "a", "identifier2": "n3"}, []), ({"identifier1": "A"}, []), ({"identifier1": "%"}, []),
            ({"identifier1": "a "}, []), ({"identifier1": ""}, [five, four, three, two, one]),
            ({"test_mode": "true"}, [two]), ({"test_mode": "false"}, [five, four, three, one]),
            ({"with_error": "true"}, [four]), ({"with_error": "0"}, [five, three, two, one]),
            ({"with_error": "false", "test_mode": "1", "identifier1": "b"}, [two]),
            ({"from": "2020-01-03T12:00:00Z"}, [five, four, three]), ({"from": "2020-01-03T12:00:01Z"}, [five, four]),
            ({"until": "2020-01-03T12:00:00Z"}, [three, two, one]), ({"until": "2020-01-03T11:59:59Z"}, [two, one]),
            ({"from": "2020-01-03T13:00:00+01:00", "until": "2020-01-03T12:00:00Z"}, [three]),
            ({"from": "2020-01-02", "until": "2020-01-03"}, [two]),
        ]:
            with self.subTest(parameters):
                self.assertEqual(self.ids(**parameters), expected)
        self.assertEqual(self.list(with_error="true")[0]["error_message"], "550 no")

    def test_second_from_is_until(self):
        one, two, three, four, five = self.fill()
        form = [*self.client.form().items(), ("from", "2020-01-02T00:00:00Z"), ("from", "2020-01-04T00:00:00Z")]
        got = self.stack.web.request("GET", "/v1/messages", form=form)
        self.assertEqual([message["id"] for message in got.json["messages"]], [three, two])
        self.refused(self.stack.web.get("/v1/messages", [*form, ("until", "2020-01-03")]), 400, "invalid from")

    def test_default_limit(self):
        self.batch("/v1/send_email", [MAIL] * 150)
        self.assertEqual(len(self.list()), 100)
        self.assertEqual(len(self.list(limit=1000)), 150)

    def test_walking_back_by_cursor_sees_each_once(self):
        self.batch("/v1/send_email", [MAIL] * 25)
        seen, before = [], {}
        while page := self.list(limit=7, **before):
            seen += [message["id"] for message in page]
            before = {"before_id": page[-1]["id"]}
        self.assertEqual(seen, self.ids())
        self.assertEqual(len(seen), 25)

    def test_errors(self):
        for name, value in [
            ("limit", "0"), ("limit", "1001"), ("limit", "-1"), ("limit", "dix"), ("limit", ""), ("limit", "1.0"),
            ("offset", "-1"), ("offset", "1e3"), ("before_id", "0"), ("before_id", "x"), ("before_id", "999999999"),
            ("with_error", "maybe"),
            ("test_mode", "2"), ("from", "hier"), ("from", "2020-02-30"), ("until", "2020-01-01T25:00:00Z"),
            ("identifier1", "x" * 256), ("identifier2", "a\nb"),
        ]:
            with self.subTest(name=name, value=value[:20]):
                self.refused(self.get("/v1/messages", **{name: value}), 400, "invalid " + name)


class Status(Case):
    def status(self, **parameters):
        return self.get("/v1/messages_status", **parameters)

    def test_before_and_after_sending(self):
        for i in range(3):
            self.queued(self.post("/v1/send_email", {**MAIL, "identifier1": "001", "identifier2": f"s{i}"}))
        answer = self.status(identifier1="001")
        self.assertEqual(list(answer.json), ["status", "all_sent", "counts"])
        self.assertEqual(list(answer.json["counts"]), STATES)
        self.assertEqual((answer.json["all_sent"], answer.json["counts"]["queued"]), (False, 3))
        self.stack.send_all()
        answer = self.post("/v1/messages_status", {"identifier1": "001"})
        self.assertEqual(answer.json,
                         {"status": 200, "all_sent": True, "counts": {**dict.fromkeys(STATES, 0), "sent": 3}})
        self.queued(self.post("/v1/send_email", {**MAIL, "identifier1": "001"}))
        self.assertFalse(self.status(identifier1="001").json["all_sent"])
        self.assertTrue(self.status(identifier2="s1").json["all_sent"])
        self.assertTrue(self.status(identifier1="001", identifier2="s1").json["all_sent"])

    def test_an_error_is_not_sent(self):
        number = self.queued(self.post("/v1/send_email", {**MAIL, "identifier1": "raté"}))
        self.stack.sql(f"UPDATE delivery SET state='failed', due_at=NULL WHERE message_id={number}")
        answer = self.status(identifier1="raté")
        self.assertEqual((answer.json["all_sent"], answer.json["counts"]["failed"]), (False, 1))

    def test_errors(self):
        self.queued(self.post("/v1/send_email", {**MAIL, "identifier1": "x", "identifier2": "y"}))
        for parameters in ({}, {"identifier1": ""}, {"identifier1": "inconnu"}, {"identifier1": "y"},
                           {"identifier2": "x"},
                           {"identifier1": "x", "identifier2": "z"}, {"identifier1": "x" * 256},
                           {"identifier1": "a\nb"}):
            with self.subTest(parameters=str(parameters)[:60]):
                self.refused(self.status(**parameters), 400, "invalid identifier")
                self.refused(self.post("/v1/messages_status", parameters), 400, "invalid identifier")


class Idempotency(Case):
    def keyed(self, key, parameters=None, path="/v1/send_email", **more):
        return self.post(path, parameters or MAIL, headers={"Idempotency-Key": key}, **more)

    def test_replay_is_byte_for_byte(self):
        first = self.keyed("clé-1".replace("é", "e"))
        again = self.keyed("cle-1")
        self.queued(first)
        self.assertEqual((again.status, again.body), (200, first.body))
        self.assertIsNone(first.headers["Idempotent-Replayed"])
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertNotEqual(first.headers["X-Request-Id"], again.headers["X-Request-Id"])
        self.assertEqual(len(self.list()), 1)

    def test_replay_of_a_batch(self):
        items = [MAIL, {**MAIL, "subject": ""}, {**MAIL, "recipient": "deux@mail.com"}]
        first = self.batch("/v1/send_email", items, headers={"Idempotency-Key": "lot"})
        again = self.batch("/v1/send_email", items, headers={"Idempotency-Key": "lot"})
        self.assertEqual(first.body, again.body)
        self.assertEqual([item["error"] for item in first.json["messages"]], [False, True, False])
        self.assertEqual(len(self.list()), 2)

    def test_another_request_with_the_key(self):
        self.queued(self.keyed("k"))
        changed = self.keyed("k", {**MAIL, "message": "autre"})
        self.assertEqual((changed.status, changed.json["status"]), (422, 422))
        self.assertEqual(self.keyed("k", SMS, "/v1/send_sms").status, 422)
        self.assertEqual(len(self.list()), 1)

    def test_keys_belong_to_clients(self):
        other = self.stack.add_client()
        mine, theirs = self.keyed("partagée".encode("ascii", "replace").decode()), self.keyed("partag?e", client=other)
        self.assertNotEqual(self.queued(mine), self.queued(theirs))
        for first, more in ((mine, {}), (theirs, {"client": other})):
            again = self.keyed("partag?e", **more)
            self.assertEqual((again.headers["Idempotent-Replayed"], again.body), ("true", first.body))

    def test_refusals_are_not_kept(self):
        self.refused(self.keyed("r", {**MAIL, "subject": ""}), 400, "subject can't be blank")
        number = self.queued(self.keyed("r"))
        self.unsubscribe(number, "mail")
        self.refused(self.keyed("s"), 400, "recipient unsubscribed")
        self.stack.ctl("suppress", "remove", self.client.name, MAIL["recipient"])
        self.queued(self.keyed("s"))

    def test_malformed_keys(self):
        for key in ("x" * 256, "a\tb", "é"):
            with self.subTest(key=key[:10]):
                self.refused(self.keyed(key.encode("utf-8").decode("latin-1")), 400, "invalid Idempotency-Key")
        self.queued(self.keyed("x" * 255))
        self.assertNotEqual(self.queued(self.keyed("")), self.queued(self.keyed("")), "an empty key is as none")
        self.queued(self.keyed("! ~"))

    def test_at_once_creates_one(self):
        answers = at_once(*[lambda: self.keyed("ensemble")] * 8)
        self.assertLessEqual({answer.status for answer in answers}, {200, 409})
        self.assertEqual(len({answer.body for answer in answers if answer.status == 200}), 1)
        self.assertEqual(len(self.list()), 1)
        for answer in answers:
            if answer.status == 409:
                self.assertEqual(answer.json["status"], 409)
        self.assertEqual(self.keyed("ensemble").status, 200)


class Killed(Case):
    """A worker killed around the commit: the client hears of it, and repeating with the key makes one message."""

    def test_repeating_after_a_kill(self):
        for point in ("db.before_commit", "db.after_commit"):
            for batch in (False, True):
                with self.subTest(point=point, batch=batch):
                    self.kill_and_repeat(point, batch)

    def kill_and_repeat(self, point, batch):
        client, once = self.stack.add_client(), f"{self.stack.dir}/once-{point}-{batch}"
        send = {"headers": {"Idempotency-Key": "encore"}, "query": client.form(),
                "json": [MAIL, MAIL] if batch else MAIL}
        self.stack.restart_api(BAILLEUR_FAULT=point, BAILLEUR_FAULT_ONCE=once)
        answer = self.stack.web.post("/v1/send_email", **send)
        self.assertTrue(os.path.exists(once), "the worker was not killed")
        self.assertEqual((answer.status, answer.json["status"]), (502, 502))
        answer = wait_until(lambda: (got := self.stack.web.post("/v1/send_email", **send)).status == 200 and got, 20,
                            "the new worker")
        self.assertEqual(answer.headers["Idempotent-Replayed"], "true" if point == "db.after_commit" else None)
        numbers = [item["id"] for item in answer.json["messages"]] if batch else [answer.json["id"]]
        self.assertEqual([message["id"] for message in self.list(client)], numbers[::-1])


class Access(Case):
    options = {"settings": {"api": {"body_max": "64k"}}}
    PATHS = [("POST", "/v1/send_email"), ("POST", "/v1/send_sms"), ("POST", "/v1/messages"), ("GET", "/v1/messages"),
             ("GET", "/v1/messages_status"), ("POST", "/v1/messages_status"), ("GET", "/v1/unsubscribes")]

    def test_wrong_credentials(self):
        other = self.stack.add_client()
        good, key, secret = self.client.form(**MAIL), self.client.key, self.client.secret
        swapped = chr(ord(secret[0]) ^ 1) + secret[1:]
        for name, parameters in {
            "none": {}, "no secret": {"auth_key": key}, "no key": {"auth_secret": secret},
            "empty": {"auth_key": "", "auth_secret": ""},
            "wrong secret": {**good, "auth_secret": swapped}, "unknown key": {**good, "auth_key": key + "x"},
            "another's secret": {**good, "auth_secret": other.secret}, "case": {**good, "auth_key": key.swapcase()},
            "trailing space": {**good, "auth_key": key + " "}, "longer secret": {**good, "auth_secret": secret + "a"},
            "swapped": {**good, "auth_key": secret, "auth_secret": key}, "accent": {**good, "auth_key": "é"},
            "wildcard": {**good, "auth_key": "%"}, "quote": {**good, "auth_key": "' OR '1'='1"},
        }.items():
            for method, path in self.PATHS:
                with self.subTest(name=name, path=path):
                    answer = self.stack.web.request(method, path, form=parameters)
                    self.refused(answer, 401, "invalid credentials")
                    self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Basic "))
                    self.assertIsNone(answer.headers["RateLimit-Limit"])

    def test_contradicting_credentials(self):
        other = self.stack.add_client()
        basic = {"Authorization": "Basic " + base64.b64encode(f"{other.key}:{other.secret}".encode()).decode()}
        web = self.stack.web
        self.refused(web.post("/v1/send_email", self.client.form(**MAIL), headers=basic), 401, "invalid credentials")
        self.refused(web.post("/v1/send_email", self.client.form(**MAIL), query=other.form()), 401,
                     "invalid credentials")
        self.refused(web.post("/v1/send_email", MAIL, headers={"Authorization": "Basic !"}), 401, "invalid credentials")
        self.queued(web.post("/v1/send_email", self.client.form(**MAIL), query=self.client.form()))

    def until_refused(self):
        """A worker may know a client for a second; then none lets it in any more."""
        wait_until(lambda: self.post("/v1/send_email", MAIL).status == 401, 30, "the refusal")
        time.sleep(1)
        for _ in range(20):
            self.refused(self.post("/v1/send_email", MAIL), 401, "invalid credentials")

    def test_disabled_client(self):
        self.queued(self.post("/v1/send_email", MAIL))
        self.stack.ctl("client", "disable", self.client.name)
        self.until_refused()

    def test_rotated_secret(self):
        made = self.stack.ctl_json("client", "rotate", self.client.name)
        self.until_refused()
        self.client.secret = made["auth_secret"]
        self.queued(self.post("/v1/send_email", MAIL))

    def test_rate(self):
        client, other = self.stack.add_client(rate=1, burst=3), self.stack.add_client(rate=1, burst=3)
        left = []
        for _ in range(3):
            answer = self.post("/v1/send_email", MAIL, client)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.headers["RateLimit-Limit"], "3")
            left.append(answer.headers["RateLimit-Remaining"])
        self.assertEqual(left, ["2", "1", "0"])
        answer = self.post("/v1/send_email", MAIL, client)
        self.refused(answer, 429, "too many requests")
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
        self.assertEqual((answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]), ("3", "0"))
        self.assertTrue(120 < int(answer.headers["RateLimit-Reset"]) <= 180)
        self.refused(self.get("/v1/messages", client), 429, "too many requests")
        refused = self.get("/v1/messages", other, limit="x")
        self.assertEqual((refused.status, refused.headers["RateLimit-Remaining"]), (400, "2"))

    # What cannot be read: method, path, more in the query string than the credentials, body, its type, the answer.
    UNREADABLE = [
        ("POST", "/v1/send_email", "", b'{"recipient":', "application/json", 400, "invalid body"),
        ("POST", "/v1/messages", "", b"\xff", "text/plain", 400, "invalid body"),
        ("POST", "/v1/send_sms", "", b"message=%ZZ", FORM_TYPE, 400, "invalid message"),
        ("POST", "/v1/appointments", "", b"[1,", "application/json", 400, "invalid body"),
        ("GET", "/v1/messages", "&limit=%ff", b"", FORM_TYPE, 400, "invalid limit"),
        ("POST", "/v1/messages_status", "", b"[{}]", "application/json", 400, "invalid body"),
        ("POST", "/v1/messages", "", b"a=" + b"x" * 70000, FORM_TYPE, 413, "request entity too large"),
    ]

    def unreadable(self, case, query="", **headers):
        method, path, more, body, kind, *_ = case
        return self.stack.web.request(method, f"{path}?{query}{more}", body=body,
                                      headers={"Content-Type": kind, **headers})

    def test_what_cannot_be_read_counts_too(self):
        """By whoever can be told by Basic or the query string; who cannot is told what is wrong with the request."""
        client = self.stack.add_client(rate=1, burst=2 * len(self.UNREADABLE))
        query = urllib.parse.urlencode(client.form())
        basic = {"Authorization": "Basic " + base64.b64encode(f"{client.key}:{client.secret}".encode()).decode()}
        left = 2 * len(self.UNREADABLE)
        for case in self.UNREADABLE:
            with self.subTest(case=case[:3]):
                for answer in (self.unreadable(case, query), self.unreadable(case, **basic)):
                    left -= 1
                    self.refused(answer, *case[5:])
                    self.assertEqual(answer.headers["RateLimit-Remaining"], str(left))
                self.refused(self.unreadable(case, query + "x"), 401, "invalid credentials")
                answer = self.unreadable(case)
                self.refused(answer, *case[5:])
                self.assertIsNone(answer.headers["RateLimit-Limit"])
        for case in self.UNREADABLE:
            self.refused(self.unreadable(case, query), 429, "too many requests")

    def test_credentials_cut_off_by_what_cannot_be_read(self):
        body = f"auth_key={self.client.key}&message=%ZZ&auth_secret={self.client.secret}".encode()
        answer = self.stack.web.request("POST", "/v1/send_sms", body=body, headers={"Content-Type": FORM_TYPE})
        self.refused(answer, 400, "invalid message")

    def test_unknown_paths_and_methods(self):
        for method, path in (("GET", "/v1/send_email"), ("POST", "/v1/unsubscribes"), ("GET", "/v1/"),
                             ("GET", "/v1/send"),
                             ("GET", "/v1/messages/1"), ("GET", "/v2/messages"), ("DELETE", "/v1/messages"),
                             ("PUT", "/v1/messages"), ("GET", "/v1/MESSAGES"), ("GET", "/v1/messages/")):
            with self.subTest(method=method, path=path):
                self.refused(self.stack.web.request(method, path, form=self.client.form()), 404, "not found")

    def test_request_id(self):
        given = "0190a6e2-7b1c-7d3e-8f00-123456789abc"
        answer = self.post("/v1/send_email", MAIL, headers={"X-Request-Id": given})
        self.assertEqual(answer.headers["X-Request-Id"], given)
        for other in ("x", given + "0", "'; DROP TABLE message; --"):
            answer = self.post("/v1/send_email", MAIL, headers={"X-Request-Id": other})
            self.assertRegex(answer.headers["X-Request-Id"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class Reports(Case):
    def sent_sms(self):
        number = self.queued(self.post("/v1/send_sms", {**SMS, "identifier1": "r"}))
        self.stack.send_all()
        return number, self.delivery(number, "sms")

    def report(self, delivery, status, method="GET", attempt=1):
        path = "/hooks/sms/" + token("report", delivery, attempt=attempt)
        if method == "GET":
            return self.stack.web.get(path, {"status": status})
        return self.stack.web.post(path, {"status": status})

    def test_kannel_statuses(self):
        for method in ("GET", "POST"):
            for status, state, error in ((1, "delivered", False), (2, "failed", True), (4, "sent", False),
                                         (8, "sent", False),
                                         (16, "failed", True), ("delivered", "delivered", False),
                                         ("failed", "failed", True)):
                with self.subTest(method=method, status=status):
                    number, delivery = self.sent_sms()
                    for _ in range(2):
                        answer = self.report(delivery, status, method)
                        self.assertEqual((answer.status, answer.json), (200, {"status": 200}))
                    message = self.list(limit=1)[0]
                    self.assertEqual((message["id"], message["state"], message["has_error"]), (number, state, error))
                    self.assertEqual(bool(message["error_message"]), error)
                    events = [row[0] for row in self.stack.sql(
                        f"SELECT state FROM delivery_event WHERE delivery_id={delivery} ORDER BY number")]
                    self.assertEqual((events.count("sent"), events.count(state)), (1, 1))

    def test_of_an_attempt_that_was_resent(self):
        """The first, which nobody knew to have arrived, was not delivered; the second was. The right one counts."""
        number, delivery = self.sent_sms()
        self.stack.sql(f"UPDATE delivery SET state = 'unknown' WHERE id = {delivery}")
        self.stack.ctl("resend", str(number))
        self.stack.send_all()
        (second,) = self.stack.sql("SELECT MAX(number) FROM delivery_event WHERE state = 'claimed'"
                                   f" AND delivery_id = {delivery}")[0]
        for attempt, status, state in ((1, 2, "sent"), (second, 1, "delivered"), (1, 2, "delivered")):
            self.assertEqual(self.report(delivery, status, attempt=attempt).status, 200)
            self.assertEqual(self.list(limit=1)[0]["state"], state)

    def test_of_before_attempts_were_named(self):
        """A gateway that had its address from an older version is heard."""
        _, delivery = self.sent_sms()
        self.assertEqual(self.report(delivery, 1, attempt=None).status, 200)
        self.assertEqual(self.list(limit=1)[0]["state"], "delivered")

    def test_refused(self):
        number, delivery = self.sent_sms()
        good = token("report", delivery, attempt=1)
        self.refused(self.stack.web.get("/hooks/sms/" + good), 400, "invalid status")
        for status in ("", "3", "0", "1 ", "31", "-1", "DELIVERED", "1&status=2"):
            self.refused(self.stack.web.get(f"/hooks/sms/{good}?status={status}".replace(" ", "%20")), 400,
                         "invalid status")
        for name in (good[:-1], good + "A", "A" * 32, "A" * 40, token("unsubscribe", delivery),
                     token("unsubscribe", delivery, attempt=1), token("report", delivery, "x" * 40, 1),
                     token("report", 999999999), token("report", 999999999, attempt=1), "%C3%A9", "%0a", good.lower()):
            answer = self.stack.web.get(f"/hooks/sms/{name}", {"status": "1"})
            self.refused(answer, 404, "not found")
        self.assertEqual(self.list()[0]["state"], "sent")


class Operations(Case):
    def test_health_and_metrics(self):
        answer = self.stack.web.get("/health")
        self.assertEqual((answer.status, answer.json), (200, {"status": 200, "database": "ok"}))
        self.queued(self.post("/v1/send_email", MAIL))
        self.queued(self.post("/v1/send_sms", SMS))
        answer = self.stack.web.get("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
        values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
        self.assertGreaterEqual(int(values['bailleur_requests_total{class="2xx"}']), 3)
        self.assertGreaterEqual(int(values['bailleur_deliveries{channel="email",state="queued"}']), 1)
        self.assertGreaterEqual(int(values['bailleur_deliveries{channel="sms",state="queued"}']), 1)
        self.assertEqual(values["bailleur_workers"], "2")
        self.assertEqual((values["bailleur_shuttle"], values["bailleur_express"]), ("1", "2"))
        self.assertEqual(values["bailleur_workers_busy"], "1")
        self.assertIn('bailleur_deliveries_oldest_seconds{channel="email",state="queued"}', values)
        names = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
        for name in values:
            self.assertIn(re.sub(r"(_sum|_count)?(\{.*)?$", "", name), names)

    def test_without_a_database(self):
        self.stack.db.stop()
        try:
            self.refused(self.post("/v1/send_email", MAIL), 500, "internal server error")
            self.refused(self.get("/v1/messages"), 500, "internal server error")
            answer = self.stack.web.get("/health")
            self.assertEqual((answer.status, answer.json), (503, {"status": 503, "database": "down"}))
            self.assertIn("bailleur_database_up 0", self.stack.web.get("/metrics").text)
            page = self.stack.web.get("/u/" + token("unsubscribe", 1))
            self.assertEqual((page.status, page.headers["Content-Type"]), (500, "text/html; charset=utf-8"))
            self.assertIn("momentanément indisponible", page.text)
        finally:
            self.stack.db.start()
        wait_until(lambda: self.stack.web.get("/health").status == 200, 20, "health")
        self.queued(self.post("/v1/send_email", MAIL))

    def test_api_family_has_its_own_form(self):
        answer = self.stack.web.get("/api/v1/immeubles")
        self.assertEqual((answer.status, answer.json["result"], answer.json["code"]), (404, False, 404))
        self.assertEqual(self.stack.web.get("/nulle-part").json, {"status": 404, "message": "not found"})

    def test_secrets_are_not_logged(self):
        self.post("/v1/send_email", {**MAIL, "message": "marque-du-message", "recipient": "marque-adresse@mail.com"})
        self.get("/v1/messages", identifier1="marque-identifiant")
        self.post("/v1/send_email", {**MAIL, "auth_secret": "x"})
        with open(f"{self.stack.log_dir}/bailleur-api.log", encoding="utf-8") as file:
            log = file.read()
        for name in ("access.log", "nginx-error.log", "nginx.log"):
            try:
                with open(f"{self.stack.log_dir}/{name}", encoding="utf-8") as file:
                    log += file.read()
            except FileNotFoundError:
                pass
        self.assertIn("/v1/send_email", log)
        for secret in (self.client.secret, self.client.key, "marque-"):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
