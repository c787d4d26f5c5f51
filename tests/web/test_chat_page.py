#!/usr/bin/env python3
"""The chat page in a headless Chromium, on a real `crayon serve`."""
import base64
import hashlib
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import support  # noqa: E402
from browser import Browser, missing  # noqa: E402
from servers import Relay, Remote, Serve, asked, post  # noqa: E402

PAGE = support.SOURCE / "serving/chat_page.html"
QUESTION = "What is the colour of the sky?"
SHORT = ("--max-tokens", 64)
ESCAPE = "\ue00c"  # as WebDriver writes keys
ENTER = "\ue007"


def contrast(left, right):
    """WCAG's ratio of two colours #rgb or #rrggbb."""
    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at:at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                  for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    light, dark = sorted((luminance(left), luminance(right)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class File(unittest.TestCase):
    """What can be said of the page without a browser."""
    text = PAGE.read_text()

    def test_it_is_small_and_names_no_other_place(self):
        self.assertLess(len(self.text.encode()), 30000)
        self.assertEqual(re.findall(r"https?:|//\w+\.|\bsrc=|@import|url\(", self.text), [])
        self.assertNotIn("innerHTML", self.text)

    def test_its_policy_allows_its_own_script_and_style_only(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', self.text)[1]
        for tag in ("script", "style"):
            (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", self.text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            self.assertIn(f"{tag}-src 'sha256-{digest}'", policy,
                          f"the {tag} has changed: put this hash into the page's policy")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)

    def test_its_colours_can_be_read(self):
        schemes = [dict(re.findall(r"--([\w-]+): (#\w+)", block))
                   for block in re.findall(r":root \{(.*?)\}", self.text, re.DOTALL)]
        self.assertEqual(len(schemes), 2)  # light and dark
        for scheme in schemes:
            for text, back in (("text", "back"), ("text", "soft"), ("quiet", "back"),
                               ("on-act", "act"), ("bad", "bad-back"), ("local", "local-back"),
                               ("remote", "remote-back")):
                self.assertGreaterEqual(contrast(scheme[text], scheme[back]), 4.5, (text, back))
            self.assertGreaterEqual(contrast(scheme["line"], scheme["back"]), 3)


ABSENT = f"not installed: {', '.join(missing())} (scripts/setup.sh test)" if missing() else ""


@unittest.skipIf(ABSENT, ABSENT)
class ChatPage(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.small = cls.pack_tiny("small.crayon", seed=1)
        cls.large = cls.pack_tiny("large.crayon", seed=2)
        (cls.dir / "browser").mkdir()
        cls.browser = Browser(cls.dir / "browser")
        cls.addClassCleanup(cls.browser.close)
        server = Serve(cls.dir, cls.small, *SHORT)
        cls.addClassCleanup(server.end)
        cls.url = server.url

    def setUp(self):
        self.origins = ["data:"]

    def tearDown(self):
        """Every test: nothing was asked of another place, and the console is clean, but for the
        browser's own notes on the error statuses that a test asks for."""
        others = [url for url in self.browser.requested()
                  if not url.startswith(tuple(self.origins))]
        self.assertEqual(others, [])
        noted = [entry for entry in self.browser.log("browser") if entry["source"] != "network"]
        self.assertEqual(noted, [])

    def open(self, url):
        self.browser.open(url + "/")
        self.origins.append(url + "/")
        self.browser.run("sessionStorage.clear()")
        self.browser.wait("return document.querySelectorAll('#model option').length")

    def ask(self, question=QUESTION):
        """Sends a question; `seen` has then all states of the answer's text, in order."""
        self.browser.run("""
            window.seen = [];
            window.watch ??= new MutationObserver(() => {
              const text = document.querySelector('#log li:last-child.answer .text');
              if (text && text.textContent !== seen[seen.length - 1]) seen.push(text.textContent);
            });
            watch.observe(document.getElementById('log'), {childList: true, subtree: true});""")
        self.browser.type("#question", question + ENTER)

    def settings_open(self):
        return self.browser.run("return document.getElementById('settings').open")

    def until_done(self):
        self.browser.wait("return document.getElementById('log').ariaBusy === 'false'"
                          " && document.querySelector('#log .answer')")

    def answer(self, question=QUESTION):
        """Asks, waits, and returns what is shown."""
        self.ask(question)
        self.until_done()
        return self.shown()

    def shown(self):
        """Of the last answer: text, about, speed, error, as text; None where there is none."""
        return self.browser.run("""
            const item = document.querySelector('#log li:last-child');
            const of = (what) => item.querySelector(what) && item.querySelector(what).textContent;
            return {text: of('.text'), badge: of('.badge'), about: of('.about'),
                    speed: of('.speed'), error: of('.error')};""")

    def direct(self, url, tokens):
        """What the API itself answers."""
        return post(url, {"messages": [{"role": "user", "content": QUESTION}],
                          "max_tokens": tokens})["choices"][0]["message"]["content"]

    def set(self, selector, text):
        if not self.settings_open():
            self.browser.click("#settings summary")
        self.browser.fill(selector, text)

    # ---- answers --------------------------------------------------------------------------------

    def test_an_answer_comes_in_pieces_and_says_where_from(self):
        with Relay(self.url) as relay:
            self.open(relay.url)
            self.set("#max-tokens", "16")
            shown = self.answer()
            seen = self.browser.run("return seen.filter((text) => text)")
        self.assertEqual(shown["text"], self.direct(self.url, 16))
        self.assertGreater(len(seen), 2, seen)
        for earlier, later in zip(seen, seen[1:]):
            self.assertTrue(later.startswith(earlier), (earlier, later))
        self.assertEqual(shown["badge"], "Local")
        self.assertIn("no remote", shown["about"])
        self.assertIn("small", shown["about"])
        self.assertRegex(shown["speed"], r"first token after [\d.]+ s · [\d.]+ tokens/s · \d+ tokens"
                                         r" · server: prompt [\d.]+ s, [\d.]+ tokens/s")
        self.assertIsNone(shown["error"])

    def test_a_remote_answer_says_so(self):
        with Serve(self.dir, self.large) as behind, \
                Serve(self.dir, self.small, "--remote", behind.url, "--threshold", 1) as front:
            self.open(front.url)
            self.set("#max-tokens", "16")
            shown = self.answer()
            self.assertEqual(shown["text"], self.direct(behind.url, 16))
        self.assertEqual(shown["badge"], "Remote")
        self.assertRegex(shown["about"], r"score 0\.\d+ below 1\.000")
        self.assertEqual(shown["about"].count("score"), 1)

    def test_a_lost_remote_is_the_reason_of_a_local_answer(self):
        with Remote("") as gone:
            url = gone.url
        with Serve(self.dir, self.small, "--remote", url, "--threshold", 1) as front:
            self.open(front.url)
            self.set("#max-tokens", "16")
            shown = self.answer()
        self.assertEqual((shown["badge"], shown["text"]), ("Local", self.direct(self.url, 16)))
        self.assertIn("refused", shown["about"])

    def test_what_a_model_says_is_text_and_nothing_else(self):
        evil = ("<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\n"
                "```html\n<b onclick=x>bold</b>\n```\n&lt;i&gt; <svg onload='hacked = 3'> "
                "javascript:alert(1) \u202e é \U0001f58d end")
        with Remote(evil) as remote, \
                Serve(self.dir, self.small, "--remote", remote.url, "--route", "remote") as front:
            self.open(front.url)
            shown = self.answer()
        self.assertEqual(shown["text"], evil.replace("```html\n", "").replace("```\n", ""))
        self.assertEqual(self.browser.run("return document.querySelector('#log pre').textContent"),
                         "<b onclick=x>bold</b>\n")
        self.assertEqual(self.browser.run(
            "return [...document.querySelectorAll('#log .text *')].map((each) => each.tagName)"),
            ["SPAN", "PRE", "CODE", "SPAN"])
        self.assertIsNone(self.browser.run("return window.hacked"))

    def test_the_conversation_and_the_settings_are_sent(self):
        with Relay(self.url) as relay:
            relay.models, relay.pause = ["tiny", "tiny:poet"], 0
            self.open(relay.url)
            self.set("#system", "Be brief.")
            self.set("#temperature", "0.5")
            self.set("#max-tokens", "8")
            self.set("#key", "secret-1")
            self.browser.wait("document.getElementById('model').value = 'tiny:poet';"
                              "return document.getElementById('model').value")
            first = self.answer("One?")["text"]
            self.answer("Two?")
            (_, one), (headers, two) = relay.requests
            self.assertEqual(one["messages"], [{"role": "system", "content": "Be brief."},
                                               {"role": "user", "content": "One?"}])
            self.assertEqual(two["messages"], [*one["messages"],
                                               {"role": "assistant", "content": first},
                                               {"role": "user", "content": "Two?"}])
            self.assertEqual((two["temperature"], two["max_tokens"], two["stream"], two["model"]),
                             (0.5, 8, True, "tiny:poet"))
            self.assertEqual(headers["Authorization"], "Bearer secret-1")
            self.assertEqual(self.browser.run(
                "return [sessionStorage.getItem('crayon-key'), localStorage.length,"
                "        document.cookie]"), ["secret-1", 0, ""])

            self.browser.click("#new")
            self.assertEqual(self.browser.run("return document.getElementById('log').innerText"), "")
            self.answer("Three?")
            self.assertEqual([message["content"] for message in relay.requests[-1][1]["messages"]],
                             ["Be brief.", "Three?"])

    def test_the_adapter_in_use_is_shown(self):
        told = {"model": "tiny:poet", "choices": [{"delta": {"content": "A"}}],
                "x_crayon": {"route": "local", "reason": "confident", "score": 0.75,
                             "threshold": 0.5, "blend": [0.25, 0.75]}}
        with Relay(self.url) as relay:
            relay.answer = lambda exchange: exchange.pieces(
                [f"data: {json.dumps(told)}\r\n\r\ndata: [DONE]\r\n\r\n".encode()])
            self.open(relay.url)
            about = self.answer()["about"]
        self.assertEqual(about, "Local confident (score 0.750, threshold 0.500) · tiny, adapter "
                                "poet, blend 0.25 + 0.75")

    def test_events_are_read_however_they_are_cut(self):
        def chunk(text):
            return json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False)
        stream = (f": a comment\r\n\r\nevent: x\r\ndata:{chunk('é')}\r\n\r\ndata: {chunk('🖍')}\n\n"
                  f"data: {chunk('–')}\r\rdata:\ndata: {chunk(' end')}\n\nid: 3\n\n"
                  "data: [DONE]\n\n").encode()
        with Relay(self.url) as relay:
            for size, pause in ((1, 0.004), (2, 0.004), (3, 0.004), (len(stream), 0)):
                pieces = [stream[at:at + size] for at in range(0, len(stream), size)]
                relay.answer = lambda exchange: exchange.pieces(pieces, pause)
                self.open(relay.url)
                shown = self.answer()
                self.assertEqual((shown["text"], shown["error"]), ("é🖍– end", None), size)

    # ---- stopping -------------------------------------------------------------------------------

    def test_stop_ends_the_answer_and_the_request(self):
        for how in (lambda: self.browser.click("#stop"),
                    lambda: self.browser.type("#question", ESCAPE)):
            with Relay(self.url) as relay:
                relay.pause = 0.2
                self.open(relay.url)
                self.set("#max-tokens", "64")
                self.ask()
                begun = self.browser.wait("return seen.filter((text) => text)[0]")
                how()
                self.until_done()
                shown = self.shown()
                self.assertEqual(shown["error"], "Stopped.")
                self.assertTrue(shown["text"].startswith(begun))
                self.assertLess(len(shown["text"]), len(self.direct(self.url, 64)))
                self.assertTrue(relay.left.wait(60), "the request goes on")
                relay.pause = 0
                self.assertIsNone(self.answer("And now?")["error"])

    def test_a_new_conversation_ends_the_answer_under_way(self):
        with Relay(self.url) as relay:
            relay.pause = 0.2
            self.open(relay.url)
            self.set("#max-tokens", "64")
            self.ask()
            self.browser.wait("return seen.filter((text) => text)[0]")
            self.browser.click("#new")
            self.assertTrue(relay.left.wait(60), "the request goes on")
            relay.pause = 0
            self.answer("Other?")
            self.assertEqual(len(relay.requests[-1][1]["messages"]), 1)
            self.assertEqual(self.browser.run("return document.querySelectorAll('#log li').length"), 2)

    # ---- trouble --------------------------------------------------------------------------------

    def test_errors_say_what_to_do(self):
        cases = [(401, "invalid_api_key", "no key", "API key. Enter it in the settings"),
                 (404, "model_not_found", "no model x", "Choose another model"),
                 (400, "context_full", "600 tokens", "Start a new conversation"),
                 (429, "queue_full", "16 wait", "The server is busy. Wait"),
                 (503, "out_of_memory", "no memory", "The server failed (no memory). Send again")]
        with Relay(self.url) as relay:
            self.open(relay.url)
            for status, code, said, expected in cases:
                relay.answer = lambda exchange: exchange.error(status, code, said)
                shown = self.answer(f"Question {status}?")
                self.assertIn(expected, shown["error"])
                self.assertEqual(shown["text"], "")
                # The question is there again, and no part of the conversation.
                self.assertEqual(self.browser.run("return document.getElementById('question').value"),
                                 f"Question {status}?")
                self.browser.fill("#question", "")
            self.assertTrue(self.settings_open())  # where the key belongs
            self.assertEqual(len(relay.requests[-1][1]["messages"]), 1)

    def test_a_refused_setting_is_named_by_the_server(self):
        self.open(self.url)
        self.set("#max-tokens", "65")
        self.assertIn("max_tokens is 65", self.answer()["error"])

    def test_a_setting_out_of_range_is_not_sent(self):
        self.open(self.url)
        self.set("#temperature", "3")
        self.browser.type("#question", QUESTION + ENTER)
        self.assertIn("out of range",
                      self.browser.run("return document.getElementById('status').textContent"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('#log li').length"), 0)

    def test_a_connection_lost_in_mid_answer_keeps_what_came(self):
        begun = b'data: {"choices":[{"delta":{"content":"So far"}}]}\n\n'
        error = b'data: {"error":{"message":"the sky fell","code":"internal"}}\n\n'
        with Relay(self.url) as relay:
            self.open(relay.url)
            for rest, expected in ((b"", "connection was lost"), (error, "the sky fell"),
                                   (b"data: {{{\n\n", "connection was lost")):
                relay.answer = lambda exchange: exchange.pieces([begun, rest])
                shown = self.answer()
                self.assertEqual(shown["text"], "So far")
                self.assertIn(expected, shown["error"])

    def test_a_server_that_is_gone(self):
        with Serve(self.dir, self.small) as server:
            self.open(server.url)
        self.assertIn("cannot be reached", self.answer()["error"])

    # ---- form -----------------------------------------------------------------------------------

    def test_the_server_says_what_the_page_is(self):
        with asked(self.url, "GET", "/") as reply:
            self.assertEqual(reply.getheader("Content-Type"), "text/html; charset=utf-8")
            self.assertEqual(reply.read(), PAGE.read_bytes())

    def test_every_field_has_a_label_and_keys_reach_everything(self):
        self.open(self.url)
        self.browser.click("#settings summary")
        self.assertEqual(self.browser.run("""
            return [...document.querySelectorAll('input, select, textarea')]
                .filter((field) => ![...field.labels].some((label) => label.textContent.trim()))
                .map((field) => field.id)"""), [])
        self.browser.run("document.body.tabIndex = -1; document.body.focus()")
        reached = []
        for _ in range(10):
            self.browser.call("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": [
                {"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}]}]})
            reached.append(self.browser.run("return document.activeElement.id"))
        for field in ("model", "new", "temperature", "max-tokens", "key", "system", "log", "question",
                      "send"):
            self.assertIn(field, reached)

    def test_it_fits_a_phone(self):
        self.browser.devtools("Emulation.setDeviceMetricsOverride", width=320, height=568,
                              deviceScaleFactor=2, mobile=True)
        try:
            self.open(self.url)
            self.browser.click("#settings summary")
            self.browser.fill("#max-tokens", "16")
            self.browser.click("#settings summary")
            self.browser.type("#question", "x" * 200)
            self.browser.click("#send")
            self.until_done()
            wide, visible = self.browser.run("""
                const box = document.getElementById('send').getBoundingClientRect();
                return [document.documentElement.scrollWidth,
                        box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth];""")
            self.assertLessEqual(wide, 320)
            self.assertTrue(visible)
        finally:
            self.browser.devtools("Emulation.clearDeviceMetricsOverride")


if __name__ == "__main__":
    passed = unittest.main(exit=False, verbosity=2).result.wasSuccessful()
    if ABSENT:  # without a browser, most is untested
        print(f"skipped: {ABSENT}")
    sys.exit(1 if not passed else 77 if ABSENT else 0)
