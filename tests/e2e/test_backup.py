"""
A backup that is put back, as README tells it: what was sent since it was made is not sent again but by an operator who
decides so.
"""

import os
import re
import shutil
import uuid

from tests.lib.stack import StackCase

APPOINTMENT = {"start_at": "2093-06-12T12:00:00+02:00", "end_at": "2093-06-12T12:45:00+02:00", "reminder_delay": 24,
               "reminder_channel": "email", "recipient": {"email": "rendez-vous@example.fr"}}


class PutBack(StackCase):
    def back_up(self):
        """As mariabackup does it, but for the server, which rests meanwhile: the files."""
        self.stack.db.stop()
        shutil.copytree(self.stack.db.datadir, self.stack.dir + "/backup")
        self.stack.db.start()

    def put_back(self):
        self.stack.api.stop()
        self.stack.db.stop()
        shutil.rmtree(self.stack.db.datadir)
        os.rename(self.stack.dir + "/backup", self.stack.db.datadir)
        self.stack.db.start()

    def robot(self):
        self.stack.run("bailleur-robot", "--config", self.stack.conf)

    def sent(self):
        """Whom the robot and the sender reach now. A file has its delivery's name: a second one would be no more."""
        shutil.rmtree(self.stack.spool)
        os.mkdir(self.stack.spool)
        self.robot()
        self.stack.send_all()
        mails = [re.search(rb"(?mi)^To: *<?([^>\r\n]+)", mail)[1].decode() for mail in self.stack.mails()]
        return sorted(mails) + ["SMS"] * len(self.stack.texts())

    def states(self):
        return dict(self.stack.sql("SELECT recipient, state FROM delivery"))

    def queue(self, client):
        for address in ("queued@example.fr", "claimed@example.fr", "transmitting@example.fr", "retry@example.fr"):
            answer = self.stack.web.post("/v1/send_email", client.form(recipient=address, subject="s", message="m"))
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.stack.web.post("/v1/send_sms", client.form(recipient="0602030405",
                                                                         message="m")).status, 200)
        self.remind(client, minutes=1)

    def remind(self, client, minutes):
        """An appointment in three hours, of which a reminder was due some minutes ago."""
        answer = self.stack.web.post("/v1/appointments", query=client.form(), json=APPOINTMENT)
        self.assertEqual(answer.status, 200)
        self.stack.sql("UPDATE appointment SET start_at = UTC_TIMESTAMP() + INTERVAL 3 HOUR, "
                       "end_at = UTC_TIMESTAMP() + INTERVAL 4 HOUR, "
                       f"reminder_due_at = UTC_TIMESTAMP() - INTERVAL {minutes} MINUTE WHERE reminder_due_at > NOW()")

    def test_nobody_gets_anything_twice(self):
        # Not the first time that one is put back: numbers have grown beyond 32 bits.
        self.stack.sql("".join(f"ALTER TABLE {table} AUTO_INCREMENT = 5000000000;"
                               for table in ("message", "delivery", "appointment")))
        client = self.stack.add_client("Un client")
        self.queue(client)
        # As senders leave them that were at work when the backup was made; one mail is to be tried again tomorrow.
        hour, claim = "UTC_TIMESTAMP(3) + INTERVAL 1 HOUR", "0x" + uuid.uuid4().hex
        for state in ("claimed", "transmitting"):
            self.stack.sql(f"UPDATE delivery SET state = '{state}', due_at = {hour}, claim_id = {claim} "
                           f"WHERE recipient = '{state}@example.fr'")
        self.stack.sql("UPDATE delivery SET due_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY WHERE recipient LIKE 'retry%'")
        self.back_up()
        self.stack.sql("UPDATE delivery SET state = 'queued', due_at = UTC_TIMESTAMP(3)")
        everybody = ["claimed@example.fr", "queued@example.fr", "rendez-vous@example.fr", "retry@example.fr",
                     "transmitting@example.fr", "SMS"]
        self.assertEqual(self.sent(), everybody)
        self.put_back()

        self.assertEqual(self.stack.ctl_json("hold"), {"held": 6, "reminders": 1})
        self.assertEqual(self.sent(), [])
        self.assertEqual(set(self.states().values()), {"unknown"})
        listed = {entry["recipient"]: entry for entry in self.stack.ctl_json("queue", "--unknown")["unknown"]}
        self.assertEqual(set(listed), set(self.states()))
        entry = listed["queued@example.fr"]
        self.assertEqual((entry["client"], entry["channel"]), ("Un client", "email"))
        story = self.stack.ctl_json("why", entry["uuid"])
        self.assertEqual(story["id"], entry["id"])
        self.assertEqual([(e["state"], e["by"], e["detail"]) for e in story["events"]],
                         [("unknown", "operator", "held by an operator: it may have been sent already")])
        self.assertEqual(self.stack.ctl_json("hold"), {"held": 0, "reminders": 0})

        # No number that was given since the backup means something else now.
        self.stack.start_api()
        answer = self.stack.web.post("/v1/send_email", client.form(recipient="new@example.fr", subject="s",
                                                                   message="m"))
        self.assertGreater(answer.json["id"], 6000000000)
        self.assertEqual(self.stack.sql("SELECT id > 6000000000 FROM delivery WHERE recipient LIKE 'new%'"), [["1"]])
        self.assertEqual(self.sent(), ["new@example.fr"])

        # What the operator decides upon goes, once.
        for recipient in ("transmitting@example.fr", "rendez-vous@example.fr"):
            self.stack.ctl("resend", listed[recipient]["id"])
        self.assertEqual(self.sent(), ["rendez-vous@example.fr", "transmitting@example.fr"])
        self.assertEqual(sorted(self.states().values()), ["sent"] * 3 + ["unknown"] * 4)


    def test_reminders_from_a_moment_on_are_sent_as_ever(self):
        client = self.stack.add_client()
        for minutes in (30, 10):
            self.remind(client, minutes)
        self.stack.api.stop()
        future = self.stack.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL 1 HOUR, '%Y-%m-%dT%TZ')")[0][0]
        refused = self.stack.ctl("hold", "--until", future, check=False)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""), refused)
        between = self.stack.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL 20 MINUTE, '%Y-%m-%dT%TZ')")[0][0]
        self.assertEqual(self.stack.ctl_json("hold", "--until", between), {"held": 1, "reminders": 1})
        self.assertEqual(self.sent(), ["rendez-vous@example.fr"])
        self.stack.start_api()


class Hold(StackCase):
    def test_numbers_that_were_left_out_before(self):
        """Put back twice, and nothing was asked for in between."""
        first = {}
        for _ in range(2):
            self.stack.api.stop()
            self.stack.ctl("hold")
            self.stack.start_api()
            for table in ("message", "delivery", "appointment"):
                following = int(self.stack.db.value("SELECT AUTO_INCREMENT FROM information_schema.tables WHERE "
                                                    f"table_schema = DATABASE() AND table_name = '{table}'"))
                self.assertGreater(following, first.get(table, 0) + 999999999)
                first[table] = following

    def test_more_than_a_transaction_takes_on_both_channels(self):
        client = self.stack.add_client()
        for _ in range(2):
            messages = [{"recipient": "a@example.fr", "subject": "s", "message": "m"}] * 600
            answer = self.stack.web.post("/v1/send_email", query=client.form(), json=messages)
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.stack.web.post("/v1/send_sms", client.form(recipient="0602030405",
                                                                         message="m")).status, 200)
        # The API is at work.
        refused = self.stack.ctl("hold", check=False)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("stop them on every host first", refused.stderr)
        self.assertEqual(self.stack.sql("SELECT DISTINCT state FROM delivery"), [["queued"]])
        self.stack.api.stop()
        self.assertEqual(self.stack.ctl("hold").stdout,
                         "1201 deliveries held as unknown, those of 0 reminders among them\n")
        self.assertEqual(self.stack.sql("SELECT state, due_at, COUNT(*) FROM delivery GROUP BY state, due_at"),
                         [["unknown", None, "1201"]])
        self.assertEqual(self.stack.ctl("queue", "--unknown").stdout.count("\n"), 1201)
        self.assertEqual(len(self.stack.ctl_json("queue", "--unknown")["unknown"]), 1201)
        self.assertEqual(self.stack.ctl_json("resend", "--unknown"), {"queued": 1201, "left_out": 0})
