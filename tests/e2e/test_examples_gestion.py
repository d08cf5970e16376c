"""
The curl examples of Gestion's document, run with the real curl, unchanged but for the host and the ids.

examples/gestion/ holds them as the document prints them. Most are broken over lines without the `\\` that a shell
needs: they are joined as a reader would. What stands in angle brackets there is what the reader puts in. The two that
name an id name the same one as a tenant's and as a bien's, and boss has both.
"""

import hashlib
import json
import os
import re
import subprocess
import unittest

from tests.lib.gestion import documented_portfolio, example, import_landlord, small_portfolio
from tests.lib.stack import StackCase

EXAMPLES = os.path.join(os.path.dirname(__file__), "examples", "gestion")
HOST = "https://www.rendementlocatif.com"
PASTEUR = "56b7b15a48177ea7085932cd"
STUDIO = "56b7b15a48177ea7085932ce"
FARAL = "56b7b52348177ea2085932cc"
OURIELE = "576665fc48177efe118b4567"
LOYER = "57d58ad048177e4f1b8b4567"
BOTH = "580a81d348177eb0128b4568"
SUCCESS = {"result": True, "code": 0}
# What an example of saveOperation and saveLocataire leaves out, as the document lists it beneath.
OPERATION = {"operationName": "recetteLoyer", "operationMontant": "9999", "locataireId": FARAL,
             "operationDate": "17/08/2016", "operationPaid": "on", "operationAuto": "off"}
TENANT = {"nom": "Dupont", "prenom": "Jean", "loyer": "666", "provision": "20", "indiceRevision": "0",
          "signatureDate": "12/08/2014", "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0",
          "depotGarantie": "1"}


def joined(text):
    """One command of the lines of an example."""
    return re.sub(r"[ \t]*\\?\n[ \t]*", " ", text.strip())


def with_fields(fields):
    """The example with more parameters in its body."""
    more = "".join(f"&{name}={value}" for name, value in fields.items())
    return lambda text: text.replace('password=password"', f'password=password{more}"')


class GestionExamplesTest(StackCase):
    options = {"settings": {"gestion": {"maps_key": "MAPS_API_KEY"}}}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The document's key and its two users.
        cls.stack.sql("INSERT INTO developer_key (name, key_hash) VALUES ('document', "
                      f"x'{hashlib.blake2b(b'secretkey', digest_size=32).hexdigest()}')")
        user = documented_portfolio()
        user["user"].update(username="username", password="password")
        cls.username = import_landlord(cls.stack, user, "secretkey")
        boss = small_portfolio("boss", 7)
        boss["user"]["password"] = "6407"
        bien = boss["immeubles"][0]["biens"][0]
        bien["id"] = bien["locataires"][0]["id"] = boss["operations"][0]["locataireId"] = BOTH
        bien["locataires"][0]["entryDate"]["sec"] = 1325372400
        cls.boss = import_landlord(cls.stack, boss, "secretkey")

    def example(self, name, change=lambda text: text, **ids):
        """Runs an example and returns the one JSON value it prints."""
        with open(f"{EXAMPLES}/{name}.sh") as file:
            command = joined(file.read())
        self.assertIn(HOST, command)
        for what, value in ids.items():
            self.assertIn(f"<{what}>", command)
            command = command.replace(f"<{what}>", value)
        self.assertNotIn("<", command)
        done = subprocess.run(["sh", "-c", change(command).replace(HOST, self.stack.web.url)], capture_output=True,
                              text=True, env=dict(os.environ, no_proxy="127.0.0.1"), timeout=60)
        try:
            return json.loads(done.stdout)
        except ValueError:
            self.fail(f"{name} printed no JSON: {done.stdout!r}\n{done.stderr}")

    def operations(self):
        return {o["id"]: o for o in self.username.get("operations/" + PASTEUR)["operations"]}

    def test_key(self):
        """The key alone is no login, and no error of the key's either."""
        answer = self.example("key")
        self.assertEqual((answer["auth"], answer["Code"]), (False, "-1"))
        refused = self.example("key", lambda text: text.replace("secretkey", "otherkey"))
        self.assertEqual((refused["result"], refused["code"]), (False, 403))

    def test_login(self):
        self.assertEqual(self.example("login"), {
            "auth": True, "userid": "2", "Code": "0", "Message": "Bienvenue!",
            "premium_end": "2046-06-30T23:06:06+02:00", "premium_offer": "PRO", "username": "username",
            "last_name": "Dupont", "first_name": "Jacques"})

    def test_reading(self):
        immeubles = example("immeubles")
        for immeuble in immeubles["immeubles"]:
            immeuble["countOperationsUnpaid"] = 0       # the example's unpaid operations are not in the document
        answer = self.example("immeubles")
        for immeuble in answer["immeubles"]:
            immeuble["countOperationsUnpaid"] = 0       # other examples change it
        self.assertEqual(answer, immeubles)
        self.assertEqual(self.example("immeuble", immeubleId="56a7766748177e22348b4567"), example("immeuble"))
        self.assertEqual(self.example("locataire", locataireId=OURIELE), example("locataire"))

    def test_a_bien_and_its_tenants(self):
        """Those who live there now; another example of this class may have let one move out or in."""
        answer, expected = self.example("bien", bienId=STUDIO), example("bien")
        self.assertEqual(answer["immeuble"], expected["immeuble"])
        self.assertEqual({**answer["bien"], "locataires": []}, {**expected["bien"], "locataires": []})
        self.assertIn(expected["bien"]["locataires"][0], answer["bien"]["locataires"])
        answer = self.example("locataires", immeubleIdOrbienId=STUDIO, limit="1")
        self.assertEqual((answer["count"], len(answer["locataires"])), (1, 1))
        self.assertGreaterEqual(answer["countAll"], 2)
        self.assertEqual(answer["locataires"][0], example("locataires")["locataires"][0])

    def test_operations(self):
        answer = self.example("operations", immeubleId=PASTEUR, limit="2")
        self.assertEqual({**answer, "countAll": 3},
                         {"countAll": 3, "count": 2, "operations": example("operations")["operations"][:2], **SUCCESS})

    def test_save_operation(self):
        """
        As printed it has no fields: every mandatory one is named. With those listed beneath it adds, then updates.
        """
        answer = self.example("saveOperation", immeubleId=PASTEUR, operationId="")
        self.assertEqual((answer["code"], answer["error"].count("est obligatoire.\n")), (-21, 3))
        before = self.operations()
        added = self.example("saveOperation", with_fields(OPERATION), immeubleId=PASTEUR, operationId="")
        oid = added["operationId"]
        self.assertEqual(added, {"message": "Operation added", "result": True, "operationId": oid, "code": 0})
        self.assertEqual(set(self.operations()) - set(before), {oid})
        self.assertEqual((self.operations()[oid]["operationMontant"], self.operations()[oid]["operationPaid"]),
                         (9999, True))
        updated = self.example("saveOperation", with_fields({**OPERATION, "operationMontant": "99"}),
                               immeubleId=PASTEUR,
                               operationId=oid)
        self.assertEqual(updated, {**added, "message": "Operation updated"})
        self.assertEqual(self.operations()[oid]["operationMontant"], 99)
        self.assertEqual(self.example("deleteOperation", operationId=oid), SUCCESS)
        self.assertEqual(self.operations(), before)

    def test_mark_operation(self):
        self.assertEqual(self.example("markOperationUnPaid", operationId=LOYER), SUCCESS)
        self.assertFalse(self.operations()[LOYER]["operationPaid"])
        self.assertEqual(self.example("markOperationPaid", operationId=LOYER), SUCCESS)
        self.assertTrue(self.operations()[LOYER]["operationPaid"])
        # as the document has it
        self.stack.sql(f"UPDATE operation SET date_last_modified = NULL WHERE id = x'{LOYER}'")
        self.stack.sql("UPDATE user_account SET portfolio_version = portfolio_version + 1")

    def test_split(self):
        self.assertEqual(self.example("ventilationLoyer", locataireId=FARAL, montantTotal="400"),
                         {"currentLoyer": 300, "currentProvision": 15, "restantAPayer": 150, "caf": 165,
                          "montantTotal": 400, "loyerHC": 385, "provision": 15, **SUCCESS})

    def test_tenant_comes_and_goes(self):
        answer = self.example("saveLocataire", bienId=STUDIO, locataireId="")
        self.assertEqual((answer["code"], answer["error"].count("est obligatoire.\n")), (-21, 10))
        added = self.example("saveLocataire", with_fields(TENANT), bienId=STUDIO, locataireId="")
        oid = added["locataireId"]
        self.assertEqual(added, {"result": True, "locataireId": oid, "code": 0})
        self.assertIsNone(self.username.get("locataire/" + oid)["locataire"]["quitDate"])
        # Without quitDate: today.
        self.assertEqual(self.example("setLocataireGone", locataireId=oid), added)
        self.assertIsInstance(self.username.get("locataire/" + oid)["locataire"]["quitDate"], dict)

    def test_boss(self):
        """The two examples that a tool has written; nothing but the host is changed."""
        self.assertEqual(self.example("setLocataireGone_filled"), {"result": True, "locataireId": BOTH, "code": 0})
        self.assertEqual(self.boss.get("locataire/" + BOTH)["locataire"]["quitDate"], {"sec": 1407794400, "usec": 0})
        added = self.example("saveLocataire_filled")
        self.assertEqual(added, {"result": True, "locataireId": added["locataireId"], "code": 0})
        got = self.boss.get("locataire/" + added["locataireId"])["locataire"]
        self.assertEqual((got["nom"], got["prenom"], got["loyer"], got["bienId"], got["entryDate"]),
                         ("Dupont", "jean", 666, BOTH, {"sec": 1407794400, "usec": 0}))

    def test_departure_before_the_entry(self):
        """The document's error, by its own example with an earlier date."""
        answer = self.example("setLocataireGone_filled", lambda text: text.replace("2014", "2011"))
        self.assertEqual(answer, {"result": False, "code": -23,
                                  "message": "La date de départ doit être postérieure à la date d'entrée"})


if __name__ == "__main__":
    unittest.main()
