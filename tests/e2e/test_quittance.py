"""Quittance, account and mails to tenants: what the PDF says, what the API answers, what arrives."""

import email
import email.policy
import os
import re
import subprocess
import unittest

from tests.lib.gestion import import_landlord, tenant
from tests.lib.process import wait_until
from tests.lib.stack import StackCase

IMMEUBLE, BIEN = "0a" * 12, "0b" * 12
PAYS, PARTLY, NEVER, CAF, LATE, LONG, VIET, ARAB, NOBODY, RICH = (f"{n:024x}" for n in range(1, 11))
NAMES = {PAYS: ("Petit", "Claire"), PARTLY: ("Moreau", "Paul"), NEVER: ("Roux", "Luc"), CAF: ("Faure", "Zoé"),
         LATE: ("Blanc", "Inès"),
         LONG: ("de Montmorency-Laval-Luxembourg " * 3 + "d'Ailly", "Marie-Charlotte Éléonore"),
         VIET: ("Nguyễn", "Thị Phương Ánh"),
         ARAB: ("عبد الله", "محمد"), NOBODY: ("Noël", "Max"), RICH: ("Riche", "Ève")}
JANUARY = {"startDate": "01/01/2023", "endDate": "31/01/2023"}
SUCCESS = {"result": True, "code": 0}


def day(text):
    """A midnight in Paris in winter, dd/mm/yyyy."""
    import calendar
    d, m, y = map(int, text.split("/"))
    return {"sec": calendar.timegm((y, m, d, 0, 0, 0)) - 3600, "usec": 0}


def portfolio():
    number = iter(range(100, 10000))
    operations = []

    def paid(who, when, kind, amount):
        operations.append({"id": f"{next(number):024x}", "immeubleId": IMMEUBLE, "locataireId": who,
                           "operationType": {"id": kind},
                           "operationMontant": amount, "operationPaid": True, "operationAuto": False,
                           "operationDate": day(when),
                           "dateCreated": day(when)})

    for who in (PAYS, LONG, VIET, ARAB, NOBODY):
        paid(who, "05/01/2023", "recetteLoyer", 510)
        paid(who, "05/01/2023", "recetteLoyerProvision", 20)
    paid(PARTLY, "05/01/2023", "recetteLoyer", 448.75)
    paid(CAF, "05/01/2023", "recetteCaf", 165)
    paid(CAF, "06/01/2023", "recetteLoyer", 345)
    paid(CAF, "06/01/2023", "recetteLoyerProvision", 20)
    paid(LATE, "30/01/2023", "recetteLoyer", 378.39)
    locataires = []
    for oid, (nom, prenom) in NAMES.items():
        one = tenant(oid, nom, prenom, day("09/01/2023" if oid == LATE else "01/12/2022")["sec"],
                     loyer=9999999999.99 if oid == RICH else 510, dayLoyer=5,
                     email="" if oid == NOBODY else f"t{oid[-1]}@example.fr")
        one["provision"] = 0 if oid == LATE else 20
        locataires.append(one)
    return {"user": {"username": "anne", "password": "correct horse", "email": "anne@example.fr", "first_name": "Anne",
                     "last_name": "Lefèvre"},
            "immeubles": [{"id": IMMEUBLE, "name": "Résidence du Lac",
                           "address": "12 avenue de la République, bâtiment B, escalier 3",
                           "ville": "Angers|49000", "country": "FR",
                           "biens": [{"id": BIEN, "nom": "Studio", "locataires": locataires}]}],
            "operations": operations}


def read_pdf(data, *options):
    done = subprocess.run(["pdftotext", "-layout", *options, "-", "-"], input=data, capture_output=True, timeout=60,
                          check=True)
    return done.stdout.decode().replace("\u202f", " ").replace("\u00a0", " ")


def undated(data):
    """The text of a paper without the day it was made: a midnight may come between two of them."""
    text, n = re.subn(r"Fait à Angers, le \d+(er)? \w+ \d{4}", "Fait", read_pdf(data))
    assert n == 1, text
    return text


class QuittanceCase(StackCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anne = import_landlord(cls.stack, portfolio())

    def pdf(self, who, path="quittance", **parameters):
        answer = self.anne.call(f"{path}/{who}", **parameters)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/pdf"), answer)
        return answer.body


class Pdf(QuittanceCase):
    def check(self, data):
        """It is a sound PDF of one A4 page, in French, with every font embedded."""
        path = self.stack.dir + "/one.pdf"
        with open(path, "wb") as file:
            file.write(data)
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertRegex(info, r"Pages: +1\n")
        self.assertIn("(A4)", info)
        self.assertRegex(info, r"Author: +Anne Lefèvre")
        fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, timeout=60,
                               check=True).stdout.splitlines()[2:]
        self.assertTrue(fonts)
        for line in fonts:
            self.assertRegex(line, r" yes (yes|no) (yes|no) +\d+ +\d+$", "an embedded font")
        catalog = subprocess.run(["qpdf", "--json", path], capture_output=True, text=True, timeout=60,
                                 check=True).stdout
        self.assertRegex(catalog, r'"/Lang": "(u:)?fr-FR"')
        return info

    def assert_amount(self, text, label, amount):
        self.assertRegex(text, re.escape(label) + r" +" + re.escape(amount) + r"\n")

    def test_all_paid_is_a_quittance(self):
        data = self.pdf(PAYS, **JANUARY)
        info, text = self.check(data), read_pdf(data)
        self.assertRegex(info, r"Title: +Quittance de loyer")
        for part in ("Quittance de loyer", "du 1er janvier 2023 au 31 janvier 2023", "Anne Lefèvre", "Claire Petit",
                     "12 avenue de la République",
                     "49000 Angers", "530,00 €", "(cinq cent trente euros)", "en donne quittance",
                     "délivré gratuitement", "Fait à Angers, le "):
            self.assertIn(part, " ".join(text.split()), part)
        self.assert_amount(text, "Loyer hors charges", "510,00 €")
        self.assert_amount(text, "Provision pour charges", "20,00 €")
        self.assert_amount(text, "Reste à payer pour la période", "0,00 €")
        self.assertNotIn("CAF", text)
        self.assertNotIn("Solde", text)

    def test_a_part_is_a_receipt(self):
        text = read_pdf(self.pdf(PARTLY, **JANUARY))
        self.assertIn("Reçu de paiement partiel", text)
        self.assertNotIn("donne quittance", text)
        self.assertIn("quatre cent quarante-huit euros et soixante-quinze centimes", " ".join(text.split()))
        self.assert_amount(text, "Reste à payer pour la période", "81,25 €")

    def test_nothing_is_a_notice(self):
        text = read_pdf(self.pdf(NEVER, **JANUARY))
        self.assertIn("Avis d'échéance", text)
        self.assertNotIn("reçu de", text)
        self.assert_amount(text, "Payé par le locataire", "0,00 €")

    def test_a_part_of_a_month_is_acquitted_with_the_month(self):
        """Rent is owed by the month: what was paid would do for half of it, and is not all of it."""
        half = {"startDate": "01/01/2023", "endDate": "15/01/2023"}
        self.assertIn("Reçu de paiement partiel", read_pdf(self.pdf(PARTLY, **half)))
        self.assertIn("Quittance de loyer", read_pdf(self.pdf(PAYS, **half)))

    def test_the_file_is_called_what_it_is(self):
        for who, name in ((PAYS, "quittance"), (PARTLY, "recu"), (NEVER, "avis-echeance")):
            answer = self.anne.call(f"quittance/{who}", **JANUARY)
            self.assertIn(f'filename="{name}-2023-01-01-2023-01-31.pdf"', answer.headers["Content-Disposition"])

    def test_caf_is_shown_as_such(self):
        text = read_pdf(self.pdf(CAF, **JANUARY))
        self.assertIn("Quittance de loyer", text)
        self.assert_amount(text, "Aide au logement (CAF) versée au bailleur", "165,00 €")
        self.assert_amount(text, "Payé par le locataire", "365,00 €")

    def test_a_first_month_is_prorated(self):
        text = read_pdf(self.pdf(LATE, **JANUARY))
        self.assertIn("Quittance de loyer", text)
        self.assert_amount(text, "Loyer hors charges", "378,39 €")

    def test_balance(self):
        text = read_pdf(self.pdf(PAYS, ignoreSolde="off", **JANUARY))
        self.assert_amount(text, "Solde précédent, dû par le locataire", "530,00 €")
        self.assert_amount(text, "Solde à la fin de la période, dû par le locataire", "530,00 €")
        text = read_pdf(self.pdf(PAYS, ignoreSolde="off", startSolde="01/01/2023", **JANUARY))
        self.assert_amount(text, "Solde précédent", "0,00 €")
        text = read_pdf(self.pdf(PARTLY, ignoreSolde="off", startDate="01/02/2023", endDate="28/02/2023"))
        self.assert_amount(text, "Solde précédent, dû par le locataire", "611,25 €")
        self.assert_amount(text, "Solde à la fin de la période, dû par le locataire", "1 141,25 €")

    def test_balance_of_a_period_within_months(self):
        """
        The days of January before the period are in the balance, the others in the period: none twice, none never.
        """
        text = read_pdf(self.pdf(NEVER, ignoreSolde="off", startDate="15/01/2023", endDate="14/02/2023"))
        self.assert_amount(text, "Solde précédent, dû par le locataire", "769,35 €")
        self.assert_amount(text, "Total de la période", "555,65 €")
        self.assert_amount(text, "Solde à la fin de la période, dû par le locataire", "1 325,00 €")

    def test_credit(self):
        text = read_pdf(self.pdf(LATE, ignoreSolde="off", startSolde="10/01/2023", startDate="01/02/2023",
                                 endDate="28/02/2023"))
        self.assert_amount(text, "Solde précédent, en faveur du locataire", "378,39 €")
        self.assert_amount(text, "Solde à la fin de la période, dû par le locataire", "131,61 €")

    def test_names_of_every_script_and_length(self):
        for who in (LONG, VIET, ARAB):
            data = self.pdf(who, **JANUARY)
            self.check(data)
            text = read_pdf(data)
            for word in NAMES[who][0].split()[:1] if who != ARAB else ["محمد"]:
                self.assertIn(word, text)

    def test_a_second_page_for_many_lines(self):
        data = self.pdf(PAYS, ignoreSolde="off", startDate="01/01/2033", endDate="31/01/2033")
        path = self.stack.dir + "/long.pdf"
        with open(path, "wb") as file:
            file.write(data)
        info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertGreater(int(re.search(r"Pages: +(\d+)", info).group(1)), 1)
        self.assertIn("Solde à la fin de la période", read_pdf(data))

    def test_is_drawn_at_a_lower_priority(self):
        """By one thread of each worker that has made any; the worker itself keeps its own."""
        def priorities(pid):
            return sorted(os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in os.listdir(f"/proc/{pid}/task"))

        made = {undated(self.pdf(PAYS, **JANUARY)) for _ in range(5)}
        self.assertEqual(len(made), 1)
        usual = os.getpriority(os.PRIO_PROCESS, self.stack.api.pid)
        drawing = [found[1:] for found in map(priorities, self.stack.workers()) if len(found) > 1]
        self.assertTrue(drawing)
        self.assertEqual(drawing, [[min(usual + 10, 19)]] * len(drawing))
        self.assertEqual({priorities(pid)[0] for pid in self.stack.workers()}, {usual})

    def test_nothing_after_the_last_slash_is_nothing_more(self):
        """An app that puts the optional elements together with slashes asks for no mail."""
        for path, title in ((f"quittance/{PAYS}/", "Quittance de loyer"),
                            (f"compteLocataire/{PAYS}/", "Compte du locataire"),
                            (f"compteLocataire/{PAYS}/pdf/", "Compte du locataire")):
            answer = self.anne.call(path, **JANUARY)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/pdf"), path)
            self.assertIn(title, read_pdf(answer.body))
        self.assertEqual(self.anne.get(f"emails/{PAYS}")["emails"], [])


class Refusals(QuittanceCase):
    def test_ids(self):
        wrong = {"result": False, "code": -10, "message": "Missing or invalid locataireId (in url path)"}
        for path in ("quittance", "compteLocataire", "emails"):
            for oid in ("f" * 24, "1", ""):
                self.assertEqual(self.anne.get(f"{path}/{oid}"), wrong)
            self.assertEqual(self.anne.get(path), wrong)

    def test_no_email(self):
        answer = self.anne.get(f"quittance/{NOBODY}/mail", **JANUARY)
        self.assertEqual(answer, {"result": False, "code": -15,
                                  "message": "Message non envoyé. Vous devez renseigner une adresse email pour votre "
                                             "locataire."})

    def test_dates(self):
        for change, label in (({"startDate": "31/02/2023"}, "Date de début"), ({"endDate": "x"}, "Date de fin"),
                              ({"startSolde": "32/01/2023"}, "Date de début du solde"),
                              ({"startDate": "01/02/2023"}, "Date de fin"),
                              ({"startDate": "01/01/2020", "endDate": "31/01/2020"}, "Date de fin")):
            answer = self.anne.get(f"quittance/{PAYS}", **{**JANUARY, **change})
            self.assertEqual((answer["code"], answer["error"]), (-21, f'"{label}" est invalide.\n'), change)


class Mails(QuittanceCase):
    def test_a_quittance_by_mail(self):
        pdf = self.pdf(PAYS, **JANUARY)
        self.assertEqual(self.anne.get(f"quittance/{PAYS}/oui", **JANUARY),
                         {**SUCCESS, "message": "Un email avec la quittance a été envoyé à votre locataire."})
        self.stack.send_all()
        mail = email.message_from_bytes(self.stack.mails()[-1], policy=email.policy.default)
        self.assertEqual(mail["To"], "t1@example.fr")
        self.assertEqual(mail["Subject"], "Quittance de loyer du 01/01/2023 au 31/01/2023")
        self.assertEqual(mail["From"].addresses[0].display_name, "Anne Lefèvre")
        self.assertIsNone(mail["List-Unsubscribe"])
        (attachment,) = mail.iter_attachments()
        self.assertEqual((attachment.get_content_type(), attachment.get_filename()),
                         ("application/pdf", "quittance-2023-01-01-2023-01-31.pdf"))
        self.assertEqual(undated(attachment.get_content()), undated(pdf))
        text = mail.get_body(("plain",)).get_content()
        self.assertIn("Bonjour Claire Petit", text)
        self.assertIn("le document «\u00a0Quittance de loyer\u00a0» du 01/01/2023 au 31/01/2023", text)
        self.assertNotRegex(text, "« | [»:;!?]", "a space at which the line may break")
        (listed,) = self.anne.get("emails/" + PAYS)["emails"]
        self.assertEqual({name: listed[name] for name in listed if name not in ("id", "sentOn", "message", "user_id")},
                         {
            "to": "t1@example.fr", "objet": "Quittance de loyer du 01/01/2023 au 31/01/2023",
            "immeuble": {"id": IMMEUBLE, "name": "Résidence du Lac"},
            "bien": {"id": BIEN, "name": "Studio"}, "locataire": {"id": PAYS, "nom": "Petit", "prenom": "Claire"},
            "montant": 0,
            "type": "quittance", "description": "Quittance du 01/01/2023 au 31/01/2023. Montant final: 0€."})
        self.assertEqual(self.anne.get("emails/" + VIET), {"emails": [], **SUCCESS, "message": ""})

    def test_an_idempotency_key_sends_once(self):
        headers = {"Idempotency-Key": "q"}
        first = self.anne.call(f"quittance/{VIET}/1", headers=headers, ignoreSolde="off", **JANUARY)
        again = self.anne.call(f"quittance/{VIET}/1", headers=headers, ignoreSolde="off", **JANUARY)
        self.assertEqual(first.body, again.body)
        (listed,) = self.anne.get("emails/" + VIET)["emails"]
        self.assertEqual((listed["montant"], listed["description"]),
                         (-530, "Quittance du 01/01/2023 au 31/01/2023. Montant final: -530€."))

    def test_a_balance_beyond_any_single_amount(self):
        self.assertEqual(self.anne.get(f"compteLocataire/{RICH}/pdf/mail", endDate="31/01/2023")["code"], 0)
        (listed,) = self.anne.get("emails/" + RICH)["emails"]
        self.assertEqual((listed["montant"], listed["description"]),
                         (-20000000039.98, "Compte du 01/12/2022 au 31/01/2023. Montant final: -20000000039.98€."))


class Account(QuittanceCase):
    def test_data(self):
        answer = self.anne.get(f"compteLocataire/{PARTLY}/data", endDate="31/01/2023")
        self.assertEqual(set(answer), {"result", "locataire", "immeuble", "amount", "lines", "code"})
        self.assertEqual((answer["amount"], answer["locataire"]["id"], answer["immeuble"]["id"]),
                         (-611.25, PARTLY, IMMEUBLE))
        self.assertEqual(answer["lines"], [
            {"time": day("01/12/2022")["sec"], "montant": 530, "description": "Loyer + Provisions charges",
             "positive": False},
            {"time": day("05/01/2023")["sec"], "montant": 530, "description": "Loyer + Provisions charges",
             "positive": False},
            {"time": day("05/01/2023")["sec"], "montant": 448.75, "description": "Paiement du loyer",
             "positive": True}])

    def test_pdf(self):
        text = read_pdf(self.pdf(PARTLY, "compteLocataire", endDate="31/01/2023"))
        self.assertIn("Compte du locataire", text)
        self.assertRegex(text, r"Loyer \+ Provisions charges +\u2212 530,00 €\n")
        self.assertRegex(text, r"Paiement du loyer +\+ 448,75 €\n")
        self.assertNotRegex(text, r"-\s?\d+,\d\d €", "one kind of minus sign only")
        self.assertRegex(text, r"Solde, dû par le locataire +611,25 €")
        self.assertEqual(self.anne.get(f"compteLocataire/{PARTLY}/xml")["code"], -21)

    def test_mail(self):
        answer = self.anne.get(f"compteLocataire/{CAF}/pdf/mail", endDate="31/01/2023")
        self.assertEqual(answer, {**SUCCESS, "message": "Un email avec le compte a été envoyé à votre locataire."})
        self.assertEqual(self.anne.get("emails/" + CAF)["emails"][0]["type"], "compte")


class Stuck(QuittanceCase):
    """Fontconfig waits for a writer that never comes, on the thread that draws."""

    options = {"settings": {"api": {"request_deadline": "3s"}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fonts = cls.stack.dir + "/fonts.conf"
        os.mkfifo(fonts)
        cls.stack.restart_api(FONTCONFIG_FILE=fonts)

    def test_a_worker_that_draws_for_too_long_is_replaced(self):
        before = self.stack.workers()
        self.stack.web.timeout = 25             # the deadline is the one that was set, not that of 30 seconds
        answer = self.anne.call("quittance/" + PAYS)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (502, "application/json; charset=utf-8"))
        wait_until(lambda: len(set(self.stack.workers()) - set(before)) == 1, 20, "a new worker")
        self.assertEqual(self.anne.get("immeubles")["code"], 0)


if __name__ == "__main__":
    unittest.main()
