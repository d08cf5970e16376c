"""
What an upgrade makes of rows that are there: the schema as it was at 0034, filled, brought to the end.
"""

import glob
import os
import shutil
import unittest

from tests.lib.receiver import Receiver
from tests.lib.stack import TOP, Stack

OLD = 34
DELIVERIES = ["queued", "claimed", "transmitting", "sent", "delivered", "failed", "expired", "suppressed", "unknown"]
WAITING = ("queued", "claimed", "transmitting")
DUE, LATER, MADE = "'2020-01-02 03:04:05.678'", "'2090-01-01'", "'2020-01-01 00:00:00.123'"
DEFAULT = "2000-01-01 00:00:00.000"

# number, state, attempts, is there a claim, last HTTP status
EVENTS = [(1, "sent", 1, True, 204), (2, "claimed", 1, True, None), (3, "queued", 0, False, None),
          (4, "queued", 2, True, 500), (5, "failed", 3, True, 410), (6, "expired", 0, False, None)]
# number, status, reminder_sent, the reminder's message; 99 has been deleted
APPOINTMENTS = [(1, "approved", 1, 21), (2, "cancelled", 1, 22), (3, "approved", 0, 23), (4, "cancelled", 0, 24),
                (5, "approved", 1, 99), (6, "preset", 0, None)]
REMINDERS = [("21", "0"), ("22", "1"), ("23", "1"), ("24", "1")]


def oid(kind):
    return f"0x{kind:024x}"


def uuid(number):
    return f"0x{number:032x}"


def messages():
    """A message for each state of a delivery, 1 to 9; 21 to 24 are the reminders."""
    for number, state in [*enumerate(DELIVERIES, 1), *((number, "sent") for number in range(21, 25))]:
        yield ("INSERT INTO message (id, client_id, request_uuid, request_index, channel, email, email_subject, "
               "email_content, force_sending, unsubscribe_link, test_mode, has_error, created_at) VALUES "
               f"({number}, 1, {uuid(number)}, 0, 'email', 'Jean{number}@exemple.fr', 'Été', 'Texte {number}', 0, 1, "
               f"0, {state == 'failed'}, {MADE})")
        yield ("INSERT INTO delivery (id, message_id, channel, uuid, recipient, state, due_at, expires_at, attempts, "
               f"changes, claim_id, sent_at, error_message) VALUES ({number}, {number}, 'mail', {uuid(100 + number)}, "
               f"'Jean{number}@exemple.fr', '{state}', {DUE if state in WAITING else 'NULL'}, {LATER}, {number % 3}, "
               f"1, {'NULL' if state in ('queued', 'suppressed') else uuid(200 + number)}, "
               f"{MADE if state in ('sent', 'delivered') else 'NULL'}, "
               f"{repr('550 no such user') if state == 'failed' else 'NULL'})")
        yield f"INSERT INTO delivery_event VALUES ({number}, 1, {MADE}, '{state}', 'host:42', NULL)"


def appointments():
    for number, status, sent, message in APPOINTMENTS:
        yield ("INSERT INTO appointment (id, client_id, request_uuid, request_index, status, channel, start_at, "
               "end_at, reminder_delay, reminder_channel, reminder_sent, email, variables, created_at, updated_at, "
               f"reminder_message_id) VALUES ({number}, 1, {uuid(number)}, 0, '{status}', 'email', "
               f"'2090-06-{number:02} 10:00', '2090-06-{number:02} 11:00', 24, 'email', {sent}, 'a@exemple.fr', '[]', "
               f"{MADE}, {MADE}, {message or 'NULL'})")
    for number, state, attempts, claim, status in EVENTS:
        yield ("INSERT INTO webhook_event (id, client_id, appointment_id, uuid, body, state, due_at, expires_at, "
               "attempts, claim_id, last_status, error_message, created_at, sent_at) VALUES "
               f"({number}, 1, {1 + number % 2}, {uuid(number)}, '{{\"event\":{number}}}', '{state}', "
               f"{DUE if state in WAITING else 'NULL'}, {LATER}, {attempts}, "
               f"{uuid(300 + number) if claim else 'NULL'}, {status or 'NULL'}, "
               f"{'NULL' if status in (None, 204) else repr('HTTP status')}, {MADE}, "
               f"{MADE if state == 'sent' else 'NULL'})")


def portfolio():
    yield ("INSERT INTO user_account (id, username, email, password_hash, first_name, last_name, portfolio_version, "
           f"created_at) VALUES (7, 'anne', 'anne@exemple.fr', '$5$none$none', 'Anne', 'Lefèvre', 41, {MADE})")
    yield (f"INSERT INTO immeuble (id, user_id, seq, name, ville, attributes) VALUES ({oid(1)}, 7, 3, 'Résidence', "
           "'Angers|49000', '{\"plus\": 1}')")
    yield f"INSERT INTO bien (id, user_id, immeuble_id, seq, nom) VALUES ({oid(2)}, 7, {oid(1)}, 3, 'T2')"
    yield ("INSERT INTO locataire (id, user_id, immeuble_id, bien_id, seq, nom, prenom, loyer, provision, entry_date, "
           f"loyer_last, provision_last) VALUES ({oid(3)}, 7, {oid(1)}, {oid(2)}, 3, 'Petit', 'Zoé', 510.50, 20, "
           "'2019-12-01', 510.50, 20)")
    for number in range(4, 8):
        yield ("INSERT INTO operation (id, user_id, immeuble_id, seq, locataire_id, type_id, montant, operation_date, "
               f"paid, auto, date_created, recur_day) VALUES ({oid(number)}, 7, {oid(1)}, {number}, {oid(3)}, "
               f"'recetteLoyer', {number}.07, '2020-0{number}-28', {number % 2}, {number == 7}, {MADE}, "
               f"{31 if number == 7 else 'NULL'})")
    yield f"INSERT INTO message_attachment VALUES (4, 0, 'quittance.pdf', 'application/pdf', x'255044460a')"
    yield (f"INSERT INTO tenant_mail VALUES ({oid(8)}, 7, {oid(3)}, 4, 'quittance', {MADE}, 'zoe@exemple.fr', 'Objet', "
           "'Texte', 530.50, 'Janvier')")


def clients():
    """One that is called, beside the one that a migration makes."""
    yield f"UPDATE api_client SET id = 2, disabled_at = {MADE}, created_at = {MADE}"
    yield f"INSERT INTO api_client VALUES (1, 'app', 'key', {uuid(1)}, 1000, 1000, NULL, {MADE})"


def others():
    yield f"INSERT INTO unsubscribe VALUES (1, 1, 'mail', 'Plus@exemple.fr', {MADE})"
    yield f"INSERT INTO idempotency_key VALUES ('c1', {uuid(1)}, {uuid(2)}, 200, '{{}}', {LATER})"
    yield f"INSERT INTO developer_key (name, key_hash, created_at) VALUES ('app', {uuid(1)}, {MADE})"
    yield f"INSERT INTO password_reset VALUES ({uuid(1)}, 7, {uuid(2)}, {uuid(3)}, {LATER})"


def statements(path):
    """Those of a migration after 0034, none of which has a body of its own."""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("--")]
    return [part.strip() for part in "".join(lines).split(";\n") if part.strip()]


class OldRows(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(start=False, settings={"webhook": {"allow_private": "yes"}})
        cls.addClassCleanup(cls.stack.close)
        cls.stack.db.start()
        cls.old = cls.stack.dir + "/sql"
        os.mkdir(cls.old)
        cls.new = []
        for path in sorted(glob.glob(TOP + "/sql/[0-9]*.sql")):
            if int(os.path.basename(path)[:4]) <= OLD:
                shutil.copy(path, cls.old)
            else:
                cls.new.append(path)

    def setUp(self):
        """The old schema, filled; nothing of the programs has run on it but bailleurctl migrate."""
        self.stack.db.sql("DROP DATABASE IF EXISTS bailleur", database=None)
        self.stack.ctl("migrate", BAILLEUR_SQL=self.old)
        self.run_sql(*clients(), *messages(), *appointments(), *portfolio(), *others())

    def tearDown(self):
        self.stack.check_reports()

    def run_sql(self, *parts):
        self.stack.sql("SET NAMES utf8mb4; SET sql_mode = 'TRADITIONAL';\n" + ";\n".join(parts))

    def tables(self):
        """{table: its columns}, but for what a migration notes of itself."""
        found = {}
        for table, column in self.stack.sql(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'bailleur' AND "
                "table_name <> 'schema_migration' ORDER BY table_name, ordinal_position"):
            found.setdefault(table, []).append(column)
        return found

    def rows(self, tables):
        """{table: rows as dictionaries}, of these columns; text and bytes alike as hexadecimal digits."""
        found = {}
        for table, columns in tables.items():
            got = self.stack.sql(f"SELECT {', '.join(f'HEX(CAST(`{column}` AS CHAR))' for column in columns)} "
                                 f"FROM `{table}`")
            found[table] = sorted((dict(zip(columns, row)) for row in got), key=str)
        return found

    def test_what_no_migration_changes(self):
        """Every row and column, but of webhook events, says afterwards what it said before."""
        tables = self.tables()
        before = self.rows(tables)
        self.assertEqual([table for table, rows in before.items() if not rows],
                         ["declaration", "emprunt", "webhook_endpoint"], "a table without a row shows nothing")
        self.stack.ctl("migrate")
        now = self.tables()
        self.assertEqual({table: [c for c in columns if c not in now[table]] for table, columns in tables.items()
                          if set(columns) - set(now[table])}, {"webhook_event": ["sent_at"]})
        for column in ("due_at", "claim_id", "last_status", "sent_at"):
            tables["webhook_event"].remove(column)
        for row in before["webhook_event"]:
            for column in ("due_at", "claim_id", "last_status", "sent_at"):
                del row[column]
        before["webhook_event"].sort(key=str)
        self.assertEqual(self.rows(tables), before)

    def test_webhook_events(self):
        """0040: what was told stays told, what waits is due as before, a claim keeps its lease."""
        self.stack.ctl("migrate")
        rows = self.stack.sql("SELECT id, state, told, due_at, lease_until, LOWER(HEX(claim_id)), last_status, "
                              "changed_at FROM webhook_event ORDER BY id")
        made, due = MADE.strip("'"), DUE.strip("'")
        self.assertEqual(rows, [
            [str(number), state, str(int(state not in WAITING)), due if state in WAITING else made,
             due if state == "claimed" else DEFAULT, f"{300 + number if claim else 0:032x}", str(status or 0), made]
            for number, state, _, claim, status in EVENTS])

    def test_webhook_events_are_told(self):
        """All that waited, each once and in the order of its appointment; nothing that was told."""
        self.stack.ctl("migrate")
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.stack.ctl("client", "webhook", "app", receiver.url)
        self.stack.sql("UPDATE delivery SET state = 'failed', due_at = NULL WHERE due_at IS NOT NULL")
        self.stack.send_all()
        self.assertEqual(sorted(body["event"] for body in receiver.bodies()), [2, 3, 4])
        told = [body["event"] for body in receiver.bodies() if body["event"] % 2 == 0]
        self.assertEqual(told, [2, 4])
        self.assertEqual(self.stack.db.value("SELECT COUNT(*) FROM webhook_event WHERE NOT told"), "0")

    def test_accounts(self):
        """0050 and 0061: an account keeps its version, which counts on; a new one begins at the time."""
        self.stack.ctl("migrate")
        versions = "SELECT portfolio_version, operations_version FROM user_account WHERE username = 'anne'"
        self.assertEqual(self.stack.sql(versions), [["41", "0"]])
        self.stack.sql("UPDATE user_account SET first_name = 'Anna'")
        self.assertEqual(self.stack.sql(versions), [["42", "0"]])
        self.stack.sql("UPDATE user_account SET operations_version = operations_version + 1")
        self.assertEqual(self.stack.sql(versions), [["42", "1"]])
        self.stack.sql("INSERT INTO user_account (username, password_hash) VALUES ('bob', '')")
        self.assertEqual(self.stack.sql("SELECT portfolio_version > 1500000000000000 FROM user_account "
                                        "WHERE username = 'bob'"), [["1"]])
        found = self.stack.ctl_json("portfolio", "export", "anne")
        self.assertEqual([immeuble["name"] for immeuble in found["immeubles"]], ["Résidence"])
        self.assertEqual([operation["operationMontant"] for operation in found["operations"]], [4.07, 5.07, 6.07, 7.07])

    def test_deliveries(self):
        """0051 and 0062: each has the place of its state; claims stay, and a new row has room for one."""
        self.stack.ctl("migrate")
        rows = self.stack.sql("SELECT state, place FROM delivery WHERE id <= 9 ORDER BY id")
        self.assertEqual(rows, [[state, "held" if state in ("claimed", "transmitting") else state]
                                for state in DELIVERIES])
        self.assertEqual(self.stack.sql("SELECT GROUP_CONCAT(id ORDER BY id) FROM delivery WHERE claim_id IS NULL"),
                         [["1,8"]])
        self.stack.sql("DELETE FROM delivery_event WHERE delivery_id = 1; DELETE FROM delivery WHERE id = 1;"
                       "INSERT INTO delivery (id, message_id, channel, uuid, recipient, state, due_at, expires_at) "
                       f"VALUES (1, 1, 'mail', {uuid(1)}, 'a@exemple.fr', 'queued', {DUE}, {LATER})")
        self.assertEqual(self.stack.db.value("SELECT HEX(claim_id) FROM delivery WHERE id = 1"), "0" * 32)

    def test_deliveries_are_sent(self):
        """What was due is, in every state that a sender may have left it in."""
        self.stack.ctl("migrate")
        self.stack.sql("DELETE FROM webhook_event")
        self.stack.send_all()
        rows = self.stack.sql("SELECT state FROM delivery WHERE id <= 9 ORDER BY id")
        self.assertEqual([state for state, in rows], ["sent", "sent", "unknown", *DELIVERIES[3:]])
        self.assertEqual(len(self.stack.mails()), 2)

    def test_reminders(self):
        """0060: those that were sent are known; of those cancelled or taken back, an operator sends none again."""
        self.stack.ctl("migrate")
        rows = self.stack.sql("SELECT message_id, withdrawn, start_at FROM reminder ORDER BY message_id")
        self.assertEqual([(message, withdrawn) for message, withdrawn, _ in rows], REMINDERS)
        self.assertEqual([start for *_, start in rows], [f"2090-06-{number:02} 10:00:00" for number in range(1, 5)])
        for message, withdrawn in REMINDERS:
            self.stack.sql(f"UPDATE delivery SET state = 'failed', sent_at = NULL WHERE message_id = {message}")
            self.stack.ctl("resend", message, check=False)
            self.assertEqual(self.stack.db.value(f"SELECT state FROM delivery WHERE message_id = {message}"),
                             "failed" if withdrawn == "1" else "queued", message)

    def test_cut_short_at_any_statement(self):
        """Begun again as often as there are statements, each time from the first: the end is the same."""
        self.assertGreater(sum(len(statements(path)) for path in self.new), len(self.new), "more than one in some")
        self.stack.ctl("migrate")
        straight = self.rows(self.tables())
        self.setUp()
        for path in self.new:
            parts = statements(path)
            for number in range(1, len(parts) + 1):
                self.run_sql(*parts[:number])
        self.stack.ctl("migrate")
        again = self.rows(self.tables())
        self.assertEqual(set(again), set(straight))
        for table, rows in straight.items():
            self.assertEqual(again[table], rows, table)


if __name__ == "__main__":
    unittest.main()
