"""Gestion end to end: the API document's examples given back, every endpoint, its defaults, codes and messages."""

import copy
import json
import subprocess
import unittest

from tests.lib.gestion import documented_portfolio, example, import_landlord, small_portfolio
from tests.lib.process import wait_until
from tests.lib.stack import StackCase

PASTEUR = "56b7b15a48177ea7085932cd"
STUDIO = "56b7b15a48177ea7085932ce"
FARAL = "56b7b52348177ea2085932cc"
OURIELE = "576665fc48177efe118b4567"
ABSENT = "f" * 24

SUCCESS = {"result": True, "code": 0}
SETTINGS = {"gestion": {"maps_key": "MAPS_API_KEY"}}


def bad_id(name):
    return {"result": False, "code": -10, "message": f"Missing or invalid {name} (in url path)"}


class GestionCase(StackCase):
    options = {"settings": SETTINGS}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = import_landlord(cls.stack, documented_portfolio())


class Examples(GestionCase):
    """What the document shows is what the API answers: same keys, same types, same values."""

    def test_login(self):
        answer = self.stack.web.post("/api/login", {"username": "bob", "password": "bobpassword"},
                                     headers={"X-API-KEY": self.bob.key})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
        self.assertEqual(answer.json, {
            "auth": True, "userid": "2", "Code": "0", "Message": "Bienvenue!",
            "premium_end": "2046-06-30T23:06:06+02:00",
            "premium_offer": "PRO", "username": "bob", "last_name": "Dupont", "first_name": "Jacques"})

    def test_immeubles(self):
        expected = example("immeubles")
        for immeuble in expected["immeubles"]:
            immeuble["countOperationsUnpaid"] = 0       # derived; the unpaid operations are not in the document
        answer = self.bob.get("immeubles")
        for got, wanted in zip(answer["immeubles"], expected["immeubles"]):
            self.assertEqual(got, wanted)
        self.assertEqual(answer, expected)

    def test_immeuble(self):
        self.assertEqual(self.bob.get("immeuble/56a7766748177e22348b4567"), example("immeuble"))

    def test_bien(self):
        self.assertEqual(self.bob.get("bien/" + STUDIO), example("bien"))

    def test_locataires(self):
        self.assertEqual(self.bob.get("locataires/" + STUDIO), example("locataires"))

    def test_locataires_of_an_immeuble_have_no_bien(self):
        expected = example("locataires")
        del expected["bien"]
        self.assertEqual(self.bob.get("locataires/" + PASTEUR), expected)

    def test_locataire(self):
        self.assertEqual(self.bob.get("locataire/" + OURIELE), example("locataire"))

    def test_operations(self):
        self.assertEqual(self.bob.get("operations/" + PASTEUR), {**example("operations"), **SUCCESS})

    def test_integers_stay_integers(self):
        """6500, never 6500.0: the types are the example's to the byte."""
        text = self.bob.call("immeubles").text
        for part in ('"comagence":3703.7,', '"comagence":6500,', '"surface":55.6,', '"totalEmprunt":50095.67,',
                     '"prixnet":46296.3,'):
            self.assertIn(part, text)

    def test_export_is_a_fixed_point(self):
        first = json.loads(self.stack.ctl("portfolio", "export", "bob").stdout)
        self.stack.sql("SET FOREIGN_KEY_CHECKS = 0; DELETE FROM operation; DELETE FROM locataire; DELETE FROM bien; "
                       "DELETE FROM declaration; DELETE FROM emprunt; DELETE FROM immeuble; DELETE FROM user_account")
        path = self.stack.dir + "/export.json"
        with open(path, "w") as file:
            json.dump(first, file)
        self.stack.ctl("portfolio", "import", path)
        self.assertEqual(json.loads(self.stack.ctl("portfolio", "export", "bob").stdout), first)
        self.test_bien()        # and the API still gives the examples


class Reading(GestionCase):
    def test_limits(self):
        self.assertEqual(self.bob.get(f"locataires/{STUDIO}/1")["count"], 1)
        self.assertEqual(self.bob.get(f"locataires/{STUDIO}/1")["countAll"], 2)
        n = len(self.bob.get(f"operations/{PASTEUR}")["operations"])
        self.assertGreater(n, 2)
        for limit in (1, 2, n, n + 1, 100001, 2**31 - 1, 2**32 + 1, 2**63, 2**64 - 1):
            answer = self.bob.get(f"operations/{PASTEUR}/{limit}")
            self.assertEqual((answer["countAll"], answer["count"]), (n, min(limit, n)), limit)
            self.assertEqual(self.bob.get(f"locataires/{STUDIO}/{limit}")["count"], min(limit, 2), limit)
        for limit in ("0", "-1", "abc", "1.5", str(2**64), "99999999999999999999"):
            self.assertEqual(self.bob.get(f"operations/{PASTEUR}/{limit}")["code"], -21, limit)

    def test_ids_that_are_none(self):
        for path, name in (("immeuble", "immeubleId"), ("bien", "bienId"), ("locataire", "locataireId"),
                           ("locataires", "immeubleIdOrbienId"), ("operations", "immeubleId")):
            for oid in (ABSENT, "1", "x" * 24, "", "56b7b15a48177ea7085932c%00"):
                answer = self.bob.call(f"{path}/{oid}")
                if "%00" in oid:
                    self.assertIn(answer.status, (400, 404), path)
                else:
                    self.assertEqual((answer.status, answer.json), (200, bad_id(name)), (path, oid))
            self.assertEqual(self.bob.get(path), bad_id(name))

    def test_an_immeuble_without_operations(self):
        self.assertEqual(self.bob.get("operations/56a7766748177e22348b4567"),
                         {"countAll": 0, "count": 0, "operations": [], **SUCCESS})

    def test_get_reads_too(self):
        answer = self.stack.web.get("/api/gestion/2/immeuble/" + PASTEUR,
                                    {"username": "bob", "password": "bobpassword"},
                                    headers={"X-API-KEY": self.bob.key})
        self.assertEqual(answer.json["immeuble"]["id"], PASTEUR)


class Refusals(GestionCase):
    def test_api_key(self):
        for key in ("", "wrong", self.bob.key + "x"):
            for path in ("/api/login", "/api/gestion/2/immeubles"):
                answer = self.stack.web.post(path, {"username": "bob", "password": "bobpassword"},
                                             headers={"X-API-KEY": key} if key else {})
                self.assertEqual((answer.status, answer.json["result"], answer.json["code"]), (403, False, 403))

    def test_the_key_comes_before_what_cannot_be_read(self):
        for path in ("/api/login", "/api/pass", "/api/gestion/2/immeubles", "/api/gestion/2/saveOperation/x"):
            for body, kind, fault in ((b"{", "application/json", "body"), (b"[]", "application/json", "body"),
                                      (b"username=%ZZ", "application/x-www-form-urlencoded", "username")):
                for key, status in ((None, 403), ("wrong", 403), (self.bob.key, 400)):
                    headers = {"Content-Type": kind, **({"X-API-KEY": key} if key else {})}
                    answer = self.stack.web.request("POST", path, body=body, headers=headers)
                    self.assertEqual((answer.status, answer.json["code"]), (status, status), (path, body, key))
                self.assertEqual(answer.json["message"], "Paramètre invalide : " + fault)

    def test_a_disabled_key(self):
        made = self.stack.ctl_json("devkey", "add", "old app")
        headers = {"X-API-KEY": made["key"]}
        form = {"username": "bob", "password": "bobpassword"}
        self.assertEqual(self.stack.web.post("/api/gestion/2/immeubles", form, headers=headers).status, 200)
        self.stack.ctl("devkey", "disable", "old app")
        # A worker may know a key for a second.
        wait_until(lambda: self.stack.web.post("/api/gestion/2/immeubles", form, headers=headers).status == 403, 30,
                   "the refusal")
        self.assertEqual(self.stack.web.post("/api/login", form, headers=headers).status, 403)

    def test_unknown_paths_and_versions(self):
        for path in ("/api/gestion/1/immeubles", "/api/gestion/3/immeubles", "/api/gestion/2/nothing", "/api/nothing",
                     "/api/gestion/2"):
            answer = self.stack.web.post(path, {"username": "bob", "password": "bobpassword"},
                                         headers={"X-API-KEY": self.bob.key})
            self.assertEqual((answer.status, answer.json["result"], answer.json["code"]), (404, False, 404), path)

    def test_logins_that_fail(self):
        for username, password, code in (("nobody", "x", -1), ("bob", "wrong", -2), ("nobody@example.fr", "x", -1),
                                         (None, "x", -1), ("bob", None, -2)):
            answer = self.bob.get("immeubles", username=username, password=password)
            self.assertEqual((answer["result"], answer["code"]), (False, code))
            self.assertEqual(set(answer), {"result", "code", "message"})
            login = self.stack.web.post("/api/login",
                                        {k: v for k, v in (("username", username), ("password", password)) if v},
                                        headers={"X-API-KEY": self.bob.key}).json
            self.assertEqual((login["auth"], login["Code"]), (False, str(code)))

    def test_email_logs_in(self):
        self.assertEqual(self.bob.get("immeubles", username="bob@example.fr")["count"], 6)

    def test_a_changed_password_is_void_at_once(self):
        portfolio = {"user": {"username": "carol", "password": "first"}, "immeubles": [], "operations": []}
        carol = import_landlord(self.stack, portfolio, self.bob.key)
        for _ in range(6):      # every worker has seen the pair
            self.assertEqual(carol.get("immeubles")["count"], 0)
        before = self.stack.sql("SELECT password_hash FROM user_account WHERE username = 'carol'")
        self.stack.sql("UPDATE user_account SET password_hash = (SELECT password_hash FROM "
                       "(SELECT * FROM user_account) u WHERE username = 'bob') WHERE username = 'carol'")
        self.assertNotIn("first", str(before))
        for _ in range(6):
            self.assertEqual(carol.get("immeubles")["code"], -2)
        self.assertEqual(carol.get("immeubles", password="bobpassword")["count"], 0)

    def test_free_access(self):
        free = import_landlord(self.stack,
                               {"user": {"username": "free", "password": "p"}, "immeubles": [], "operations": []},
                               self.bob.key)
        answer = self.stack.web.post("/api/login", {"username": "free", "password": "p"},
                                     headers={"X-API-KEY": self.bob.key}).json
        self.assertEqual((answer["auth"], answer["Code"], answer["username"], answer["first_name"]),
                         (False, "-3", "free", ""))
        self.assertEqual(free.get("immeubles")["count"], 0)

    def test_imported_hashes_verify_and_are_upgraded(self):
        def made_by(*command):
            done = subprocess.run([*command, "pass phrase"], capture_output=True, text=True, check=True)
            return done.stdout.strip().removeprefix("x:")

        hashes = {"bcrypt": made_by("htpasswd", "-nbBC", "5", "x"), "sha512": made_by("openssl", "passwd", "-6")}
        password = "pass phrase"
        for name, stored in hashes.items():
            user = {"username": name, "password_hash": stored}
            landlord = import_landlord(self.stack, {"user": user, "immeubles": [], "operations": []}, self.bob.key)
            self.assertEqual(landlord.get("immeubles", password="wrong")["code"], -2, name)
            self.assertEqual(landlord.get("immeubles", password=password)["code"], 0, name)
            self.assertIn("$argon2id$",
                          str(self.stack.sql(f"SELECT password_hash FROM user_account WHERE username = '{name}'")),
                          name)
            self.assertEqual(landlord.get("immeubles", password=password)["code"], 0, name)


class Writing(GestionCase):
    def operation(self, **more):
        return {"operationName": "recetteLoyer", "operationMontant": "126.16", "locataireId": FARAL,
                "operationDate": "17/08/2016",
                "operationPaid": "on", "operationAuto": "off", **more}

    def operations(self, immeuble=PASTEUR):
        return {o["id"]: o for o in self.bob.get("operations/" + immeuble)["operations"]}

    def added(self, **more):
        """The operations that one saveOperation added, by date."""
        before = set(self.operations())
        answer = self.bob.get("saveOperation/" + PASTEUR, **self.operation(**more))
        self.assertEqual((answer["result"], answer["code"], answer["message"]), (True, 0, "Operation added"), answer)
        new = {oid: o for oid, o in self.operations().items() if oid not in before}
        self.assertIn(answer["operationId"], new)
        return sorted(new.values(), key=lambda o: (o["operationDate"]["sec"], o["operationType"]["id"]))

    def test_save_an_operation(self):
        (one,) = self.added(operationDesc="Août")
        self.assertEqual({name: one[name] for name in ("operationMontant", "operationPaid", "operationAuto",
                                                       "operationDesc", "locataireId", "robot", "user_id")},
                         {"operationMontant": 126.16, "operationPaid": True, "operationAuto": False,
                          "operationDesc": "Août", "locataireId": FARAL, "robot": False, "user_id": "2"})
        self.assertEqual(one["operationDate"], {"sec": 1471384800, "usec": 0})
        self.assertNotIn("dateLastModified", one)

    def test_provision_comes_with_the_rent(self):
        loyer, provision = self.added(operationMontantPC="25")
        self.assertEqual(provision["operationType"]["id"], "recetteLoyerProvision")
        self.assertEqual(provision["operationMontant"], 25)
        self.assertEqual(provision["operationDesc"], "Créé avec loyer 126.16€ (total: 151.16€).")
        self.assertEqual(provision["operationDate"], loyer["operationDate"])

    def test_provision_only_with_a_rent(self):
        self.assertEqual(len(self.added(operationName="recetteCaf", operationMontantPC="25")), 1)

    def test_repetition(self):
        made = self.added(operationDate="31/01/2023", operationRepeatDate="30/04/2023", operationAuto="on")
        self.assertEqual([o["operationDate"]["sec"] for o in made],
                         [1675119600, 1677538800, 1680213600, 1682805600])   # 31/01, 28/02, 31/03, 30/04
        self.assertEqual([o["operationAuto"] for o in made], [False, False, False, True])

    def test_repetition_too_early(self):
        answer = self.bob.get("saveOperation/" + PASTEUR,
                              **self.operation(operationDate="31/01/2023", operationRepeatDate="27/02/2023"))
        self.assertEqual((answer["code"], answer["error"]), (-21, '"Date de répétition" est invalide.\n'))

    def test_update(self):
        (one,) = self.added()
        answer = self.bob.get(f"saveOperation/{PASTEUR}/{one['id']}",
                              **self.operation(operationMontant="99,5", operationPaid="off"))
        self.assertEqual(answer, {"message": "Operation updated", "result": True, "operationId": one["id"], "code": 0})
        now = self.operations()[one["id"]]
        self.assertEqual((now["operationMontant"], now["operationPaid"], now["dateCreated"]),
                         (99.5, False, one["dateCreated"]))
        self.assertIn("dateLastModified", now)

    def test_unknown_operation_id_adds(self):
        answer = self.bob.get(f"saveOperation/{PASTEUR}/{ABSENT}", **self.operation())
        self.assertEqual(answer["message"], "Operation added")
        self.assertNotEqual(answer["operationId"], ABSENT)

    def test_teom(self):
        (one,) = self.added(operationName="chargeTF", locataireId=None, operationMontantTEOM="120.5")
        self.assertEqual(one["operationMontantTEOM"], 120.5)
        self.assertNotIn("locataireId", one)

    def test_regularisation_dates(self):
        (one,) = self.added(operationName="recetteReguLocataire", dateDebut="01/01/2015", dateFin="31/12/2015")
        self.assertEqual((one["dateDebut"]["sec"], one["dateFin"]["sec"]), (1420066800, 1451516400))

    def test_fields_that_are_refused(self):
        cases = [({"operationName": "nothing"}, "Type d'opération", "invalide"),
                 ({"operationName": ""}, "Type d'opération", "obligatoire"),
                 ({"operationMontant": "0"}, "Montant", "invalide"),
                 ({"operationMontant": "-5"}, "Montant", "invalide"),
                 ({"operationMontant": "1.005"}, "Montant", "invalide"),
                 ({"operationMontant": None}, "Montant", "obligatoire"),
                 ({"locataireId": None}, "Locataire", "obligatoire"),
                 ({"locataireId": ABSENT}, "Locataire", "invalide"),
                 ({"operationDate": "31/02/2016"}, "Date", "invalide"), ({"operationDate": ""}, "Date", "obligatoire"),
                 ({"empruntId": "7"}, "Emprunt", "invalide"),
                 ({"operationMontantPC": "1.234"}, "Provision pour charges", "invalide"),
                 ({"operationDesc": "x" * 5001}, "Description", "invalide")]
        before = self.operations()
        for change, label, verdict in cases:
            answer = self.bob.get("saveOperation/" + PASTEUR, **self.operation(**change))
            self.assertEqual(answer,
                             {"result": False, "code": -21,
                              "message": "Some fields are incorrect or missing (see error for more details).",
                                      "error": f'"{label}" est {verdict}.\n'}, change)
        self.assertEqual(self.operations(), before)

    def test_mark_and_delete(self):
        (one,) = self.added(operationPaid="off")
        unpaid = self.unpaid()
        self.assertEqual(self.bob.get("markOperationPaid/" + one["id"]), SUCCESS)
        self.assertTrue(self.operations()[one["id"]]["operationPaid"])
        self.assertEqual(self.unpaid(), unpaid - 1)
        self.assertEqual(self.bob.get("markOperationPaid/" + one["id"]), SUCCESS)
        self.assertEqual(self.bob.get("markOperationUnPaid/" + one["id"]), SUCCESS)
        self.assertFalse(self.operations()[one["id"]]["operationPaid"])
        self.assertEqual(self.bob.get("deleteOperation/" + one["id"]), SUCCESS)
        self.assertNotIn(one["id"], self.operations())
        for what in ("deleteOperation", "markOperationPaid", "markOperationUnPaid"):
            self.assertEqual(self.bob.get(f"{what}/{one['id']}"), bad_id("operationId"))
            self.assertEqual(self.bob.get(what), bad_id("operationId"))

    def unpaid(self):
        return next(i["countOperationsUnpaid"] for i in self.bob.get("immeubles")["immeubles"] if i["id"] == PASTEUR)

    def test_ventilation(self):
        self.assertEqual(self.bob.get(f"ventilationLoyer/{FARAL}/400"),
                         {"currentLoyer": 300, "currentProvision": 15, "restantAPayer": 150, "caf": 165,
                          "montantTotal": 400,
                          "loyerHC": 385, "provision": 15, **SUCCESS})
        self.assertEqual(self.bob.get(f"ventilationLoyer/{FARAL}/10,5")["provision"], 10.5)
        self.assertEqual(self.bob.get(f"ventilationLoyer/{ABSENT}/400"), bad_id("locataireId"))
        for amount in ("", "/abc", "/-1", "/1.005", "/1e3"):
            self.assertEqual(self.bob.get(f"ventilationLoyer/{FARAL}{amount}")["code"], -21, amount)

    def tenant(self, **more):
        return {"nom": "Dupont", "prenom": "jean", "loyer": "666", "provision": "20", "indiceRevision": "0",
                "signatureDate": "12/08/2014",
                "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0", "depotGarantie": "1", **more}

    def test_save_a_tenant(self):
        answer = self.bob.get("saveLocataire/" + STUDIO, **self.tenant())
        self.assertEqual(set(answer), {"result", "locataireId", "code"})
        got = self.bob.get("locataire/" + answer["locataireId"])["locataire"]
        self.assertEqual({name: got[name] for name in got if name not in ("id", "dateCreated")}, {
            "nom": "Dupont", "prenom": "jean", "loyer": 666, "provision": 20, "indiceRevision": 0, "bienId": STUDIO,
            "signatureDate": {"sec": 1407794400, "usec": 0}, "entryDate": {"sec": 1407794400, "usec": 0},
            "quitDate": None, "dayLoyer": 3,
            "depotGarantie": 1, "typeLocation": 0, "bornDate": None, "user_id": "2", "immeubleId": PASTEUR,
            "robot": False,
            "loyerLast": 666, "provisionLast": 20})

    def test_what_was_imported_can_be_saved(self):
        """At its longest, and on a loan that is not there: an app sends back what it was given."""
        texts = {**{name: "é" * 255 for name in ("nom", "prenom", "address1", "address2", "ville", "bornLocation")},
                 "precision": "é" * 5000, "email": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.fr",
                 "phone": "+33602030405", "codepostal": "é" * 20, "country": "é" * 80, "nationality": "é" * 100}
        portfolio = small_portfolio("longest", 5)
        immeuble, operation = portfolio["immeubles"][0], portfolio["operations"][0]
        tenant = immeuble["biens"][0]["locataires"][0]
        tenant.update(texts)
        operation.update(operationDesc="🏠" * 5000, empruntId=7)
        one = import_landlord(self.stack, portfolio, self.bob.key)
        self.assertEqual(one.get(f"saveLocataire/{immeuble['biens'][0]['id']}/{tenant['id']}",
                                 **self.tenant(**texts))["code"], 0)
        got = one.get("locataire/" + tenant["id"])["locataire"]
        self.assertEqual({name: got[name] for name in texts}, texts)
        form = self.operation(operationDesc=operation["operationDesc"], empruntId="7", locataireId=tenant["id"])
        path = f"saveOperation/{immeuble['id']}/"
        self.assertEqual(one.get(path + operation["id"], **form)["code"], 0)
        (got,) = one.get("operations/" + immeuble["id"])["operations"]
        self.assertEqual((got["operationDesc"], got["empruntId"]), (operation["operationDesc"], 7))
        for other, change in ((operation["id"], {"empruntId": "8"}), ("", {})):
            self.assertEqual(one.get(path + other, **{**form, **change})["error"], '"Emprunt" est invalide.\n')

    def test_a_tenant_moves(self):
        oid = self.bob.get("saveLocataire/" + STUDIO, **self.tenant(email="a@b.fr", address1="1 rue X"))["locataireId"]
        self.assertEqual(self.bob.get(f"saveLocataire/56b7b1e548177eab085932c6/{oid}",
                                      **self.tenant(loyer="700", address1=""))["locataireId"], oid)
        got = self.bob.get("locataire/" + oid)["locataire"]
        self.assertEqual((got["bienId"], got["loyer"], got["loyerLast"], got["email"], got["address1"]),
                         ("56b7b1e548177eab085932c6", 700, 700, "a@b.fr", ""))

    def test_unknown_tenant_id_adds(self):
        self.assertNotEqual(self.bob.get(f"saveLocataire/{STUDIO}/{ABSENT}", **self.tenant())["locataireId"], ABSENT)
        self.assertEqual(self.bob.get(f"saveLocataire/{ABSENT}", **self.tenant()), bad_id("bienId"))

    def test_the_documented_error_of_a_tenant(self):
        self.assertEqual(self.bob.get("saveLocataire/" + STUDIO, **self.tenant(entryDate=None)), {
            "result": False, "code": -21,
            "message": "Some fields are incorrect or missing (see error for more details).",
            "error": "\"Date d'entreé\" est obligatoire.\n"})

    def test_every_mandatory_field_is_named(self):
        answer = self.bob.get("saveLocataire/" + STUDIO)
        self.assertEqual(answer["code"], -21)
        self.assertEqual(answer["error"].count("est obligatoire.\n"), 10)

    def test_departure(self):
        oid = self.bob.get("saveLocataire/" + STUDIO, **self.tenant())["locataireId"]
        refused = {"result": False, "code": -23,
                   "message": "La date de départ doit être postérieure à la date d'entrée"}
        self.assertEqual(self.bob.get("setLocataireGone/" + oid, quitDate="12/08/2014"), refused)
        self.assertEqual(self.bob.get("setLocataireGone/" + oid, quitDate="32/08/2014"),
                         {"result": False, "code": -21, "message": "La date de départ du locataire est invalide."})
        self.assertEqual(self.bob.get("setLocataireGone/" + oid, quitDate="13/08/2014"),
                         {"result": True, "locataireId": oid, "code": 0})
        self.assertEqual(self.bob.get("locataire/" + oid)["locataire"]["quitDate"], {"sec": 1407880800, "usec": 0})
        self.assertNotIn(oid, [l["id"] for l in self.bob.get("bien/" + STUDIO)["bien"]["locataires"]])
        self.assertEqual(self.bob.get(f"saveLocataire/{STUDIO}/{oid}", **self.tenant(quitDate="01/01/2014")), refused)
        self.assertEqual(self.bob.get("setLocataireGone/" + oid)["code"], 0)    # today
        self.assertEqual(self.bob.get("setLocataireGone/" + ABSENT), bad_id("locataireId"))

    def test_a_tenant_to_come_is_no_present_one(self):
        oid = self.bob.get("saveLocataire/" + STUDIO, **self.tenant(entryDate="01/01/2160"))["locataireId"]
        self.assertNotIn(oid, [l["id"] for l in self.bob.get("bien/" + STUDIO)["bien"]["locataires"]])
        self.assertNotIn(oid, self.bob.call("immeubles").text)
        self.assertIn(oid, [l["id"] for l in self.bob.get("locataires/" + STUDIO + "/100")["locataires"]])

    def test_idempotency(self):
        headers = {"Idempotency-Key": "op-1"}
        before = len(self.operations())
        first = self.bob.call("saveOperation/" + PASTEUR, headers=headers, **self.operation())
        again = self.bob.call("saveOperation/" + PASTEUR, headers=headers, **self.operation())
        self.assertEqual(first.body, again.body)
        self.assertEqual(len(self.operations()), before + 1)
        other = self.bob.call("saveOperation/" + PASTEUR, headers=headers, **self.operation(operationMontant="1"))
        self.assertEqual((other.status, other.json["code"]), (422, 422))


if __name__ == "__main__":
    unittest.main()
