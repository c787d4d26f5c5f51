#!/usr/bin/env python3
"""`calibrate`, and what `ask` and `eval` make of a calibrated adapter."""
import json
import unittest

import support
from support import BAD_FILE, SYSTEM, USAGE
from test_hybrid import Peer

QUESTION = "where is it?"
BUSY = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"


class Calibrate(support.PoolCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crayon("pack-adapter", "question", "--base", "base.crayon", "-o", "adapter.crayon")
        texts = [f"question number {i}, {'x' * (i % 7)}" for i in range(24)]
        answers = []
        for text in texts:
            told = cls.crayon("ask", "base.crayon", "-a", "adapter.crayon", "-n", 2, "--json", text)
            answers.append(told.json["answer"])
        cls.write_items("plain.jsonl", [{"question": text} for text in texts])
        # What the model says is right for every other one.
        cls.write_items("answered.jsonl", [
            {"question": text, "answer": answer if i % 2 and answer else "quite another"}
            for i, (text, answer) in enumerate(zip(texts, answers))])

    @classmethod
    def write_items(cls, name, items):
        (cls.dir / name).write_text("".join(json.dumps(item) + "\n" for item in items))

    def copied(self, name):
        (self.dir / f"copy-{name}").write_bytes((self.dir / name).read_bytes())
        return f"copy-{name}"

    def calibrate(self, adapter, examples, *arguments, **options):
        return self.crayon("calibrate", "base.crayon", "--adapter", adapter, "--examples", examples,
                           "-n", 2, "--json", *arguments, **options)

    def test_without_answers_thresholds_are_quantiles(self):
        told = self.calibrate("adapter.crayon", "plain.jsonl", "--share", 0.25, "-o", "q.crayon").json
        self.assertEqual(list(told), ["path", "examples", "known", "right", "signals", "why"])
        self.assertEqual((told["examples"], told["known"]), (24, 0))
        for signal in told["signals"]:
            self.assertLessEqual(signal["share"], 0.25)
            self.assertNotIn("auroc", signal)
        decides = [signal["signal"] for signal in told["signals"] if signal["decides"]]
        self.assertEqual(decides, ["least_log_probability"])
        self.crayon("verify", "q.crayon")

    def test_with_answers_signals_are_compared_and_a_probe_is_learned(self):
        told = self.calibrate("adapter.crayon", "answered.jsonl", "-o", "a.crayon").json
        self.assertEqual(told["known"], 24)
        self.assertTrue(10 <= told["right"] <= 14, told)
        names = [signal["signal"] for signal in told["signals"]]
        self.assertEqual(names, ["probe", "first_entropy", "first_margin", "least_log_probability",
                                 "window_log_probability", "confidence"])
        for signal in told["signals"]:
            self.assertTrue(0 <= signal["auroc"] <= 1 and signal["stderr"] > 0, signal)
        shown = self.crayon("calibrate", "base.crayon", "-a", "adapter.crayon", "-e",
                            "answered.jsonl", "-n", 2, "-o", "b.crayon").out
        self.assertIn("AUROC", shown)
        self.assertIn("b.crayon: ", shown.splitlines()[-1])
        self.assertEqual((self.dir / "a.crayon").read_bytes(), (self.dir / "b.crayon").read_bytes())

    def test_ask_goes_by_what_was_calibrated_and_explains_it(self):
        self.calibrate("adapter.crayon", "answered.jsonl", "--signal", "probe", "--share", 1,
                       "-o", "all.crayon")
        with Peer(lambda connection: connection.sendall(BUSY)) as peer:
            ask = ("ask", "base.crayon", "-a", "all.crayon", "-n", 2, "--remote", peer.url)
            told = self.crayon(*ask, "--explain", "--json", QUESTION).json
            self.assertEqual(told["reason"], "HTTP 401")
            self.assertEqual(list(told["decision"]), ["signal", "stage", "score", "threshold"])
            self.assertEqual((told["decision"]["signal"], told["decision"]["stage"]),
                             ("probe", "before"))
            self.assertLess(told["decision"]["score"], told["decision"]["threshold"])
            self.assertEqual(told["score"], told["decision"]["score"])
            self.assertIn("threshold", told["signals"]["probe"])
            shown = self.crayon(*ask, "--explain", QUESTION).err
            self.assertIn("decided by probe (before)", shown)
            # --threshold is the plain rule, whatever the adapter says.
            count = len(peer.requests)
            told = self.crayon(*ask, "--threshold", 0, "--json", QUESTION).json
            self.assertEqual(told["reason"], "confident")
            # Beside another adapter or at another scale, routing data is of no use.
            for others in (["-a", "adapter.crayon"], []):
                adapter = "all.crayon" if others else "all.crayon=0.5"
                told = self.crayon("ask", "base.crayon", "-a", adapter, *others, "-n", 2,
                                   "--explain", "--json", QUESTION).json
                self.assertNotIn("probe", told["signals"])
            self.assertEqual(len(peer.requests), count)

    def test_eval_lists_the_probe(self):
        self.calibrate("adapter.crayon", "answered.jsonl", "-o", "listed.crayon")
        self.crayon("eval", "base.crayon", "answered.jsonl", "--limit", 2, "-a", "listed.crayon",
                    "--items", "items.jsonl", "-n", 2)
        for line in (self.dir / "items.jsonl").read_text().splitlines():
            self.assertTrue(0 <= json.loads(line)["probe"] <= 1)

    def test_a_bundle_is_replaced_whole_and_kept_on_failure(self):
        for name in ("adapter.crayon", "pool.crayon"):
            copy = self.copied(name)
            before = self.crayon("info", copy, "--json").json
            self.calibrate(copy, "plain.jsonl")
            after = self.crayon("info", copy, "--json").json
            self.crayon("verify", copy)
            self.assertNotEqual(after["id"], before["id"])
            self.assertEqual(after["adapters"], before["adapters"])
            self.assertEqual(after["tensors"], before["tensors"])
            # Calibrated once more, and then in ways that fail.
            self.calibrate(copy, "plain.jsonl", "--share", 0.5)
            whole = (self.dir / copy).read_bytes()
            self.calibrate(copy, "none.jsonl", code=SYSTEM)
            self.calibrate(copy, "plain.jsonl", "--signal", "telepathy", code=USAGE)
            self.calibrate(copy, "plain.jsonl", "--share", 1.5, code=USAGE)
            self.calibrate(copy, "plain.jsonl", "-o", "no/such/folder.crayon", code=SYSTEM)
            self.assertEqual((self.dir / copy).read_bytes(), whole)
        self.calibrate("adapter.crayon=0.5", "plain.jsonl", code=USAGE)
        self.calibrate("adapter.crayon", "plain.jsonl", "-a", "pool.crayon", code=USAGE)
        self.write("broken.jsonl", "{")
        self.calibrate("adapter.crayon", "broken.jsonl", code=BAD_FILE)

    def test_what_must_stay_local_does(self):
        self.write_items("never.jsonl", [{"question": QUESTION}, {"question": "where is it, please?"}])
        with Peer(lambda connection: connection.sendall(BUSY)) as peer:
            ask = ("ask", "base.crayon", "-n", 2, "--remote", peer.url, "--route", "remote", "--json")
            told = self.crayon(*ask, "--never", "never.jsonl", QUESTION).json
            self.assertEqual(told["reason"], "a topic that stays local")
            told = self.crayon(*ask, "--bytes-per-day", 10, QUESTION).json
            self.assertEqual(told["reason"], "the day's 10 bytes are used up")
            self.assertEqual(peer.requests, [])

    def test_the_key_is_sent_and_never_printed(self):
        with Peer(lambda connection: connection.sendall(BUSY)) as peer:
            done = self.crayon("ask", "base.crayon", "-n", 2, "--remote", peer.url, "--route",
                               "remote", QUESTION, env={"CRAYON_REMOTE_API_KEY": "sk-secret"})
            self.assertIn(b"\r\nAuthorization: Bearer sk-secret\r\n", peer.requests[0])
            self.assertNotIn("sk-secret", done.out + done.err)
            done = self.crayon("ask", "base.crayon", "--remote", peer.url, QUESTION, code=USAGE,
                               env={"CRAYON_REMOTE_API_KEY": "sk-secret\nX: y"})
            self.assertNotIn("sk-", done.out + done.err)


if __name__ == "__main__":
    support.main()
