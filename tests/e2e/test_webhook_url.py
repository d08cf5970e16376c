"""Hostile URLs of webhooks and numbers of their events, given to bailleurctl: tables with what it says of each."""

import unittest

from tests.lib.receiver import Receiver
from tests.lib.stack import StackCase

SYNTAX, HTTP, PRIVATE = ("is no https URL of at most 2048 ASCII characters",
                         "is no https URL; http takes allow_private in the [webhook] group (see bailleur.conf(5))",
                         "is an address that webhooks are not posted to (see allow_private in bailleur.conf(5))")
# URLs of webhooks with what bailleurctl says of them: with private addresses refused (as by default), and allowed.
URLS = [
    *[(url, SYNTAX, SYNTAX) for url in (
        "", " ", "x", "exemple.fr/hook", "//exemple.fr/hook", "https:exemple.fr", "https:/exemple.fr", "https://",
        "https:///hook", "https://?x", "https://:443/", "ftp://exemple.fr/", "file:///etc/passwd",
        "gopher://exemple.fr/",
        "dict://127.0.0.1:11211/", "javascript:alert(1)", "data:text/plain,x", "smtp://exemple.fr/",
        "httpss://exemple.fr/",
        " https://exemple.fr/", "https://exemple.fr/ ", "https://exemple.fr/a b", "https://exemple.fr/\r\nX: y",
        "https://exemple.fr/\n", "https://exemple.fr/\t", "https://exemple.fr/\x1b[2J",
        "https://exemple.fr\\@127.0.0.1/",
        "https://a:b@exemple.fr/", "https://a@exemple.fr/", "https://exemple.fr@127.0.0.1/", "https://@exemple.fr/",
        "https://château.fr/", "https://exemple。fr/", "https://exemple.fr/é", "https://exemple.fr:0/",
        "https://exemple.fr:65536/", "https://exemple.fr:-1/", "https://exemple.fr:x/", "https://exemple.fr:443:443/",
        "https://[::1", "https://[/", "https://[::g]/", "https://::1/", "https://[]/", "https://.exemple.fr/",
        "https://-exemple.fr/", "https://exemple.fr/<script>", 'https://exemple.fr/"', "https://exemple.fr/{x}",
        "https://exemple.fr/" + "x" * 2030)],
    *[(url, HTTP, None) for url in ("http://exemple.fr/", "HTTP://exemple.fr/hook", "http://127.0.0.1:8080/")],
    *[(url, PRIVATE, None) for url in (
        "https://127.0.0.1/", "https://127.0.0.1:8443/hook", "https://127.1/", "https://127.255.255.254/",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/", "https://0.0.0.0/", "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/",
        "https://192.168.1.1/", "https://100.64.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://169.254.1.1/",
        "https://2852039166/", "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/", "https://255.255.255.255/", "https://[::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:ffff:a00:1]/", "https://[fe80::1]/", "https://[fe80::1%25lo]/",
        "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/", "https://[2001:db8::1]/", "https://[::127.0.0.1]/", "https://localhost/",
        "https://LOCALHOST:8443/", "https://localhost./", "https://a.localhost/", "https://127.0.0.1./")],
    *[(url, None, None) for url in (
        "https://exemple.fr", "https://exemple.fr/", "HTTPS://exemple.fr/", "https://exemple.fr:65535/?a=1&b=2#c",
        "https://xn--chteau-exemple-lkb.fr/hook", "https://exemple.fr/%0d%0aX:%20y", "https://exemple.fr/'--",
        "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://[::ffff:8.8.8.8]/", "https://172.32.0.1/",
        "https://localhost.exemple.fr/", "https://127.0.0.1.exemple.fr/", "https://a_b.exemple.fr/",
        "https://exemple.fr/" + "x" * 2029)],
]


NUMBER = "is no event's number (see bailleurctl webhook events)"
# What bailleurctl webhook replay says of a number: {own} was told, {other} is another client's.
NUMBERS = [(text, 2, f"«{text}» {NUMBER}") for text in (
    "", "0", "x", "1.0", "+1", "1e3", "0x1", " 1", "1 ", "1;", "1 OR 1=1", "9223372036854775808", "9" * 40, "١")] + [
    (text, 1, f"no event {text} of «replays» is at rest") for text in ("{own}", "{other}", "9223372036854775807")]


class Replays(StackCase):
    options = {"settings": {"webhook": {"allow_private": "yes"}}}

    def test_numbers(self):
        """Nothing but an event of one's own that is at rest is queued again; here the other client's is."""
        events, receiver = {}, Receiver()
        self.addCleanup(receiver.close)
        for name, key in (("another", "other"), ("replays", "own")):
            client = self.stack.add_client(name)
            self.stack.ctl("client", "webhook", name, receiver.url)
            body = {"start_at": "2099-06-12T12:00:00Z", "duration": 45, "recipient": {"email": "a@exemple.fr"}}
            answer = self.stack.web.request("POST", "/v1/appointments", client.form(), json=body)
            self.assertEqual(answer.status, 200, answer)
            events[key] = self.stack.ctl_json("webhook", "events", name)["events"][0]["id"]
            if key == "other":
                self.stack.send_all()
        self.assertEqual(len(receiver.got), 1)
        before = self.stack.sql("CHECKSUM TABLE webhook_event")
        for text, status, said in NUMBERS:
            with self.subTest(text):
                done = self.stack.ctl("webhook", "replay", "replays", "--", text.format(**events), check=False)
                self.assertEqual((done.returncode, done.stderr, done.stdout),
                                 (status, f"bailleurctl: {said.format(**events)}\n", ""))
                self.assertEqual(self.stack.sql("CHECKSUM TABLE webhook_event"), before)
        self.assertEqual(self.stack.ctl_json("webhook", "replay", "another", events["other"]), {"queued": 1})


class Urls(StackCase):
    def test_urls(self):
        """What is refused changes nothing, and says why; what is accepted is stored as it was given."""
        for allowed in ("no", "yes"):
            client = self.stack.add_client(f"client {allowed}").name
            self.stack.set({"webhook": {"allow_private": allowed}})
            for url, *expected in URLS:
                with self.subTest(url=url[:60], allowed=allowed):
                    self.check(client, url, expected[allowed == "yes"])

    def check(self, client, url, expected):
        before = self.stack.sql("CHECKSUM TABLE webhook_endpoint")
        done = self.stack.ctl("client", "webhook", client, url, check=False)
        if expected is None:
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.stack.db.value(f"SELECT url FROM webhook_endpoint JOIN api_client ON id = client_id "
                                                 f"WHERE name = '{client}'"), url)
            return
        self.assertEqual(done.returncode, 2, done)
        self.assertTrue(done.stderr.startswith("bailleurctl: «"), done.stderr)
        self.assertTrue(done.stderr.endswith(f"» {expected}\n"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.stack.sql("CHECKSUM TABLE webhook_endpoint"), before)


if __name__ == "__main__":
    unittest.main()
