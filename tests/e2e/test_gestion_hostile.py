"""
Hostile input to Gestion: one table of requests, each with its exact answer. What is refused changes nothing; what is
accepted comes back as it was given. Then the limits on wrong passwords.
"""

import http.client
import itertools
import json
import unittest
import urllib.parse

from tests.lib.gestion import import_landlord, small_portfolio
from tests.lib.stack import StackCase

FORM, JSON, MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
NUMBER = 0xabcdef
IMMEUBLE, BIEN, LOCATAIRE, OPERATION = (f"{kind:02x}{NUMBER:022x}" for kind in (1, 2, 3, 4))
ABSENT = "f" * 24
USERNAME, PASSWORD = "bob", "correct horse"
CREDENTIALS = {"username": USERNAME, "password": PASSWORD}
OPERATION_FORM = {"operationName": "recetteLoyer", "operationMontant": "126.16", "locataireId": LOCATAIRE,
                  "operationDate": "17/08/2016", "operationPaid": "on", "operationAuto": "off"}
TENANT_FORM = {"nom": "Dupont", "prenom": "Jean", "loyer": "666", "provision": "20", "indiceRevision": "0",
               "signatureDate": "12/08/2014", "entryDate": "12/08/2014", "dayLoyer": "3", "typeLocation": "0",
               "depotGarantie": "1"}
SAVE_OPERATION, SAVE_TENANT = "saveOperation/" + IMMEUBLE, "saveLocataire/" + BIEN
GONE = "setLocataireGone/" + LOCATAIRE

UNKNOWN_USER = {"result": False, "code": -1, "message": "Nom d'utilisateur inconnu."}
WRONG_PASSWORD = {"result": False, "code": -2, "message": "Mot de passe incorrect."}
BAD_QUIT = {"result": False, "code": -21, "message": "La date de départ du locataire est invalide."}
BEFORE_ENTRY = {"result": False, "code": -23, "message": "La date de départ doit être postérieure à la date d'entrée"}
BAD_LIMIT = {"result": False, "code": -21, "message": "Le nombre maximum demandé est invalide."}
ADDED = {"message": "Operation added", "result": True, "code": 0}
SAVED = {"result": True, "code": 0}


class Try:
    """One request and its answer. `keeps`: members of the new operation or tenant after an acceptance."""

    def __init__(self, name, path, answer, body=b"", status=200, type=FORM, query="", method="POST", headers=None,
                 keeps=None):
        self.name, self.path, self.type, self.query, self.method = name, path, type, query, method
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.answer, self.headers, self.keeps = status, answer, headers or {}, keeps
        self.accepted = answer in (ADDED, SAVED)


def quote(text):
    return urllib.parse.quote(text, safe="")


def encode(fields):
    return "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def quoted(fields):
    return {name: quote(value) for name, value in fields.items() if value is not None}


def login(**fields):
    return encode({**quoted(CREDENTIALS), **fields})


def op(**changes):
    """A body of saveOperation; the changes are percent-encoded as written."""
    return encode({**quoted(CREDENTIALS), **quoted(OPERATION_FORM), **changes})


def tenant(**changes):
    return encode({**quoted(CREDENTIALS), **quoted(TENANT_FORM), **changes})


def refusal(status, message):
    return {"result": False, "code": status, "message": message}


def parameter(name):
    return refusal(400, "Paramètre invalide : " + name)


def bad_id(name):
    return refusal(-10, f"Missing or invalid {name} (in url path)")


def fields(*errors):
    lines = "".join(f'"{label}" est {verdict}.\n' for label, verdict in errors)
    return {"result": False, "code": -21,
            "message": "Some fields are incorrect or missing (see error for more details).",
            "error": lines}


def raw(name, field, value, fault=None):
    """A value that is no text: 400 before anything is looked at."""
    return Try(name, SAVE_OPERATION, parameter(fault or field), op(**{field: value}), 400)


def bad_op(field, label, *values, verdict="invalide", **others):
    return [Try(f"{field}: {value[:40]!r} ({len(value)}) {others or ''}", SAVE_OPERATION, fields((label, verdict)),
                op(**quoted(others), **{field: quote(value)})) for value in values]


def bad_tenant(field, label, *values, verdict="invalide"):
    return [Try(f"tenant {field}: {value[:40]!r} ({len(value)})", SAVE_TENANT, fields((label, verdict)),
                tenant(**{field: quote(value)})) for value in values]


def good_op(name, keeps, **changes):
    return Try(name, SAVE_OPERATION, ADDED, op(**quoted(changes)), keeps=keeps)


def good_tenant(name, keeps, **changes):
    return Try(name, SAVE_TENANT, SAVED, tenant(**quoted(changes)), keeps=keeps)


def day(sec):
    return {"sec": sec, "usec": 0}


def json_op(name, answer, status=200, keeps=None, **changes):
    body = json.dumps({**CREDENTIALS, **OPERATION_FORM, **changes})
    return Try(name, SAVE_OPERATION, answer, body, status, JSON, keeps=keeps)


def json_text(name, text, wrong="body"):
    return Try(name, SAVE_OPERATION, parameter(wrong), text, 400, JSON)


def part(name, value, extra=b""):
    return b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), extra, value)


def parts(**changes):
    given = {**CREDENTIALS, **OPERATION_FORM, **changes}
    return b"".join(part(name, value if isinstance(value, bytes) else value.encode()) for name, value in given.items())


END = b"--b--\r\n"

ENCODINGS = [
    raw("a byte that is never UTF-8", "operationDesc", "%FF"),
    raw("overlong slash", "operationDesc", "%C0%AF"),
    raw("overlong NUL", "operationDesc", "%C0%80"),
    raw("overlong in three bytes", "operationDesc", "%E0%80%AF"),
    raw("surrogate", "operationDesc", "%ED%A0%80"),
    raw("beyond U+10FFFF", "operationDesc", "%F4%90%80%80"),
    raw("cut character", "operationDesc", "abc%C3"),
    raw("lone continuation", "operationDesc", "%80"),
    raw("Latin-1", "operationDesc", "%E9t%E9"),
    raw("NUL in the description", "operationDesc", "a%00b"),
    raw("NUL in the amount", "operationMontant", "1%00"),
    raw("NUL in the tenant's id", "locataireId", LOCATAIRE + "%00"),
    raw("NUL in the user name", "username", "bob%00"),
    raw("NUL in the password", "password", "correct%20horse%00"),
    raw("escape with letters", "operationDesc", "%zz"),
    raw("escape cut at the end", "operationDesc", "100%"),
    raw("escape of one digit", "operationDesc", "%4"),
    raw("IIS escape", "operationDesc", "%u0041"),
    raw("bad byte in a parameter nobody reads", "inconnu", "%FF"),
    Try("raw bad byte", SAVE_OPERATION, parameter("operationDesc"), op().encode() + b"&operationDesc=\xff", 400),
    Try("raw NUL", SAVE_OPERATION, parameter("operationDesc"), op().encode() + b"&operationDesc=a\0b", 400),
    Try("bad byte in a name", SAVE_OPERATION, parameter("parameter"), op() + "&%FF=1", 400),
    Try("bad escape in the query", SAVE_OPERATION, parameter("x"), op(), 400, query="x=%G1"),
    Try("a charset we do not read", SAVE_OPERATION, parameter("body"), op(), 400, FORM + "; charset=iso-8859-1"),
    Try("bad UTF-8 in the path", "immeuble/%ff", refusal(404, "Adresse inconnue."), login(), 404),
    Try("overlong slash in the path", "immeuble/%C0%AF", refusal(404, "Adresse inconnue."), login(), 404),
    Try("line break in the path", f"immeuble/{IMMEUBLE}%0d%0aX:%20y", refusal(404, "Adresse inconnue."), login(), 404),
    good_op("double encoding stays text", {"operationDesc": "%00%0A"}, operationDesc="%00%0A"),
    good_op("emoji, accents and a direction mark", {"operationDesc": "été 🏠 \u202e e\u0301"},
            operationDesc="été 🏠 \u202e e\u0301"),
]

IDS = [Try(f"{path}: id {oid[:30]!r} ({len(oid)})", f"{path}/{quote(oid)}", bad_id(name), login())
       for path, name in (("immeuble", "immeubleId"), ("deleteOperation", "operationId"))
       for oid in ("1", "0", "-1", IMMEUBLE[:-1], IMMEUBLE + "0", "g" * 24, "é" * 24, "é" * 12, "０" * 24, "٠" * 24,
                   " " + IMMEUBLE, IMMEUBLE + " ", "0x" + "a" * 22, "' OR '1'='1", "*", "%", "null", "f" * 10000)] + [
    Try("a tenant's id of 23 digits", SAVE_OPERATION, fields(("Locataire", "invalide")),
        op(locataireId=LOCATAIRE[:-1])),
    Try("a tenant's id of 25 digits", SAVE_OPERATION, fields(("Locataire", "invalide")),
        op(locataireId=LOCATAIRE + "0")),
    Try("a tenant's id of wide digits", SAVE_OPERATION, fields(("Locataire", "invalide")),
        op(locataireId=quote("０" * 24))),
    Try("a bien's id for a tenant's", SAVE_OPERATION, fields(("Locataire", "invalide")), op(locataireId=BIEN)),
    Try("an immeuble's id for a bien's", "saveLocataire/" + IMMEUBLE, bad_id("bienId"), tenant()),
    Try("a bien's id for an immeuble's", "saveOperation/" + BIEN, bad_id("immeubleId"), op()),
    Try("no id", "bien", bad_id("bienId"), login()),
    Try("an empty id", "bien/", bad_id("bienId"), login()),
    Try("SQL in the path", "locataire/" + quote("' UNION SELECT * FROM user_account -- "), bad_id("locataireId"),
        login()),
    Try("dots in the path", "immeuble/..%2f..%2fetc", refusal(404, "Adresse inconnue."), login(), 404),
]

LIMITS = [Try(f"{path}: limit {limit!r}", f"{path}/{limit}", BAD_LIMIT, login())
          for path in ("locataires/" + BIEN, "operations/" + IMMEUBLE)
          for limit in ("0", "-1", "+1", "1.0", "1e3", "abc", "0x10", "18446744073709551616",
                        "99999999999999999999", "%20", "1%20", "1;DROP", "%D9%A1")]

AMOUNTS = bad_op("operationMontant", "Montant", "0", "0.00", "-0", "-5", "+5", "1e3", "1E3", "NaN", "nan", "inf",
                 "-inf",
                 "Infinity", "1.005", "0.001", "1 000", "1\u00a0000", "1\u202f000", "1,000.00", "1.000,00", "1'000",
                 "1_000", "٥", "１２", "²", "½", "0x10", "10€", "€10", "$10", "5.", ".5", ",5", ".", ",", "-", "1..2",
                 "1,2,3",
                 "1.2.3", " 5", "5 ", "\t5", "5\n", "10000000000", "99999999999999999999", "9" * 40, "9" * 41,
                 "9" * 100000,
                 "true", "null", "[]", "{}", "1;", "1'--", "1+1", "1*2") + [
    *bad_op("operationMontant", "Montant", "", " ", "\t", "\n", verdict="obligatoire"),
    *bad_op("operationMontantPC", "Provision pour charges", "-1", "1.234", "abc", "1e1", "NaN", "10000000000"),
    *bad_op("operationMontantTEOM", "TEOM", "-1", "1.234", "abc", operationName="chargeTF"),
    *bad_tenant("loyer", "Loyer", "-1", "1.005", "abc", "1e3", "NaN", "10000000000"),
    *bad_tenant("provision", "Provision pour charges", "-0.01", "1.005", "x"),
    *[Try(f"a total of {text!r}", f"ventilationLoyer/{LOCATAIRE}/{quote(text)}", fields(("Montant total", "invalide")),
          login())
      for text in ("-1", "1e3", "NaN", "1.005", "1 000", " ", "٥", "10000000000", "9" * 1000)],
    good_op("a decimal comma", {"operationMontant": 12.5}, operationMontant="12,5"),
    good_op("zeros that mean nothing", {"operationMontant": 12.5}, operationMontant="0012.5000"),
    good_op("one cent", {"operationMontant": 0.01}, operationMontant="0.01"),
    good_op("the largest amount", {"operationMontant": 9999999999.99}, operationMontant="9999999999.99"),
    good_op("a minus before a zero provision is none", {"operationMontant": 126.16}, operationMontantPC="-0"),
    good_tenant("nothing to pay", {"loyer": 0, "provision": 0}, loyer="0", provision="0.00"),
]

DATES = bad_op("operationDate", "Date", "31/02/2016", "29/02/2015", "29/02/1900", "31/04/2016", "32/01/2016",
               "00/01/2016",
               "01/00/2016", "01/13/2016", "2016-08-17", "08/17/2016", "17/08/16", "17/08/02016", "17/08", "17/08/",
               "/08/2016",
               "17//2016", "17-08-2016", "17.08.2016", "17/08/2016 ", " 17/08/2016", "17/08/2016 00:00", "17/8/2016x",
               "aujourd'hui", "now", "17/août/2016", "１７/０８/２０１６", "01/01/1899", "01/01/2170", "31/12/9999",
               "01/01/0000",
               "-1/01/2016", "+1/01/2016", "1471384800000", "99999999999999999999", "-99999999999", "1.5e9",
               "1471384800.5",
               "0x57B3", "1471384800 ", "+1471384800", "17/08/2016' OR 1=1", "NaN") + [
    *bad_op("operationDate", "Date", "", " ", verdict="obligatoire"),
    *bad_op("operationRepeatDate", "Date de répétition", "16/09/2016", "17/08/2016", "17/08/2015", "31/02/2017", "abc"),
    *bad_op("operationRepeatDate", "Date de répétition", "17/09/2116", "31/12/2169"),
    *bad_op("dateDebut", "Date de début", "31/02/2016", "x", operationName="recetteReguLocataire"),
    *bad_op("dateFin", "Date de fin", "31/02/2016", "31/12/2015", operationName="chargeReguLocataire",
            dateDebut="01/01/2016"),
    *bad_tenant("entryDate", "Date d'entreé", "31/02/2016", "x", "1e9"),
    *bad_tenant("signatureDate", "Date de signature", "30/02/2016"),
    *bad_tenant("bornDate", "Date de naissance", "31/12/1899", "29/02/2001"),
    *bad_tenant("quitDate", "Date de départ", "31/02/2016", "x"),
    *[Try(f"departure on {text!r}", GONE, BAD_QUIT, login(quitDate=quote(text)))
      for text in ("31/02/2020", "2020-01-01", "x", "99999999999999", "01/01/2170", "1e9", "01/01/20", "12/08/2016x",
                   "9" * 100000)],
    *[Try(f"departure on {text!r}, not after the entry", GONE, BEFORE_ENTRY, login(quitDate=quote(text)))
      for text in ("01/07/2016", "30/06/2016", "0", "-2208900000", "1467324000")],
    Try("two departures", GONE, BAD_QUIT, login(quitDate="01/01/2020") + "&quitDate=02/01/2020"),
    Try("a tenant who leaves before he comes", SAVE_TENANT, BEFORE_ENTRY, tenant(quitDate="12/08/2014")),
    good_op("one digit a day and month", {"operationDate": day(1470002400)}, operationDate="1/8/2016"),
    good_op("a timestamp within the day", {"operationDate": day(1471384800)}, operationDate="1471420800"),
    good_op("a timestamp of the epoch", {"operationDate": day(-3600)}, operationDate="0"),
    good_op("a negative timestamp", {"operationDate": day(-90000)}, operationDate="-86400"),
    good_op("the day summer time begins", {"operationDate": day(1459033200)}, operationDate="27/03/2016"),
    good_op("the day after", {"operationDate": day(1459116000)}, operationDate="28/03/2016"),
    good_op("the day summer time ends", {"operationDate": day(1477778400)}, operationDate="30/10/2016"),
    good_op("the last second of a long day", {"operationDate": day(1477778400)}, operationDate="1477868399"),
    good_op("the first second after", {"operationDate": day(1477868400)}, operationDate="1477868400"),
    good_op("29 February", {"operationDate": day(1456700400)}, operationDate="29/02/2016"),
    good_op("29 February 2000", {"operationDate": day(951778800)}, operationDate="29/02/2000"),
    good_tenant("born in 1900", {"bornDate": day(-2208989361)}, bornDate="01/01/1900"),
]

SIZES = [
    *bad_op("operationDesc", "Description", "x" * 5001, "é" * 5001, "🏠" * 5001, "x" * 1000000),
    *bad_op("operationName", "Type d'opération", "recetteloyer", "RECETTELOYER", "recetteLoyer ", " recetteLoyer",
            "recetteLoye", "recetteLoyers", "x" * 40, "x" * 41, "x" * 100000, "' OR '1'='1", "récetteLoyer",
            "recetteLoyer\n",
            "1"),
    *bad_op("operationName", "Type d'opération", "", "  ", verdict="obligatoire"),
    *bad_op("empruntId", "Emprunt", "1", "-1", "0.0", "abc", "99999999999", "4294967295", "+0", "0x0", "00 "),
    *bad_tenant("nom", "Nom", "x" * 256, "🏠" * 256, "x" * 100000),
    *bad_tenant("nom", "Nom", "", " ", "\t\n", verdict="obligatoire"),
    *bad_tenant("prenom", "Prénom", "x" * 256),
    *bad_tenant("precision", "Précision", "x" * 5001),
    *bad_tenant("codepostal", "Code postal", "x" * 21),
    *bad_tenant("country", "Pays", "x" * 81),
    *bad_tenant("nationality", "Nationalité", "x" * 101),
    *bad_tenant("ville", "Ville", "x" * 256),
    *bad_tenant("dayLoyer", "Jour de paiement du loyer", "0", "29", "-1", "1.0", "abc", "1e0", "99999999999999999999",
                "٣"),
    *bad_tenant("indiceRevision", "Indice de révision", "5", "-1", "x"),
    *bad_tenant("typeLocation", "Type de location", "2", "-1", "nu"),
    *bad_tenant("depotGarantie", "Dépôt de garantie", "0", "3", "1 mois"),
    *bad_tenant("email", "Email", "a", "a@", "a@b", "a b@c.fr", "a@b.fr\r\nBcc: x@y.fr", "<a@b.fr>", "a@b.fr,c@d.fr",
                "a@" + "b" * 260 + ".fr"),
    *bad_tenant("phone", "Téléphone", "1", "+33", "0602030405;", "allo", "٠٦٠٢٠٣٠٤٠٥", "06" * 30),
    Try("several fields at once, each on its line", SAVE_TENANT,
        fields(("Nom", "obligatoire"), ("Email", "invalide"), ("Loyer", "invalide"),
               ("Jour de paiement du loyer", "invalide"),
               ("Date d'entreé", "obligatoire")),
        tenant(nom="", email="x", loyer="-1", dayLoyer="31", entryDate="")),
    Try("1,001 parameters", SAVE_OPERATION, parameter("parameters"), op() + "&x=1" * 1000, 400),
    Try("too large a body", SAVE_OPERATION, refusal(413, "Requête trop volumineuse."), b"x=" + b"x" * (40 << 20), 413),
    good_op("the longest description", {"operationDesc": "🏠" * 5000}, operationDesc="🏠" * 5000),
    good_tenant("the longest name", {"nom": "é" * 255}, nom="é" * 255),
    good_op("ten thousand empty pairs", {"operationMontant": 126.16}, **{"operationDesc": "&" * 1000}),
]

DUPLICATES = [
    Try("two amounts", SAVE_OPERATION, fields(("Montant", "invalide")), op() + "&operationMontant=1"),
    Try("an amount in the query and another in the body", SAVE_OPERATION, fields(("Montant", "invalide")), op(),
        query="operationMontant=1"),
    Try("two types", SAVE_OPERATION, fields(("Type d'opération", "invalide")), op() + "&operationName=chargeTF"),
    Try("two tenants", SAVE_OPERATION, fields(("Locataire", "invalide")), op() + "&locataireId=" + ABSENT),
    Try("two dates", SAVE_OPERATION, fields(("Date", "invalide")), op() + "&operationDate=18/08/2016"),
    Try("array notation of PHP", SAVE_OPERATION, fields(("Montant", "obligatoire")),
        op(operationMontant=None) + "&operationMontant[]=5"),
    Try("a name in capitals", SAVE_OPERATION, fields(("Montant", "obligatoire")),
        op(operationMontant=None) + "&OPERATIONMONTANT=5"),
    Try("two user names", SAVE_OPERATION, UNKNOWN_USER, op() + "&username=alice"),
    Try("two passwords", SAVE_OPERATION, WRONG_PASSWORD, op() + "&password=other"),
    Try("another user name in the query", SAVE_OPERATION, UNKNOWN_USER, op(), query="username=alice"),
    Try("another password in the query", SAVE_OPERATION, WRONG_PASSWORD, op(), query="password=x"),
    Try("credentials in query and body that agree", SAVE_OPERATION, ADDED, op(),
        query=encode(quoted(CREDENTIALS)), keeps={"operationMontant": 126.16}),
    Try("everything in the query", SAVE_OPERATION, ADDED, query=op(), keeps={"operationMontant": 126.16}),
    Try("the same twice is once", SAVE_OPERATION, ADDED, op() + "&operationMontant=126.16",
        keeps={"operationMontant": 126.16}),
]

CREDENTIALS_CASES = [
    Try("no credentials", SAVE_OPERATION, UNKNOWN_USER, encode(quoted(OPERATION_FORM))),
    Try("no body at all", SAVE_OPERATION, UNKNOWN_USER),
    Try("no password", SAVE_OPERATION, WRONG_PASSWORD, op(password=None)),
    Try("no user name", SAVE_OPERATION, UNKNOWN_USER, op(username=None)),
    Try("an empty user name", SAVE_OPERATION, UNKNOWN_USER, op(username="")),
    Try("an empty password", SAVE_OPERATION, WRONG_PASSWORD, op(password="")),
    Try("a user name of 255 characters", SAVE_OPERATION, UNKNOWN_USER, op(username="x" * 255)),
    Try("a user name of 100,000 characters", SAVE_OPERATION, UNKNOWN_USER, op(username="x" * 100000)),
    Try("a password of 100,000 characters", SAVE_OPERATION, WRONG_PASSWORD, op(password="x" * 100000)),
    Try("SQL in the user name", SAVE_OPERATION, UNKNOWN_USER, op(username=quote("bob' OR '1'='1' -- "))),
    Try("SQL in the password", SAVE_OPERATION, WRONG_PASSWORD, op(password=quote("' OR '1'='1"))),
    Try("a wildcard for a user name", SAVE_OPERATION, UNKNOWN_USER, op(username="%25")),
    Try("a user name after a space", SAVE_OPERATION, UNKNOWN_USER, op(username="%20bob")),
    Try("the password in capitals", SAVE_OPERATION, WRONG_PASSWORD, op(password=quote(PASSWORD.upper()))),
    Try("a space after the password", SAVE_OPERATION, WRONG_PASSWORD, op(password=quote(PASSWORD + " "))),
    json_op("a user name that is an array", UNKNOWN_USER, username=["bob"]),
    json_op("a password that is an object", WRONG_PASSWORD, password={"$ne": ""}),
    json_op("a password that is true", WRONG_PASSWORD, password=True),
    json_op("a password that is null", WRONG_PASSWORD, password=None),
    *[Try(f"X-API-KEY {name}", SAVE_OPERATION, refusal(403, "Clé d'API manquante ou invalide."), op(), 403,
          headers={"X-API-KEY": value})
      for name, value in (("empty", ""), ("of a space", " "), ("SQL", "' OR '1'='1"), ("of 4 kB", "k" * 4000),
                          ("Latin-1", "cl\xe9"), ("a tab", "a\tb"), ("two in one", "KEY, KEY"), ("cut", "KEY-1"),
                          ("quoted", '"KEY"'), ("with a scheme", "Bearer KEY"), ("in capitals", "UPPER KEY"))],
    Try("X-API-KEY as a parameter", SAVE_OPERATION, refusal(403, "Clé d'API manquante ou invalide."),
        op() + "&X-API-KEY=KEY&api_key=KEY", 403, headers={"X-API-KEY": "no"}),
    Try("a bad key and a bad password: the key is told", SAVE_OPERATION,
        refusal(403, "Clé d'API manquante ou invalide."),
        op(password="x"), 403, headers={"X-API-KEY": "no"}),
]

BODIES = [
    *[json_text("JSON: " + text[:40].replace("\n", "\\n"), text) for text in (
        "", " ", "null", "true", "12", '"texte"', "[]", "[{}]", "{", '{"a":1,}', "{'a':1}", '{"a":NaN}', '{"a":-01}',
        '{"a":"line\nbreak"}', '{"a\\u0000":1}', '{"a":1} x',
        '{"a":' * 40 + "1" + "}" * 40, "[" * 100000) if text != ""],
    *[json_text("JSON with a flaw: " + text, json.dumps({**CREDENTIALS, **OPERATION_FORM})[:-1] + "," + text + "}",
                wrong)
      for wrong, text in (
          ("operationDesc", '"operationDesc":"a\\u0000b"'), ("operationDesc", '"operationDesc":"\\ud83d"'),
          ("operationDesc", '"operationDesc":["\\ud83d"]'), ("operationMontant", '"operationMontant":1'),
          ("operationDesc", '"operationDesc":99999999999999999999'), ("a", '"a":{"b":1,"b":1}'))],
    json_text("a batch", json.dumps([{**CREDENTIALS, **OPERATION_FORM}])),
    json_op("an amount that is an array", fields(("Montant", "invalide")), operationMontant=[5]),
    json_op("an amount that is an object", fields(("Montant", "invalide")), operationMontant={"a": 5}),
    json_op("an amount that is true", fields(("Montant", "invalide")), operationMontant=True),
    json_op("an amount that is null", fields(("Montant", "obligatoire")), operationMontant=None),
    json_op("an amount of three places", fields(("Montant", "invalide")), operationMontant=1.005),
    json_op("a date that is an object", fields(("Date", "invalide")), operationDate={"sec": 1471384800, "usec": 0}),
    json_op("a description that is an array", fields(("Description", "invalide")), operationDesc=["x"]),
    json_op("a tenant that is an array", fields(("Locataire", "invalide")), locataireId=[LOCATAIRE]),
    Try("an exponent in JSON", SAVE_OPERATION, fields(("Montant", "invalide")),
        json.dumps({**CREDENTIALS, **OPERATION_FORM}).replace('"126.16"', "1e2"), type=JSON),
    json_op("numbers are text where text is due", ADDED, operationMontant=12.5, operationDate=1471384800,
            operationDesc=7, keeps={"operationMontant": 12.5, "operationDesc": "7"}),
    json_op("true is not on", ADDED, operationPaid=True, keeps={"operationPaid": False}),
    Try("multipart that never ends", SAVE_OPERATION, parameter("body"), parts(), 400, MULTIPART),
    Try("multipart without a boundary", SAVE_OPERATION, parameter("body"), parts() + END, 400, "multipart/form-data"),
    Try("NUL in a part", SAVE_OPERATION, parameter("operationDesc"), parts(operationDesc=b"a\0b") + END, 400,
        MULTIPART),
    Try("bad UTF-8 in a part", SAVE_OPERATION, parameter("operationDesc"), parts(operationDesc=b"\xff") + END, 400,
        MULTIPART),
    Try("two parts of one name", SAVE_OPERATION, fields(("Montant", "invalide")),
        parts() + part("operationMontant", b"1") + END, type=MULTIPART),
    Try("a multipart form", SAVE_OPERATION, ADDED, parts(operationDesc="à\r\nla ligne") + END, type=MULTIPART,
        keeps={"operationDesc": "à\r\nla ligne"}),
    Try("plain text", SAVE_OPERATION, parameter("body"), op(), 400, "text/plain"),
    Try("XML", SAVE_OPERATION, parameter("body"), "<a/>", 400, "application/xml"),
    Try("JSON said to be a form", SAVE_OPERATION, UNKNOWN_USER, json.dumps(CREDENTIALS)),
    Try("a form said to be JSON", SAVE_OPERATION, parameter("body"), op(), 400, JSON),
]

NASTY = {"SQL": "'); DROP TABLE operation; --", "SQL comment": "\\'; DELETE FROM user_account; #",
         "HTML": "<script>alert(1)"
         "</script>", "JSON": '"},"code":0,"x":{"', "JSON escape": '\\u0022\\',
         "header": "a\r\nSet-Cookie: x=1\r\n\r\n<html>",
         "format": "%s%n%x {{x}} ${7*7}", "shell": "; $(reboot) `id` |", "control": "\x01\x1b[31m\x7f", "separators":
         "\u2028\u2029", "byte order mark": "\ufeffx"}
INJECTIONS = [
    *[good_op(f"{name} in the description", {"operationDesc": text}, operationDesc=text) for name,
      text in NASTY.items()],
    *[good_tenant(f"{name} in a tenant's fields", {"nom": text, "prenom": text, "address1": text, "precision": text},
                  nom=text, prenom=text, address1=text, precision=text) for name, text in NASTY.items()],
]

METHODS = [
    *[Try(f"{method} {path}", path, refusal(404, "Adresse inconnue."), login(), 404, method=method)
      for method, path in (("GET", SAVE_OPERATION), ("PUT", SAVE_OPERATION), ("PATCH", SAVE_OPERATION),
                           ("GET", SAVE_TENANT), ("GET", GONE), ("GET", "markOperationPaid/" + OPERATION),
                           ("GET", "markOperationUnPaid/" + OPERATION), ("GET", "deleteOperation/" + OPERATION),
                           ("DELETE", "deleteOperation/" + OPERATION), ("PUT", "immeubles"), ("DELETE", "immeubles"),
                           ("BREW", "immeubles"))],
    Try("a method in a header", "immeuble/" + ABSENT, bad_id("immeubleId"), login(), method="POST",
        headers={"X-HTTP-Method-Override": "DELETE"}),
    Try("a path in capitals", "IMMEUBLES", refusal(404, "Adresse inconnue."), login(), 404),
    Try("an element too many", f"immeuble/{IMMEUBLE}/x", refusal(404, "Adresse inconnue."), login(), 404),
    Try("an element too many behind the limit", f"operations/{IMMEUBLE}/5/x", refusal(404, "Adresse inconnue."),
        login(), 404),
    Try("an Idempotency-Key too long", SAVE_OPERATION, parameter("Idempotency-Key"), op(), 400,
        headers={"Idempotency-Key": "k" * 256}),
    Try("an Idempotency-Key of Latin-1", SAVE_OPERATION, parameter("Idempotency-Key"), op(), 400,
        headers={"Idempotency-Key": "cl\xe9"}),
    Try("an operation id that is none adds", SAVE_OPERATION + "/x", ADDED, op(), keeps={"operationMontant": 126.16}),
    Try("an empty operation id adds", SAVE_OPERATION + "/", ADDED, op(), keeps={"operationMontant": 126.16}),
    Try("a tenant's id that is none adds", SAVE_TENANT + "/x", SAVED, tenant(), keeps={"nom": "Dupont"}),
    Try("an empty tenant's id adds", SAVE_TENANT + "/", SAVED, tenant(), keeps={"nom": "Dupont"}),
]

TABLE = (ENCODINGS + IDS + LIMITS + AMOUNTS + DATES + SIZES + DUPLICATES + CREDENTIALS_CASES + BODIES + INJECTIONS
         + METHODS)


class Hostile(StackCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = import_landlord(cls.stack, small_portfolio(USERNAME, NUMBER))

    def state(self):
        return [self.bob.call(path).body for path in ("immeubles", f"operations/{IMMEUBLE}/100000",
                                                      f"locataires/{IMMEUBLE}/100000")]

    def export(self):
        return self.stack.ctl("portfolio", "export", USERNAME).stdout

    def ask(self, case):
        path = "/api/gestion/2/" + case.path + ("?" + case.query if case.query else "")
        headers = {"X-API-KEY": self.bob.key, "Content-Type": case.type, **case.headers}
        if "KEY" in headers["X-API-KEY"]:
            key = self.bob.key
            headers["X-API-KEY"] = headers["X-API-KEY"].replace("UPPER KEY", key.swapcase()).replace(
                "KEY-1", key[:-1]).replace("KEY", key)
        headers["X-API-KEY"] = headers["X-API-KEY"].encode("latin-1")
        return self.stack.web.request(case.method, path, body=case.body or None, headers=headers)

    def check_kept(self, case, answer):
        if "operationId" in answer:
            rows = self.bob.get(f"operations/{IMMEUBLE}/100000")["operations"]
            row = next(o for o in rows if o["id"] == answer["operationId"])
        else:
            row = self.bob.get("locataire/" + answer["locataireId"])["locataire"]
        self.assertEqual({name: row[name] for name in case.keeps}, case.keeps)

    def test_the_table(self):
        self.assertGreaterEqual(len(TABLE), 150)
        self.assertEqual(len({case.name for case in TABLE}), len(TABLE), "names are to be unique")
        for case in TABLE:
            if case.accepted:
                continue
            before = self.state()
            with self.subTest(case.name):
                answer = self.ask(case)
                self.assertEqual((answer.status, answer.json), (case.status, case.answer))
                self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
                self.assertEqual(self.state(), before)

    def test_what_is_refused_changes_nothing(self):
        """In the database, whatever the API says: all refusals once more."""
        before = self.export()
        version = self.stack.db.value("SELECT portfolio_version + operations_version FROM user_account")
        for case in TABLE:
            if not case.accepted and len(case.body) < 1000000:
                self.ask(case)
        self.assertEqual(self.export(), before)
        self.assertEqual(self.stack.db.value("SELECT portfolio_version + operations_version FROM user_account"),
                         version)
        self.assertEqual(self.stack.db.value("SELECT COUNT(*) FROM user_account"), "1")

    def test_what_is_accepted(self):
        for case in TABLE:
            if not case.accepted:
                continue
            with self.subTest(case.name):
                answer = self.ask(case)
                got = {name: value for name, value in answer.json.items() if name not in ("operationId", "locataireId")}
                self.assertEqual((answer.status, got), (200, case.answer), answer)
                self.check_kept(case, answer.json)

    def test_a_century_of_months(self):
        """The longest repetition is all there, or it would have been refused."""
        before = self.bob.get(f"operations/{IMMEUBLE}/100000")["countAll"]
        answer = self.bob.get(SAVE_OPERATION, **OPERATION_FORM, operationRepeatDate="16/09/2116")
        self.assertEqual(answer["code"], 0)
        self.assertEqual(self.bob.get(f"operations/{IMMEUBLE}/100000")["countAll"], before + 1201)


class LoginLimits(StackCase):
    """
    Wrong passwords are counted by account and address, and by address. Each test comes from an address of its own: the
    whole of 127.0.0.0/8 is this host.
    """

    addresses = (f"127.0.1.{i}" for i in itertools.count(1))
    LIMITED = refusal(429, "Trop de tentatives. Réessayez plus tard.")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = None
        for number, name in enumerate(("bob", "carl", "dora", "eve", "fred", "gil"), 1):
            cls.key = import_landlord(cls.stack, small_portfolio(name, number), cls.key).key

    def setUp(self):
        self.address = next(self.addresses)

    def ask(self, username, password, path="/api/gestion/2/immeubles", address=None, **headers):
        connection = http.client.HTTPConnection(self.stack.web.host, self.stack.web.port, timeout=60,
                                                source_address=(address or self.address, 0))
        answer = self.stack.web.post(path, {"username": username, "password": password},
                                     headers={"X-API-KEY": self.key, **headers}, connection=connection)
        connection.close()
        return answer

    def try_wrong(self, times, username="bob", code=-2, **more):
        for i in range(times):
            answer = self.ask(username, f"wrong {i}", **more)
            self.assertEqual((answer.status, answer.json["code"]), (200, code), (i, username))

    def check_limited(self, *arguments, **more):
        """On a slow machine some attempts may have come free since the last one was used up."""
        for _ in range(20):
            answer = self.ask(*arguments, **more)
            if answer.status == 429:
                break
        self.assertEqual((answer.status, answer.json), (429, self.LIMITED))
        self.assertRegex(answer.headers["Retry-After"], r"^[1-9][0-9]*$")
        self.assertLessEqual(int(answer.headers["Retry-After"]), 60)
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")

    def check_good(self, *arguments, **more):
        answer = self.ask(*arguments, **more)
        self.assertEqual((answer.status, answer.json["code"]), (200, 0))

    def test_after_ten_failures(self):
        self.check_good("bob", PASSWORD)                # remembered from here on
        self.try_wrong(10)
        for path in ("/api/gestion/2/immeubles", "/api/login", "/api/gestion/2/immeuble/" + ABSENT):
            self.check_limited("bob", "wrong", path=path)
        self.check_good("bob", PASSWORD)                # the landlord's own app goes on
        self.assertEqual(self.ask("bob", PASSWORD, "/api/login").json["username"], "bob")
        self.check_good("eve", PASSWORD)                # others behind the same address as well
        self.try_wrong(1, address=next(self.addresses))      # and nobody elsewhere is locked out

    def test_a_right_guess_among_too_many_is_not_told(self):
        self.try_wrong(10, "carl")
        self.check_limited("carl", "wrong")
        self.check_limited("carl", PASSWORD)
        self.check_good("carl", PASSWORD, address=next(self.addresses))

    def test_nor_that_of_an_account_in_use(self):
        """What is remembered from elsewhere is no answer to a guesser; and the landlord is where he was."""
        home = next(self.addresses)
        self.check_good("bob", PASSWORD, address=home)
        self.try_wrong(10)
        self.check_limited("bob", "wrong")
        for path in ("/api/gestion/2/immeubles", "/api/login", "/api/gestion/2/immeuble/" + ABSENT):
            self.check_limited("bob", PASSWORD, path=path)
        self.check_good("bob", PASSWORD, address=home)
        self.check_good("bob", PASSWORD, address=next(self.addresses))

    def test_login_counts_with_the_rest(self):
        for i in range(10):
            path = "/api/login" if i % 2 else "/api/gestion/2/immeubles"
            answer = self.ask("dora", "wrong", path).json
            self.assertEqual(answer.get("Code", answer.get("code")), "-2" if i % 2 else -2)
        self.check_limited("dora", "wrong", path="/api/login")

    def test_success_costs_nothing(self):
        """Twelve correct pairs that are not remembered, since the stored hash is another each time."""
        hashes = [row[0] for row in self.stack.sql("SELECT HEX(password_hash) FROM user_account")]
        for stored in hashes * 2:
            self.stack.sql(f"UPDATE user_account SET password_hash = UNHEX('{stored}') WHERE username = 'fred'")
            self.check_good("fred", PASSWORD)
        self.try_wrong(10, "fred")
        self.check_limited("fred", "wrong")

    def test_unknown_users_are_limited_alike(self):
        self.try_wrong(10, "nobody", -1)
        self.check_limited("nobody", "wrong")
        self.try_wrong(10, "nobody@example.fr", -1)
        self.check_limited("nobody@example.fr", "wrong", path="/api/login")

    def test_other_spellings_are_the_same_account(self):
        """What the database takes for the same name is limited as one."""
        spellings = ["gil", "GIL", "gil ", "Gil", "gîl", "gil@example.fr", "GIL@example.fr"]
        for i in range(10):
            self.try_wrong(1, spellings[i % len(spellings)])
        for spelling in spellings:
            self.check_limited(spelling, "wrong")

    def test_an_address_that_tries_many_accounts(self):
        for i in range(50):
            self.try_wrong(1, f"nobody{i}", -1)
        self.check_limited("another", "wrong")
        self.check_limited("bob", "wrong")
        self.try_wrong(1, "another", -1, address=next(self.addresses))

    def test_an_address_in_a_header_is_no_address(self):
        for i in range(10):
            self.try_wrong(1, "eve", **{"X-Forwarded-For": f"192.0.2.{i}", "X-Real-IP": f"192.0.2.{i}"})
        self.check_limited("eve", "wrong", **{"X-Forwarded-For": "192.0.2.99"})


if __name__ == "__main__":
    unittest.main()
