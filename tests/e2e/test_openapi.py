"""docs/openapi.yaml: its examples follow its schemas, its requests work, and real answers are as it says."""

import re
import unittest

from tests.e2e.test_rendezvous import DOCUMENTED as APPOINTMENT
from tests.lib.gestion import documented_portfolio, import_landlord, small_portfolio
from tests.lib.openapi import Description
from tests.lib.stack import TOP, StackCase
from tests.lib.tokens import token


def walk(node, path="#"):
    yield path, node
    if isinstance(node, (dict, list)):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from walk(inner, f"{path}/{key}")


class Document(unittest.TestCase):
    description = Description()

    def test_references_lead_somewhere_and_all_is_used(self):
        document, used = self.description.document, set()
        for path, node in walk(document):
            if isinstance(node, dict) and "$ref" in node:
                self.description.follow(node)
                used.add(node["$ref"])
        for kind in ("schemas", "responses", "parameters", "headers"):
            for name in document["components"][kind]:
                self.assertIn(f"#/components/{kind}/{name}", used)

    def test_examples_follow_their_schemas(self):
        """Those of a media type, by name, and those of a schema; OpenAPI's single `example` is not used."""
        checked = 0
        for path, node in walk(self.description.document):
            if not isinstance(node, dict) or path.endswith("/properties"):
                continue
            self.assertNotIn("example", node, path)
            examples = node.get("examples", [])
            if isinstance(examples, dict):
                examples = [each["value"] for each in examples.values()]
            for example in examples:
                self.description.validate(example, node.get("schema", node), f"{path}/examples")
                checked += 1
        self.assertGreater(checked, 10)

    def test_every_key_has_a_value(self):
        """A comma in a text between braces makes a key of the rest, without a word."""
        for path, node in walk(self.description.document):
            self.assertTrue(node is not None or "/examples/" in path, path)

    def test_operations_with_a_key_tell_of_it(self):
        """What a key may be answered with is described wherever one may be sent, and nowhere else."""
        for path, item in self.description.document["paths"].items():
            for method, operation in item.items():
                if method not in ("get", "post"):
                    continue
                with self.subTest(path, method=method):
                    keyed = {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", [])
                    responses = operation["responses"]
                    headers = self.description.follow(responses["200"]).get("headers", {})
                    self.assertEqual("Idempotent-Replayed" in headers, keyed)
                    self.assertEqual("409" in responses, keyed)
                    self.assertEqual("422" in responses, keyed or operation["operationId"] == "reset")
                    self.assertTrue("400" in responses or not keyed)

    def test_what_a_webhook_posts(self):
        """The tests of appointments show that it posts this."""
        schema = {"$ref": "#/components/schemas/Appointment"}
        self.description.validate(APPOINTMENT, schema)
        self.assertEqual(list(self.description.unnamed(APPOINTMENT, schema)), [])

    def test_limits_are_those_of_the_program(self):
        with open(f"{TOP}/src/communication/message_in.h", encoding="utf-8") as file:
            limits = dict(re.findall(r"MESSAGE_MAX_(\w+) = (\d+)", file.read()))
        schemas = self.description.document["components"]["schemas"]
        names = {"EMAIL": "EmailAddress", "PHONE": "Phone", "SUBJECT": "Subject", "EMAIL_CONTENT": "EmailContent",
                 "SMS_CONTENT": "SmsContent", "IDENTIFIER": "Identifier", "ORIGINATOR": "EmailOriginator",
                 "URL": "LogoUrl"}
        self.assertEqual({name: int(value) for name, value in limits.items()},
                         {name: schemas[schema]["maxLength"] for name, schema in names.items()})

    def test_limits_of_what_is_saved_are_those_of_the_program(self):
        schemas, limits = self.description.document["components"]["schemas"], {}
        for name in ("locataire", "operation"):
            with open(f"{TOP}/src/store/{name}.h", encoding="utf-8") as file:
                limits.update(re.findall(rf"({name.upper()}_\w+)_MAX = (\d+)", file.read()))
        line = int(limits["LOCATAIRE_LINE"])
        fields = {name: line for name in ("nom", "prenom", "address1", "address2", "ville", "bornLocation")}
        for name, limit in (("precision", "PRECISION"), ("email", "EMAIL"), ("phone", "PHONE"),
                            ("codepostal", "POSTCODE"), ("country", "COUNTRY"), ("nationality", "NATIONALITY")):
            fields[name] = int(limits["LOCATAIRE_" + limit])
        tenant = schemas["Locataire"]["properties"]
        self.assertEqual({name: tenant[name]["maxLength"] for name in fields}, fields)
        self.assertEqual(schemas["Operation"]["properties"]["operationDesc"]["maxLength"],
                         int(limits["OPERATION_DESCRIPTION"]))

    def test_the_validator_can_fail(self):
        """Or what follows would show nothing."""
        schema = {"$ref": "#/components/schemas/Queued"}
        good = {"status": 200, "message": "Message successfully queued", "id": 1}
        self.assertIsNone(self.description.errors(good, schema, ""))
        for bad in ({**good, "id": "1"}, {**good, "id": 0}, {**good, "more": 1}, {"status": 200},
                    {**good, "status": 201},
                    [], None, {**good, "message": "x"}, {**good, "id": True}):
            self.assertIsNotNone(self.description.errors(bad, schema, ""), bad)


class Answers(StackCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.description = Description()

    def ask(self, method, path, status, **more):
        answer = self.stack.web.request(method, path, **more)
        self.assertEqual(answer.status, status, answer)
        self.description.check(method, path, answer)
        return answer

    def test_examples_of_requests_work(self):
        client = self.stack.add_client()
        for path, item in self.description.document["paths"].items():
            for method, operation in item.items():
                if not isinstance(operation, dict) or "/v1/" not in path:
                    continue
                examples = operation.get("requestBody", {}).get("content", {}).get("application/json",
                                                                                   {}).get("examples", {})
                for name, example in examples.items():
                    with self.subTest(path=path, name=name):
                        value = example["value"]
                        if isinstance(value, dict):
                            value = {name: inner for name, inner in value.items() if not name.startswith("auth_")}
                        answer = self.ask(method.upper(), path, 200, json=value, query=client.form())
                        for each in answer.json.get("messages", [{"error": False}]):
                            self.assertFalse(each["error"])

    def examples_of_answers(self):
        """Where it is in the description, without a name: the value."""
        for path, node in walk(self.description.document):
            if isinstance(node, dict) and "schema" in node and "/responses/" in path:
                for name, example in node.get("examples", {}).items():
                    where = re.sub(r"^#/(paths/|components/responses)/|/content/.*", "", path)
                    yield f"{where} {name}", example["value"]

    @staticmethod
    def shape(value):
        """Without what differs from one time to the next."""
        if isinstance(value, list):
            return [Answers.shape(each) for each in value]
        if isinstance(value, dict):
            return {name: "…" if name == "id" or name.endswith("_at") else Answers.shape(inner)
                    for name, inner in value.items()}
        return value

    def given(self, where):
        """The answer that an example is of."""
        client, slow = self.stack.add_client(), self.stack.add_client(rate=1, burst=1)
        both = {"channel": "both", "phone": "0602030405", "email": "exemple@email.com",
                "email_subject": "Email exemple", "email_content": "Ceci est un example%0ATest",
                "sms_content": "Ceci est un example%0ATest",
                "identifier1": "001", "identifier2": "test"}
        post, get = self.stack.web.post, self.stack.web.get
        if where == "v1/messages/get/responses/200 one":
            post("/v1/messages", client.form(**both))
            self.stack.send_all()
        elif where == "v1/unsubscribes/get/responses/200 one":
            message = post("/v1/messages", client.form(**both)).json["id"]
            post("/u/" + token("unsubscribe", self.stack.db.value(
                f"SELECT id FROM delivery WHERE message_id = {message} AND channel = 'mail'")))
        elif where == "TooManyRequests tooMany":
            get("/v1/messages", slow.form())
        return {
            "v1/messages/post/responses/200 batch": lambda: post("/v1/messages", json=[
                both, {**both, "email_content": " "}], query=client.form()),
            "v1/messages/get/responses/200 one": lambda: get("/v1/messages", client.form()),
            "v1/unsubscribes/get/responses/200 one": lambda: get("/v1/unsubscribes", client.form()),
            "api/pass/post/responses/200 documented": lambda: post("/api/pass", {"email": "x"}, headers={
                "X-API-KEY": self.stack.ctl_json("devkey", "add", "app")["key"]}),
            "QueuedByRecipient single": lambda: post("/v1/send_sms", client.form(recipient="0602030405", message="m")),
            "QueuedByRecipient batch": lambda: post("/v1/send_sms", json=[
                {"recipient": "0602030405", "message": "m"}, {"recipient": "0602030405"}], query=client.form()),
            "BadRequest recipient": lambda: post("/v1/send_sms", client.form(recipient="x", message="m")),
            "BadIdentifier identifier": lambda: get("/v1/messages_status", client.form(identifier1="x")),
            "Unauthorized unauthorized": lambda: get("/v1/messages"),
            "NotFound notFound": lambda: get("/hooks/sms/x", {"status": "1"}),
            "TooManyRequests tooMany": lambda: get("/v1/messages", slow.form()),
            "InternalError internal": lambda: get("/v1/messages", client.form()),
        }[where]

    def test_examples_of_answers_are_given(self):
        examples = list(self.examples_of_answers())
        self.assertGreater(len(examples), 10)
        for where, value in examples:
            with self.subTest(where):
                ask, fails = self.given(where), where == "InternalError internal"
                if fails:
                    self.stack.db.stop()
                try:
                    answer = ask()
                finally:
                    if fails:
                        self.stack.db.start()
                self.assertEqual(self.shape(answer.json), self.shape(value))

    def test_answers_are_as_described(self):
        client, slow = self.stack.add_client(), self.stack.add_client(rate=1, burst=1)
        mail = client.form(recipient="a@mail.com", subject="s", message="m", identifier1="x")
        first = self.ask("POST", "/v1/send_email", 200, form=mail).json["id"]
        self.ask("POST", "/v1/send_email", 400, form=client.form())
        self.ask("POST", "/v1/send_email", 401)
        self.ask("POST", "/v1/send_email", 413, body=b"x" * (40 * 1024 * 1024))
        for status in (200, 200):
            self.ask("POST", "/v1/send_email", status, form=mail, headers={"Idempotency-Key": "k"})
        self.ask("POST", "/v1/send_email", 422, form={**mail, "message": "n"}, headers={"Idempotency-Key": "k"})
        self.ask("GET", "/v1/messages", 200, form=slow.form())
        self.ask("GET", "/v1/messages", 429, form=slow.form())
        self.ask("POST", "/v1/send_sms", 200, form=client.form(recipient="0602030405", message="m"))
        self.ask("POST", "/v1/messages", 200, json=[{}, {"channel": "sms", "phone": "0602030405", "sms_content": "m"}],
                 query=client.form())
        self.ask("GET", "/v1/messages", 200, form=client.form())
        self.ask("GET", "/v1/messages", 400, form=client.form(limit="x"))
        for method in ("GET", "POST"):
            self.ask(method, "/v1/messages_status", 200, form=client.form(identifier1="x"))
            self.ask(method, "/v1/messages_status", 400, form=client.form())
        delivery = self.stack.db.value(f"SELECT id FROM delivery WHERE message_id={first}")
        page = "/u/" + token("unsubscribe", delivery)
        self.ask("GET", page, 200)
        self.ask("POST", page, 200)
        self.ask("GET", "/u/x", 404)
        self.ask("GET", "/v1/unsubscribes", 200, form=client.form())
        self.ask("GET", "/v1/unsubscribes", 400, form=client.form(channel="fax"))
        sms = self.stack.db.value("SELECT MIN(id) FROM delivery WHERE channel='sms'")
        report = "/hooks/sms/" + token("report", sms)
        self.ask("GET", report, 200, query={"status": "8"})
        self.ask("POST", report, 400)
        self.ask("GET", "/hooks/sms/x", 404)
        self.ask("GET", "/health", 200)
        self.ask("GET", "/metrics", 200)
        self.stack.db.stop()
        try:
            self.ask("GET", "/health", 503)
            self.ask("GET", "/v1/messages", 500, form=client.form())
            self.ask("GET", page, 500)
        finally:
            self.stack.db.start()
        self.assertGreater(len(self.description.seen), 25)


class GestionAnswers(StackCase):
    """What Gestion answers, held against its schemas; every documented answer of success is seen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.description = Description()
        cls.bob = import_landlord(cls.stack, documented_portfolio())

    def ask(self, path, code=0, method="POST", status=200, **more):
        """Calls, checks the answer against the description, and returns it."""
        answer = self.bob.call(path, method=method, **more)
        self.assertEqual((answer.status, answer.json["code"]), (status, code), answer.text)
        self.description.check(method, "/api/gestion/2/" + path, answer)
        return answer.json

    def login(self, code, method="POST", status=200, key=None, **form):
        answer = self.stack.web.request(method, "/api/login", form=form, headers={"X-API-KEY": key or self.bob.key})
        self.assertEqual((answer.status, answer.json.get("Code")), (status, code), answer.text)
        self.description.check(method, "/api/login", answer)

    def test_login(self):
        for method in ("GET", "POST"):
            self.login("0", method, username="bob", password="bobpassword")
            self.login("-1", method)
            self.login("-2", method, username="bob", password="bobby")
            self.login(None, method, 403, key="other")

    def test_reading(self):
        pasteur, studio, faral = "56b7b15a48177ea7085932cd", "56b7b15a48177ea7085932ce", "56b7b52348177ea2085932cc"
        paths = ["immeubles", f"immeuble/{pasteur}", f"bien/{studio}", f"locataires/{studio}",
                 f"locataires/{pasteur}/5",
                 f"locataire/{faral}", f"operations/{pasteur}", f"operations/{pasteur}/2",
                 f"ventilationLoyer/{faral}/400"]
        for method in ("GET", "POST"):
            for path in paths:
                with self.subTest(method=method, path=path):
                    self.ask(path, method=method)
                    self.ask(path, 403, method, 403, headers={"X-API-KEY": "other"})
            self.ask("immeubles", -2, method, password="wrong")
            self.ask(f"operations/{pasteur}/100000", method=method)
            self.ask(f"operations/{pasteur}/{2**31 - 1}", method=method)
            self.ask(f"operations/{pasteur}/0", -21, method)
            self.ask(f"operations/{studio}", -10, method)
            self.ask(f"ventilationLoyer/{faral}", -21, method)

    def test_writing(self):
        pasteur, studio, faral = "56b7b15a48177ea7085932cd", "56b7b15a48177ea7085932ce", "56b7b52348177ea2085932cc"
        form = {"operationName": "recetteLoyer", "operationMontant": "126.16", "locataireId": faral,
                "operationDate": "17/08/2016", "operationPaid": "on"}
        for path in (f"saveOperation/{pasteur}", f"saveOperation/{pasteur}/{'0' * 24}"):
            oid = self.ask(path, **form)["operationId"]
            self.ask(path, -21)
            self.ask(path, 422, status=422, headers=self.used_key(path, form))
            self.ask(f"saveOperation/{pasteur}/{oid}", **form)
        for what in ("markOperationPaid", "markOperationUnPaid", "deleteOperation"):
            self.ask(f"{what}/{oid}")
            self.ask(f"{what}/{'0' * 24}", -10)
        tenant = {"nom": "Dupont", "prenom": "jean", "loyer": "666", "provision": "20", "indiceRevision": "0",
                  "signatureDate": "12/08/2014", "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0",
                  "depotGarantie": "1"}
        for path in (f"saveLocataire/{studio}", f"saveLocataire/{studio}/{'0' * 24}"):
            oid = self.ask(path, **tenant)["locataireId"]
            self.ask(path, -21)
        self.ask(f"setLocataireGone/{oid}", -23, quitDate="12/08/2014")
        self.ask(f"setLocataireGone/{oid}", quitDate="13/08/2014")
        self.ask("operations/" + pasteur)
        self.ask("locataire/" + oid)

    def test_papers(self):
        studio, faral = "56b7b15a48177ea7085932ce", "56b7b52348177ea2085932cc"
        silent = self.ask(f"saveLocataire/{studio}", nom="Muet", prenom="Jean", loyer="5", provision="2",
                          indiceRevision="0", dayLoyer="3", typeLocation="0", depotGarantie="1",
                          signatureDate="12/08/2014", entryDate="12/08/2014")["locataireId"]
        self.ask(f"compteLocataire/{faral}/data", endDate="31/12/2016")
        for paper in ("quittance/{}", "quittance/{}/mail", "compteLocataire/{}", "compteLocataire/{}/pdf",
                      "compteLocataire/{}/data", "compteLocataire/{}/pdf/mail"):
            with self.subTest(paper):
                self.ask(paper.format(faral), -21, startSolde="x")
                self.ask(paper.format("0" * 24), -10)
                if paper.endswith("/mail"):
                    self.ask(paper.format(silent), -15)

    def used_key(self, path, form):
        """The headers of a key that has served another request."""
        headers = {"Idempotency-Key": f"key of {path}"}
        self.ask(path, headers=headers, **form)
        return headers

    def test_too_many_wrong_passwords(self):
        """Of another landlord: the others' tests go on."""
        carol = import_landlord(self.stack, {"user": {"username": "carol", "password": "right"}, "immeubles": [],
                                             "operations": []}, self.bob.key)
        answers = [carol.call("immeubles", password=f"wrong {i}") for i in range(15)]
        self.assertEqual((answers[0].status, answers[-1].status), (200, 429))
        self.description.check("POST", "/api/gestion/2/immeubles", answers[-1])
        self.assertIn("Retry-After", answers[-1].headers)


class EveryOperation(StackCase):
    """
    Each operation whose success is JSON, asked as the description alone says: with the parameters and the body that it
    names. One that is added to the description must be answered here, too.
    """

    PERIOD = {"startDate": "01/07/2016", "endDate": "31/07/2016"}
    BODIES = {          # by the name of the schema; in a form all is text
        "Login": {}, "Pass": {"email": "personne"}, "Gone": {"quitDate": "01/01/2020"}, "QuittanceAsked": PERIOD,
        "CompteAsked": {"endDate": "31/12/2016"}, "Identifiers": {"identifier1": "x"},
        "Operation": {"operationName": "recetteLoyer", "operationMontant": 126.16, "operationDate": "17/08/2016",
                      "operationDesc": "août", "operationPaid": "on"},
        "Locataire": {"nom": "Dupont", "prenom": "Jean", "loyer": 666.5, "provision": 20, "indiceRevision": 0,
                      "dayLoyer": 3, "typeLocation": 0, "depotGarantie": 1, "signatureDate": "12/08/2014",
                      "entryDate": "12/08/2014"},
        "Email": {"recipient": "a@mail.com", "subject": "s", "message": "m", "identifier1": "x"},
        "Sms": {"recipient": "0602030405", "message": "m"},
        "Message": {"channel": "email", "email": "a@mail.com", "email_subject": "s", "email_content": "m"},
        "AppointmentIn": {"start_at": "2030-06-12T12:00:00+02:00", "duration": 45, "recipient": {
            "first_name": "Jean", "email": "a@mail.com", "variables": [{"name": "Porte", "content": "845"}]}}}
    QUERIES = {"Identifier1": "x"}      # by parameter, where it is not required
    KINDS = {"application/json": "json", "application/x-www-form-urlencoded": "form"}
    numbers = iter(range(1, 1000))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.description, cls.client = Description(), cls.stack.add_client()
        cls.key = cls.stack.ctl_json("devkey", "add", "app")["key"]
        mail, cls.sms = (cls.stack.db.value("SELECT id FROM delivery WHERE message_id = %d" % cls.stack.web.post(
            "/v1/" + path, cls.client.form(**{**cls.BODIES[kind], **more})).json["id"])
                         for path, kind, more in (("send_email", "Email", {"recipient": "parti@mail.com"}),
                                                  ("send_sms", "Sms", {})))
        cls.stack.web.post("/u/" + token("unsubscribe", mail))

    def landlord(self):
        """Somebody of whom everything is described, and who has everything: no list is empty."""
        number = next(self.numbers)
        portfolio = small_portfolio(f"bob{number}", number)
        portfolio["user"].update(first_name="Bob", last_name="Dupont", premium_offer="PRO",
                                 premium_end="2046-06-30T23:06:06+02:00")
        immeuble, = portfolio["immeubles"]
        immeuble["declarations"] = [{"id": f"05{number:022x}", "year": 2016, "regime": "reel", "type": "foncier"}]
        locataire, = immeuble["biens"][0]["locataires"]
        locataire["email"] = "locataire@example.fr"
        landlord = import_landlord(self.stack, portfolio, self.key)
        self.assertTrue(landlord.get(f"quittance/{locataire['id']}/mail", **self.PERIOD)["result"])
        operation, = portfolio["operations"]
        landlord.ids = {"immeubleId": immeuble["id"], "bienId": immeuble["biens"][0]["id"], "objectId": immeuble["id"],
                        "locataireId": locataire["id"], "operationId": operation["id"], "pathLimit": "5",
                        "mode": "data", "mail": "mail", "montantTotal": "400.5"}
        return landlord

    def appointment(self):
        return self.stack.web.post("/v1/appointments", json=self.BODIES["AppointmentIn"],
                                   query=self.client.form()).json["id"]

    def parameters(self, item, operation):
        """Of an operation, with the name of each in the description or, in place, its own."""
        for each in item.get("parameters", []) + operation.get("parameters", []):
            found = self.description.follow(each)
            yield each.get("$ref", found["name"]).rsplit("/", 1)[-1], found

    def body_of(self, schema):
        """The body for a schema; the single one where there may be many."""
        if "$ref" not in schema:
            schema = schema["oneOf"][0]
        value = self.BODIES[schema["$ref"].rsplit("/", 1)[-1]]
        own = {"username": self.user.username, "password": self.user.password, **self.user.ids} if self.user else {}
        named = self.description.follow(schema)["properties"]
        if "password" in named:
            value = {**value, **{name: text for name, text in own.items() if name in named}}
        self.description.validate(value, schema, "the request")
        return value

    def ask(self, method, template, item, operation, kind):
        """With a landlord, or an appointment, of its own."""
        app = operation.get("security") == [{"app": []}]
        self.user = self.landlord() if app else None
        values = {"Username": self.user.username, "Password": self.user.password, **self.user.ids} if app else {
            "appointmentId": str(self.appointment()), "Token": token("report", self.sms), "status": "8",
            **self.QUERIES}
        path, query = template, {} if "security" in operation else self.client.form()
        for name, parameter in self.parameters(item, operation):
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", values[name])
            elif parameter["in"] == "query" and (parameter.get("required") or name in self.QUERIES):
                query[parameter["name"]] = values[name]
        body = {self.KINDS[kind]: self.body_of(operation["requestBody"]["content"][kind]["schema"])} if kind else {}
        return self.stack.web.request(method, path, query, headers={"X-API-KEY": self.key} if app else None, **body)

    def check(self, method, template, operation, answer):
        self.assertEqual(answer.status, 200, answer)
        self.description.check(method, re.sub(r"\{\w+\}", "x", template), answer)
        if not answer.headers["Content-Type"].startswith("application/json"):
            return
        schema = self.description.follow(operation["responses"]["200"])["content"]["application/json"]["schema"]
        done = answer.json.get("result", answer.json.get("auth", answer.json.get("pass", True)))
        self.assertEqual(done, schema != {"$ref": "#/components/schemas/GestionError"}, answer)
        self.assertEqual(list(self.description.unnamed(answer.json, schema)), [])

    def test_all(self):
        asked = 0
        for template, item in self.description.document["paths"].items():
            for method, operation in item.items():
                if method not in ("get", "post") or "application/json" not in self.description.follow(
                        operation["responses"]["200"])["content"]:
                    continue
                for kind in [each for each in operation.get("requestBody", {}).get("content", [""])
                             if each in ("", *self.KINDS)]:
                    with self.subTest(template, method=method, kind=kind):
                        answer = self.ask(method.upper(), template, item, operation, kind)
                        self.check(method.upper(), template, operation, answer)
                        asked += 1
        self.assertGreater(asked, 60)


if __name__ == "__main__":
    unittest.main()
