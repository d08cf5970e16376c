"""The unsubscribe page, in a real browser without scripts, on a telephone and on a desktop; and its bare HTTP."""

import unittest

from tests.lib.browser import SCREENS, InBrowser
from tests.lib.stack import StackCase
from tests.lib.tokens import token


class Case(StackCase):
    def setUp(self):
        self.client = self.stack.add_client(f"Office HLM <{self.id().rsplit('.', 1)[1]}>")

    def link(self, kind="email", recipient=None):
        """Queues a message and returns the path of its unsubscribe page."""
        recipient = recipient or ("jean.dupont@exemple.fr" if kind == "email" else "0602030405")
        answer = self.stack.web.post("/v1/send_" + kind,
                                     self.client.form(recipient=recipient, subject="s", message="m"))
        self.assertEqual(answer.status, 200, answer)
        delivery = self.stack.db.value(f"SELECT id FROM delivery WHERE message_id={answer.json['id']}")
        return "/u/" + token("unsubscribe", delivery)

    def unsubscribed(self, channel="email"):
        entries = self.stack.web.get("/v1/unsubscribes", self.client.form(channel=channel)).json["unsubscribes"]
        return [entry["email" if channel == "email" else "phone"] for entry in entries]


class Http(Case):
    def check_headers(self, answer):
        headers = answer.headers
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        self.assertEqual({name: policy[name] for name in ("default-src", "frame-ancestors", "base-uri", "form-action")},
                         {"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'",
                          "form-action": "'self'"})
        self.assertRegex(policy["style-src"], r"^'nonce-[\w-]{43}'$")
        self.assertNotIn("script-src", policy)
        self.assertIn(policy["style-src"][7:-1], answer.text)
        self.assertNotIn("<script", answer.text)
        self.assertIn('lang="fr"', answer.text)
        return policy["style-src"]

    def test_get_changes_nothing(self):
        path = self.link()
        nonces = set()
        for _ in range(3):
            answer = self.stack.web.get(path)
            self.assertEqual(answer.status, 200)
            nonces.add(self.check_headers(answer))
        self.assertEqual(len(nonces), 3)
        self.assertEqual(self.stack.web.request("HEAD", path).status, 200)
        self.assertEqual(self.unsubscribed(), [])

    def test_post_unsubscribes_once(self):
        path = self.link(recipient="Jean.Dupont@EXEMPLE.fr")
        for _ in range(2):
            answer = self.stack.web.post(path, {})
            self.assertEqual(answer.status, 200)
            self.check_headers(answer)
            self.assertIn("Désinscription enregistrée", answer.text)
            self.assertNotIn("<form", answer.text)
        self.assertEqual([address.lower() for address in self.unsubscribed()], ["jean.dupont@exemple.fr"])

    def test_one_click(self):
        """RFC 8058, section 3.1: as a form, and as multipart; whatever else the body holds does not matter."""
        body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
        posts = [
            {"form": {"List-Unsubscribe": "One-Click"}},
            {"body": body, "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            {"body": b"%%%\xff", "headers": {"Content-Type": "text/plain"}}, {"body": None},
        ]
        for i, post in enumerate(posts):
            self.assertEqual(self.stack.web.post(self.link(recipient=f"r{i}@exemple.fr"), **post).status, 200)
        self.assertEqual(self.unsubscribed(), [f"r{i}@exemple.fr" for i in reversed(range(len(posts)))])

    def test_address_is_masked(self):
        mail, text = self.stack.web.get(self.link()).text, self.stack.web.get(self.link("sms")).text
        self.assertIn("j•••@e•••.fr", mail)
        self.assertNotIn("dupont", mail)
        self.assertIn("•• •• •• •• 05", text)
        self.assertNotIn("602030405", text)
        self.assertIn("SMS", text)

    def test_client_name_is_escaped(self):
        text = self.stack.web.get(self.link()).text
        self.assertIn("Office HLM &lt;test_client_name_is_escaped&gt;", text)
        self.assertNotIn("HLM <", text)

    def test_channels_are_apart(self):
        path = self.link("sms")
        self.assertEqual(self.stack.web.post(path).status, 200)
        self.assertEqual((self.unsubscribed("email"), self.unsubscribed("sms")), ([], ["+33602030405"]))

    def test_bad_tokens(self):
        good = self.link().removeprefix("/u/")
        for name in (good[:-1], good + "A", good[:-1] + ("A" if good[-1] != "A" else "B"), "A" * 32, "x",
                     "%3Cscript%3E",
                     "é".encode().hex(), token("report", 1), token("unsubscribe", 1, "y" * 40),
                     token("unsubscribe", 2**63), good + "/x", ""):
            for method in ("GET", "POST"):
                with self.subTest(name=name, method=method):
                    answer = self.stack.web.request(method, "/u/" + name)
                    self.assertEqual(answer.status, 404)
                    self.check_headers(answer)
                    self.assertIn("Page introuvable", answer.text)
                    self.assertNotIn("<form", answer.text)
        self.assertEqual(self.unsubscribed(), [])

    def test_other_methods(self):
        path = self.link()
        for method in ("PUT", "DELETE", "OPTIONS"):
            self.assertEqual(self.stack.web.request(method, path).status, 404)
        self.assertEqual(self.unsubscribed(), [])


class InChromium(InBrowser, Case):
    def test_unsubscribe_without_scripts(self):
        for number, (name, (width, height)) in enumerate(SCREENS.items()):
            for dark in (False, True):
                with self.subTest(name=name, dark=dark):
                    address = f"u{number}{int(dark)}@exemple.fr"
                    path = self.link(recipient=address)
                    page = self.browser.page(width, height, scripts=False, dark=dark)
                    page.go(self.stack.web.url + path)
                    tree = page.tree()
                    self.assertIn(("heading", "Se désinscrire"), tree)
                    self.assertEqual([each for each in tree if each[0] == "button"], [("button", "Me désinscrire")])
                    self.assertIn("u•••@e•••.fr", page.text())
                    self.check_looks(page, f"ask {name}{' dark' * dark}")
                    left, top, button_width, button_height = page.box("button")
                    self.assertGreaterEqual(button_height, 44)
                    self.assertGreaterEqual(button_width, min(width * 0.7, 240))
                    self.assertLessEqual(top + button_height, height, "the button is below the fold")
                    self.assertNotIn(address, self.unsubscribed())
                    page.click("button")
                    self.assertIn(("heading", "Désinscription enregistrée"), page.tree())
                    self.assertIsNone(page.node("button"))
                    self.check_looks(page, f"done {name}{' dark' * dark}")
                    self.assertIn(address, self.unsubscribed())

    def test_keyboard_alone(self):
        for dark in (False, True):
            with self.subTest(dark=dark):
                self.use_keyboard(f"clavier{int(dark)}@exemple.fr", dark)

    def use_keyboard(self, address, dark):
        page = self.browser.page(*SCREENS["desktop"], scripts=False, dark=dark)
        page.go(self.stack.web.url + self.link(recipient=address))
        page.press("Tab", 9)
        self.check_focus(page, "button")
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        focused = [node for node in tree for each in node.get("properties", [])
                   if each["name"] == "focused" and each["value"].get("value")]
        self.assertIn("Me désinscrire", [node.get("name", {}).get("value") for node in focused])
        self.shoot(page, "focus" + " dark" * dark)
        page.press("Enter", 13, "\r", wait=True)
        self.assertIn(address, self.unsubscribed())

    def test_with_scripts_allowed_it_is_the_same(self):
        page = self.browser.page(*SCREENS["telephone"])
        page.go(self.stack.web.url + self.link("sms"))
        self.assertIn("•• •• •• •• 05", page.text())
        page.click("button")
        self.assertEqual(self.unsubscribed("sms"), ["+33602030405"])

    def test_error_page(self):
        for name, screen in SCREENS.items():
            page = self.browser.page(*screen, scripts=False)
            page.go(self.stack.web.url + "/u/faux")
            self.assertIn(("heading", "Page introuvable"), page.tree())
            self.assertIsNone(page.node("form"))
            self.check_looks(page, "error " + name)

    def test_long_names_do_not_break_the_page(self):
        self.client = self.stack.add_client("Société-d’économie-mixte-" + "x" * 70)
        page = self.browser.page(*SCREENS["small telephone"], scripts=False)
        page.go(self.stack.web.url + self.link())
        self.check_looks(page, "long")


if __name__ == "__main__":
    unittest.main()
