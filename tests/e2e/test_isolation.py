"""Client A never sees or touches what is client B's: by any endpoint, filter, id, cursor, token or idempotency key."""

import base64
import itertools
import json
import signal
import unittest

from tests.lib.process import wait_until
from tests.lib.stack import StackCase
from tests.lib.tokens import token

SECRET_WORDS = ("propriété-de-b", "de-b@mail.com", "0698765432", "sujet-de-b", "expéditeur-b")
MESSAGE = {"email": "de-b@mail.com", "phone": "0698765432", "email_subject": "sujet-de-b", "channel": "both",
           "email_content": "propriété-de-b", "sms_content": "propriété-de-b", "identifier1": "commun",
           "identifier2": "lot", "email_originator": "expéditeur-b"}


class Isolation(StackCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.a, cls.b = cls.stack.add_client("bailleur-a"), cls.stack.add_client("bailleur-b")
        web = cls.stack.web
        ids = []
        for i in range(6):
            options = {"test_mode": "true"} if i % 2 else {}
            ids.append(web.post("/v1/messages", cls.b.form(**MESSAGE, **options)).json["id"])
            if i in (1, 3):
                cls.mine = web.post("/v1/send_email", cls.a.form(recipient="moi@mail.com", subject="s", message="m",
                                                                 identifier1="commun")).json["id"]
        cls.ids = ids
        cls.stack.sql(f"UPDATE delivery SET state='failed', due_at=NULL, error_message='propriété-de-b' "
                      f"WHERE message_id={ids[2]}; UPDATE message SET has_error=1 WHERE id={ids[2]}")
        cls.delivery = cls.stack.db.value(f"SELECT id FROM delivery WHERE message_id={ids[0]} AND channel='mail'")
        web.post("/u/" + token("unsubscribe", cls.delivery))
        sms = cls.stack.db.value(f"SELECT id FROM delivery WHERE message_id={ids[0]} AND channel='sms'")
        web.post("/u/" + token("unsubscribe", sms))

    def assert_blind(self, answer):
        for word in SECRET_WORDS:
            self.assertNotIn(word, answer.text)
        for number in self.ids:
            self.assertNotIn(f'"id":{number},', answer.text)

    def get(self, path, client, **parameters):
        return self.stack.web.get(path, client.form(**parameters))

    def test_b_sees_its_own(self):
        """Or the tests below would show nothing."""
        listed = self.get("/v1/messages", self.b, identifier1="commun").json["messages"]
        self.assertEqual([message["id"] for message in listed], self.ids[::-1])
        self.assertEqual(len(self.get("/v1/unsubscribes", self.b).json["unsubscribes"]), 1)
        self.assertEqual(len(self.get("/v1/unsubscribes", self.b, channel="sms").json["unsubscribes"]), 1)

    def test_every_filter_of_the_list(self):
        choices = {
            "with_error": ("true", "false"), "test_mode": ("true", "false"),
            "identifier1": ("commun", "%", "' OR 1=1 -- "),
            "identifier2": ("lot",), "before_id": (str(self.ids[3]), str(self.mine), "9223372036854775807"),
            "from": ("2000-01-01",), "until": ("2999-01-01",), "offset": ("0", "1"), "limit": ("1", "1000"),
        }
        single = [{name: value} for name, values in choices.items() for value in values]
        pairs = [{**one, **two} for one, two in itertools.combinations(single, 2)]
        seen = set()
        for parameters in [{}, *single, *pairs]:
            answer = self.get("/v1/messages", self.a, **parameters)
            self.assert_blind(answer)
            if parameters.get("before_id", str(self.mine)) == str(self.mine):
                self.assertEqual(answer.status, 200, answer)
                seen.update(message["id"] for message in answer.json["messages"])
            else:
                self.assertEqual((answer.status, answer.json["message"]), (400, "invalid before_id"))
        self.assertIn(self.mine, seen)
        self.assertFalse(seen & set(self.ids))

    def test_anothers_id_is_as_good_as_none(self):
        answers = [self.get("/v1/messages", self.a, before_id=number) for number in (self.ids[3], 999999999)]
        self.assertEqual(answers[0].body, answers[1].body)

    def test_status_counts_only_ones_own(self):
        mine = self.get("/v1/messages_status", self.a, identifier1="commun").json
        self.assertEqual(sum(mine["counts"].values()), 2)
        theirs = self.get("/v1/messages_status", self.b, identifier1="commun").json
        self.assertEqual(sum(theirs["counts"].values()), 6)
        for parameters in ({"identifier2": "lot"}, {"identifier1": "commun", "identifier2": "lot"}):
            answer = self.get("/v1/messages_status", self.a, **parameters)
            self.assertEqual((answer.status, answer.json["message"]), (400, "invalid identifier"))

    def test_unsubscribes(self):
        for parameters in ({}, {"channel": "sms"}, {"limit": "1000"}, {"from": "2000-01-01"}, {"offset": "0"}):
            answer = self.get("/v1/unsubscribes", self.a, **parameters)
            self.assertEqual(answer.json, {"status": 200, "unsubscribes": []})

    def test_unsubscribing_from_b_does_not_stop_a(self):
        form = dict(recipient="de-b@mail.com", subject="s", message="m")
        self.assertEqual(self.stack.web.post("/v1/send_email", self.b.form(**form)).status, 400)
        answer = self.stack.web.post("/v1/send_email", self.a.form(**form, test_mode="true", identifier1="autre"))
        self.assertEqual(answer.status, 200, answer)
        self.stack.sql(f"DELETE FROM delivery WHERE message_id={answer.json['id']}; "
                       f"DELETE FROM message WHERE id={answer.json['id']}")

    def test_idempotency_keys(self):
        """A's key is not B's: neither the answer nor the existence of B's request shows."""
        form = dict(recipient="x@mail.com", subject="s", message="m", test_mode="1", identifier1="clef")
        basic = {client: {"Authorization": "Basic " + _basic(client),
                          "Idempotency-Key": "la-meme"} for client in (self.a, self.b)}
        theirs = self.stack.web.post("/v1/send_email", form, headers=basic[self.b])
        mine = self.stack.web.post("/v1/send_email", form, headers=basic[self.a])
        self.assertEqual((theirs.status, mine.status), (200, 200))
        self.assertNotEqual(theirs.json["id"], mine.json["id"])
        self.assertIsNone(mine.headers["Idempotent-Replayed"])
        for client, first in ((self.a, mine), (self.b, theirs)):
            again = self.stack.web.post("/v1/send_email", form, headers=basic[client])
            self.assertEqual((again.headers["Idempotent-Replayed"], again.body), ("true", first.body))
        other = {**basic[self.a], "Idempotency-Key": "seulement-b"}
        self.stack.web.post("/v1/send_email", form, headers={**basic[self.b], "Idempotency-Key": "seulement-b"})
        self.assertEqual(self.stack.web.post("/v1/send_email", {**form, "message": "autre"}, headers=other).status, 200)

    def test_rates_are_apart(self):
        slow = self.stack.add_client(rate=1, burst=1)
        self.assertEqual(self.get("/v1/messages", slow).status, 200)
        self.assertEqual(self.get("/v1/messages", slow).status, 429)
        self.assertEqual(self.get("/v1/messages", self.a).status, 200)

    def test_tokens_of_other_deliveries(self):
        """A token cut, mixed or made for another purpose opens nothing; a page never shows an address in full."""
        good, next_one = token("unsubscribe", self.delivery), token("unsubscribe", int(self.delivery) + 2)
        page = self.stack.web.get("/u/" + good)
        self.assertEqual(page.status, 200)
        self.assertNotIn("de-b@mail.com", page.text)
        report = token("report", self.delivery)
        for forged in (good[:11] + next_one[11:], next_one[:11] + good[11:], good[:-1] + "A" * (good[-1] != "A") + "B" *
                       (good[-1] == "A"), report):
            self.assertEqual(self.stack.web.get("/u/" + forged).status, 404)
            self.assertEqual(self.stack.web.post("/u/" + forged).status, 404)
        self.assertEqual(self.stack.web.get("/hooks/sms/" + good, {"status": "1"}).status, 404)

    def test_ids_do_not_open_anything(self):
        for path in (f"/v1/messages/{self.ids[0]}", f"/v1/messages?id={self.ids[0]}", "/v1/messages?client_id=2",
                     f"/v1/messages_status?id={self.ids[0]}&identifier2=lot"):
            answer = self.stack.web.get(path, self.a.form())
            self.assert_blind(answer)

    def test_a_worker_forgets_between_requests(self):
        """The same workers serve both clients in turn, on one connection."""
        connection = self.stack.web.keep()
        for _ in range(20):
            for client, mail in ((self.b, "de-b@mail.com"), (self.a, "moi@mail.com")):
                answer = self.stack.web.get("/v1/messages", client.form(identifier1="commun"), connection=connection)
                self.assertEqual({message["email"] for message in json.loads(answer.text)["messages"]}, {mail})
        connection.close()


def _basic(client):
    return base64.b64encode(f"{client.key}:{client.secret}".encode()).decode()


class LaterConnections(StackCase):
    """The connector reads the file at every connection; which database is meant, the last reload says."""

    def test_connections_follow_the_file_only_at_a_reload(self):
        stack, mail = self.stack, {"recipient": "a@mail.com", "subject": "s", "message": "m"}
        client = stack.add_client("c")
        stack.other_database("suivante")
        stack.restart_db()
        for _ in range(8):
            self.assertEqual(stack.web.post("/v1/send_email", client.form(**mail)).status, 200)
        self.assertEqual(stack.db.sql("SELECT id FROM message", database="suivante"), [])


class OtherDatabase(StackCase):
    """A client's number is another's in another database, to which a reload may lead."""

    options = {"workers": 3}

    def test_the_same_number_in_another_database(self):
        stack = self.stack
        stack.other_database("autre")
        b = stack.add_client("b", rate=1, burst=5)
        stack.use_database("bailleur")
        a = stack.add_client("a", rate=1, burst=1000)
        self.assertEqual(*(stack.db.sql("SELECT id FROM api_client WHERE name IN ('a', 'b')", database=name)
                           for name in ("bailleur", "autre")))

        def send(client):
            return stack.web.post("/v1/send_email", client.form(recipient="a@mail.com", subject="s", message="m"))
        stack.reload_api()
        for _ in range(20):
            self.assertEqual(send(a).status, 200)
        stack.use_database("autre")
        old = stack.api.children()
        stack.api.signal(signal.SIGHUP)
        wait_until(lambda: send(a).status == 401 and not set(old) & set(stack.api.children()), 60, "their end")
        self.assertEqual(stack.db.sql("SELECT client_id FROM message", database="autre"), [])
        answer = send(b)
        self.assertEqual((answer.status, answer.headers["RateLimit-Remaining"]), (200, "4"))


if __name__ == "__main__":
    unittest.main()
