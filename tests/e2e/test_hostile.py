"""
Hostile input: one table of requests, each with its exact answer. What is refused queues nothing; what is accepted comes
back from the list as it was given.
"""

import base64
import json
import re
import unittest
import urllib.parse

from tests.lib.stack import StackCase

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
QUEUED = "Message successfully queued"


class Try:
    """One request and what it must answer. `keeps`: fields of the list after an acceptance."""

    def __init__(self, name, body=b"", status=400, message=None, path="/v1/send_email", type=FORM, query="",
                 method="POST",
                 headers=None, keeps=None):
        self.name, self.path, self.type, self.query, self.method = name, path, type, query, method
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.message, self.headers, self.keeps = status, message, headers or {}, keeps


def quote(text):
    return urllib.parse.quote(text, safe="")


def form(**changes):
    fields = {"recipient": "a@mail.com", "subject": "s", "message": "m", **changes}
    return "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def bad(name, error, /, **fields):
    """A form for send_email with percent-encoded values as they are written here."""
    return Try(name, form(**fields), 400, error)


def bad_text(name, error, /, **fields):
    return bad(name, error, **{field: quote(value) for field, value in fields.items()})


def good(name, /, **fields):
    names = {"recipient": "email", "subject": "email_subject", "message": "email_content",
             "identifier1": "custom_identifier1", "identifier2": "custom_identifier2"}
    keeps = {names.get(field, field): value for field, value in fields.items() if field != "logo_url"}
    return Try(name, form(**{field: quote(value) for field, value in fields.items()}), 200, QUEUED, keeps=keeps)


def bad_json(name, text, message="invalid body"):
    return Try(name, text, 400, message, type=JSON)


def json_field(name, field, text, message=None):
    """`text` is the JSON of one field's value."""
    fields = {"recipient": '"a@mail.com"', "subject": '"s"', "message": '"m"', field: text}
    body = "{" + ",".join(f'"{each}":{value}' for each, value in fields.items()) + "}"
    return bad_json(name, body, message or "invalid " + field)


def sms(name, answer, /, **fields):
    fields = {"recipient": "0602030405", "message": "m", **fields}
    body = "&".join(f"{field}={quote(value)}" for field, value in fields.items())
    keeps = {"phone": fields["recipient"]} if answer == QUEUED else None
    return Try(name, body, 200 if answer == QUEUED else 400, answer, path="/v1/send_sms", keeps=keeps)


def multi(name, body, message, type="multipart/form-data; boundary=b", status=400):
    return Try(name, body, status, message, type=type)


def part(field, value, extra=""):
    return f'--b\r\nContent-Disposition: form-data; name="{field}"{extra}\r\n\r\n'.encode() + value + b"\r\n"


PARTS = part("recipient", b"a@mail.com") + part("subject", b"s")
END = b"--b--\r\n"


def listing(name, query, message, path="/v1/messages"):
    return Try(name, status=400, message=message, path=path, query=query, method="GET")


def refused_path(name, path, **more):
    return Try(name, form(), 404, "not found", path=path, **more)


ENCODINGS = [
    bad("a byte that is never UTF-8", "invalid message", message="%FF"),
    bad("overlong slash", "invalid message", message="%C0%AF"),
    bad("overlong NUL", "invalid message", message="%C0%80"),
    bad("overlong in three bytes", "invalid message", message="%E0%80%AF"),
    bad("surrogate", "invalid message", message="%ED%A0%80"),
    bad("surrogate pair in bytes (CESU-8)", "invalid message", message="%ED%A0%BD%ED%B8%80"),
    bad("beyond U+10FFFF", "invalid message", message="%F4%90%80%80"),
    bad("five-byte form", "invalid message", message="%F8%88%80%80%80"),
    bad("cut character", "invalid message", message="abc%C3"),
    bad("cut emoji", "invalid message", message="%F0%9F%8F"),
    bad("lone continuation", "invalid message", message="%80"),
    bad("Latin-1", "invalid message", message="%E9t%E9"),
    bad("NUL in the message", "invalid message", message="a%00b"),
    bad("NUL in the subject", "invalid subject", subject="a%00b"),
    bad("NUL in the recipient", "invalid recipient", recipient="a@mail.com%00"),
    bad("NUL in an identifier", "invalid identifier1", identifier1="%00"),
    bad("escape with letters", "invalid message", message="%zz"),
    bad("escape cut at the end", "invalid message", message="100%"),
    bad("escape of one digit", "invalid message", message="%4"),
    bad("escape with a sign", "invalid message", message="%+1"),
    bad("IIS escape", "invalid message", message="%u0041"),
    Try("raw bad byte", b"recipient=a@mail.com&subject=s&message=\xff", 400, "invalid message"),
    Try("raw NUL", b"recipient=a@mail.com&subject=s&message=a\0b", 400, "invalid message"),
    Try("bad byte in a name", form() + "&%FF=1", 400, "invalid parameter"),
    Try("NUL in a name", form() + "&a%00b=1", 400, "invalid parameter"),
    Try("bad escape in a name", form() + "&%=1", 400, "invalid parameter"),
    Try("bad byte in a parameter nobody reads", form() + "&inconnu=%FF", 400, "invalid inconnu"),
    Try("line break in the name of a bad parameter", form() + "&a%0Ab=%FF", 400, "invalid parameter"),
    Try("very long name of a bad parameter", form() + "&" + "n" * 5000 + "=%FF", 400, "invalid parameter"),
    Try("bad byte in the query", form(), 400, "invalid x", query="x=%FF"),
    Try("bad escape in the query", form(), 400, "invalid x", query="x=%G1"),
    Try("charset we do not read", form(), 400, "invalid body", type=FORM + "; charset=iso-8859-1"),
    Try("UTF-16 in JSON", '{"recipient":"a@mail.com"}'.encode("utf-16"), 400, "invalid body", type=JSON),
    Try("charset of JSON", '{}', 400, "invalid body", type=JSON + "; charset=windows-1252"),
    Try("byte order mark before JSON", b"\xef\xbb\xbf{}", 400, "invalid body", type=JSON),
    good("double encoding stays text", subject="%0D%0ABcc: x@mail.com", message="%00%0A"),
    good("emoji and accents", subject="été 🏠", message="🏠🇫🇷 e\u0301 \u202e renversé", identifier1="🏠"),
    good("every control character a message may hold", message="".join(map(chr, range(1, 32))) + "\x7f\x85\u2028 fin"),
]

HEADERS = [
    bad("CRLF and a header in the subject", "invalid subject", subject="s%0D%0ABcc:%20x@mail.com"),
    bad("LF in the subject", "invalid subject", subject="s%0AX:%20y"),
    bad("CR in the subject", "invalid subject", subject="s%0DX:%20y"),
    bad("end of headers in the subject", "invalid subject", subject="s%0D%0A%0D%0A<b>corps</b>"),
    bad("NEL in the subject", "invalid subject", subject="s%C2%85X:%20y"),
    bad("line separator in the subject", "invalid subject", subject="s%E2%80%A8X:%20y"),
    bad("escape sequence in the subject", "invalid subject", subject="%1B[2J"),
    bad("DEL in the subject", "invalid subject", subject="s%7F"),
    bad("tab in the subject", "invalid subject", subject="a%09b"),
    bad("CRLF in the originator", "invalid email_originator", email_originator="A%0D%0ABcc:%20x@mail.com"),
    bad("LF in the originator", "invalid email_originator", email_originator="A%0A"),
    bad("NUL in the originator", "invalid email_originator", email_originator="A%00"),
    bad("paragraph separator in the originator", "invalid email_originator", email_originator="A%E2%80%A9"),
    bad("CRLF in the logo", "invalid logo_url", logo_url="https://a.fr/%0D%0AX:y"),
    bad("CRLF in an identifier", "invalid identifier1", identifier1="a%0D%0Ab"),
    bad("LF in the second identifier", "invalid identifier2", identifier2="%0A"),
    bad("CRLF in the recipient", "invalid recipient", recipient="a@mail.com%0D%0ARCPT%20TO:%3Cb@mail.com%3E"),
    bad("LF after the recipient", "invalid recipient", recipient="a@mail.com%0A"),
    bad("CR before the recipient", "invalid recipient", recipient="%0Da@mail.com"),
    good("what looks like headers stays in its field", email_originator='"Moi" <x@mail.com>', subject="=?utf-8?q?Bcc?=",
         message="\r\n.\r\nQUIT\r\n\n.\nMAIL FROM:<x@mail.com>\n"),
]

RECIPIENTS = [bad_text("recipient: " + (text or "empty")[:40], "invalid recipient", recipient=text) for text in (
    "", " ", "a", "@", "@mail.com", "a@", "a@mail", "a@.com", "a@mail..com", ".a@mail.com", "a.@mail.com",
    "a..b@mail.com",
    "a@-mail.com", "a@mail-.com", "a@mail.com ", " a@mail.com", "a b@mail.com", "a@ma il.com", "a@b@mail.com",
    "<a@mail.com>", "Nom <a@mail.com>", "a@mail.com,b@mail.com", "a@mail.com;b@mail.com", "a@mail.com b@mail.com",
    "a@[127.0.0.1]", "a@[IPv6:::1]", "(commentaire)a@mail.com", "a@mail.com(x)", "été@mail.com", "a\u200b@mail.com",
    "a@mail.com\u202e", "x" * 65 + "@mail.com", "a@" + "d." * 125 + "com", "a@" + "x" * 64 + ".com", "a@mail_x.com",
    "a:b@mail.com",
    "mailto:a@mail.com", "a@mail.com?bcc=b@mail.com", "a@mail.com/../b", "a@mail.com\"", "a@\u0000mail.com")]

PHONES = [sms("phone: " + text[:30], "invalid recipient", recipient=text) for text in (
    "", "06", "060203040", "06020304056", "112", "3631", "allo", "06 02 03 04 0A", "+33", "+33 6", "++33602030405",
    "+0602030405",
    "0602030405,0602030406", "0602030405;", "0602030405\n", "0602030405\r\nX", "٠٦٠٢٠٣٠٤٠٥", "０６０２０３０４０５",
    "tel:0602030405",
    "0602030405' OR '1'='1", "+336020304051234567", "0x602030405", "6.02e9", "-602030405", "0602030405" * 10)] + [
    sms("phone: dots", QUEUED, recipient="06.02.03.04.05"),
    sms("phone: no-break spaces", QUEUED, recipient="06\u00a002\u00a003\u00a004\u00a005"),
    sms("phone: E.164", QUEUED, recipient="+33602030405"), sms("phone: 0033", QUEUED, recipient="0033602030405"),
    sms("phone: trunk zero", QUEUED, recipient="+33 (0)6 02 03 04 05"),
    sms("phone: Germany", QUEUED, recipient="+4915112345678"),
]

OPTIONS = [
    *[bad_text("logo: " + url[:30], "invalid logo_url", logo_url=url) for url in (
        "javascript:alert(1)", "data:image/svg+xml,<svg onload=alert(1)>", "//exemple.fr/l.png", "exemple.fr/l.png",
        "ftp://a.fr/l",
        "file:///etc/passwd", "https://", "https://a.fr/\"><script>", "https://a.fr/l png", "https://u:p@a.fr/",
        "http:/a.fr",
        "https://a.fr/" + "x" * 2048, "\u00a0https://a.fr/")],
    *[sms("originator: " + repr(text)[:20], "invalid sms_originator", sms_originator=text) for text in (
        "DouzeLettres", "12", "1234567890123456", "+", "Épicerie", "a-b", "a\nb", "🏠", "ab_", "<b>", " ", "+abc")],
    *[bad_text(f"{name}={value}", "invalid " + name, **{name: value})
      for name in ("force_sending", "unsubscribe_link", "test_mode")
      for value in ("yes", "on", "TRUE", "2", "-1", "01", "1.0", " true", "true ", "null", "", "vrai")],
    bad_text("two boolean words", "invalid test_mode", test_mode="true,false"),
]

DUPLICATES = [
    Try("two recipients", form() + "&recipient=b@mail.com", 400, "invalid recipient"),
    Try("two recipients, one empty", form() + "&recipient=", 400, "invalid recipient"),
    Try("recipient in query and body", form(), 400, "invalid recipient", query="recipient=b@mail.com"),
    Try("recipient in query and JSON", json.dumps({"recipient": "a@mail.com", "subject": "s", "message": "m"}), 400,
        "invalid recipient", type=JSON, query="recipient=b@mail.com"),
    Try("two subjects", form() + "&subject=t", 400, "invalid subject"),
    Try("two messages", form() + "&message=n", 400, "invalid message"),
    Try("two identifiers", form() + "&identifier1=a&identifier1=b", 400, "invalid identifier1"),
    Try("test_mode both ways", form() + "&test_mode=true&test_mode=false", 400, "invalid test_mode"),
    Try("true and 1 are not the same text", form() + "&test_mode=true&test_mode=1", 400, "invalid test_mode"),
    Try("two channels", "channel=sms&channel=email&phone=0602030405&sms_content=m", 400, "invalid channel",
        path="/v1/messages"),
    Try("the same twice is once", form() + "&subject=s", 200, QUEUED, query="recipient=a@mail.com&message=m",
        keeps={"email": "a@mail.com"}),
    Try("array notation of PHP", form(recipient=None) + "&recipient[]=a@mail.com", 400, "invalid recipient"),
    Try("name in capitals", form(recipient=None) + "&Recipient=a@mail.com", 400, "invalid recipient"),
    Try("name with a space", form(recipient=None) + "&recipient%20=a@mail.com", 400, "invalid recipient"),
    Try("duplicate key", '{"recipient":"a@mail.com","recipient":"a@mail.com","subject":"s","message":"m"}', 400,
        "invalid recipient", type=JSON),
    Try("duplicate key, escaped",
        '{"recipient":"a@mail.com","r\\u0065cipient":"b@mail.com","subject":"s","message":"m"}', 400,
        "invalid recipient", type=JSON),
    Try("duplicate key below one", '{"recipient":"a@mail.com","subject":"s","message":"m","x":{"a":1,"a":1}}', 400,
        "invalid x", type=JSON),
]

JSONS = [
    *[bad_json("JSON: " + text[:40].replace("\n", "\\n"), text) for text in (
        "null", "true", "12", '"texte"', " ", "{", "}", "[", "{]", '{"a"', '{"a":', '{"a":1', '{"a":1,}', "{,}",
        "{'a':1}", "{a:1}",
        '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}', '{"a":nan}', '{"a":-01}', '{"a":2.}', '{"a":.5}', '{"a":1e}',
        '{"a":+1}',
        '{"a":0x10}', '{"a":"line\nbreak"}', '{"a":"tab\there"}', '{"a":"\\x41"}', '{"a":"\\u12"}',
        '{"a\\u0000b":1}', '{"\\ud800":1}', '{"a":"\\u0000",}', '{"a":1} x', '{"a":1}{"b":2}', '{"a":TRUE}',
        '{"a":True}',
        '/* */{"a":1}', '{"a":1}//', "[1,2",
        '{"a":' * 40 + "1" + "}" * 40, "[" * 100000, "{\"a\":[" * 20 + "]}" * 20)],
    *[json_field(f"{field}: {text}", field, text) for field in ("recipient", "message", "test_mode", "x") for text in (
        '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud800\\u0041"', '"\\ud800\\""', "1e400",
        "99999999999999999999", "-9223372036854775809", '["\\u0000"]', '{"a":["\\ud800"]}')],
    bad_json("the first of two flaws is told", '{"recipient":"a@mail.com","subject":"\\u0000","message":"\\u0000"}',
             "invalid subject"),
    bad_json("a flaw under a name that is not repeated", '{"a\\nb":"\\u0000"}', "invalid parameter"),
    Try("bad UTF-8 in JSON", b'{"recipient":"a@mail.com","subject":"s","message":"\xff"}', 400, "invalid body",
        type=JSON),
    Try("NUL after JSON", b'{"recipient":"a@mail.com","subject":"s","message":"m"}\0', 400, "invalid body", type=JSON),
    bad_json("an empty object", "{}", "invalid recipient"),
    bad_json("an empty array", "[]", "invalid body"),
    bad_json("1,001 items", json.dumps([{}] * 1001), "invalid body"),
    json_field("recipient is a number", "recipient", "12"),
    *[json_field(f"{field} is {text}", field, text) for field in
      ("recipient", "subject", "message", "identifier1", "identifier2", "email_originator", "logo_url", "force_sending",
       "unsubscribe_link", "test_mode") for text in ("[]", "{}", '["a@mail.com"]', '{"a":1}')],
    *[json_field(f"{field} is true", field, "true") for field in ("recipient", "subject", "message", "identifier1",
                                                                  "logo_url")],
    *[json_field(f"force_sending is {text}", "force_sending", text) for text in ("2", "-1", "1.0", "1e0", '"oui"',
                                                                                 '""')],
    json_field("recipient is null", "recipient", "null"),
    json_field("subject is null", "subject", "null", "subject can't be blank"),
    json_field("message is null", "message", "null", "message can't be blank"),
    Try("numbers are text where text is due",
        json.dumps({"recipient": "a@mail.com", "subject": 12, "message": 3.5, "identifier1": 1}), 200,
        QUEUED, type=JSON, keeps={"email_subject": "12", "email_content": "3.5", "custom_identifier1": "1"}),
    Try("JSON said to be a form", '{"recipient":"a@mail.com","subject":"s","message":"m"}', 400, "invalid recipient"),
    Try("a form said to be JSON", form(), 400, "invalid body", type=JSON),
    Try("an array where one is not welcome", "[]", 400, "invalid body", type=JSON, path="/v1/messages_status"),
    Try("an array of a GET", '[{"limit":1}]', 400, "invalid body", type=JSON, path="/v1/messages", method="GET"),
]

SIZES = [
    bad("subject too long", "invalid subject", subject="x" * 999),
    bad("message too long", "invalid message", message="x" * 100001),
    bad("message too long in characters of four bytes", "invalid message", message="%F0%9F%8F%A0" * 100001),
    bad("identifier too long", "invalid identifier1", identifier1="x" * 256),
    bad("originator too long", "invalid email_originator", email_originator="x" * 101),
    bad("recipient far too long", "invalid recipient", recipient="a@" + "x" * 100000 + ".com"),
    sms("SMS too long", "invalid message", message="x" * 1601),
    Try("1,001 parameters", form() + "&x=1" * 998, 400, "invalid parameters"),
    Try("ten thousand parameters", "&".join(f"p{i}=1" for i in range(10000)), 400, "invalid parameters"),
    Try("ten thousand empty pairs", form() + "&" * 10000, 200, QUEUED, keeps={"email": "a@mail.com"}),
    Try("a name of 100 kB", form() + "&" + "n" * 100000, 200, QUEUED, keeps={"email": "a@mail.com"}),
    good("the longest message", message="é" * 100000),
    good("the longest subject", subject="🏠" * 998),
    good("the longest identifiers", identifier1="é" * 255, identifier2="🏠" * 255),
]

INJECTIONS = [
    good("SQL in every field", subject="'); DROP TABLE message; --", message="\\'; DELETE FROM api_client; #",
         identifier1="' OR '1'='1", identifier2="%_\\", email_originator="\"; SELECT SLEEP(5); --"),
    good("backslashes and quotes", subject="\\\\\\'\"`", message="\\0\\n\\x00' \" ` \x1a", identifier1="\\"),
    good("HTML in every field", subject="<script>alert(1)</script>",
         message="</textarea><img src=x onerror=alert(1)>&amp;",
         identifier1="<b>", email_originator="<x onload=1>"),
    good("JSON in every field", subject='","status":500,"x":"', message='\\u0022}],"a":[{', identifier1='"}'),
    good("template and format directives", subject="{{client}} %s%n ${7*7}", message="{{{html}}} {{#x}} #{1} %x%x%x%n"),
    good("path and shell text", message="../../etc/passwd; $(reboot) `id` | nc", identifier1="../x"),
    bad_text("SQL in the recipient", "invalid recipient", recipient="' OR 1=1 --@mail.com, x"),
    listing("SQL in limit", "limit=1;DROP%20TABLE%20message", "invalid limit"),
    listing("SQL in offset", "offset=0%20UNION%20SELECT%20*%20FROM%20api_client", "invalid offset"),
    listing("SQL in before_id", "before_id=1%20OR%201=1", "invalid before_id"),
    listing("SQL in with_error", "with_error=1%20OR%201", "invalid with_error"),
    listing("SQL in from", "from=2020-01-01'%20OR%20'1", "invalid from"),
    listing("a negative limit", "limit=-1", "invalid limit"),
    listing("a limit beyond 64 bits", "limit=18446744073709551617", "invalid limit"),
    listing("an offset beyond all rows", "offset=18446744073709551615", "invalid offset"),
    listing("a date that is none", "from=2020-02-30T00:00:00Z", "invalid from"),
    listing("a date of the year 10000", "until=10000-01-01", "invalid until"),
    listing("an offset of 99 hours", "until=2020-01-01T00:00:00%2B99:00", "invalid until"),
    listing("LF in a filter", "identifier1=a%0Ab", "invalid identifier1"),
    listing("SQL in the channel of unsubscribes", "channel=sms'--", "invalid channel", "/v1/unsubscribes"),
    listing("SQL in the status", "identifier1=x'%20OR%20'1'='1", "invalid identifier", "/v1/messages_status"),
    listing("wildcard in the status", "identifier1=%25", "invalid identifier", "/v1/messages_status"),
]

MULTIPARTS = [
    multi("multipart without a boundary", PARTS + part("message", b"m") + END, "invalid body", "multipart/form-data"),
    multi("multipart with an empty boundary", PARTS + END, "invalid body", 'multipart/form-data; boundary=""'),
    multi("multipart with another boundary", PARTS + END, "invalid body", "multipart/form-data; boundary=c"),
    multi("multipart that never ends", PARTS + part("message", b"m"), "invalid body"),
    multi("multipart cut in a header", PARTS + b"--b\r\nContent-Dis", "invalid body"),
    multi("multipart of noise", b"\x00\xff" * 1000, "invalid body"),
    multi("part without a name", PARTS + b"--b\r\nContent-Disposition: form-data\r\n\r\nm\r\n" + END, "invalid body"),
    multi("part without headers", PARTS + b"--b\r\n\r\nm\r\n" + END, "invalid body"),
    multi("NUL in a part", PARTS + part("message", b"a\0b") + END, "invalid message"),
    multi("bad UTF-8 in a part", PARTS + part("message", b"\xff") + END, "invalid message"),
    multi("two parts of one name", PARTS + part("message", b"m") + part("recipient", b"b@mail.com") + END,
          "invalid recipient"),
    multi("1,001 parts", part("x", b"1") * 1001 + END, "invalid parameters"),
    multi("other multipart types", PARTS + END, "invalid body", "multipart/mixed; boundary=b"),
]

PROTOCOL = [
    Try("plain text", form(), 400, "invalid body", type="text/plain"),
    Try("XML", "<a/>", 400, "invalid body", type="application/xml"),
    Try("a type that is none", form(), 400, "invalid body", type="\"/;;"),
    Try("compressed body", b"\x1f\x8b\x08\x00", 400, "invalid parameter", headers={"Content-Encoding": "gzip"}),
    Try("httpoxy", form(), 200, QUEUED, headers={"Proxy": "http://192.0.2.1:3128"}, keeps={"email": "a@mail.com"}),
    Try("method override", form(), 200, QUEUED, headers={"X-HTTP-Method-Override": "DELETE"},
        keeps={"email": "a@mail.com"}),
    Try("forged addresses", form(), 200, QUEUED, headers={"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "::1"},
        keeps={"email": "a@mail.com"}),
    Try("forged host", form(), 200, QUEUED, headers={"X-Forwarded-Host": "evil.exemple"},
        keeps={"email": "a@mail.com"}),
    refused_path("path in capitals", "/V1/SEND_EMAIL"),
    refused_path("slash at the end", "/v1/send_email/"),
    refused_path("line break in the path", "/v1/send_email%0d%0aX:%20y"),
    refused_path("bad UTF-8 in the path", "/v1/%ff"),
    Try("a file of the disk", form(), 400, "invalid request", path="/v1/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    refused_path("a suffix", "/v1/send_email.php"),
    refused_path("another version", "/v2/send_email"),
    refused_path("a path of 4 kB", "/v1/" + "a" * 4000),
    Try("too large a body", b"message=" + b"x" * (40 * 1024 * 1024), 413, "request entity too large"),
    Try("too long an address", form(), 414, "request uri too long", query="x=" + "y" * 100000),
]

TABLE = (ENCODINGS + HEADERS + RECIPIENTS + PHONES + OPTIONS + DUPLICATES + JSONS + SIZES + INJECTIONS + MULTIPARTS
         + PROTOCOL)


class Hostile(StackCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.add_client()
        cls.basic = "Basic " + base64.b64encode(f"{cls.client.key}:{cls.client.secret}".encode()).decode()

    def newest(self):
        answer = self.stack.web.get("/v1/messages", self.client.form(limit="1"))
        self.assertEqual(answer.status, 200, answer)
        return answer.json["messages"][0] if answer.json["messages"] else None

    def ask(self, case):
        path = case.path + ("?" + case.query if case.query else "")
        headers = {"Authorization": self.basic, "Content-Type": case.type, **case.headers}
        return self.stack.web.request(case.method, path, body=case.body or None, headers=headers)

    def check_refused(self, case, answer):
        self.assertEqual(answer.json, {"status": case.status, "message": case.message})
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")

    def check_accepted(self, case, answer, before):
        self.assertEqual((answer.json["status"], answer.json["message"]), (200, case.message))
        newest = self.newest()
        self.assertEqual(newest["id"], answer.json["id"])
        self.assertGreater(newest["id"], before["id"] if before else 0)
        for field, value in case.keeps.items():
            self.assertEqual(newest[field], value, field)

    def test_table(self):
        self.assertGreaterEqual(len(TABLE), 150)
        self.assertEqual(len({case.name for case in TABLE}), len(TABLE), "names are to be unique")
        for case in TABLE:
            with self.subTest(case.name):
                before = self.newest()
                answer = self.ask(case)
                self.assertEqual(answer.status, case.status, answer)
                if case.status == 200:
                    self.check_accepted(case, answer, before)
                else:
                    self.check_refused(case, answer)
                    self.assertEqual(self.newest(), before, "something was queued")
        rows = self.stack.sql("SELECT (SELECT COUNT(*) FROM message), "
                              "(SELECT COUNT(DISTINCT message_id) FROM delivery)")
        accepted = sum(case.status == 200 for case in TABLE)
        self.assertEqual(rows, [[str(accepted)] * 2])

    def test_what_was_accepted_leaves_harmless(self):
        """Every mail that hostile text makes has the headers it should have, and one recipient."""
        text = "\r\n.\r\nQUIT\r\nMAIL FROM:<x@mail.com>\r\n\n.\n"
        form_ = self.client.form(recipient="victime@mail.com", subject="=?utf-8?q?=0D=0ABcc:_x@mail.com?= <b>",
                                 message=text,
                                 email_originator='"A" <b@mail.com>, C', logo_url="https://a.fr/l.png?a=1&b='2'")
        self.assertEqual(self.stack.web.post("/v1/send_email", form_).status, 200)
        self.stack.send_all()
        mail = next(mail for mail in self.stack.mails() if b"victime@mail.com" in mail)
        head = mail.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].decode("ascii")
        names = [line.split(":", 1)[0].lower() for line in head.split("\n") if line[:1] not in " \t"]
        self.assertEqual(len(names), len(set(names)), head)
        self.assertNotIn("bcc", names)
        self.assertEqual(re.findall(r"^To: (.*)$", head, re.MULTILINE), ["<victime@mail.com>"])
        self.assertNotRegex(mail, rb"(^|[^\r])\n")

    def test_broken_http(self):
        """Requests that are not HTTP get no HTML, hurt nobody, and the next client is served."""
        head = f"Host: x\r\nAuthorization: {self.basic}\r\n"
        send = "POST /v1/send_email HTTP/1.1\r\n" + head
        for name, data in {
            "two lengths": f"{send}Content-Length: 1\r\nContent-Length: 100\r\n\r\nx",
            "length and chunks": f"{send}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "negative length": f"{send}Content-Length: -1\r\n\r\n",
            "bad chunk": f"{send}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "NUL in the address": "GET /v1/mess\0ages HTTP/1.1\r\nHost: x\r\n\r\n",
            "escaped NUL in the address": "GET /v1/messages%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "no version": "GET /v1/messages\r\n\r\n", "noise": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            "body cut short": f"{send}Content-Length: 1000\r\n\r\n" + form(),
        }.items():
            with self.subTest(name):
                before = self.newest()
                answer = self.stack.web.raw(data.encode("latin-1"), shutdown=True)
                self.assertNotRegex(answer.split(b"\r\n", 1)[0], rb" 200 ")
                self.assertNotIn(b"<html", answer.lower())
                self.assertEqual(self.newest(), before)


if __name__ == "__main__":
    unittest.main()
