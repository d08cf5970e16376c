"""Landlords for tests of Gestion: portfolios to import, and calls with their credentials."""

import copy
import json
import os

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e", "gestion")


def example(name):
    """A JSON answer of the API document."""
    with open(f"{EXAMPLES}/{name}.json") as file:
        return json.load(file)


def documented_portfolio():
    """The landlord of the API document's examples, as bailleurctl portfolio import takes him."""
    immeubles = copy.deepcopy(example("immeubles")["immeubles"])
    full = {l["id"]: l for l in example("locataires")["locataires"]}
    declarations = {example("bien")["immeuble"]["id"]: example("bien")["immeuble"]["declarations"]}
    for immeuble in immeubles:
        if immeuble["id"] in declarations:
            immeuble["declarations"] = declarations[immeuble["id"]]
        for bien in immeuble["biens"]:
            bien["locataires"] = [full.get(l["id"]) or tenant(l["id"], l["nom"], l["prenom"], entry)
                                  for entry, l in zip(range(1467324000, 0, -86400), bien.get("locataires", []))]
    return {"user": {"userid": "2", "username": "bob", "email": "bob@example.fr", "password": "bobpassword",
                     "first_name": "Jacques", "last_name": "Dupont", "premium_offer": "PRO",
                     "premium_end": "2046-06-30T23:06:06+02:00"},
            "immeubles": immeubles, "operations": example("operations")["operations"]}


def tenant(oid, nom="Martin", prenom="Anne", entry=1467324000, **more):
    """A tenant of the API's shape, with what every tenant has. entry: a midnight in Paris."""
    return {"id": oid, "nom": nom, "prenom": prenom, "loyer": 500, "provision": 40,
            "entryDate": {"sec": entry, "usec": 0},
            "quitDate": None, "bornDate": None, **more}


def small_portfolio(username, number):
    """A landlord with one immeuble, one bien, one tenant and one operation; identifiers differ by `number`."""
    immeuble, bien, locataire, operation = (f"{kind:02x}{number:022x}" for kind in (1, 2, 3, 4))
    time = {"sec": 1467324000, "usec": 0}
    return {
        "user": {"username": username, "password": "correct horse", "email": f"{username}@example.fr"},
        "immeubles": [{
            "id": immeuble, "name": f"Immeuble {number}", "address": "1 rue X", "ville": "Angers|49000",
            "country": "FR",
            "emprunts": [{"index": 0, "montant": 1000, "mensualite": 10}],
            "biens": [{"id": bien, "nom": "T2", "locataires": [tenant(locataire)]}]}],
        "operations": [{
            "id": operation, "immeubleId": immeuble, "locataireId": locataire, "operationType": {"id": "recetteLoyer"},
            "operationMontant": 500, "operationPaid": False, "operationAuto": False, "operationDate": time,
            "dateCreated": time}]}


class Landlord:
    """One landlord of a stack, with an app's key."""

    def __init__(self, stack, portfolio, key):
        self.stack, self.portfolio, self.key = stack, portfolio, key
        self.username, self.password = portfolio["user"]["username"], portfolio["user"].get("password")

    def call(self, path, headers=None, method="POST", **parameters):
        """An answer of /api/gestion/2/<path>."""
        form = {"username": self.username, "password": self.password, **parameters}
        return self.stack.web.request(method, "/api/gestion/2/" + path,
                                      form={name: value for name, value in form.items() if value is not None},
                                      headers={"X-API-KEY": self.key, **(headers or {})})

    def get(self, path, **parameters):
        """The JSON of an answer that must be HTTP 200."""
        answer = self.call(path, **parameters)
        assert answer.status == 200, answer
        return answer.json


def import_landlord(stack, portfolio, key=None):
    """Imports a portfolio into a stack; makes a developer's key unless one is given."""
    path = f"{stack.dir}/portfolio-{portfolio['user']['username']}.json"
    with open(path, "w") as file:
        json.dump(portfolio, file)
    stack.ctl("portfolio", "import", path)
    key = key or stack.ctl_json("devkey", "add", "app of " + portfolio["user"]["username"])["key"]
    return Landlord(stack, portfolio, key)
