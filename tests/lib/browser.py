"""
A real headless Chromium, spoken to over its debugging pipe: no driver, no port, no other library.

    with Browser() as browser:
        page = browser.page(width=360, height=640, scripts=False)
        page.go(url)
        page.click("button")
        page.text()
"""

import base64
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
          "--disable-extensions", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check",
          "--hide-scrollbars", "--remote-debugging-pipe", "--disable-component-update", "--mute-audio",
          "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

SCREENS = {"telephone": (360, 640), "small telephone": (320, 480), "desktop": (1280, 800)}


def _luminance(color):
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    """Of two colours as CSS computes them: WCAG asks for 4.5 between text and what it stands on, 3 for an outline."""
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="bailleur-chromium.")
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()
        self._buffer, self._serial, self._events = b"", 0, []
        with open(self.profile + "/log", "wb") as log:
            self._child = subprocess.Popen(["sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_child, from_child), "sh",
                                            "chromium",
                                            *_FLAGS, "--user-data-dir=" + self.profile, "about:blank"],
                                           pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True)
        os.close(to_child)
        os.close(from_child)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait()
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _receive(self, seconds):
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise AssertionError("Chromium does not answer")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise AssertionError("Chromium has ended")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, seconds=60, **parameters):
        """One command of the DevTools protocol; its result."""
        self._serial += 1
        serial = self._serial
        message = {"id": serial, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            got = self._receive(seconds)
            if got.get("id") == serial:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                return got["result"]
            self._events.append(got)

    def event(self, name, session, seconds=60):
        """The next event of that name, those that came meanwhile included."""
        while True:
            for i, got in enumerate(self._events):
                if got.get("method") == name and got.get("sessionId") == session:
                    return self._events.pop(i)["params"]
            self._events.append(self._receive(seconds))

    def page(self, width, height, scripts=True, dark=False):
        return Page(self, width, height, scripts, dark)


class Page:
    """A tab. Everything is read from the browser's own tree, so that it works without scripts as well."""

    def __init__(self, browser, width, height, scripts, dark):
        self.browser, self.width, self.height = browser, width, height
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "DOM", "CSS", "Network", "Log", "Accessibility"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def _loaded(self):
        self.browser.event("Page.loadEventFired", self.session)

    def go(self, url):
        self.call("Page.navigate", url=url)
        self._loaded()

    def node(self, selector):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        found = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        return found or None

    def html(self):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        return self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]

    def tree(self):
        """What a screen reader is told: (role, name) of everything that is not ignored."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]

    def text(self):
        return " ".join(name for role, name in self.tree() if role == "StaticText")

    def box(self, selector):
        """left, top, width, height in CSS pixels."""
        border = self.call("DOM.getBoxModel", nodeId=self.node(selector))["model"]["border"]
        return border[0], border[1], border[2] - border[0], border[5] - border[1]

    def style(self, selector):
        computed = self.call("CSS.getComputedStyleForNode", nodeId=self.node(selector))["computedStyle"]
        return {each["name"]: each["value"] for each in computed}

    def content_width(self):
        return self.call("Page.getLayoutMetrics")["cssContentSize"]["width"]

    def click(self, selector):
        """With the mouse, where a person would; waits for the next page."""
        self.call("DOM.scrollIntoViewIfNeeded", nodeId=self.node(selector))
        left, top, width, height = self.box(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=left + width / 2, y=top + height / 2, button="left",
                      clickCount=1)
        self._loaded()

    def focus(self, selector, seconds=60):
        """
        Waits until that element has the focus: Chromium gives it with the next frame, not with the load or the key.
        """
        end = time.monotonic() + seconds
        while not self.node(selector + ":focus"):
            if time.monotonic() > end:
                raise AssertionError(f"{selector} does not get the focus")
            time.sleep(0.01)

    def press(self, key, code, text=None, wait=False):
        more = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **(more if kind == "keyDown" else {}))
        if wait:
            self._loaded()

    def complaints(self):
        """What the browser logged: blocked styles, refused requests."""
        self.call("Page.getLayoutMetrics")
        return [event["params"]["entry"] for event in self.browser._events
                if event.get("method") == "Log.entryAdded" and event.get("sessionId") == self.session]

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


class InBrowser:
    """
    Before a class of tests that has a stack: one browser for all its tests, and what every page must look like.
    `forgiven`: a pattern of the complaints a page may cause; `shots`: what the names of its pictures begin with.
    """

    forgiven, shots = "404", ""
    browser = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        super().tearDownClass()

    def shoot(self, page, name):
        directory = os.environ.get("BAILLEUR_SCREENSHOTS")
        if directory:
            page.screenshot(f"{directory}/{self.shots}{name.replace(' ', '-')}.png")

    def check_contrast(self, page, selector, least):
        """Of a text and what it stands on: a background of its own, or that of the page's middle."""
        style = page.style(selector)
        own = style["background-color"]
        background = own if own != "rgba(0, 0, 0, 0)" else page.style("main")["background-color"]
        self.assertGreaterEqual(contrast(style["color"], background), least, selector)

    def check_looks(self, page, name):
        """Fits the screen, can be read, and nothing of it was blocked."""
        self.shoot(page, name)
        self.assertLessEqual(page.content_width(), page.width)
        self.check_contrast(page, "h1", 7)
        for selector in ("label", "main p", ".note", "button"):
            if page.node(selector):
                self.check_contrast(page, selector, 4.5)
        self.assertGreaterEqual(float(page.style("main p")["font-size"].removesuffix("px")), 16)
        complaints = [entry["text"] for entry in page.complaints()]
        self.assertEqual([text for text in complaints if not re.search(self.forgiven, text)], [])
        self.assertEqual(page.style("body")["margin-top"], "0px", "the style was not applied")

    def check_focus(self, page, selector):
        """Who goes by the keyboard sees where he is."""
        page.focus(selector)
        style = page.style(selector)
        self.assertEqual((style["outline-style"], style["outline-width"]), ("solid", "3px"))
        self.assertGreaterEqual(contrast(style["outline-color"], page.style("main")["background-color"]), 3)
