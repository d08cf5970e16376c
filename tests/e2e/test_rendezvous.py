"""Appointments, their webhooks and reminders, and the robot, end to end."""

import base64
import copy
import datetime
import hashlib
import hmac
import json
import os
import random
import socket
import subprocess
import threading
import unittest
import urllib.parse
import zoneinfo

from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.process import wait_until
from tests.lib.receiver import Receiver
from tests.lib.stack import StackCase
from tests.lib.verifier import Verifier

DOCUMENTED = {
    "status": "preset", "channel": "email", "start_at": "2020-06-12T12:00:00+02:00",
    "end_at": "2020-06-12T12:45:00+02:00",
    "duration": 45, "location": "6 rue de la Place, Paris 75001", "reminder_delay": 0, "reminder_status": False,
    "reminder_channel": "disabled",
    "recipient": {"first_name": "Jean", "last_name": "DUPONT", "email": "jean.dupont@email.com", "phone": None,
                  "variables": [{"name": "Bâtiment", "content": "B"}, {"name": "Porte", "content": "845"}]}}
SETTINGS = {"webhook": {"allow_private": "yes", "retry_first": "1s", "retry_max": "2s", "timeout": "20s"}}

# Where the tests below kill: the fault points of webhooks, at which passage, and of the robot.
WEBHOOK_POINTS = ["webhook.claimed", "webhook.before_post:3", "webhook.answered:2", "webhook.before_record",
                  "webhook.recorded"]
ROBOT_POINTS = ["robot.copied", "robot.reminded"]


class RendezvousCase(StackCase):
    options = {"settings": SETTINGS}
    maxDiff = None

    def setUp(self):
        self.client = self.stack.add_client()
        self.receivers = []

    def tearDown(self):
        for receiver in self.receivers:
            receiver.close()
        super().tearDown()

    def post(self, path, body, client=None, **headers):
        client = client or self.client
        return self.stack.web.request("POST", "/v1/" + path,
                                      query={"auth_key": client.key, "auth_secret": client.secret},
                                      json=body, headers=headers)

    def create(self, **change):
        answer = self.post("appointments", {**copy.deepcopy(DOCUMENTED), **change})
        self.assertEqual((answer.status, answer.json["message"]), (200, "Appointment successfully created"), answer)
        return answer.json["id"]

    def list(self, client=None, **query):
        client = client or self.client
        answer = self.stack.web.get("/v1/appointments", {"auth_key": client.key, "auth_secret": client.secret, **query})
        self.assertEqual(answer.status, 200, answer)
        return answer.json["appointments"]

    def listen(self, client=None, **options):
        receiver = Receiver(**options)
        self.receivers.append(receiver)
        made = self.stack.ctl_json("client", "webhook", (client or self.client).name, receiver.url)
        self.assertEqual(made["url"], receiver.url)
        return receiver, made["secret"]

    def robot(self, now):
        self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", now)

    def due_now(self):
        """What waits for its next attempt need not wait."""
        self.stack.sql("UPDATE webhook_event SET due_at = '2000-01-01' WHERE state = 'queued'; UPDATE webhook_endpoint "
                       "SET retry_at = NULL")


class Appointments(RendezvousCase):
    def test_the_document_round_trip(self):
        oid = self.create()
        (listed,) = self.list()
        self.assertEqual({name: listed[name] for name in DOCUMENTED}, DOCUMENTED)
        self.assertEqual(listed["id"], oid)

    def test_end_from_duration(self):
        body = copy.deepcopy(DOCUMENTED)
        del body["end_at"]
        self.assertEqual(self.post("appointments", body).status, 200)
        self.assertEqual(self.list()[0]["end_at"], "2020-06-12T12:45:00+02:00")

    def test_as_a_form_and_in_the_query_string(self):
        """
        As for messages: any parameter may come so, unescaped as the documented clients write it; the recipient is JSON
        text.
        """
        flat = {name: DOCUMENTED[name] for name in ("start_at", "end_at", "duration", "location")}
        given = self.client.form(**flat, recipient=json.dumps(DOCUMENTED["recipient"]))
        self.assertEqual(self.stack.web.post("/v1/appointments", given).status, 200)
        self.assertEqual(self.stack.web.request("POST", "/v1/appointments", query=given).status, 200)
        raw = "&".join(f"{name}={value}" for name, value in self.client.form(start_at=flat["start_at"],
                                                                             duration=45).items())
        answer = self.stack.web.request("POST",
                                        f"/v1/appointments?{raw}&recipient={urllib.parse.quote(given['recipient'])}")
        self.assertEqual(answer.status, 200, answer)
        listed = self.list()
        self.assertEqual([a["recipient"] for a in listed], [DOCUMENTED["recipient"]] * 3)
        self.assertEqual({a["start_at"] for a in listed}, {DOCUMENTED["start_at"]})
        for text in ("", "{", "[]", '"x"', '{"email": "x"}', '{"email": "a@b.fr", "email": "c@d.fr"}', "null"):
            answer = self.stack.web.post("/v1/appointments", {**given, "recipient": text})
            self.assertEqual((answer.status, answer.json["message"]), (400, "invalid recipient"), text)

    def test_winter_and_other_offsets(self):
        self.create(start_at="2021-01-12T10:00:00Z", end_at="2021-01-12T06:30:00-05:00", duration=90)
        self.assertEqual((self.list()[0]["start_at"], self.list()[0]["end_at"]),
                         ("2021-01-12T11:00:00+01:00", "2021-01-12T12:30:00+01:00"))

    def test_what_is_refused(self):
        recipient = DOCUMENTED["recipient"]
        cases = [({"start_at": None}, "start_at"), ({"start_at": "hier"}, "start_at"),
                 ({"start_at": "2020-06-31T12:00:00Z"}, "start_at"),
                 ({"end_at": "2020-06-12T12:00:00+02:00"}, "end_at"), ({"end_at": "2020-06-12T11:00:00+02:00"},
                                                                       "end_at"),
                 ({"duration": 44}, "duration"), ({"duration": 0}, "duration"), ({"duration": "x"}, "duration"),
                 ({"status": "cancelled"}, "status"),
                 ({"status": 1}, "status"), ({"channel": "fax"}, "channel"), ({"channel": "sms"}, "recipient"),
                 ({"reminder_channel": "sms", "reminder_delay": 2}, "recipient"),
                 ({"reminder_channel": "email"}, "reminder_delay"), ({"reminder_delay": -1}, "reminder_delay"),
                 ({"reminder_channel": "pigeon"}, "reminder_channel"),
                 ({"recipient": None}, "recipient"), ({"recipient": "Jean"}, "recipient"),
                 ({"recipient": []}, "recipient"),
                 ({"recipient": {**recipient, "email": "x"}}, "recipient"),
                 ({"recipient": {**recipient, "email": None}}, "recipient"),
                 ({"recipient": {**recipient, "phone": "12"}}, "recipient"),
                 ({"recipient": {**recipient, "first_name": "a\nb"}}, "first_name"),
                 ({"recipient": {**recipient, "variables": "x"}}, "variables"),
                 ({"recipient": {**recipient, "variables": [{"name": "x"}]}}, "variables"),
                 ({"recipient": {**recipient, "variables": [{"name": 1, "content": "x"}]}}, "variables"),
                 ({"recipient": {**recipient, "variables": [{"name": "a", "content": "b"}] * 51}}, "variables"),
                 ({"location": "x" * 501}, "location"),
                 ({"location": "a\r\nb"}, "location")]
        for change, name in cases:
            answer = self.post("appointments", {**copy.deepcopy(DOCUMENTED), **change})
            self.assertEqual((answer.status, answer.json), (400, {"status": 400, "message": f"invalid {name}"}), change)
        self.assertEqual(self.list(), [])

    def test_a_batch(self):
        answer = self.post("appointments", [DOCUMENTED, {**DOCUMENTED, "channel": "fax"}, 3, DOCUMENTED])
        self.assertEqual(answer.status, 200)
        items = answer.json["appointments"]
        self.assertEqual([i["error"] for i in items], [False, True, True, False])
        self.assertEqual([i["message"] for i in items], ["Appointment successfully created", "invalid channel",
                                                         "invalid appointment", "Appointment successfully created"])
        self.assertEqual([a["id"] for a in self.list()], [items[3]["id"], items[0]["id"]])
        self.assertEqual(self.post("appointments", []).status, 400)
        self.assertEqual(self.post("appointments", [DOCUMENTED] * 1001).status, 400)

    def test_change_approve_cancel(self):
        oid = self.create()
        self.assertEqual(self.post(f"appointments/{oid}", {"start_at": "2020-06-13T09:00:00+02:00",
                                                           "location": "ailleurs"}).status, 200)
        (listed,) = self.list()
        self.assertEqual((listed["start_at"], listed["end_at"], listed["location"], listed["recipient"]),
                         ("2020-06-13T09:00:00+02:00", "2020-06-13T09:45:00+02:00", "ailleurs",
                          DOCUMENTED["recipient"]))
        self.assertEqual(self.post(f"appointments/{oid}/approve", {}).json,
                         {"status": 200, "message": "Appointment successfully approved", "id": oid})
        self.assertEqual(self.list()[0]["status"], "approved")
        self.assertEqual(self.post(f"appointments/{oid}/cancel", {}).status, 200)
        self.assertEqual(self.list(status="cancelled")[0]["id"], oid)
        for path in (f"appointments/{oid}", f"appointments/{oid}/approve", f"appointments/{oid}/cancel"):
            answer = self.post(path, {"location": "x"})
            self.assertEqual((answer.status, answer.json["message"]), (400, "appointment cancelled"))

    def test_filters_and_cursor(self):
        ids = [self.create(start_at=f"2021-0{month}-01T10:00:00Z", end_at=f"2021-0{month}-01T11:00:00Z", duration=60)
               for month in (1, 2, 3)]
        self.assertEqual([a["id"] for a in self.list()], ids[::-1])
        self.assertEqual([a["id"]
                          for a in self.list(**{"from": "2021-02-01T00:00:00Z",
                                                "until": "2021-02-28T00:00:00Z"})], [ids[1]])
        self.assertEqual([a["id"] for a in self.list(before_id=ids[2], limit=1)], [ids[1]])
        self.assertEqual([a["id"] for a in self.list(offset=2)], [ids[0]])
        self.assertEqual(self.list(status="approved"), [])

    def test_another_client_sees_and_changes_nothing(self):
        oid, other = self.create(), self.stack.add_client()
        self.assertEqual(self.list(other), [])
        for path in (f"appointments/{oid}", f"appointments/{oid}/approve", f"appointments/{oid}/cancel"):
            foreign, absent = self.post(path, {"location": "x"}, other), self.post(path.replace(str(oid), "999999999"),
                                                                                   {"location": "x"}, other)
            self.assertEqual((foreign.status, foreign.body), (404, absent.body))
        answer = self.stack.web.get("/v1/appointments", {"auth_key": other.key, "auth_secret": other.secret,
                                                         "before_id": oid})
        self.assertEqual(answer.json, {"status": 400, "message": "invalid before_id"})
        self.assertEqual(self.list()[0]["location"], DOCUMENTED["location"])

    def test_idempotency(self):
        headers = {"Idempotency-Key": "rdv-1"}
        first, again = self.post("appointments", DOCUMENTED, **headers), self.post("appointments", DOCUMENTED,
                                                                                   **headers)
        self.assertEqual(first.body, again.body)
        self.assertEqual(len(self.list()), 1)
        self.assertEqual(self.post("appointments", {**DOCUMENTED, "location": "y"}, **headers).status, 422)


class Webhooks(RendezvousCase):
    def check_signature(self, secrets, headers, body):
        """By an independent calculation of what the specification says."""
        names = {name.lower(): value for name, value in headers.items()}
        signed = f"{names['webhook-id']}.{names['webhook-timestamp']}.".encode() + body
        expected = ["v1," + base64.b64encode(hmac.new(base64.b64decode(s.removeprefix("whsec_")), signed,
                                                      hashlib.sha256).digest()).decode() for s in secrets]
        self.assertEqual(names["webhook-signature"].split(" "), expected)
        return names["webhook-id"]

    def test_the_documented_body_exactly(self):
        receiver, secret = self.listen()
        self.create()
        self.stack.send_all()
        ((headers, body),) = receiver.got
        self.assertEqual(json.loads(body), DOCUMENTED)
        self.assertEqual(list(json.loads(body)), list(DOCUMENTED))
        self.check_signature([secret], headers, body)
        (event,) = self.stack.ctl_json("webhook", "events", self.client.name)["events"]
        self.assertEqual(event["webhook_id"], headers["webhook-id"])
        self.assertIn(headers["webhook-id"], self.stack.ctl("webhook", "events", self.client.name).stdout)

    def test_each_change_in_order(self):
        receiver, _ = self.listen()
        oids = [self.create() for _ in range(3)]
        for oid in oids:
            self.post(f"appointments/{oid}/approve", {})
            self.post(f"appointments/{oid}", {"location": f"chez {oid}"})
            self.post(f"appointments/{oid}/cancel", {})
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 12)
        self.assertEqual(len({headers["webhook-id"] for headers, _ in receiver.got}), 12)
        for oid in oids:
            told = [b["status"] for b in receiver.bodies() if b["location"] == f"chez {oid}"]
            self.assertEqual(told, ["approved", "cancelled"])
        self.assertEqual([b["status"] for b in receiver.bodies()
                          if b["location"] == DOCUMENTED["location"]].count("preset"), 3)

    def test_claim_that_an_outcome_overtakes_is_made_again(self):
        """
        A change is told while the next claim, which looked before that, is still on its way and has found nothing.
        """
        receiver, _ = self.listen()
        oid = self.create()
        self.post(f"appointments/{oid}/approve", {})
        answer, held = threading.Event(), self.stack.dir + "/held"
        receiver.on_post = lambda: answer.wait(20)
        sender = self.stack.start_sender(BAILLEUR_FAULT="webhook.claimed:2", BAILLEUR_FAULT_HOLD=held)
        try:
            wait_until(lambda: len(receiver.got) == 1 and os.path.exists(held), 20, "the claim to be held")
            answer.set()
            wait_until(lambda: self.told_of(oid) == 1, 20, "the first change to be recorded")
        finally:
            answer.set()
            os.unlink(held)
        self.assertEqual(sender.wait(20), 0)
        self.assertEqual(self.told_of(oid), 2)

    def test_a_claim_that_fails_leaves_outcomes_their_time(self):
        """The database dies while a change is being told: a claim fails, then the record, which goes on trying."""
        self.stack.sql("DELETE FROM webhook_event")     # of other tests: to record them would fail first
        receiver, _ = self.listen()
        self.create()
        answer = threading.Event()
        receiver.on_post = lambda: answer.wait(20)
        sender = self.stack.start_sender(BAILLEUR_FAULT="webhook.claimed:2",
                                         BAILLEUR_FAULT_VICTIM=str(self.stack.db.process.pid))
        said = os.path.getsize(sender.log)

        def says(what):
            with open(sender.log) as log:
                log.seek(said)
                return f" {what} status=" in log.read()
        try:
            wait_until(lambda: receiver.got and says("webhook-claim"), 20, "a claim to fail")
            answer.set()
            wait_until(lambda: says("webhook-record"), 20, "the record to fail")
        finally:
            answer.set()
            if not self.stack.db.process.running():
                self.stack.db.start()
        self.assertNotEqual(sender.wait(60), 0)
        self.assertEqual(self.stack.db.value("SELECT GROUP_CONCAT(state) FROM webhook_event"), "sent")
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 1)

    def told_of(self, oid):
        return int(self.stack.db.value(f"SELECT COUNT(*) FROM webhook_event WHERE appointment_id = {oid} AND "
                                       "state = 'sent'"))

    def test_what_changes_nothing_is_not_told(self):
        receiver, _ = self.listen()
        oid = self.create()
        self.post(f"appointments/{oid}/approve", {})
        before = self.list()
        same = {**copy.deepcopy(DOCUMENTED), "status": "approved"}
        del same["reminder_status"]
        for path, body in (("", {}), ("/approve", {}), ("", same), ("", {"recipient": {"first_name": "Jean"}}),
                           ("", {"location": DOCUMENTED["location"], "duration": 45})):
            for headers in ({}, {"Idempotency-Key": f"none-{path}-{len(body)}"}):
                answer = self.post(f"appointments/{oid}{path}", body, **headers)
                self.assertEqual((answer.status, answer.json["id"]), (200, oid), answer)
        self.assertEqual(self.list(), before)
        variables = DOCUMENTED["recipient"]["variables"]
        told = [{"recipient": {"variables": variables[::-1]}}, {"duration": 46}, {"channel": "both", "recipient":
                {"phone": "0602030405"}}, {"reminder_delay": 1}, {"status": "preset"}, {"recipient": {"phone": None},
                "channel": "email"}, {"location": None}, {"start_at": "2020-06-12T12:00:01+02:00"}]
        for body in told:
            self.assertEqual(self.post(f"appointments/{oid}", body).status, 200, body)
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 2 + len(told))

    def test_rotation_signs_twice(self):
        receiver, old = self.listen()
        new = self.stack.ctl_json("webhook", "rotate", self.client.name)["secret"]
        self.assertNotEqual(old, new)
        self.create()
        self.stack.send_all()
        ((headers, body),) = receiver.got
        self.check_signature([new, old], headers, body)

    def test_failures_are_tried_again_with_the_same_id(self):
        receiver, _ = self.listen()
        receiver.answers = [(500, {}), (302, {"Location": receiver.url}), (404, {})]
        self.create()
        for _ in range(3):
            self.stack.send_all()
            self.due_now()
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 4)          # the redirect was not followed
        self.assertEqual(len({headers["webhook-id"] for headers, _ in receiver.got}), 1)
        (event,) = self.stack.ctl_json("webhook", "events", self.client.name)["events"]
        self.assertEqual((event["state"], event["attempts"]), ("sent", 4))

    def test_a_failing_endpoint_rests(self):
        receiver, _ = self.listen(always=503)
        receiver.answers = [(503, {"Retry-After": "3600"})]
        for _ in range(5):
            self.create()
        self.stack.send_all()
        self.stack.send_all()
        self.assertLessEqual(len(receiver.got), 5)
        webhook = next(w for w in self.stack.ctl_json("webhook", "list")["webhooks"] if w["client"] == self.client.name)
        self.assertEqual((webhook["waiting"], webhook["disabled"]), (5, False))
        self.assertEqual(self.stack.sql(f"SELECT retry_at > UTC_TIMESTAMP() + INTERVAL 3500 SECOND, failures FROM "
                                        f"webhook_endpoint "
                                        f"WHERE url = '{receiver.url}'")[0][0], "1")
        self.due_now()
        receiver.always = 200
        self.stack.send_all()
        self.assertEqual(sum(e["state"] == "sent" for e in self.stack.ctl_json("webhook", "events",
                                                                               self.client.name)["events"]), 5)

    def test_gone_disables(self):
        receiver, _ = self.listen(always=410)
        self.create()
        self.stack.send_all()
        self.due_now()
        self.create()
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 1)
        webhook = next(w for w in self.stack.ctl_json("webhook", "list")["webhooks"] if w["client"] == self.client.name)
        self.assertEqual((webhook["disabled"], webhook["why"]), (True, "the endpoint answered 410 Gone"))
        receiver.always = 200
        self.stack.ctl("client", "webhook", self.client.name, receiver.url)
        self.assertEqual(self.stack.ctl_json("webhook", "replay", self.client.name)["queued"], 1)
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 3)

    def test_one_dead_endpoint_does_not_hold_up_others(self):
        slow, _ = self.listen(delay=30)
        self.stack.set({"webhook": {"timeout": "5s"}})
        self.addCleanup(self.stack.set, SETTINGS)
        other = self.stack.add_client()
        receiver, _ = self.listen(other)
        self.post("appointments", [DOCUMENTED] * 200)
        self.post("appointments", [DOCUMENTED] * 50, other)
        self.stack.send_all()
        self.assertEqual(len(receiver.got), 50)
        self.assertLessEqual(len(slow.got), 16)

    def dead_ends(self):
        """URLs of a port that refuses, and of one that takes connections and never answers; and what to close."""
        refusing, silent = socket.socket(), socket.create_server(("127.0.0.1", 0), backlog=64)
        refusing.bind(("127.0.0.1", 0))
        return [f"http://127.0.0.1:{s.getsockname()[1]}/hook" for s in (refusing, silent)], (refusing, silent)

    def test_ten_thousand_for_dead_endpoints_hold_up_nobody(self):
        """
        All of another client's events and the mails go while the first posts to a dead endpoint still wait for an
        answer.
        """
        urls, sockets = self.dead_ends()
        other, dead = self.stack.add_client(), [self.stack.add_client() for _ in urls]
        receiver, _ = self.listen(other)
        self.stack.set({"webhook": {"timeout": "600s"}})
        sender = None
        try:
            for client, url in zip(dead, urls):
                self.stack.ctl("client", "webhook", client.name, url)
                for _ in range(10):
                    self.assertEqual(self.post("appointments", [DOCUMENTED] * 1000, client).status, 200)
            self.assertEqual(self.post("appointments", [DOCUMENTED] * 1000, other).status, 200)
            mails = [{"recipient": f"l{i}@example.org", "subject": "Avis", "message": "Bonjour"} for i in range(1000)]
            self.assertEqual(self.post("send_email", mails, other).status, 200)
            sender = self.stack.start_sender()
            wait_until(lambda: len(receiver.got) == 1000, 300, "the other client's events")
            wait_until(lambda: not int(self.stack.db.value("SELECT COUNT(*) FROM delivery WHERE state IN ('queued', "
                                                           "'claimed', 'transmitting')")), 300, "the mails")
            ((failures, attempts),) = self.stack.sql("SELECT w.failures, SUM(e.attempts) FROM webhook_endpoint w JOIN "
                                                     "webhook_event e "
                                                     f"USING (client_id) WHERE w.url = '{urls[1]}'")
            self.assertEqual(failures, "0")             # the silent one was still being waited for
            self.assertLessEqual(int(attempts), 128)
            self.assertLessEqual(int(self.stack.db.value("SELECT SUM(attempts) FROM webhook_event e JOIN "
                                                         "webhook_endpoint w USING (client_id) "
                                                         f"WHERE w.url = '{urls[0]}'")), 128)
        finally:
            for each in sockets:
                each.close()            # what waits for an answer gets its end
            if sender:
                sender.stop()
            self.stack.set(SETTINGS)
            self.stack.sql("DELETE FROM webhook_event WHERE client_id IN (SELECT client_id FROM webhook_endpoint WHERE "
                           "url IN "
                           + str(tuple(urls)) + ")")

    def test_a_slow_endpoint_leaves_room_for_what_comes_after(self):
        """Its backlog is older than the other's one event, and each of its answers takes long: it waits its turn."""
        slow, _ = self.listen(delay=0.5)
        other = self.stack.add_client()
        receiver, _ = self.listen(other)
        self.stack.set({"webhook": {"connections": 2}})
        seen = []
        receiver.on_post = lambda: seen.append(len(slow.got))
        try:
            self.post("appointments", [DOCUMENTED] * 600)
            sender = self.stack.start_sender()
            wait_until(lambda: len(slow.got) > 2, 30, "the slow endpoint to be busy")
            self.post("appointments", DOCUMENTED, other)
            wait_until(lambda: seen, 60, "the other's event")
            sender.stop()
        finally:
            self.stack.set({"webhook": {"connections": 16}})
        self.assertLess(seen[0], 100)

    def test_a_claim_is_held_no_longer_than_its_lease(self):
        """However slow the endpoint: what a claim has not begun in time is given back."""
        slow, _ = self.listen(delay=0.5)
        self.stack.set({"webhook": {"connections": 1}})
        try:
            self.post("appointments", [DOCUMENTED] * 40)
            sender = self.stack.start_sender("--once")
            self.assertEqual(sender.wait(60), 0)
        finally:
            self.stack.set({"webhook": {"connections": 16}})
        self.assertLess(len(slow.got), 30)
        self.assertEqual(self.stack.sql(f"SELECT COUNT(*), MAX(attempts) FROM webhook_event WHERE state = 'queued'")[0],
                         [str(40 - len(slow.got)), "0"])

    def expire(self, which="TRUE"):
        self.stack.sql(f"UPDATE webhook_event SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE NOT told AND "
                       f"{which}")

    def waiting(self):
        (webhook,) = [w for w in self.stack.ctl_json("webhook", "list")["webhooks"] if w["client"] == self.client.name]
        return webhook["waiting"]

    def states(self):
        return [e["state"] for e in self.stack.ctl_json("webhook", "events", self.client.name)["events"]]

    def test_what_waits_for_a_disabled_endpoint_expires(self):
        """Enabled again, it is told what is news still, and not what is past its time."""
        receiver, _ = self.listen()
        self.stack.ctl("webhook", "disable", self.client.name)
        self.post("appointments", [{**DOCUMENTED, "location": "old"}] * 600)
        self.expire()
        self.create(location="new")
        self.robot("2020-01-01T00:00:00Z")
        self.assertEqual(self.states(), ["queued"] + ["expired"] * 99)
        self.assertEqual(self.waiting(), 1)
        self.stack.ctl("client", "webhook", self.client.name, receiver.url)
        self.stack.send_all()
        self.assertEqual([b["location"] for b in receiver.bodies()], ["new"])
        self.assertEqual(self.waiting(), 0)

    def test_what_has_expired_is_not_told_and_holds_up_nothing(self):
        """Before the robot has seen it, too; one that a sender still holds is not told twice meanwhile."""
        receiver, _ = self.listen()
        oid = self.create()
        self.expire()
        self.post(f"appointments/{oid}/approve", {})
        self.stack.send_all()
        self.assertEqual([b["status"] for b in receiver.bodies()], ["approved"])
        self.post(f"appointments/{oid}", {"location": "held"})
        self.stack.sql("UPDATE webhook_event SET state = 'claimed', claim_id = UNHEX(MD5('x')), lease_until = "
                       "'2093-01-01' WHERE NOT told AND state = 'queued' AND body LIKE '%held%'")
        self.expire("state = 'claimed'")
        self.robot("2020-01-01T00:00:00Z")
        self.post(f"appointments/{oid}/cancel", {})
        self.stack.send_all()
        self.assertEqual(self.states(), ["queued", "claimed", "sent", "expired"])

    def test_a_failed_change_keeps_only_its_followers_waiting(self):
        """
        What comes after it in order was due before its next attempt: it must hide neither that attempt nor the others'.
        """
        receiver, _ = self.listen()
        receiver.answers = [(500, {})]
        oid = self.create()
        self.post(f"appointments/{oid}/approve", {})
        self.stack.send_all()
        # The rest is over, and so is the wait of the one that failed, which became due later than its follower.
        self.stack.sql("UPDATE webhook_event SET due_at = UTC_TIMESTAMP(3) WHERE attempts > 0 AND NOT told; UPDATE "
                       "webhook_endpoint SET retry_at = NULL")
        self.stack.send_all()
        self.assertEqual([b["status"] for b in receiver.bodies()], ["preset", "preset", "approved"])

    def test_many_changes_behind_one_that_waits_keep_no_other_waiting(self):
        receiver, _ = self.listen()
        oid = self.create(location="waits")
        self.stack.sql("UPDATE webhook_event SET due_at = '2093-01-01' WHERE NOT told")
        self.stack.sql(f"INSERT INTO webhook_event (client_id, appointment_id, uuid, body, due_at, expires_at, "
                       f"created_at) SELECT e.client_id, "
                       f"e.appointment_id, UNHEX(MD5(CONCAT('x', seq))), e.body, '2000-01-01', e.expires_at, "
                       f"e.created_at FROM webhook_event e, "
                       f"seq_1_to_600 WHERE e.appointment_id = {oid}")
        self.create(location="goes")
        self.stack.send_all()
        self.assertEqual([b["location"] for b in receiver.bodies()], ["goes"])

    def test_an_old_address_says_nothing_of_the_new_one(self):
        """Neither that it has gone, nor that it wants to rest: what it did not take goes to the new one."""
        for status, headers in ((410, {}), (503, {"Retry-After": "3600"})):
            with self.subTest(status=status):
                replaced = threading.Event()
                old, _ = self.listen()
                old.answers.append((status, headers))
                old.on_post = lambda: replaced.wait(30)
                self.create(location=f"after {status}")
                sender = self.stack.start_sender()
                wait_until(lambda: old.got, 30, "the post to the old address")
                new, _ = self.listen()
                replaced.set()
                self.assertEqual(sender.wait(60), 0)
                webhook = next(w for w in self.stack.ctl_json("webhook", "list")["webhooks"]
                               if w["client"] == self.client.name)
                self.assertEqual((webhook["disabled"], webhook["failures"]), (False, 0))
                self.stack.send_all()
                self.assertEqual([body["location"] for body in new.bodies()], [f"after {status}"])

    def test_a_new_address_is_tried_at_once(self):
        old, _ = self.listen(always=500)
        self.create()
        self.stack.send_all()
        self.stack.sql("UPDATE webhook_event SET due_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE state = 'queued'")
        new, _ = self.listen()
        self.stack.send_all()
        self.assertEqual((len(old.got), len(new.got)), (1, 1))

    def test_private_addresses_are_refused(self):
        receiver, _ = self.listen()
        self.create()
        self.stack.set({"webhook": {"allow_private": "no"}})
        try:
            self.stack.sql("UPDATE webhook_endpoint SET url = REPLACE(url, 'http://127.0.0.1', 'https://localhost')")
            self.stack.send_all()
        finally:
            self.stack.set({"webhook": {"allow_private": "yes"}})
        self.assertEqual(receiver.got, [])
        (event,) = self.stack.ctl_json("webhook", "events", self.client.name)["events"]
        self.assertEqual(event["state"], "queued")

    def test_killed_at_each_step_nothing_is_lost(self):
        for point in WEBHOOK_POINTS:
            with self.subTest(point):
                client = self.stack.add_client()
                receiver, _ = self.listen(client)
                self.post("appointments", [DOCUMENTED] * 10, client)
                self.assertNotEqual(self.stack.send(check=False, BAILLEUR_FAULT=point).returncode, 0)
                # the lease is over
                self.stack.sql("UPDATE webhook_event SET lease_until = '2000-01-01' WHERE state = 'claimed'")
                self.stack.send_all()
                ids = [headers["webhook-id"] for headers, _ in receiver.got]
                self.assertEqual(len(set(ids)), 10)
                # A repeat is possible only for what had been posted and not yet recorded, and carries the same id.
                self.assertLessEqual(len(ids), 10 if point == "webhook.claimed" else 20)
                states = [e["state"] for e in self.stack.ctl_json("webhook", "events", client.name)["events"]]
                self.assertEqual(states, ["sent"] * 10)

    def test_two_senders_at_once(self):
        receiver, _ = self.listen()
        self.post("appointments", [DOCUMENTED] * 300)
        first, second = self.stack.start_sender(), self.stack.start_sender()
        for sender in (first, second):
            self.assertEqual(sender.wait(60), 0)
        ids = [headers["webhook-id"] for headers, _ in receiver.got]
        self.assertEqual((len(ids), len(set(ids))), (300, 300))

    def test_verified_by_the_published_library(self):
        """npm's standardwebhooks takes what we sign, through a rotation too, and refuses what another secret signed."""
        with Verifier() as verifier:
            secret = self.stack.ctl_json("client", "webhook", self.client.name, verifier.url)["secret"]
            verifier.know(secret)
            self.create()
            self.assertEqual(self.told(), ["204"])
            new = self.stack.ctl_json("webhook", "rotate", self.client.name)["secret"]
            for known in (secret, new):
                verifier.know(known)
                self.create()
                self.assertEqual(self.told(), ["204"])
            verifier.know("whsec_" + base64.b64encode(b"another").decode())
            self.create()
            self.assertEqual(self.told(), ["400"])

    def told(self):
        """The status that answered the newest event."""
        self.stack.send_all()
        return self.stack.sql("SELECT last_status FROM webhook_event ORDER BY id DESC LIMIT 1")[0]

    def test_no_webhook_no_event(self):
        self.create()
        self.assertEqual(self.stack.ctl_json("webhook", "events", self.client.name)["events"], [])


class Reminders(RendezvousCase):
    def setUp(self):
        super().setUp()
        self.stack.send_all()
        self.before = len(self.stack.mails())

    def future(self, **change):
        """An appointment far ahead: Friday, 12 June 2093, at noon."""
        return self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00", reminder_delay=24,
                           reminder_channel="email", **change)

    def messages(self):
        query = {"auth_key": self.client.key, "auth_secret": self.client.secret}
        return self.stack.web.get("/v1/messages", query).json["messages"]

    def test_once_in_time(self):
        receiver, _ = self.listen()
        self.future()
        self.robot("2093-06-11T09:59:59Z")
        self.assertEqual(self.messages(), [])
        for _ in range(3):
            self.robot("2093-06-11T10:00:00Z")
        (message,) = self.messages()
        self.assertEqual((message["email"], message["email_subject"]),
                         ("jean.dupont@email.com", "Rappel de votre rendez-vous"))
        self.assertEqual(message["email_content"], "Bonjour Jean DUPONT,\n\nNous vous rappelons votre rendez-vous du "
                                                   "vendredi 12 juin 2093 à 12h00.\n\n"
                                                   "Lieu\u00a0: 6 rue de la Place, Paris 75001")
        self.assertTrue(self.list()[0]["reminder_status"])
        self.due_now()
        self.stack.send_all()
        self.assertEqual([b["reminder_status"] for b in receiver.bodies()], [False, True])

    def test_reaches_who_has_unsubscribed(self):
        """An appointment is no mailing."""
        recipient = {**DOCUMENTED["recipient"], "phone": "06 02 03 04 05"}
        for address in (recipient["email"], recipient["phone"]):
            self.stack.ctl("suppress", "add", self.client.name, address)
        self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00", reminder_delay=24,
                    reminder_channel="both", recipient=recipient)
        self.robot("2093-06-11T10:00:00Z")
        self.stack.send_all()
        (message,) = self.messages()
        self.assertEqual((message["force_sending"], message["state"], message["has_error"]), (True, "sent", False))
        self.assertEqual(len(self.stack.mails()), self.before + 1)

    def test_never_after_the_start(self):
        self.future()
        self.robot("2093-06-12T10:00:00Z")
        self.robot("2093-06-11T10:00:00Z")
        self.assertEqual(self.messages(), [])
        self.assertFalse(self.list()[0]["reminder_status"])

    def test_killed_it_is_sent_once(self):
        self.future()
        self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", "2093-06-11T10:00:00Z", check=False,
                       BAILLEUR_FAULT=ROBOT_POINTS[1])
        self.assertEqual(self.messages(), [])           # nothing of the transaction is there
        self.robot("2093-06-11T10:05:00Z")
        self.robot("2093-06-11T10:10:00Z")
        self.assertEqual(len(self.messages()), 1)

    def test_moved_and_cancelled(self):
        moved, cancelled = self.future(), self.future()
        self.post(f"appointments/{moved}", {"start_at": "2093-06-20T12:00:00+02:00"})
        self.post(f"appointments/{cancelled}/cancel", {})
        self.robot("2093-06-11T10:00:00Z")
        self.assertEqual(self.messages(), [])
        self.robot("2093-06-19T10:00:00Z")
        (message,) = self.messages()
        self.assertIn("samedi 20 juin 2093 à 12h00", message["email_content"])

    def told(self, receiver):
        self.due_now()
        self.stack.send_all()
        return [(b["status"], b["start_at"][:10], b["reminder_status"]) for b in receiver.bodies()]

    def sent(self):
        """The mails that left during this test."""
        self.stack.send_all()
        return [mail.decode() for mail in self.stack.mails()[self.before:]]

    def test_cancelled_while_it_waits_to_be_sent(self):
        receiver, _ = self.listen()
        oid = self.future()
        self.robot("2093-06-11T10:00:00Z")
        self.assertEqual(self.post(f"appointments/{oid}/cancel", {}).status, 200)
        self.assertEqual(self.sent(), [])
        (message,) = self.messages()
        self.assertEqual((message["state"], message["error_message"]), ("suppressed", "appointment changed"))
        self.assertEqual(self.told(receiver), [("preset", "2093-06-12", False), ("preset", "2093-06-12", True),
                                               ("cancelled", "2093-06-12", False)])
        self.robot("2093-06-11T10:05:00Z")
        self.assertEqual(len(self.messages()), 1)

    def test_moved_while_it_waits_to_be_sent(self):
        oid = self.future()
        self.robot("2093-06-11T10:00:00Z")
        self.post(f"appointments/{oid}", {"start_at": "2093-06-20T12:00:00+02:00"})
        self.assertEqual(self.sent(), [])
        self.assertFalse(self.list()[0]["reminder_status"])
        for _ in range(2):
            self.robot("2093-06-19T10:00:00Z")
        (mail,) = self.sent()
        self.assertIn("Rappel de votre rendez-vous", mail)

    def test_moved_while_a_sender_holds_it(self):
        """It has been claimed, and its sender was killed: it is withdrawn all the same, and the new one is sent."""
        oid = self.future()
        self.robot("2093-06-11T10:00:00Z")
        self.stack.send(check=False, BAILLEUR_FAULT="sender.rendered")
        self.post(f"appointments/{oid}", {"start_at": "2093-06-11T18:00:00+02:00"})
        self.stack.sql("UPDATE delivery SET due_at = '2000-01-01' WHERE state = 'claimed'")
        self.assertEqual(self.sent(), [])
        self.robot("2093-06-11T10:05:00Z")
        self.assertEqual(len(self.sent()), 1)

    def test_another_place_while_it_waits_and_once_it_has_left(self):
        oid = self.future()
        self.robot("2093-06-11T10:00:00Z")
        self.post(f"appointments/{oid}", {"location": "ailleurs"})
        self.robot("2093-06-11T10:05:00Z")
        self.assertEqual(len(self.sent()), 1)
        self.assertIn("ailleurs", self.messages()[0]["email_content"])
        for change in ({"location": "encore ailleurs"}, {"reminder_delay": 48}, {"reminder_delay": 2}):
            self.post(f"appointments/{oid}", change)
            self.assertTrue(self.list()[0]["reminder_status"])
            self.robot("2093-06-12T09:00:00Z")
        self.post(f"appointments/{oid}/approve", {})
        self.robot("2093-06-12T09:30:00Z")
        self.assertEqual(self.sent()[1:], [])
        self.assertEqual(len(self.messages()), 2)

    def test_half_of_it_has_left(self):
        """
        The mail has gone, the SMS waits: moved, both are reminded of the new time; with another place alone, the SMS
        goes.
        """
        recipient = {**DOCUMENTED["recipient"], "phone": "0602030405"}
        ids = [self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00", reminder_delay=24,
                           reminder_channel="both", recipient=recipient) for _ in range(2)]
        self.robot("2093-06-11T10:00:00Z")
        self.stack.sql("UPDATE delivery SET due_at = '2090-01-01' WHERE channel = 'sms' AND state = 'queued'")
        self.assertEqual(len(self.sent()), 2)
        self.post(f"appointments/{ids[0]}", {"start_at": "2093-06-20T12:00:00+02:00"})
        self.post(f"appointments/{ids[1]}", {"location": "ailleurs"})
        self.assertEqual([a["reminder_status"] for a in self.list()], [True, False])
        before = len(self.stack.texts())
        self.stack.sql("UPDATE delivery SET due_at = '2000-01-01' WHERE channel = 'sms' AND state = 'queued'")
        self.sent()
        self.assertEqual(len(self.stack.texts()) - before, 1)
        self.robot("2093-06-19T10:00:00Z")
        self.assertEqual(len(self.sent()), 3)
        self.assertEqual(len(self.stack.texts()) - before, 2)

    def end(self, oid, state, channel="mail"):
        """What waits of the appointment's reminder has ended so; after the test it is nobody's business."""
        self.addCleanup(self.stack.sql, "UPDATE delivery SET state = 'suppressed' WHERE state IN ('failed', 'unknown')")
        self.stack.sql(f"UPDATE delivery SET state = '{state}', due_at = NULL, sent_at = UTC_TIMESTAMP(3),"
                       f" error_message = '550 no such user' WHERE channel = '{channel}' AND state = 'queued' AND"
                       f" message_id = (SELECT reminder_message_id FROM appointment WHERE id = {oid})")

    def status_of(self, oid):
        return next(a["reminder_status"] for a in self.list() if a["id"] == oid)

    def test_one_that_failed_goes_to_the_right_address(self):
        """It has not left: with the address corrected it is made anew, and nobody sends the old one."""
        receiver, _ = self.listen()
        for state in ("failed", "expired"):
            with self.subTest(state=state):
                oid = self.future(location=state)
                self.robot("2093-06-11T10:00:00Z")
                self.end(oid, state)
                self.assertTrue(self.status_of(oid))
                self.post(f"appointments/{oid}", {"recipient": {"email": "right@example.org"}})
                self.assertFalse(self.status_of(oid))
                (old,) = self.stack.sql(f"SELECT reminder_message_id FROM appointment WHERE id = {oid}")
                self.assertEqual(self.stack.ctl("resend", *old, check=False).returncode, 1)
                for _ in range(2):
                    self.robot("2093-06-11T10:05:00Z")
                self.assertTrue(self.status_of(oid))
                (mail,) = self.sent()
                self.assertIn("To: <right@example.org>", mail)
                self.before += 1
        self.due_now()
        self.stack.send_all()
        for state in ("failed", "expired"):
            self.assertEqual([b["reminder_status"] for b in receiver.bodies() if b["location"] == state],
                             [False, True, False, True])

    def test_one_that_may_have_left_is_not_repeated(self):
        """Half of it at least: it stays sent, whatever became of the other half."""
        for state in ("sent", "delivered", "unknown"):
            with self.subTest(state=state):
                oid = self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00",
                                  reminder_delay=24, reminder_channel="both",
                                  recipient={**DOCUMENTED["recipient"], "phone": "0602030405"})
                self.robot("2093-06-11T10:00:00Z")
                self.end(oid, "failed")
                self.end(oid, state, "sms")
                self.post(f"appointments/{oid}", {"recipient": {"email": "right@example.org"}})
                self.robot("2093-06-11T10:05:00Z")
                self.assertTrue(self.status_of(oid))
                self.assertEqual(self.sent(), [])

    def test_half_of_it_has_failed(self):
        """The other half still waits: both are made anew."""
        oid = self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00", reminder_delay=24,
                          reminder_channel="both", recipient={**DOCUMENTED["recipient"], "phone": "0602030405"})
        self.robot("2093-06-11T10:00:00Z")
        self.end(oid, "failed")
        self.post(f"appointments/{oid}", {"location": "ailleurs"})
        self.robot("2093-06-11T10:05:00Z")
        self.assertEqual(self.stack.sql("SELECT d.channel, d.state FROM delivery d"
                                        " JOIN message m ON m.id = d.message_id JOIN api_client c ON c.id = m.client_id"
                                        f" WHERE c.name = '{self.client.name}' ORDER BY d.id"),
                         [["mail", "failed"], ["sms", "suppressed"], ["mail", "queued"], ["sms", "queued"]])

    def test_what_waits_expires_with_the_start(self):
        """The robot that takes its time, for whatever reason, does not move the deadline."""
        self.future()
        self.robot("2093-06-12T09:59:00Z")
        (left,) = self.stack.sql("SELECT TIMESTAMPDIFF(MICROSECOND, m.created_at, d.expires_at) FROM delivery d JOIN "
                                 "message m ON "
                                 "m.id = d.message_id ORDER BY d.id DESC LIMIT 1")[0]
        self.assertLess(int(left), 60_000_000)

    def test_one_that_cannot_be_queued_keeps_nobody_waiting(self):
        bad, good = self.future(location="X-POISON"), self.future()
        self.stack.sql("CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW SET NEW.test_mode = "
                       "IF(NEW.email_content LIKE "
                       "'%X-POISON%', 2, NEW.test_mode)")
        try:
            done = self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", "2093-06-11T10:00:00Z",
                                  check=False)
        finally:
            self.stack.sql("DROP TRIGGER poison")
        self.assertEqual(done.returncode, 1)
        self.assertEqual({a["id"]: a["reminder_status"] for a in self.list()}, {bad: False, good: True})
        self.robot("2093-06-11T10:05:00Z")
        self.assertEqual({a["id"]: a["reminder_status"] for a in self.list()}, {bad: True, good: True})

    def test_sent_again_by_an_operator(self):
        """
        Never after the start, nor for an appointment that was cancelled or moved since, however long ago it failed.
        """
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        soon, later = ((now + datetime.timedelta(hours=hours)).isoformat() for hours in (1, 48))

        def reminded(start):
            body = {**copy.deepcopy(DOCUMENTED), "start_at": start, "reminder_delay": 24, "reminder_channel": "email"}
            del body["end_at"]
            answer = self.post("appointments", body)
            self.assertEqual(answer.status, 200, answer)
            return answer.json["id"]

        reminded("2020-06-12T12:00:00+02:00")
        self.robot("2020-06-11T10:00:00Z")
        kept, cancelled, moved = [reminded(soon) for _ in range(3)]
        self.robot(now.isoformat())
        self.stack.sql("UPDATE delivery SET state = 'failed', due_at = NULL, error_message = '550' "
                       "WHERE state = 'queued'")
        begun, one, *others = sorted(message["id"] for message in self.messages())
        self.post(f"appointments/{cancelled}/cancel", {})
        self.post(f"appointments/{moved}", {"start_at": later})
        for message in (begun, *others):
            done = self.stack.ctl("resend", str(message), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the reminder of an appointment that has begun, was changed or cancelled", done.stderr)
        self.assertEqual(self.stack.ctl_json("resend", "--failed"), {"queued": 1, "left_out": 3})
        self.assertEqual(self.stack.sql(f"SELECT message_id, expires_at < (SELECT start_at FROM appointment WHERE id = "
                                        f"{kept}) FROM delivery WHERE state = 'queued'"), [[str(one), "1"]])
        self.assertEqual(len(self.sent()), 1)
        self.robot((now + datetime.timedelta(hours=25)).isoformat())
        self.assertEqual(len(self.sent()), 2)           # the moved one, of its new time

    def test_by_sms_and_both(self):
        recipient = {**DOCUMENTED["recipient"], "phone": "06 02 03 04 05"}
        self.create(start_at="2093-06-12T12:00:00+02:00", end_at="2093-06-12T12:45:00+02:00", reminder_delay=1,
                    reminder_channel="both", recipient=recipient)
        self.robot("2093-06-12T09:30:00Z")
        (message,) = self.messages()
        self.assertEqual((message["channel"], message["phone"], message["sms_content"]),
                         ("both", "06 02 03 04 05", "Rappel : rendez-vous le vendredi 12 juin 2093 à 12h00, 6 rue de "
                                                    "la Place, Paris 75001."))


class Recurrence(RendezvousCase):
    def test_a_year_against_a_model(self):
        """Any sequence of runs, some killed on the way, ends with each month's copy exactly once."""
        rng = random.Random(42)
        portfolio = small_portfolio("recur", 77)
        days = [1, 15, 28, 29, 30, 31]
        for i, day in enumerate(days):
            start = datetime.datetime(2022, 12 if day > 28 else 11, day,
                                      tzinfo=datetime.timezone.utc) - datetime.timedelta(hours=1)
            operation = copy.deepcopy(portfolio["operations"][0])
            operation.update(id=f"{i + 1:024x}", operationAuto=True, operationPaid=True,
                             operationDate={"sec": int(start.timestamp()), "usec": 0},
                             operationDesc=f"n{day}")
            portfolio["operations"].append(operation)
        landlord = import_landlord(self.stack, portfolio)
        now = datetime.date(2022, 12, 1)
        while now < datetime.date(2023, 12, 31):
            now += datetime.timedelta(days=rng.randrange(1, 45))
            when = f"{now.isoformat()}T12:00:00Z"
            if rng.random() < 0.4:
                self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", when, check=False,
                               BAILLEUR_FAULT=f"{ROBOT_POINTS[0]}:{rng.randrange(1, 4)}")
            self.robot(when)
        got = {}
        for o in landlord.get(f"operations/{portfolio['immeubles'][0]['id']}/1000")["operations"]:
            if "operationDesc" in o:
                got.setdefault(o["operationDesc"], []).append(o)
        for day in days:
            series = sorted(got[f"n{day}"], key=lambda o: o["operationDate"]["sec"])
            dates = [datetime.datetime.fromtimestamp(o["operationDate"]["sec"],
                                                     zoneinfo.ZoneInfo("Europe/Paris")).date() for o in series]
            expected, year, month = [], 2022, 12 if day > 28 else 11
            while True:
                last = (datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)).day
                date = datetime.date(year, month, min(day, last))
                if date > now:
                    break
                expected.append(date)
                year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            self.assertEqual(dates, expected, day)
            self.assertEqual([o["operationAuto"] for o in series], [False] * (len(series) - 1) + [True])
            self.assertEqual([o["operationPaid"] for o in series], [True] + [False] * (len(series) - 1))
            self.assertEqual([o["robot"] for o in series[1:]], [True] * (len(series) - 1))

    def landlord(self, name, number, day="2023-01-31", **more):
        """One with a recurring operation."""
        portfolio = small_portfolio(name, number)
        start = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
        portfolio["operations"][0].update(operationAuto=True, operationDate={"sec": int(start.timestamp()), "usec": 0},
                                          **more)
        return import_landlord(self.stack, portfolio), portfolio

    def dates(self, landlord, portfolio):
        got = landlord.get(f"operations/{portfolio['immeubles'][0]['id']}/1000")["operations"]
        return sorted((datetime.datetime.fromtimestamp(o["operationDate"]["sec"],
                                                       zoneinfo.ZoneInfo("Europe/Paris")).date().isoformat(),
                       o["operationAuto"]) for o in got)

    def save(self, landlord, portfolio, oid, **change):
        immeuble = portfolio["immeubles"][0]
        form = {"operationName": "recetteLoyer", "operationMontant": "500", "operationPaid": "on",
                "operationAuto": "on",
                "locataireId": immeuble["biens"][0]["locataires"][0]["id"], **change}
        answer = landlord.get(f"saveOperation/{immeuble['id']}/{oid}", **form)
        self.assertEqual(answer["code"], 0, answer)

    def test_a_form_of_before_the_copy(self):
        """An app saves the operation as it knew it, recurring still: no second copy, and nobody else waits for it."""
        one, first = self.landlord("stale", 81)
        two, second = self.landlord("after-stale", 82)
        self.robot("2023-02-28T12:00:00Z")
        self.save(one, first, first["operations"][0]["id"], operationDate="31/01/2023")
        self.robot("2023-03-31T12:00:00Z")
        for who, portfolio in ((one, first), (two, second)):
            self.assertEqual(self.dates(who, portfolio), [("2023-01-31", False), ("2023-02-28", False),
                                                          ("2023-03-31", True)])

    def test_made_to_recur_again(self):
        """
        Turned off and on again at its beginning, the series goes on where it ended; on another date, it begins anew.
        """
        one, portfolio = self.landlord("again", 83, "2023-01-10")
        self.robot("2023-02-10T12:00:00Z")
        first = portfolio["operations"][0]["id"]
        copy_id = next(o["id"] for o in one.get(f"operations/{portfolio['immeubles'][0]['id']}/9")["operations"]
                       if o["id"] != first)
        self.save(one, portfolio, copy_id, operationDate="10/02/2023", operationAuto="off")
        self.robot("2023-04-10T12:00:00Z")
        self.assertEqual(self.dates(one, portfolio), [("2023-01-10", False), ("2023-02-10", False)])
        self.save(one, portfolio, first, operationDate="10/01/2023")
        self.robot("2023-04-11T12:00:00Z")
        self.assertEqual(self.dates(one, portfolio), [("2023-01-10", False), ("2023-02-10", False),
                                                      ("2023-03-10", False), ("2023-04-10", True)])
        self.save(one, portfolio, first, operationDate="20/05/2023")
        self.robot("2023-06-20T12:00:00Z")
        self.assertEqual(self.dates(one, portfolio), [("2023-02-10", False), ("2023-03-10", False),
                                                      ("2023-04-10", False), ("2023-05-10", False),
                                                      ("2023-05-20", False), ("2023-06-10", True),
                                                      ("2023-06-20", True)])

    def test_a_copy_that_is_paid_keeps_its_day(self):
        one, portfolio = self.landlord("paid", 84)
        self.robot("2023-02-28T12:00:00Z")
        copy_id = next(o["id"] for o in one.get(f"operations/{portfolio['immeubles'][0]['id']}/9")["operations"]
                       if o["operationAuto"])
        self.save(one, portfolio, copy_id, operationDate="28/02/2023")
        self.robot("2023-03-31T12:00:00Z")
        self.assertEqual([date for date, _ in self.dates(one, portfolio)], ["2023-01-31", "2023-02-28", "2023-03-31"])

    def test_a_series_that_ends_in_a_short_month(self):
        """Its last one, which goes on, belongs to the day of the first, and so does its provision."""
        portfolio = small_portfolio("series", 87)
        one = import_landlord(self.stack, portfolio)
        self.save(one, portfolio, "", operationDate="31/12/2022", operationRepeatDate="28/02/2023",
                  operationMontantPC="20")
        before = [(date, auto) for date, auto in self.dates(one, portfolio) if date > "2022-12-30"]
        self.assertEqual(before, [(date, date == "2023-02-28") for date in ("2022-12-31", "2023-01-31", "2023-02-28")
                                  for _ in range(2)])
        for when in ("2023-03-28", "2023-03-31", "2023-05-31"):
            self.robot(when + "T12:00:00Z")
        self.assertEqual(self.dates(one, portfolio)[-8:],
                         [(date, date == "2023-05-31") for date in ("2023-02-28", "2023-03-31", "2023-04-30",
                                                                    "2023-05-31") for _ in range(2)])

    def test_a_series_whose_last_one_is_changed(self):
        """Saved on its date, it keeps the day it belongs to; on another, it belongs to that."""
        for name, number, date, expected in (("series-kept", 88, "28/02/2023", "2023-03-31"),
                                             ("series-moved", 89, "27/02/2023", "2023-03-27")):
            portfolio = small_portfolio(name, number)
            one = import_landlord(self.stack, portfolio)
            self.save(one, portfolio, "", operationDate="31/12/2022", operationRepeatDate="28/02/2023")
            last = next(o["id"] for o in one.get(f"operations/{portfolio['immeubles'][0]['id']}/9")["operations"]
                        if o["operationAuto"])
            self.save(one, portfolio, last, operationDate=date)
            self.robot("2023-03-31T12:00:00Z")
            self.assertEqual(self.dates(one, portfolio)[-1], (expected, True))

    def moved(self, username):
        """Exports a landlord, removes him and imports him again; what was exported, which is exported again."""
        document = self.stack.ctl("portfolio", "export", username).stdout
        self.stack.sql("SET FOREIGN_KEY_CHECKS = 0; " + "".join(
            f"DELETE FROM {table} WHERE user_id = (SELECT id FROM user_account WHERE username = '{username}'); "
            for table in ("operation", "locataire", "bien", "declaration", "emprunt", "immeuble")) +
            f"DELETE FROM user_account WHERE username = '{username}'")
        path = f"{self.stack.dir}/moved.json"
        with open(path, "w") as file:
            file.write(document)
        self.stack.ctl("portfolio", "import", path)
        self.assertEqual(self.stack.ctl("portfolio", "export", username).stdout, document)
        return json.loads(document)["operations"]

    def test_exported_and_imported_it_goes_on(self):
        """On the day it belongs to, and without a second copy of what has been copied."""
        one, portfolio = self.landlord("export", 90)
        first = portfolio["operations"][0]["id"]
        self.robot("2023-02-28T12:00:00Z")
        original, made = self.moved("export")
        self.assertEqual((original["id"], made["operationRepeatDay"], made["operationRepeatOf"]), (first, 31, first))
        self.assertFalse({"operationRepeatDay", "operationRepeatOf"} & set(original))
        for o in one.get(f"operations/{portfolio['immeubles'][0]['id']}")["operations"]:
            self.assertFalse([name for name in o if name.startswith("operationRepeat")])
        self.save(one, portfolio, first, operationDate="31/01/2023")
        self.robot("2023-03-31T12:00:00Z")
        expected = [("2023-01-31", False), ("2023-02-28", False), ("2023-03-31", True)]
        self.assertEqual(self.dates(one, portfolio), expected)
        one.get("deleteOperation/" + first)             # the copy of what is gone is a copy of nothing
        self.assertEqual([o.get("operationRepeatOf") for o in self.moved("export")], [None, made["id"]])
        self.assertEqual(self.dates(one, portfolio), expected[1:])

    def test_one_that_cannot_be_copied_keeps_nobody_waiting(self):
        bad, first = self.landlord("poison", 85)
        good, second = self.landlord("healthy", 86)
        user = self.stack.sql("SELECT id FROM user_account WHERE username = 'poison'")[0][0]
        self.stack.sql(f"CREATE TRIGGER poison BEFORE INSERT ON operation FOR EACH ROW SET NEW.montant = "
                       f"IF(NEW.user_id = {user}, -1, NEW.montant)")
        try:
            done = self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", "2023-02-28T12:00:00Z",
                                  check=False)
        finally:
            self.stack.sql("DROP TRIGGER poison")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(self.dates(bad, first)), 1)
        self.assertEqual(len(self.dates(good, second)), 2)


if __name__ == "__main__":
    unittest.main()
