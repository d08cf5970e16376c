"""
A landlord never sees or touches what is another's: whatever id he gives, wherever he gives it, another landlord's
answers byte for byte as one that does not exist, and changes nothing.
"""

import json
import re
import unittest

from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.stack import TOP, StackCase

KINDS = {"immeuble": 1, "bien": 2, "locataire": 3, "operation": 4}
OPERATION = {"operationName": "recetteLoyer", "operationMontant": "10", "operationDate": "17/08/2016"}
TENANT = {"nom": "Durand", "prenom": "Eve", "loyer": "600", "provision": "20", "indiceRevision": "0",
          "signatureDate": "12/08/2014", "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0",
          "depotGarantie": "1"}

# Every place where an id may stand, `{id}`, with the caller's own ids elsewhere; then the form. The last column: what
# the answer names when the id is of no use, `add` for the two that add a new row then, as documented.
CALLS = [
    ("immeuble/{id}", {}, "immeubleId"),
    ("bien/{id}", {}, "bienId"),
    ("locataires/{id}", {}, "immeubleIdOrbienId"),
    ("locataires/{id}/5", {}, "immeubleIdOrbienId"),
    ("locataire/{id}", {}, "locataireId"),
    ("operations/{id}", {}, "immeubleId"),
    ("operations/{id}/5", {}, "immeubleId"),
    ("ventilationLoyer/{id}", {}, "locataireId"),
    ("ventilationLoyer/{id}/400", {}, "locataireId"),
    ("saveOperation/{id}", {**OPERATION, "locataireId": "{locataire}"}, "immeubleId"),
    ("saveOperation/{id}/{operation}", {**OPERATION, "locataireId": "{locataire}"}, "immeubleId"),
    ("saveOperation/{immeuble}", {**OPERATION, "locataireId": "{id}"}, "Locataire"),
    ("saveOperation/{immeuble}/{operation}", {**OPERATION, "locataireId": "{id}"}, "Locataire"),
    ("saveOperation/{immeuble}/{id}", {**OPERATION, "locataireId": "{locataire}"}, "add"),
    ("saveOperation/{immeuble}/{id}", {**OPERATION, "operationName": "chargeTF"}, "add"),
    ("saveOperation/{id}/{id}", {**OPERATION, "locataireId": "{id}"}, "immeubleId"),
    ("saveLocataire/{id}", TENANT, "bienId"),
    ("saveLocataire/{id}/{locataire}", TENANT, "bienId"),
    ("saveLocataire/{bien}/{id}", TENANT, "add"),
    ("saveLocataire/{id}/{id}", TENANT, "bienId"),
    ("setLocataireGone/{id}", {}, "locataireId"),
    ("setLocataireGone/{id}", {"quitDate": "01/01/2020"}, "locataireId"),
    ("setLocataireGone/{id}", {"quitDate": "01/01/1950"}, "locataireId"),
    ("markOperationPaid/{id}", {}, "operationId"),
    ("markOperationUnPaid/{id}", {}, "operationId"),
    ("deleteOperation/{id}", {}, "operationId"),
    ("quittance/{id}", {"startDate": "01/09/2016", "endDate": "30/09/2016"}, "locataireId"),
    ("quittance/{id}/mail", {"startDate": "01/09/2016", "endDate": "30/09/2016"}, "locataireId"),
    ("compteLocataire/{id}", {}, "locataireId"),
    ("compteLocataire/{id}/data", {}, "locataireId"),
    ("compteLocataire/{id}/pdf/mail", {}, "locataireId"),
    ("emails/{id}", {}, "locataireId"),
]


def ids(number):
    return {kind: f"{first:02x}{number:022x}" for kind, first in KINDS.items()}


ANNA, BERT, NOBODY = ids(1), ids(2), ids(0xdead)


def portfolio(username, number, **user):
    made = small_portfolio(username, number)
    made["immeubles"][0]["declarations"] = [{"id": f"05{number:022x}", "year": 2015, "regime": "rr", "type": "foncier"}]
    made["immeubles"][0]["name"] = f"Immeuble de {username}"
    made["immeubles"][0]["biens"][0]["locataires"][0]["email"] = f"locataire-de-{username}@example.fr"
    made["user"].update(user)
    return made


class Isolation(StackCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = import_landlord(cls.stack, portfolio("anna", 1))
        cls.bert = import_landlord(cls.stack, portfolio("bert", 2), cls.anna.key)

    def export(self, landlord):
        return self.stack.ctl("portfolio", "export", landlord.username).stdout

    def version(self, landlord):
        return self.stack.db.value("SELECT portfolio_version + operations_version FROM user_account "
                                   f"WHERE username = '{landlord.username}'")

    def ask(self, landlord, own, path, form, oid):
        """What a client can tell of an answer: everything but the request's number and the clock."""
        fill = {**own, "id": oid}
        answer = landlord.call(path.format(**fill), **{name: value.format(**fill) for name, value in form.items()})
        headers = sorted((name, value) for name, value in answer.headers.items() if name not in ("X-Request-Id",
                                                                                                 "Date"))
        return answer.status, headers, answer.body

    @staticmethod
    def without_new_id(answer):
        """The two that add say which row is new."""
        status, headers, body = answer
        return status, headers, re.sub(rb'"(operationId|locataireId)":"[0-9a-f]{24}"', rb'"\1":"new"', body)

    def test_the_table_has_every_route(self):
        with open(TOP + "/src/routes.c") as file:
            routes = set(re.findall(r'"/api/gestion/2/(\w+)', file.read()))
        walked = {path.split("/")[0] for path, _, _ in CALLS}
        self.assertEqual(walked, routes - {"immeubles"})        # which takes no id

    def test_the_calls_are_good(self):
        """With his own ids each call works, or the tests below would show nothing."""
        cloe = import_landlord(self.stack, portfolio("cloe", 3), self.anna.key)
        own = ids(3)
        for path, form, name in CALLS:
            kind = {"immeubleId": "immeuble", "bienId": "bien", "immeubleIdOrbienId": "bien",
                    "locataireId": "locataire",
                    "operationId": "operation", "Locataire": "locataire",
                    "add": "operation" if path.startswith("saveOperation") else "locataire"}[name]
            if path.count("{id}") > 1 or (path, form) == ("ventilationLoyer/{id}", {}) or "1950" in str(form):
                continue
            status, _, body = self.ask(cloe, own, path, form, own[kind])
            code = 0 if body.startswith(b"%PDF-") else json.loads(body)["code"]
            self.assertEqual((status, code), (200, 0), (path, form, body))

    def test_every_id_of_another(self):
        before, version = self.export(self.bert), self.version(self.bert)
        for path, form, name in CALLS:
            for kind in KINDS:
                with self.subTest(path=path, form=form, kind=kind):
                    mine = self.export(self.anna)
                    foreign = self.ask(self.anna, ANNA, path, form, BERT[kind])
                    absent = self.ask(self.anna, ANNA, path, form, NOBODY[kind])
                    self.assertEqual(self.export(self.bert), before)
                    if name == "add":
                        self.assertEqual(self.without_new_id(foreign), self.without_new_id(absent))
                        self.assertNotIn(BERT[kind].encode(), foreign[2])
                        self.assertEqual(json.loads(foreign[2])["code"], 0)
                    else:
                        self.assertEqual(foreign, absent)
                        self.check_refusal(json.loads(foreign[2]), name)
                        self.assertEqual(self.export(self.anna), mine)
        self.assertEqual(self.version(self.bert), version)

    def check_refusal(self, answer, name):
        if name == "Locataire":
            self.assertEqual((answer["code"], answer["error"]), (-21, '"Locataire" est invalide.\n'))
        else:
            self.assertEqual(answer, {"result": False, "code": -10,
                                      "message": f"Missing or invalid {name} (in url path)"})

    def test_answers_kept_for_another(self):
        """Both ask the same paths in turn: what one has made the workers keep is never the other's answer."""
        paths = ["immeubles", *(f"{what}/{own[kind]}" for own in (ANNA, BERT)
                                for what, kind in (("immeuble", "immeuble"), ("bien", "bien"), ("locataires", "bien"),
                                                   ("locataires", "immeuble"), ("locataire", "locataire"),
                                                   ("operations", "immeuble")))]
        for _ in range(4):
            for path in paths:
                for landlord, own, other in ((self.anna, ANNA, BERT), (self.bert, BERT, ANNA)):
                    answer = landlord.call(path)
                    good = path == "immeubles" or any(oid in path for oid in own.values())
                    self.assertEqual(answer.json["code"], 0 if good else -10, (landlord.username, path))
                    for oid in other.values():
                        self.assertNotIn(oid, answer.text)

    def test_the_same_password(self):
        """A remembered pair opens the account it was given for, and no other, though the password is the same."""
        for _ in range(4):
            for landlord in (self.anna, self.bert):
                names = [i["name"] for i in landlord.get("immeubles")["immeubles"]]
                self.assertEqual(names, [f"Immeuble de {landlord.username}"])
        dora = import_landlord(self.stack, portfolio("dora", 4, password="another one"), self.anna.key)
        for _ in range(4):
            self.assertEqual(dora.get("immeubles")["count"], 1)
            self.assertEqual(self.anna.get("immeubles")["count"], 1)
        self.assertEqual(dora.get("immeubles", password=self.anna.password)["code"], -2)
        self.assertEqual(self.anna.get("immeubles", password=dora.password)["code"], -2)
        self.assertEqual(self.anna.get("immeubles", username="dora")["code"], -2)

    def test_a_copied_hash_opens_one_account_only(self):
        """The same hash and password for another user id is another pair."""
        self.stack.sql("INSERT INTO user_account (username, password_hash) "
                       "SELECT 'twin', password_hash FROM user_account WHERE username = 'anna'")
        for _ in range(3):
            self.assertEqual(self.anna.get("immeubles")["count"], 1)
            self.assertEqual(self.anna.get("immeubles", username="twin")["count"], 0)

    def test_idempotency_keys(self):
        """A key is its landlord's: neither the answer nor the existence of another's request shows."""
        key = {"Idempotency-Key": "la-meme"}
        mine = self.anna.call(f"saveOperation/{ANNA['immeuble']}", headers=key, **OPERATION,
                              locataireId=ANNA["locataire"])
        theirs = self.bert.call(f"saveOperation/{BERT['immeuble']}", headers=key, **OPERATION,
                                locataireId=BERT["locataire"])
        self.assertEqual((mine.json["code"], theirs.json["code"]), (0, 0))
        self.assertNotEqual(mine.json["operationId"], theirs.json["operationId"])
        self.assertIsNone(theirs.headers["Idempotent-Replayed"])
        for landlord, his, first in ((self.anna, ANNA, mine), (self.bert, BERT, theirs)):
            again = landlord.call(f"saveOperation/{his['immeuble']}", headers=key, **OPERATION,
                                  locataireId=his["locataire"])
            self.assertEqual((again.headers["Idempotent-Replayed"], again.body), ("true", first.body))

    def test_a_landlord_imported_again_under_his_old_number(self):
        """Answers kept of an account that is gone are not those of the one that has its number now."""
        eva = import_landlord(self.stack, portfolio("eva", 5, userid="777"), self.anna.key)
        for _ in range(6):      # every worker has kept it
            self.assertEqual([i["name"] for i in eva.get("immeubles")["immeubles"]], ["Immeuble de eva"])
        self.stack.sql("DELETE FROM operation WHERE user_id = 777; DELETE FROM locataire WHERE user_id = 777; "
                       "DELETE FROM bien WHERE user_id = 777; DELETE FROM declaration WHERE user_id = 777; "
                       "DELETE FROM emprunt WHERE user_id = 777; DELETE FROM immeuble WHERE user_id = 777; "
                       "DELETE FROM user_account WHERE id = 777")
        fred = import_landlord(self.stack, portfolio("fred", 6, userid="777"), self.anna.key)
        for _ in range(6):
            self.assertEqual([i["name"] for i in fred.get("immeubles")["immeubles"]], ["Immeuble de fred"])

    def remembered(self, name, number):
        """A landlord of his own password whom every worker has let in."""
        landlord = import_landlord(self.stack, portfolio(name, number, password=f"password of {name}"), self.anna.key)
        for _ in range(6):
            self.assertEqual(self.whose(landlord.get("immeubles")), [f"Immeuble de {name}"])
        return landlord

    @staticmethod
    def whose(answer):
        """The names of the immeubles of an answer, or its code."""
        return [i["name"] for i in answer["immeubles"]] if answer["code"] == 0 else answer["code"]

    def test_remembered_names_change_hands(self):
        """Two landlords exchange their names: from then on the name opens the account that has it now."""
        gina, hugo = self.remembered("gina", 7), self.remembered("hugo", 8)
        self.stack.sql("START TRANSACTION; UPDATE user_account SET username = 'x' WHERE username = 'gina'; "
                       "UPDATE user_account SET username = 'gina' WHERE username = 'hugo'; "
                       "UPDATE user_account SET username = 'hugo' WHERE username = 'x'; COMMIT")
        for _ in range(3):
            self.assertEqual(self.whose(gina.get("immeubles", username="hugo")), ["Immeuble de gina"])
            self.assertEqual(self.whose(hugo.get("immeubles", username="gina")), ["Immeuble de hugo"])
            self.assertEqual([self.whose(landlord.get("immeubles")) for landlord in (gina, hugo)], [-2, -2])

    def test_a_remembered_name_is_taken_by_another(self):
        """One is renamed, one goes, and others come by their names."""
        ines, jean = self.remembered("ines", 9), self.remembered("jean", 10)
        self.stack.sql("UPDATE user_account SET username = 'ines2' WHERE username = 'ines'; UPDATE user_account "
                       "SET disabled_at = UTC_TIMESTAMP(), username = 'jean2' WHERE username = 'jean'")
        for name, whose in (("ines", "jean2"), ("jean", "ines2")):
            self.stack.sql("INSERT INTO user_account (username, password_hash) "
                           f"SELECT '{name}', password_hash FROM user_account WHERE username = '{whose}'")
        for _ in range(6):
            self.assertEqual(self.whose(ines.get("immeubles", password=jean.password)), [])
            self.assertEqual(self.whose(jean.get("immeubles", password=ines.password)), [])
            self.assertEqual(self.whose(ines.get("immeubles", username="ines2")), ["Immeuble de ines"])
        for _ in range(3):
            self.assertEqual(self.whose(ines.get("immeubles")), -2)
            self.assertEqual(self.whose(jean.get("immeubles")), -2)
            self.assertEqual(self.whose(jean.get("immeubles", username="jean2")), -1)

    def test_spellings_of_a_remembered_name(self):
        """However it is spelt, a name is its own account's, and shut with it."""
        kate = self.remembered("Kate", 11)
        spellings = ("Kate", "kate", "KATE", "Kat\u00e9", "Kate ", "kate@example.fr")
        for name in spellings:
            for _ in range(2):
                self.assertEqual(self.whose(kate.get("immeubles", username=name)), ["Immeuble de Kate"], name)
        for name in (" Kate", "Kate\u00a0", "Kat", "Katee", "Kate%"):
            self.assertEqual(self.whose(kate.get("immeubles", username=name)), -1, name)
        self.stack.sql("UPDATE user_account SET disabled_at = UTC_TIMESTAMP() WHERE username = 'Kate'")
        for name in spellings:
            self.assertEqual(self.whose(kate.get("immeubles", username=name)), -1, name)


class OtherDatabase(StackCase):
    """Numbers and versions are those of one database: after a reload that leads to another they are another's."""

    options = {"workers": 3, "settings": {"api": {"express": 1}}}

    def landlord(self, name, number, key=None):
        document = small_portfolio(name, number)
        document["user"]["userid"] = "77"
        return import_landlord(self.stack, document, key)

    def test_the_same_number_in_another_database(self):
        names = {"bob": "Immeuble 1", "eve": "Immeuble 2"}
        self.stack.other_database("autre")
        eve = self.landlord("eve", 2)
        self.stack.use_database("bailleur")
        bob = self.landlord("bob", 1)
        for database, landlord, stranger in (("bailleur", bob, eve), ("autre", eve, bob), ("bailleur", bob, eve)):
            self.stack.use_database(database)
            self.stack.reload_api()
            for _ in range(3):
                immeubles = landlord.get("immeubles")["immeubles"]
                self.assertEqual([immeuble["name"] for immeuble in immeubles], [names[landlord.username]])
                self.assertEqual(stranger.call("immeubles").status, 403)        # his key is not of this database


if __name__ == "__main__":
    unittest.main()
