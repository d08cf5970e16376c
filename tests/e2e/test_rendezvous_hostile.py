"""
Hostile input for appointments: tables of requests, each with its exact answer. What is refused changes no table of the
database; what is accepted is listed and told as it was given.
"""

import base64
import copy
import email
import email.policy
import json
import unittest
import urllib.parse

from tests.lib.crowd import at_once
from tests.lib.receiver import Receiver
from tests.lib.stack import StackCase

FORM, JSON, MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
CREATED, UPDATED = "Appointment successfully created", "Appointment successfully updated"
APPROVED, CANCELLED = "Appointment successfully approved", "Appointment successfully cancelled"
BODY, START, END, RECIPIENT = "invalid body", "invalid start_at", "invalid end_at", "invalid recipient"
APPOINTMENTS = "appointments"
TABLES = "appointment, webhook_event, webhook_endpoint, idempotency_key, message, delivery, delivery_event"

PERSON = {"first_name": "Jean", "last_name": "DUPONT", "email": "jean.dupont@exemple.fr", "phone": "06 02 03 04 05",
          "variables": [{"name": "Bâtiment", "content": "B"}]}
GOOD = {"status": "preset", "channel": "email", "start_at": "2099-06-12T12:00:00+02:00",
        "end_at": "2099-06-12T12:45:00+02:00", "duration": 45, "location": "6 rue de la Place", "reminder_delay": 0,
        "reminder_channel": "disabled", "recipient": PERSON}
LISTED = {**GOOD, "reminder_status": False}


class Try:
    """
    One request and what it must answer. In a path {own}, {other}, {absent} and {cancelled} are numbers of appointments.
    `keeps`: fields of the list after an acceptance.
    """

    def __init__(self, name, body=b"", message=None, status=400, path=APPOINTMENTS, type=JSON, query="", method="POST",
                 headers=None, keeps=None):
        self.name, self.path, self.type, self.query, self.method = name, path, type, query, method
        body = json.dumps(body, ensure_ascii=False) if isinstance(body, (dict, list)) else body
        self.body = body.encode() if isinstance(body, str) else body
        self.message, self.status, self.headers, self.keeps = message, status, headers or {}, keeps


def rdv(person=None, **changes):
    """A good appointment with other fields; those of the recipient as `person`; DROP leaves a field out."""
    body = {**copy.deepcopy(GOOD), **changes}
    body["recipient"] = {**body["recipient"], **person} if person else body["recipient"]
    return {name: value for name, value in body.items() if value is not DROP}


DROP = object()


def bad(name, message, /, person=None, **changes):
    return Try(name, rdv(person, **changes), message)


def good(name, keeps=None, /, person=None, **changes):
    """Kept as it was given, except what `keeps` says."""
    kept = {field: value for field, value in rdv(person, **changes).items() if field in LISTED}
    return Try(name, rdv(person, **changes), CREATED, 200, keeps={**LISTED, **kept, **(keeps or {})})


def raw(name, text, message=BODY, **more):
    return Try(name, text, message, **more)


def field(name, text, message=None):
    """`text` is the JSON of one field's value."""
    parts = {**{each: json.dumps(value) for each, value in GOOD.items()}, name: text}
    body = "{" + ",".join(f'"{each}":{value}' for each, value in parts.items()) + "}"
    return raw(f"{name}: {text[:40]}", body, message or "invalid " + name)


def member(name, text, message=RECIPIENT):
    """The same for a field of the recipient."""
    parts = {**{each: json.dumps(value) for each, value in PERSON.items()}, name: text}
    case = field("recipient", "{" + ",".join(f'"{each}":{value}' for each, value in parts.items()) + "}", message)
    case.name = f"recipient.{name}: {text[:40]}"
    return case


def change(name, body, message, /, path="appointments/{own}", status=400, **more):
    return Try(name, body, message, status, path, **more)


def changed(name, body, keeps, /, **more):
    return Try(name, body, UPDATED, 200, "appointments/{own}", keeps=keeps, **more)


def times(name, message, start, end=DROP, duration=DROP):
    return bad(name, message, start_at=start, end_at=end, duration=duration)


def lasting(name, start, end, listed_start, listed_end, minutes, duration=DROP):
    return good(name, {"start_at": listed_start, "end_at": listed_end, "duration": minutes}, start_at=start, end_at=end,
                duration=duration)


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


def part(name, value):
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


def quote(text):
    return urllib.parse.quote(text, safe="")


FORM_TIMES = "start_at=2099-06-12T12:00:00+02:00&duration=45"
FORM_PERSON = "&recipient=" + quote(json.dumps(PERSON, ensure_ascii=False))


def variables(n, name="a", content="b"):
    return [{"name": name, "content": content}] * n


BYTES = json.dumps(GOOD, ensure_ascii=False).encode()


def with_bytes(name, inside, message=BODY, **more):
    return Try(name, BYTES.replace(b"rue de la Place", inside), message, **more)


ENCODINGS = [
    with_bytes("a byte that is never UTF-8", b"\xff"),
    with_bytes("overlong slash", b"\xc0\xaf"),
    with_bytes("overlong NUL", b"\xc0\x80"),
    with_bytes("overlong in three bytes", b"\xe0\x80\xaf"),
    with_bytes("surrogate in bytes", b"\xed\xa0\x80"),
    with_bytes("surrogate pair in bytes (CESU-8)", b"\xed\xa0\xbd\xed\xb8\x80"),
    with_bytes("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
    with_bytes("five-byte form", b"\xf8\x88\x80\x80\x80"),
    with_bytes("cut character", b"abc\xc3"),
    with_bytes("lone continuation", b"\x80"),
    with_bytes("Latin-1", b"Ch\xe2teau"),
    with_bytes("raw NUL", b"a\0b"),
    with_bytes("raw line break", b"a\nb"),
    with_bytes("escaped NUL", b"a\\u0000b", "invalid location"),
    with_bytes("unpaired surrogate escape", b"\\ud83c", "invalid location"),
    with_bytes("surrogate escapes in the wrong order", b"\\udfe0\\ud83c", "invalid location"),
    with_bytes("cut escape", b"\\u12"),
    with_bytes("unknown escape", b"\\x41"),
    raw("NUL in a name", '{"start_at\\u0000":1}'),
    raw("NUL after the body", BYTES + b"\0"),
    raw("byte order mark", b"\xef\xbb\xbf" + BYTES),
    raw("UTF-16", json.dumps(GOOD).encode("utf-16")),
    raw("UTF-32", json.dumps(GOOD).encode("utf-32-le")),
    raw("another charset", BYTES, type=JSON + "; charset=iso-8859-1"),
    raw("bad UTF-8 in the query", BYTES, "invalid location", query="location=%FF"),
    raw("bad UTF-8 in a parameter nobody reads", BYTES, "invalid x", query="x=%C0%AF"),
    raw("NUL in the query", BYTES, "invalid location", query="location=%00"),
    raw("bad escape in the query", BYTES, "invalid location", query="location=%G1"),
    good("escapes that make characters", location="\U0001f3e0 é"),
    good("emoji, combining and right-to-left", location="6 rue 🏠🇫🇷 e\u0301 \u202eété",
         person={"first_name": "José-Ñ", "last_name": "李 🏠", "variables": variables(1, "🏠", "\U0010ffff")}),
]

WRONG = ("[]", "{}", "true", '["email"]', '{"a":1}')
TYPES = [
    *[field(name, text) for name in ("status", "channel", "reminder_channel") for text in WRONG],
    *[field(name, text) for name in ("status", "channel", "reminder_channel")
      for text in ("1", "1.5", "false", '""', '" "', '"EMAIL"', '"email "', '"email,sms"', '"emai"')],
    field("status", '"cancelled"'), field("status", '"Preset"'), field("channel", '"disabled"'),
    field("channel", '"sms_first"'), field("channel", '"fax"'), field("reminder_channel", '"true"'),
    *[field(name, text) for name in ("start_at", "end_at") for text in (*WRONG, "false", "4085546400", "1.5", '""')],
    *[field("duration", text) for text in (*WRONG, "false", '""', '"x"', "0", "-45", "45.0", "4.5e1", "45.5", '"45 "',
                                           '" 45"', '"+45"', '"0x2d"', '"4.5e1"', '"٤٥"', "44641",
                                           "9223372036854775807")],
    *[field("reminder_delay", text) for text in (*WRONG, '""', '"x"', "-1", "1.0", "1e0", "2161", '"1h"',
                                                 "4294967297", "-9223372036854775808")],
    *[field("location", text) for text in WRONG],
    field("location", "1e400"), field("location", "12345678901234567890123"),
    *[field("recipient", text) for text in ("[]", "null", "true", "1", '""', '"Jean"', '[{"email":"a@exemple.fr"}]')],
    *[field(name, "99999999999999999999") for name in ("duration", "reminder_delay")],
    *[field(name, text, BODY) for name in ("duration", "start_at")
      for text in ("NaN", "-01", "2.", "0x10", "Infinity")],
    *[member(name, text, "invalid " + name) for name in ("first_name", "last_name")
      for text in ("[]", "{}", "true", "1", "1.5")],
    *[member(name, text) for name in ("email", "phone") for text in ("[]", "{}", "false", "1", "602030405", '["a"]')],
    *[member("variables", text, "invalid variables") for text in (
        "{}", '"x"', "1", "true", "[null]", "[1]", '["x"]', "[[]]", "[{}]", '[{"name":"a"}]', '[{"content":"b"}]',
        '[{"name":null,"content":"b"}]', '[{"name":"a","content":null}]', '[{"name":"a","content":1}]',
        '[{"name":"a","content":true}]', '[{"name":["a"],"content":"b"}]', '[{"name":"a","content":{"b":1}}]',
        '[{"name":"a","content":"b","x":1}]', '[{"Name":"a","Content":"b"}]', '{"name":"a","content":"b"}',
        '[{"name":"a","content":"b"},{}]')],
    good("a number where text is due", {"location": "12"}, location=12),
    *[Try("a number as it was written: " + text, json.dumps(rdv(location="@")).replace('"@"', text), CREATED, 200,
          keeps={**LISTED, "location": text}) for text in ("1.10", "1E5", "-1.0e-7", "123456789.123456789123456789")],
    good("numbers as text", {"duration": 45, "reminder_delay": 3}, duration="45", reminder_delay="3"),
    good("null is not given", {"status": "preset", "channel": "email", "location": None, "reminder_delay": 0,
                               "reminder_channel": "disabled", "duration": 45}, status=None, channel=None,
         location=None, reminder_delay=None, reminder_channel=None, duration=None),
    good("empty text is none", {"location": None, "recipient": {**PERSON, "first_name": None, "phone": None}},
         location="", person={"first_name": "", "phone": ""}),
    good("null members", person={"first_name": None, "last_name": None, "phone": None}),
    good("null variables", {"recipient": {**PERSON, "variables": []}}, person={"variables": None}),
    good("what is not ours to be told", {"reminder_status": False}, id=1, client_id=1, created_at="2000-01-01",
         reminder_status=True, x=[{}]),
    good("unknown members of the recipient", {"recipient": PERSON}, person={"id": 1, "Email": "b@exemple.fr",
         "x": [1]}),
]

JSONS = [
    *[raw(f"JSON: {text[:30]} ({len(text)})", text) for text in (
        " ", "null", "true", "12", '"texte"', "{", "}", "[", "{]", '{"a"', '{"a":1,}', "{'a':1}", "{a:1}", '{"a":1} x',
        '{"a":1}{"b":2}', "/**/{}", '{"a":tru}', '{"a":True}', "[1,2", "[" * 100000, nested(17), nested(40),
        '{"recipient":' + "[" * 16 + "]" * 16 + "}")],
    raw("JSON: nothing", "", START),
    raw("an empty object", "{}", START),
    raw("an empty array", "[]"),
    raw("1,001 appointments", [GOOD] * 1001),
    raw("a thousand and one parameters", json.dumps({f"p{i}": 1 for i in range(1001)}), "invalid parameters"),
    raw("a name twice", '{"location":"a","location":"a","start_at":"2099-06-12T12:00:00Z"}',
        "invalid location"),
    raw("a name twice, escaped", '{"location":"a","l\\u006fcation":"b"}', "invalid location"),
    raw("a name twice in the recipient", '{"recipient":{"email":"a@exemple.fr","email":"a@exemple.fr"}}', RECIPIENT),
    raw("a name twice in a variable", '{"recipient":{"variables":[{"name":"a","name":"a","content":"b"}]}}', RECIPIENT),
    raw("status both ways", GOOD, "invalid status", query="status=approved"),
    raw("a start both ways", GOOD, START, query="start_at=2099-06-12T10:00:00Z"),
    raw("a duration both ways", GOOD, "invalid duration", query="duration=46"),
    raw("a place both ways", GOOD, "invalid location", query="location=ailleurs"),
    raw("a recipient both ways", GOOD, RECIPIENT, query="recipient=x"),
    raw("a recipient as parameters of PHP", rdv(recipient=DROP), RECIPIENT, query="recipient[email]=a@exemple.fr"),
    good("array notation is another name", {}, **{"location[]": "x", "Location": "y", "location ": "z"}),
    Try("the same twice is once", GOOD, CREATED, 200, query="status=preset&duration=45", keeps=LISTED),
    Try("a part in the query", rdv(location=DROP), CREATED, 200, query="location=chez%20lui",
        keeps={"location": "chez lui"}),
]

SIZES = [
    bad("a place too long", "invalid location", location="x" * 501),
    bad("a place too long in characters of four bytes", "invalid location", location="🏠" * 501),
    bad("a place of a megabyte", "invalid location", location="x" * 1000000),
    bad("a first name too long", "invalid first_name", person={"first_name": "x" * 101}),
    bad("a last name too long", "invalid last_name", person={"last_name": "é" * 101}),
    bad("an e-mail address too long", RECIPIENT, person={"email": "x@" + "d." * 125 + "fr" * 2}),
    bad("a telephone number too long", RECIPIENT, person={"phone": "06 02 03 04 05" + " " * 51}),
    bad("51 variables", "invalid variables", person={"variables": variables(51)}),
    bad("ten thousand variables", "invalid variables", person={"variables": variables(10000)}),
    bad("a variable's name too long", "invalid variables", person={"variables": variables(1, "x" * 1001)}),
    bad("a variable's content too long", "invalid variables", person={"variables": variables(1, "x", "🏠" * 1001)}),
    bad("a channel of a megabyte", "invalid channel", channel="x" * 1000000),
    bad("a start of a megabyte", START, start_at="2" * 1000000),
    Try("too large a body", b" " * (40 * 1024 * 1024), "request entity too large", 413),
    good("the longest place", location="é" * 500),
    good("the longest place, in characters of four bytes", location="🏠" * 500),
    good("the longest names", person={"first_name": "🏠" * 100, "last_name": "é" * 100}),
    good("the longest telephone number", {}, person={"phone": "06 02 03 04 05" + " " * 50}),
    good("the most and longest variables", person={"variables": variables(50, "🏠" * 1000, "🏠" * 1000)}),
    good("variables that take six bytes a character", person={"variables": variables(50, "\x01" * 1000,
         "\x1f" * 1000)}),
    good("empty variables", person={"variables": variables(50, "", "")}),
    good("the longest appointment", {"end_at": "2099-07-13T12:00:00+02:00"}, end_at=DROP, duration=44640),
    good("the earliest reminder", reminder_channel="email", reminder_delay=2160),
]

DATES = [
    *[times(f"start: {text}", START, text, duration=45) for text in (
        "hier", "2099-06-12", "2099-06-12T12:00:00", "2099-06-12 12:00", "2099-06-12T12:00", "12/06/2099",
        "2099-06-12T12:00:00 +02:00", " 2099-06-12T12:00:00Z", "2099-06-12T12:00:00Z ", "2099-06-12T12:00:00+24:00",
        "2099-06-12T12:00:00+02:60", "2099-06-12T12:00:00+99:99", "2099-06-12T12:00:00+2:00", "2099-06-12T12:00:00+",
        "2099-06-12T12:00:00  02:00", "2099-06-12T12:00:00UTC", "2099-06-12T12:00:00[Europe/Paris]",
        "2099-06-12T24:00:00Z", "2099-06-12T12:60:00Z", "2099-06-12T12:00:60Z", "2016-12-31T23:59:60Z",
        "2099-02-30T12:00:00Z", "2099-02-29T12:00:00Z", "2100-02-29T12:00:00Z", "2099-06-31T12:00:00Z",
        "2099-13-01T12:00:00Z", "2099-00-12T12:00:00Z", "2099-06-00T12:00:00Z", "0000-01-01T12:00:00Z",
        "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "10000-01-01T12:00:00Z",
        "-2099-06-12T12:00:00Z", "+002099-06-12T12:00:00Z", "99-06-12T12:00:00Z", "2099-6-12T12:00:00Z",
        "2099-W24-5T12:00:00Z", "2099-163T12:00:00Z", "20990612T120000Z", "2099-06-12T12Z", "2099-06-12T12:00:00.5Z",
        "2099-06-12T12:00:00.Z", "2099-06-12T12:00:00.0000000000Z", "2099-06-12T-1:00:00Z", "2099-06-12T12:0x:00Z",
        "２０９９-06-12T12:00:00Z", "2099-06-12T12:00:00Z; DROP TABLE appointment", "9999-12-31T23:30:00Z", "now",
        "4085546400")],
    *[times(f"end: {text}", END, GOOD["start_at"], text, duration) for text, duration in (
        ("2099-06-12T12:45:00", 45), ("2099-06-12", DROP), ("2099-06-12T10:45:60Z", 45), ("2099-02-30T12:45:00Z", 45),
        ("2099-06-12T12:00:00+02:00", DROP), ("2099-06-12T10:00:00Z", DROP), ("2099-06-12T11:59:59+02:00", DROP),
        ("2099-06-12T12:00:30+02:00", DROP), ("2099-07-13T12:01:00+02:00", DROP), ("2199-06-12T12:00:00+02:00", DROP),
        ("2099-06-12T12:45:00+03:00", DROP), ("0001-01-01T00:00:00Z", DROP))],
    bad("the end is the start, the duration 45", END, end_at=GOOD["start_at"]),
    bad("an end before the start, the duration the difference", END, end_at="2099-06-12T11:15:00+02:00"),
    bad("a duration one too short", "invalid duration", duration=44),
    bad("a duration one too long", "invalid duration", duration=46),
    bad("a duration in seconds", "invalid duration", duration=2700),
    times("neither end nor duration", END, GOOD["start_at"]),
    bad("no start", START, start_at=DROP),
    bad("a start that is null", START, start_at=None),
    times("an end beyond the year 9999", END, "9999-12-31T20:00:00Z", duration=1440),
    times("an end beyond the year 9999 in Paris", END, "9999-12-31T22:30:00Z", "9999-12-31T23:00:00Z"),
    lasting("the last minute of 9999", "9999-12-31T22:58:00Z", DROP, "9999-12-31T23:58:00+01:00",
            "9999-12-31T23:59:00+01:00", 1, 1),
    lasting("the first second there is", "1970-01-01T00:00:01Z", DROP, "1970-01-01T01:00:01+01:00",
            "1970-01-01T01:45:01+01:00", 45, 45),
    lasting("small letters", "2099-06-12t10:00:00z", "2099-06-12t12:45:00+02:00", GOOD["start_at"], GOOD["end_at"], 45),
    lasting("a space for the T", "2099-06-12 10:00Z", "2099-06-12 12:45+0200", GOOD["start_at"], GOOD["end_at"], 45),
    lasting("hours alone as offset", "2099-06-12T12:00:00+02", "2099-06-12T05:45:00-05", GOOD["start_at"],
            GOOD["end_at"], 45),
    lasting("the widest offsets", "2099-06-13T09:59:00+23:59", "2099-06-11T10:46:00-23:59", GOOD["start_at"],
            GOOD["end_at"], 45),
    lasting("an offset of minus nothing", "2099-06-12T10:00:00-00:00", DROP, GOOD["start_at"], GOOD["end_at"], 45, 45),
    lasting("milliseconds of nothing", "2099-06-12T10:00:00.000Z", "2099-06-12T10:45:00,000Z", GOOD["start_at"],
            GOOD["end_at"], 45),
    lasting("29 February", "2096-02-29T23:30:00+01:00", DROP, "2096-02-29T23:30:00+01:00", "2096-03-01T00:30:00+01:00",
            60, 60),
    lasting("in the hour that is not there", "2099-03-29T02:30:00+01:00", DROP, "2099-03-29T03:30:00+02:00",
            "2099-03-29T04:15:00+02:00", 45, 45),
    lasting("across the hour that is not there", "2099-03-29T01:30:00+01:00", "2099-03-29T03:30:00+02:00",
            "2099-03-29T01:30:00+01:00", "2099-03-29T03:30:00+02:00", 60),
    lasting("from one 2:30 to the other", "2099-10-25T02:30:00+02:00", "2099-10-25T02:30:00+01:00",
            "2099-10-25T02:30:00+02:00", "2099-10-25T02:30:00+01:00", 60, 60),
    times("from the later 2:30 back to the first", END, "2099-10-25T02:30:00+01:00", "2099-10-25T02:30:00+02:00"),
]

EMAILS = ["a", "@", "@exemple.fr", "a@", "a@exemple", "a@exemple..fr", "a.@exemple.fr", "a b@exemple.fr",
          " a@exemple.fr",
          "<a@exemple.fr>", "Jean <a@exemple.fr>", "a@exemple.fr,b@exemple.fr", "a@exemple.fr\r\nBcc: b@exemple.fr",
          "a@[127.0.0.1]", "été@exemple.fr", "a@exemple.fr\u202e", "x" * 65 + "@exemple.fr", "' OR 1=1 --",
          "mailto:a@exemple.fr"]
PHONES = ["06", "060203040", "06020304056", "112", "allo", "+33", "++33602030405", "0602030405,0602030406",
          "0602030405\r\nX", "٠٦٠٢٠٣٠٤٠٥", "tel:0602030405", "6.02e9", "-602030405", "0602030405' OR '1'='1"]
REACH = [
    *[bad("e-mail: " + repr(text)[:30], RECIPIENT, person={"email": text}) for text in EMAILS],
    *[bad("telephone: " + repr(text)[:30], RECIPIENT, person={"phone": text}) for text in PHONES],
    bad("an e-mail address that is none, though an SMS is sent", RECIPIENT, channel="sms", person={"email": "a"}),
    bad("no e-mail address for the e-mail", RECIPIENT, person={"email": None}),
    bad("an empty e-mail address", RECIPIENT, person={"email": ""}),
    bad("no telephone for the SMS", RECIPIENT, channel="sms", person={"phone": None}),
    bad("both, without a telephone", RECIPIENT, channel="both", person={"phone": None}),
    bad("both, without an e-mail address", RECIPIENT, channel="both", person={"email": None}),
    bad("a reminder by SMS without a telephone", RECIPIENT, reminder_channel="sms", reminder_delay=2,
        person={"phone": None}),
    bad("a reminder by e-mail without an address", RECIPIENT, channel="sms", reminder_channel="email", reminder_delay=2,
        person={"email": None}),
    bad("a reminder both ways without a telephone", RECIPIENT, reminder_channel="both", reminder_delay=2,
        person={"phone": None}),
    bad("nobody", RECIPIENT, recipient={}),
    bad("no recipient", RECIPIENT, recipient=DROP),
    bad("a reminder at the start", "invalid reminder_delay", reminder_channel="email", reminder_delay=0),
    bad("a reminder of no time", "invalid reminder_delay", reminder_channel="sms", reminder_delay=DROP),
    good("nobody but a telephone", {"recipient": {**dict.fromkeys(PERSON), "phone": "+33 (0)6 02 03 04 05",
                                                  "variables": []}},
         channel="sms", recipient={"phone": "+33 (0)6 02 03 04 05"}),
    good("an internationalised domain", person={"email": "a@château-exemple.fr"}),
    good("both, and both ways", channel="both", reminder_channel="both", reminder_delay=1),
    good("a delay without a reminder", reminder_delay=48),
]

LINES = {"CRLF and a header": "a\r\nBcc: x@exemple.fr", "LF": "a\nb", "CR": "a\rb", "tab": "a\tb",
         "escape sequence": "\x1b[2J", "DEL": "a\x7f", "NEL": "a\x85b", "line separator": "a\u2028b",
         "paragraph separator": "a\u2029b"}
NASTY = {"SQL": "'); DROP TABLE appointment; --", "SQL comment": "\\'; DELETE FROM api_client; #",
         "SQL wildcards": "%_\\", "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
         "entities": "&amp;&#60;",
         "JSON": '"},"status":"approved","x":{"', "JSON escapes": "\\u0022\\",
         "template": "{{{html}}} {{#x}} ${7*7} <%= 1 %>",
         "format": "%s%n%x %1$s", "shell": "; $(reboot) `id` | nc", "path": "../../etc/passwd",
         "header": "Bcc: x@exemple.fr",
         "escaped break": "%0D%0ABcc: x@exemple.fr", "encoded word": "=?utf-8?q?Bcc:_x?=",
         "formula": "=1+cmd|' /C calc'!A0",
         "order of writing": "\u202egpj.exe\u202c", "byte order mark": "\ufeffx", "a dot": "."}
INJECTIONS = [
    *[bad(f"{name} in the place", "invalid location", location=text) for name, text in LINES.items()],
    *[bad(f"{name} in the {label} name", f"invalid {label}_name", person={label + "_name": text})
      for label in ("first", "last") for name, text in LINES.items()],
    *[good(f"{name} everywhere", location=text, person={"first_name": text, "last_name": text,
                                                        "variables": [{"name": text, "content": text}]})
      for name, text in NASTY.items()],
    *[good(f"{name} in a variable", person={"variables": [{"name": "x", "content": text}]})
      for name, text in LINES.items()],
]

IDS = ["0", "00", "-1", "+{own}", "{own}.0", "{own}e0", "0x{own}", "%20{own}", "{own}%20", "{own}'--",
       "{own}%20OR%201=1",
       "{own};", "18446744073709551615", "9223372036854775808", "9" * 30, "{absent}", "{other}", "%EF%BC%91", "%FF",
       "{own},{own}", "null", "x", "{own}%0d%0aX:%20y"]
PATHS = [
    *[change(f"{action or 'change'} {number}", {"location": "x"}, "not found", f"appointments/{number}{action}", 404)
      for number in IDS for action in ("", "/approve", "/cancel")],
    *[change(f"{method} {path}", GOOD, "not found", path, 404, method=method) for method, path in (
        ("PUT", "appointments"), ("PATCH", "appointments"), ("DELETE", "appointments"), ("BREW", "appointments"),
        ("GET", "appointments/{own}"), ("PUT", "appointments/{own}"), ("PATCH", "appointments/{own}"),
        ("DELETE", "appointments/{own}"), ("GET", "appointments/{own}/approve"), ("GET", "appointments/{own}/cancel"),
        ("PUT", "appointments/{own}/cancel"))],
    *[change("path " + path, GOOD, "not found", path, 404) for path in (
        "appointments/", "appointments//cancel", "appointments/{own}/", "appointments/{own}/approve/",
        "appointments/{own}/Approve", "appointments/{own}/delete", "appointments/{own}/cancel/x", "Appointments",
        "appointment", "appointments.json", "appointments/{own}/approve%0d%0aX:%20y", "appointments%3F")],
    change("NUL in the number", {}, "invalid request", "appointments/{own}%00"),
    change("a method in a header", {"location": "x\n"}, "invalid location",
           headers={"X-HTTP-Method-Override": "DELETE"}),
    Try("no credentials", GOOD, "invalid credentials", 401, headers={"Authorization": ""}),
    Try("another's secret", GOOD, "invalid credentials", 401, headers={"Authorization": "MIXED"}),
    Try("credentials twice", GOOD, "invalid credentials", 401, query="auth_key=x&auth_secret=y"),
]

CHANGES = [
    change("nothing of a cancelled one", {"location": "x"}, "appointment cancelled", "appointments/{cancelled}"),
    change("approve a cancelled one", {}, "appointment cancelled", "appointments/{cancelled}/approve"),
    change("cancel a cancelled one", {}, "appointment cancelled", "appointments/{cancelled}/cancel"),
    change("cancel by a change", {"status": "cancelled"}, "invalid status"),
    change("an end before the start", {"end_at": "2099-06-12T11:00:00+02:00"}, END),
    change("an end at the start", {"end_at": GOOD["start_at"]}, END),
    change("an end without an offset", {"end_at": "2099-06-12T13:00:00"}, END),
    change("a start behind the end", {"start_at": "2099-06-12T13:00:00+02:00", "end_at": GOOD["end_at"]}, END),
    change("a start whose end is beyond 9999", {"start_at": "9999-12-31T22:30:00Z"}, END),
    change("a duration that does not agree", {"end_at": "2099-06-12T13:00:00+02:00", "duration": 45},
           "invalid duration"),
    change("no duration", {"duration": 0}, "invalid duration"),
    change("more than a month", {"duration": 44641}, "invalid duration"),
    change("a recipient who is null", {"recipient": None}, RECIPIENT),
    change("a recipient twice", {"recipient": {}}, RECIPIENT, query="recipient=x"),
    change("without the address it needs", {"recipient": {"email": None}}, RECIPIENT),
    change("a telephone that is none", {"recipient": {"phone": "12"}}, RECIPIENT),
    change("a reminder with no delay", {"reminder_channel": "email"}, "invalid reminder_delay"),
    change("a list of changes", [{"location": "x"}], BODY),
    change("a list to approve", [], BODY, "appointments/{own}/approve"),
    change("broken JSON to approve", "{", BODY, "appointments/{own}/approve"),
    change("broken JSON to cancel", "{\"a\":1,}", BODY, "appointments/{own}/cancel"),
    change("bad UTF-8 to cancel", "", "invalid x", "appointments/{own}/cancel", query="x=%FF"),
    change("plain text", "location=x", BODY, type="text/plain"),
    change("a line break in a form", "location=a%0Ab", "invalid location", type=FORM),
    change("a place twice in a form", "location=a&location=b", "invalid location", type=FORM),
    change("a recipient of a form that is none", "recipient=Jean", RECIPIENT, type=FORM),
    change("multipart that never ends", part("location", b"x"), BODY, type=MULTIPART),
    change("bad UTF-8 in a part", part("location", b"\xff") + b"--b--\r\n", "invalid location", type=MULTIPART),
    changed("nothing at all", {}, LISTED),
    changed("no body", "", LISTED),
    changed("a form", "location=6+rue+%26+%3Cb%3E&duration=60", {**LISTED, "location": "6 rue & <b>", "duration": 60,
                                                                "end_at": "2099-06-12T13:00:00+02:00"}, type=FORM),
    changed("multipart", part("location", "à côté".encode()) + b"--b--\r\n", {**LISTED, "location": "à côté"},
            type=MULTIPART),
    changed("the start takes the end along, over the change of clocks", {"start_at": "2099-10-25T02:30:00+02:00"},
            {"start_at": "2099-10-25T02:30:00+02:00", "end_at": "2099-10-25T02:15:00+01:00", "duration": 45}),
    changed("the end alone", {"end_at": "2099-06-12T10:01:00Z"}, {"end_at": "2099-06-12T12:01:00+02:00",
            "duration": 1}),
    changed("the duration alone", {"duration": "90"}, {"end_at": "2099-06-12T13:30:00+02:00", "duration": 90}),
    changed("a member alone", {"recipient": {"last_name": "DURAND"}},
            {**LISTED, "recipient": {**PERSON, "last_name": "DURAND"}}),
    changed("members away", {"recipient": {"first_name": None, "phone": "", "variables": []}},
            {"recipient": {**PERSON, "first_name": None, "phone": None, "variables": []}}),
    changed("null variables away", {"recipient": {"variables": None}}, {"recipient": {**PERSON, "variables": []}}),
    changed("the place away", {"location": None}, {**LISTED, "location": None}),
    changed("the place away with an empty text", {"location": ""}, {**LISTED, "location": None}),
    changed("null is not given in a change", {"status": None, "start_at": None, "end_at": None, "duration": None},
            LISTED),
    changed("what is not ours to change", {"id": 1, "client_id": 1, "reminder_status": True, "created_at": "x",
                                           "request_uuid": "x"}, LISTED),
    Try("approve, whatever else is said", {"status": "preset", "location": "x", "start_at": "y"}, APPROVED, 200,
        "appointments/{own}/approve", keeps={**LISTED, "status": "approved"}),
    Try("cancel, whatever else is said", {"status": "preset", "recipient": 1}, CANCELLED, 200,
        "appointments/{own}/cancel", keeps={**LISTED, "status": "cancelled"}),
    Try("a number with zeros before it", {"location": "x"}, UPDATED, 200, "appointments/000{own}",
        keeps={"location": "x"}),
    Try("a number that is escaped", {"location": "x"}, UPDATED, 200, "%61ppointments/{own}", keeps={"location": "x"}),
]

PROTOCOL = [
    raw("plain text to create", BYTES, type="text/plain"),
    raw("XML", "<a/>", type="application/xml"),
    raw("a type that is none", BYTES, type='"/;;'),
    raw("JSON said to be a form", BYTES, START, type=FORM),
    raw("JSON said to be nothing", BYTES, START, type=""),
    raw("a form said to be JSON", "start_at=2099-06-12T12:00:00Z"),
    raw("a form without a recipient", FORM_TIMES, RECIPIENT, type=FORM),
    *[raw("a form whose recipient is " + text[:30], FORM_TIMES + "&recipient=" + quote(text),
          RECIPIENT, type=FORM) for text in (
        "", "Jean", "null", "[]", "[{}]", "{}", "12", '"a@exemple.fr"', "{'email':'a@exemple.fr'}",
        '{"email":"a@exemple.fr"', '{"email":"a@exemple.fr"} x', '{"email":"a@exemple.fr","email":"a@exemple.fr"}',
        '\ufeff{"email":"a@exemple.fr"}', '{"email":"a@exemple.fr\\u0000"}', '{"email":"a@exemple.fr","x":"\\ud800"}',
        '{"email":"a@exemple.fr","x":"a\nb"}', '{"email":"a@exemple.fr","x":NaN}', '{"x":' + nested(17) + "}",
        "[" * 100000, '{"email":"a@exemple.fr\\r\\nBcc: b@exemple.fr"}', '"{\\"email\\":\\"a@exemple.fr\\"}"')],
    raw("a form whose recipient has bad variables",
        FORM_TIMES + "&recipient=" + quote('{"email":"a@exemple.fr","variables":[1]}'),
        "invalid variables", type=FORM),
    raw("bad UTF-8 in a form's recipient", 'recipient={"email":"a%FF@exemple.fr"}', RECIPIENT, type=FORM),
    raw("NUL in a form's recipient", 'recipient={"email":"a@exemple.fr"}%00', RECIPIENT, type=FORM),
    raw("a recipient of a form twice", FORM_TIMES + FORM_PERSON * 2, RECIPIENT, type=FORM),
    raw("a recipient of the query and of the body", GOOD, RECIPIENT, query=FORM_PERSON[1:]),
    raw("a recipient of the query and null in the body", rdv(recipient=None), RECIPIENT, query=FORM_PERSON[1:]),
    Try("a recipient of a form", FORM_TIMES + FORM_PERSON, CREATED, 200, type=FORM, keeps={**LISTED, "location": None}),
    Try("a recipient of the query", rdv(recipient=DROP), CREATED, 200, query=FORM_PERSON[1:], keeps=LISTED),
    raw("multipart without a boundary", part("location", b"x"), type="multipart/form-data"),
    raw("a compressed body", b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
    raw("too long an Idempotency-Key", GOOD, "invalid Idempotency-Key", headers={"Idempotency-Key": "k" * 256}),
    raw("an Idempotency-Key of Latin-1", GOOD, "invalid Idempotency-Key", headers={"Idempotency-Key": "cl\xe9"}),
    raw("an Idempotency-Key with a tab", GOOD, "invalid Idempotency-Key", headers={"Idempotency-Key": "a\tb"}),
    change("too long an Idempotency-Key of a change", {"location": "x"}, "invalid Idempotency-Key",
           headers={"Idempotency-Key": "k" * 256}),
    raw("a key is not used up by what is refused", rdv(duration=1), "invalid duration",
        headers={"Idempotency-Key": "refused"}),
    Try("and serves afterwards", GOOD, CREATED, 200, headers={"Idempotency-Key": "refused"}, keeps=LISTED),
    raw("the same key for another", rdv(location="y"), "Idempotency-Key already used with another request", status=422,
        headers={"Idempotency-Key": "refused"}),
    raw("the same key and body, another query", GOOD, "Idempotency-Key already used with another request", status=422,
        query="x=1", headers={"Idempotency-Key": "refused"}),
    change("the same key and body, another path", GOOD, "Idempotency-Key already used with another request", status=422,
           headers={"Idempotency-Key": "refused"}),
    Try("a hostile key", GOOD, CREATED, 200, headers={"Idempotency-Key": "'; DROP TABLE idempotency_key; -- %00 <b>"},
        keeps=LISTED),
    Try("the longest key", GOOD, CREATED, 200, headers={"Idempotency-Key": "k" * 255}, keeps=LISTED),
    Try("another type of JSON", GOOD, CREATED, 200, type="application/vnd.api+json", keeps=LISTED),
    Try("JSON in capitals, with a charset", GOOD, CREATED, 200, type='Application/JSON; Charset="UTF-8"', keeps=LISTED),
    Try("httpoxy and forged addresses", GOOD, CREATED, 200, keeps=LISTED,
        headers={"Proxy": "http://192.0.2.1/", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.exemple"}),
]

TABLE = ENCODINGS + TYPES + JSONS + SIZES + DATES + REACH + INJECTIONS + PATHS + CHANGES + PROTOCOL

# The answers to a batch, item by item.
BATCHES = [
    ("one of all kinds", [GOOD, None, 1, "x", [], [GOOD], True, {}, rdv(status="x"), GOOD],
     [CREATED, *["invalid appointment"] * 6, START, "invalid status", CREATED]),
    ("nothing good", [{}, {"start_at": "x"}, rdv(duration=1)], [START, START, "invalid duration"]),
    ("the query is of no item", [rdv(status=DROP)], [CREATED]),
    ("nested as deep as may be", [rdv(x=json.loads("[" * 14 + "]" * 14))], [CREATED]),
    ("one item of 1,001 parameters", [GOOD, {f"p{i}": 1 for i in range(1001)}], BODY),
    ("a name twice in one item", json.dumps([GOOD, GOOD])[:-2] + ',"location":"x"}]', [CREATED, "invalid location"]),
    ("flaws, one of them in what nobody reads",
     [rdv({"email": "a\0b"}), GOOD, rdv(location="\ud83c"), rdv(duration=10 ** 20), rdv(x="\0"),
      rdv(person={"variables": variables(1, "a", "\udfe0\ud83c")})],
     [RECIPIENT, CREATED, "invalid location", "invalid duration", CREATED, RECIPIENT]),
    ("a flaw in an item's name", [GOOD, {**GOOD, "a\0": 1}], BODY),
    ("an array that does not end", json.dumps([GOOD])[:-1], BODY),
    ("bad UTF-8 in one item", b'[{},{"location":"\xff"}]', BODY),
    ("a thousand", [GOOD] * 999 + [rdv(channel="fax")], [CREATED] * 999 + ["invalid channel"]),
]

# Of five appointments the numbers that are listed, newest first; or the message. {1} is the number of the first.
LISTINGS = [
    ("", [5, 4, 3, 2, 1]), ("limit=1", [5]), ("limit=1000", [5, 4, 3, 2, 1]), ("limit=0", "invalid limit"),
    ("limit=1001", "invalid limit"), ("limit=-1", "invalid limit"), ("limit=", "invalid limit"),
    ("limit=1.0", "invalid limit"), ("limit=+1", "invalid limit"), ("limit=0x1", "invalid limit"),
    ("limit=1;DROP%20TABLE%20appointment", "invalid limit"), ("limit=18446744073709551617", "invalid limit"),
    ("limit=1&limit=2", "invalid limit"), ("limit=2&limit=2", [5, 4]), ("limit[]=1", [5, 4, 3, 2, 1]),
    ("offset=0", [5, 4, 3, 2, 1]), ("offset=4", [1]), ("offset=5", []), ("offset=1000000000", []),
    ("offset=1000000001", "invalid offset"), ("offset=-1", "invalid offset"), ("offset=1e1", "invalid offset"),
    ("offset=0%20UNION%20SELECT%20*%20FROM%20api_client", "invalid offset"),
    ("before_id={3}", [2, 1]), ("before_id={3}&limit=1", [2]), ("before_id={3}&offset=1", [1]), ("before_id={1}", []),
    ("before_id={5}&status=preset", [3, 2, 1]), ("before_id={0}", "invalid before_id"),
    ("before_id={absent}", "invalid before_id"), ("before_id=0", "invalid before_id"),
    ("before_id=-{3}", "invalid before_id"), ("before_id={3}'", "invalid before_id"),
    ("before_id={3}%20", "invalid before_id"), ("before_id={3}%20OR%201=1", "invalid before_id"),
    ("before_id={3}e0", "invalid before_id"), ("before_id=0x{3}", "invalid before_id"),
    ("before_id=", "invalid before_id"),
    ("before_id=9223372036854775808", "invalid before_id"), ("before_id=99999999999999999999", "invalid before_id"),
    ("before_id={3}&before_id={4}", "invalid before_id"), ("before_id=%FF", "invalid before_id"),
    ("status=preset", [3, 2, 1]), ("status=approved", [4]), ("status=cancelled", [5]), ("status=", "invalid status"),
    ("status=PRESET", "invalid status"), ("status=pending", "invalid status"),
    ("status=preset,approved", "invalid status"),
    ("status=preset&status=approved", "invalid status"), ("status=x'%20OR%20'1'='1", "invalid status"),
    ("status=%25", "invalid status"), ("status=0", "invalid status"), ("status=preset%00", "invalid status"),
    ("status=" + "x" * 5000, "invalid status"), ("Status=approved", [5, 4, 3, 2, 1]),
    ("from=2099-03-01T12:00:00Z", [5, 4, 3]), ("from=2099-03-01T12:00:01Z", [5, 4]),
    ("until=2099-03-01T12:00:00Z", [3, 2, 1]), ("until=2099-03-01T11:59:59Z", [2, 1]),
    ("from=2099-03-01T13:00:00%2B01:00&until=2099-03-01T07:00:00-05:00", [3]),
    ("from=2099-02-01&until=2099-04-01", [3, 2]), ("from=2099-04-01T12:00:00Z&until=2099-02-01T12:00:00Z", []),
    ("from=2099-02-01T12:00:00Z&from=2099-03-01T12:00:00Z", [3, 2]),
    ("from=2099-02-01&from=2099-03-01&from=2099-04-01", "invalid from"),
    ("from=2099-02-01&from=2099-03-01&until=2099-04-01", "invalid from"),
    ("until=2099-02-01&until=2099-03-01", "invalid until"), ("from=0001-01-01", [5, 4, 3, 2, 1]),
    ("from=1970-01-01T00:00:00Z", [5, 4, 3, 2, 1]), ("until=1970-01-01T00:00:00Z", []), ("until=0001-01-01", []),
    ("from=9999-12-31T23:59:59Z", []), ("until=9999-12-31T23:59:59Z", [5, 4, 3, 2, 1]), ("from=", "invalid from"),
    ("from=2099-02-30", "invalid from"), ("from=2099-03-01T12:00:00++01:00", "invalid from"),
    ("from=2099-03-01T13:00:00+01:00", [5, 4, 3]),
    ("from=10000-01-01", "invalid from"), ("from=4085546400", "invalid from"), ("from=0000-01-01", "invalid from"),
    ("until=2099-01-01T00:00:00%2B99:00", "invalid until"), ("until=2099-01-01T24:00:00Z", "invalid until"),
    ("until=2099-01-01T23:59:60Z", "invalid until"), ("until=2099-01-01'%20OR%20'1", "invalid until"),
    ("client_id={other_client}", [5, 4, 3, 2, 1]), ("x=%FF", "invalid x"), ("limit=%zz", "invalid limit"),
    ("limit=%00", "invalid limit"), ("&" * 1000, [5, 4, 3, 2, 1]), ("x=1&" * 1000, [5, 4, 3, 2, 1]),
    ("x=1&" * 1001, "invalid parameters"),
]
# The same in the body of a GET, with its type.
LISTING_BODIES = [
    (FORM, "limit=1", [5]), (JSON, '{"limit":1}', [5]), (JSON, '{"limit":"1"}', [5]),
    (JSON, '{"limit":null}', [5, 4, 3, 2, 1]),
    (JSON, '{"limit":1.0}', "invalid limit"), (JSON, '{"limit":true}', "invalid limit"),
    (JSON, '{"limit":[1]}', "invalid limit"),
    (JSON, '{"before_id":{"$gt":0}}', "invalid before_id"), (JSON, '{"status":["preset"]}', "invalid status"),
    (JSON, '{"from":4085546400}', "invalid from"), (JSON, '[{"limit":1}]', BODY), (JSON, "[]", BODY), (JSON, "{", BODY),
    ("text/plain", "limit=1", BODY),
]


class Hostile(StackCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client, cls.other = cls.stack.add_client(), cls.stack.add_client()
        cls.stack.ctl("client", "webhook", cls.client.name, "https://exemple.fr/hook")
        cls.numbers = {"own": cls.create(GOOD), "cancelled": cls.create(GOOD), "other": cls.create(GOOD, cls.other),
                       "absent": 999999999}
        cls.call("POST", f"appointments/{cls.numbers['cancelled']}/cancel")

    @staticmethod
    def basic(key, secret):
        return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()

    @classmethod
    def call(cls, method, path, client=None, **more):
        client = client or cls.client
        headers = {"Authorization": cls.basic(client.key, client.secret), **more.pop("headers", {})}
        return cls.stack.web.request(method, "/v1/" + path, headers=headers, **more)

    @classmethod
    def create(cls, body, client=None):
        return cls.call("POST", APPOINTMENTS, client, json=body).json["id"]

    @classmethod
    def listed(cls, number, client=None):
        """One appointment, out of the list: the newest most of the time."""
        for limit in (1, 1000):
            for row in cls.call("GET", f"appointments?limit={limit}", client).json["appointments"]:
                if row["id"] == number:
                    return row
        raise AssertionError(f"{number} is not listed")

    def state(self):
        """Changes with anything in any table that appointments write to."""
        return self.stack.sql(f"CHECKSUM TABLE {TABLES}; SELECT COUNT(*) FROM appointment; "
                              "SELECT COUNT(*) FROM webhook_event")

    def told(self):
        """The last event."""
        body = self.stack.db.value("SELECT HEX(body) FROM webhook_event ORDER BY id DESC LIMIT 1")
        return json.loads(bytes.fromhex(body))

    def ask(self, case):
        path = case.path.format(**self.numbers) + ("?" + case.query if case.query else "")
        headers = {"Content-Type": case.type, **case.headers}
        if headers.get("Authorization") == "MIXED":
            headers["Authorization"] = self.basic(self.client.key, self.other.secret)
        return self.call(case.method, path, body=case.body or None,
                         headers={name: value for name, value in headers.items() if value or name == "Authorization"})

    def check_refused(self, case, answer):
        self.assertEqual((answer.status, answer.json), (case.status, {"status": case.status, "message": case.message}))
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")

    def check_accepted(self, case, answer):
        number = answer.json.get("id")
        self.assertEqual((answer.status, answer.json), (200, {"status": 200, "message": case.message, "id": number}))
        if case.path != APPOINTMENTS:
            self.assertEqual(number, self.numbers["own"])
        listed = self.listed(number)
        self.assertEqual({name: listed[name] for name in case.keeps}, case.keeps)
        if not self.is_told(case):
            return
        told = self.told()
        self.assertEqual(told, {name: listed[name] for name in told})
        self.assertEqual(set(listed) - set(told), {"id", "created_at", "updated_at"})

    @staticmethod
    def is_told(case):
        """A change that leaves everything as it was is none."""
        return case.path == APPOINTMENTS or case.keeps != LISTED

    def test_the_table(self):
        names = [case.name for case in TABLE]
        self.assertGreaterEqual(len(TABLE) + len(BATCHES) + len(LISTINGS) + len(LISTING_BODIES), 500)
        self.assertEqual(sorted({name for name in names if names.count(name) > 1}), [], "names are to be unique")
        before = self.state()
        for case in TABLE:
            with self.subTest(case.name):
                answer = self.ask(case)
                if case.status != 200:
                    self.check_refused(case, answer)
                    self.assertEqual(self.state(), before, "something was changed")
                    continue
                self.check_accepted(case, answer)
                after = self.state()
                rows, events = int(after[-2][0]) - int(before[-2][0]), int(after[-1][0]) - int(before[-1][0])
                self.assertEqual((rows, events), (case.path == APPOINTMENTS, self.is_told(case)))
            if case.status == 200 and case.path != APPOINTMENTS:
                self.numbers["own"] = self.create(GOOD)
            before = self.state()

    def test_batches(self):
        client = self.stack.add_client()
        self.stack.ctl("client", "webhook", client.name, "https://exemple.fr/hook")
        for name, items, expected in BATCHES:
            with self.subTest(name):
                body = json.dumps(items) if isinstance(items, list) else items
                before, last = self.state(), self.stack.db.value("SELECT MAX(id) FROM appointment")
                answer = self.call("POST", "appointments?status=approved", client, headers={"Content-Type": JSON},
                                   body=body.encode() if isinstance(body, str) else body)
                if isinstance(expected, str):
                    self.assertEqual((answer.status, answer.json), (400, {"status": 400, "message": expected}))
                    self.assertEqual(self.state(), before)
                    continue
                got = answer.json["appointments"]
                self.assertEqual([(item["error"], item["message"]) for item in got],
                                 [(message != CREATED, message) for message in expected])
                ids = [str(item["id"]) for item in got if not item["error"]]
                self.assertEqual(self.stack.sql(f"SELECT id, status FROM appointment WHERE id > {last} ORDER BY id"),
                                 [[number, "preset"] for number in ids])
                self.assertEqual(self.stack.sql("SELECT appointment_id FROM webhook_event WHERE "
                                                f"appointment_id > {last} ORDER BY id"), [[number] for number in ids])
                self.assertFalse(any("id" in item for item in got if item["error"]))

    def test_lists(self):
        client = self.stack.add_client()
        numbers = [self.numbers["other"]] + [
            self.create(rdv(start_at=f"2099-0{month}-01T12:00:00Z", end_at=DROP), client) for month in range(1, 6)]
        self.call("POST", f"appointments/{numbers[4]}/approve", client)
        self.call("POST", f"appointments/{numbers[5]}/cancel", client)
        names = {**{str(i): number for i, number in enumerate(numbers)}, **self.numbers, "other_client": 1}

        def fill(text):
            for name, number in names.items():
                text = text.replace("{" + name + "}", str(number))
            return text

        before = self.state()
        cases = [("?" + fill(query), {}, expected) for query, expected in LISTINGS]
        cases += [("", {"body": body.encode(), "headers": {"Content-Type": kind}}, expected)
                  for kind, body, expected in LISTING_BODIES]
        for query, more, expected in cases:
            with self.subTest(query=query[:100], **more):
                answer = self.call("GET", APPOINTMENTS + query, client, **more)
                if isinstance(expected, str):
                    self.assertEqual((answer.status, answer.json), (400, {"status": 400, "message": expected}))
                else:
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual([numbers.index(row["id"]) for row in answer.json["appointments"]], expected)
        self.assertEqual(self.state(), before)

    def test_a_repeated_key_answers_the_same(self):
        """Create, change, approve and cancel, each sent three times with its key: one row, one event each."""
        number = self.create(GOOD)
        before = self.state()
        requests = [("appointments", GOOD), ("appointments", [GOOD, {}]), (f"appointments/{number}", {"location": "x"}),
                    (f"appointments/{number}/approve", {}), (f"appointments/{number}/cancel", {})]
        for i, (path, body) in enumerate(requests):
            headers = {"Idempotency-Key": f"trois fois {i}"}
            answers = [self.call("POST", path, json=body, headers=headers) for _ in range(3)]
            self.assertEqual([(answer.status, answer.body) for answer in answers], [(200, answers[0].body)] * 3)
            self.assertEqual([answer.headers["Idempotent-Replayed"] for answer in answers], [None, "true", "true"])
            # To another client the key is a new one, and the appointment is none.
            foreign = self.call("POST", path, self.other, json=body, headers=headers)
            self.assertEqual(foreign.status, 200 if path == APPOINTMENTS else 404)
            if foreign.status == 200:
                for client, first in ((None, answers[0]), (self.other, foreign)):
                    again = self.call("POST", path, client, json=body, headers=headers)
                    self.assertEqual((again.headers["Idempotent-Replayed"], again.body), ("true", first.body))
        after = self.state()
        self.assertEqual([int(after[i][0]) - int(before[i][0]) for i in (-2, -1)], [4, 5])

    def test_one_key_many_times_at_once(self):
        """One of them creates; the others are given its answer, or told that it is still running."""
        for name in ("douze fois", "encore"):
            before = self.state()
            answers = at_once(*[lambda key=name: self.call("POST", APPOINTMENTS, json=[GOOD] * 20,
                                                           headers={"Idempotency-Key": key})] * 12)
            running = {"status": 409, "message": "a request with this Idempotency-Key is still running"}
            done = {answer.body for answer in answers if answer.status == 200}
            self.assertEqual(len(done), 1, answers)
            self.assertEqual([answer.json for answer in answers if answer.body not in done],
                             [running for answer in answers if answer.status == 409])
            after = self.state()
            self.assertEqual([int(after[i][0]) - int(before[i][0]) for i in (-2, -1)], [20, 20])

    def test_changes_at_once_are_all_kept(self):
        """None of the fields that requests change at the same time is lost, and the last event has them all."""
        number = self.create(GOOD)
        changes = [{"location": "ailleurs"}, {"duration": 90}, {"channel": "sms"}, {"status": "approved"},
                   {"recipient": {"first_name": "Zoé"}}, {"recipient": {"last_name": "ABC"}},
                   {"recipient": {"variables": []}}, {"reminder_delay": 3}]
        answers = at_once(*(lambda body=body: self.call("POST", f"appointments/{number}", json=body).status
                            for body in changes))
        self.assertEqual(answers, [200] * len(changes))
        expected = {**LISTED, "location": "ailleurs", "duration": 90, "end_at": "2099-06-12T13:30:00+02:00",
                    "channel": "sms", "status": "approved", "reminder_delay": 3,
                    "recipient": {**PERSON, "first_name": "Zoé", "last_name": "ABC", "variables": []}}
        self.assertEqual(self.told(), expected)
        self.assertEqual({name: value for name, value in self.listed(number).items() if name in expected}, expected)
        self.assertEqual(self.stack.db.value(f"SELECT COUNT(*) FROM webhook_event WHERE appointment_id = {number}"),
                         str(1 + len(changes)))

    def test_what_was_accepted_is_harmless(self):
        """Hostile text in a webhook's body, and in the reminder's mail and SMS, is text."""
        client = self.stack.add_client()
        self.stack.set({"webhook": {"allow_private": "yes"}})
        receiver = Receiver()
        try:
            self.stack.ctl("client", "webhook", client.name, receiver.url)
            bodies = [rdv(location=text, reminder_channel="both", reminder_delay=1, person={
                "first_name": text, "last_name": text, "email": "victime@exemple.fr", "phone": "0699999999"})
                for text in NASTY.values()]
            self.assertEqual(self.call("POST", APPOINTMENTS, client, json=bodies).status, 200)
            self.stack.run("bailleur-robot", "--config", self.stack.conf, "--now", "2099-06-12T11:30:00+02:00")
            self.stack.send_all()
        finally:
            receiver.close()
            self.stack.set({"webhook": {"allow_private": "no"}})
        told = [body for body in receiver.bodies() if not body["reminder_status"]]
        self.assertCountEqual(told, [{**LISTED, **body} for body in bodies])
        mails = [mail for mail in self.stack.mails() if b"victime@" in mail]
        texts = [text.decode() for text in self.stack.texts() if b"699999999" in text]
        self.assertEqual((len(mails), len(texts)), (len(NASTY), len(NASTY)))
        plain = []
        for mail in mails:
            message = email.message_from_bytes(mail, policy=email.policy.default)
            self.assertEqual([message.get_all(name) for name in ("To", "Subject", "Bcc")],
                             [["victime@exemple.fr"], ["Rappel de votre rendez-vous"], None])
            self.assertNotIn("<script>", message.get_body(("html",)).get_content())
            self.assertNotRegex(mail, rb"(^|[^\r])\n")
            plain.append(message.get_body(("plain",)).get_content())
        for name, text in NASTY.items():
            if "%0" not in text:            # which is a line break by contract
                with self.subTest(name):
                    self.assertTrue(any(f"Bonjour {text} {text}," in each for each in plain))
                    self.assertTrue(any(text in each for each in texts))


if __name__ == "__main__":
    unittest.main()
