#!/usr/bin/env python3
"""Texts that are longer than the context: read, --distill, --state, chat."""
import json
import unittest
import urllib.request

import support
from support import BAD_FILE, HEAVY, OK, SYSTEM, USAGE
from test_hybrid import Server

RULES = ("infinipot", "cap", "nuc", "keydiff", "snapkv", "tova", "streaming", "truncate")


def log(lines, seed=1):
    state = seed
    text = []
    for line in range(lines):
        state = (state * 1103515245 + 12345) % 2 ** 31
        text.append(f"{line // 60 % 24:02}:{line % 60:02} unit {state % 9 + 1} reports {state % 97}.")
    return "\n".join(text) + "\n"


class Read(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()
        (cls.dir / "log.txt").write_text(log(1500 if HEAVY else 150))

    def read(self, *arguments, **options):
        return self.crayon("read", "tiny.crayon", "-f", "log.txt", "-c", 128, *arguments, **options)

    def test_every_rule_reads_all_in_its_positions(self):
        tokens = self.crayon("tokenize", "tiny.crayon", "-f", "log.txt", "--json").json["ids"]
        for rule in RULES if HEAVY else RULES[:1]:
            done = self.read("--distill", rule, "--plain", "--json")
            self.assertEqual(done.json["tokens"], len(tokens), rule)
            self.assertLessEqual(done.json["positions"], 128, rule)
            self.assertGreater(done.json["distillations"], 100 if HEAVY else 20, rule)
            self.assertIn("memory:", done.err)

    def test_memory_stays_what_it_is(self):
        if not HEAVY:
            self.skipTest("an emulator's memory grows with the code that it has translated")
        (self.dir / "long.txt").write_text(log(15000))
        done = self.crayon("read", "tiny.crayon", "-f", "long.txt", "-c", 256, "--distill",
                           "infinipot", "--json").json
        self.assertGreater(done["tokens"], 200_000)
        self.assertLessEqual(done["rss_growth_bytes"], 1 << 20)
        self.assertEqual([each["tokens"] for each in done["milestones"]], [1000, 10000, 100000])

    def test_pieces_are_the_text(self):
        """A text of many pieces has the tokens of the whole, from a pipe as well."""
        if not HEAVY:
            self.skipTest("it takes minutes")
        text = log(6000)
        (self.dir / "pieces.txt").write_text(text)
        tokens = self.crayon("tokenize", "tiny.crayon", "-f", "pieces.txt", "--json").json["ids"]
        done = self.crayon("read", "tiny.crayon", "-f", "-", "--plain", "-c", 256, "--json",
                           input=text.encode())
        self.assertEqual(done.json["tokens"], len(tokens))

    def test_without_a_rule_a_full_context_is_an_error(self):
        failed = self.read("--distill", "none", code=BAD_FILE)
        self.assertIn("context of 128", failed.err)
        self.assertIn("--distill", failed.err)
        failed = self.crayon("run", "tiny.crayon", "-f", "log.txt", "-c", 128, code=BAD_FILE)
        self.assertIn("context", failed.err)

    def test_wrong_settings_are_named(self):
        for arguments, word in ((("--distill", "best"), "best"),
                                (("--keep", "1.5"), "--keep"),
                                (("--distill", "infinipot", "--catalyst", ""), "catalyst"),
                                (("--distill", "cap", "--catalyst", "x" * 200), "catalyst"),
                                (("--surprise-share", "2"), "--surprise-share")):
            self.assertIn(word, self.read(*arguments, code=USAGE).err)
        self.assertIn("missing.txt", self.crayon("read", "tiny.crayon", "-f", "missing.txt",
                                                 code=SYSTEM).err)

    def test_a_long_prompt_is_continued(self):
        done = self.crayon("run", "tiny.crayon", "-f", "log.txt", "-c", 128, "--distill",
                           "streaming", "-n", 300, "--ignore-end", "--json")
        self.assertEqual(len(done.json["ids"]), 300)

    def test_the_tail_of_a_text_is_predicted(self):
        (self.dir / "short.txt").write_text(log(8))
        whole = self.crayon("perplexity", "tiny.crayon", "-f", "short.txt", "--tail", 20, "--json")
        kept = self.crayon("perplexity", "tiny.crayon", "-f", "short.txt", "--tail", 20, "--json",
                           "--distill", "infinipot")
        self.assertEqual(whole.json, kept.json)  # it never fills
        self.assertEqual(whole.json["tokens"], 20)
        distilled = self.crayon("perplexity", "tiny.crayon", "-f", "log.txt", "--tail", 100,
                                "-c", 128, "--distill", "snapkv", "--json")
        self.assertEqual(distilled.json["tokens"], 100)
        self.assertGreater(distilled.json["perplexity"], 1)
        self.crayon("perplexity", "tiny.crayon", "-f", "short.txt", "--tail", 100000, code=USAGE)

    def test_questions_about_long_texts(self):
        item = {"task": "long", "context": log(100).strip(), "question": "Which unit?",
                "choices": ["unit 1", "unit 2"], "answer": 0}
        self.write("long.jsonl", json.dumps(item) + "\n")
        for by in ("choices", "text"):
            done = self.crayon("eval", "tiny.crayon", "long.jsonl", "-c", 128, "--by", by,
                               "--distill", "infinipot", "--json", "-n", 5)
            self.assertEqual(done.json["tasks"][0]["n"], 1)
            self.assertNotIn("too long", done.err)


class State(support.BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.dir / "log.txt").write_text(log(200))

    def read(self, *arguments, name="state.crayon", **options):
        return self.crayon("read", "base.crayon", "-f", "log.txt", "-c", 128, "-o", name,
                           *arguments, **options)

    def ask(self, *arguments, **options):
        return self.crayon("ask", "base.crayon", "Which unit is it?", "-n", 6, "--json",
                           *arguments, **options)

    def test_a_question_about_what_was_read(self):
        self.read("--distill", "infinipot")
        first = self.ask("--state", "state.crayon")
        self.assertEqual(first.json, self.ask("--state", "state.crayon").json)
        self.assertIn("snapkv", self.crayon("info", self.read_with("snapkv")).out)
        self.crayon("verify", "state.crayon")

    def read_with(self, rule):
        self.read("--distill", rule, name=f"{rule}.crayon")
        return f"{rule}.crayon"

    def test_plain_text_goes_on_where_it_ended(self):
        """Whether a text is read at once, or saved in between, its continuation is the same."""
        text = (self.dir / "log.txt").read_text()
        half = text.index("\n", len(text) // 2)
        self.write("first.txt", text[:half])
        self.write("all.txt", text[:half] + "\nunit")
        for rule in RULES if HEAVY else RULES[:1]:
            self.crayon("read", "base.crayon", "-f", "first.txt", "-c", 128, "--plain", "--distill",
                        rule, "-o", "half.crayon")
            went_on = self.crayon("run", "base.crayon", "--state", "half.crayon", "-p", "\nunit",
                                  "-n", 12, "--ignore-end", "--json")
            whole = self.crayon("run", "base.crayon", "-f", "all.txt", "-c", 128, "--distill", rule,
                                "-n", 12, "--ignore-end", "--json")
            self.assertEqual(went_on.json["ids"], whole.json["ids"], rule)

    def test_a_state_belongs_to_its_model_and_adapters(self):
        self.read()
        self.pack_tiny("other.crayon", seed=2)
        failed = self.crayon("ask", "other.crayon", "Who?", "--state", "state.crayon",
                             code=BAD_FILE)
        self.assertIn("another model", failed.err)
        support.write_peft(self.dir / "peft", support.lora_factors(21, support.RANK), support.RANK,
                           support.ALPHA)
        adapter = "adapter.crayon"
        self.crayon("pack-adapter", "peft", "--base", "base.crayon", "-o", adapter)
        failed = self.ask("--state", "state.crayon", "--adapter", adapter, code=BAD_FILE)
        self.assertIn("adapters", failed.err)
        self.read("--adapter", adapter, name="adapted.crayon")
        self.ask("--state", "adapted.crayon", "--adapter", adapter)
        self.ask("--state", "adapted.crayon", "--adapter", f"{adapter}=0.5", code=BAD_FILE)
        self.assertIn("no state", self.ask("--state", "base.crayon", code=USAGE).err)
        self.assertIn("not read", self.ask("--state", "state.crayon", "--remote",
                                           "http://127.0.0.1:9", code=USAGE).err)

    def test_a_damaged_state_is_refused(self):
        self.read(name="good.crayon")
        data = bytearray((self.dir / "good.crayon").read_bytes())
        for at in range(len(data) // 10, len(data), len(data) // 7):
            broken = bytearray(data)
            broken[at] ^= 0x10
            (self.dir / "broken.crayon").write_bytes(broken)
            self.ask("--state", "broken.crayon", code=BAD_FILE)
        (self.dir / "broken.crayon").write_bytes(data[: len(data) // 2])
        self.ask("--state", "broken.crayon", code=BAD_FILE)


class LearnedPositions(support.Case):
    def test_they_are_refused_by_name(self):
        config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 512,
                  "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64, "n_inner": 64,
                  "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
        self.write("config.json", json.dumps(config))
        self.crayon("pack", "--random", "config.json", "-o", "gpt2.crayon")
        failed = self.crayon("run", "gpt2.crayon", "-p", "a", "--distill", "streaming",
                             code=BAD_FILE)
        self.assertIn("gpt2", failed.err)
        self.assertIn("learned positions", failed.err)


class Chat(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()

    def test_lines_become_turns(self):
        lines = b"Who is there?\n\nAnd then?\n"
        done = self.crayon("chat", "tiny.crayon", "-n", 6, "--json", input=lines)
        answers = [json.loads(line)["answer"] for line in done.out.splitlines()]
        self.assertEqual(len(answers), 2)

    def test_it_goes_on_for_ever_or_says_how(self):
        lines = b"one two three four five six seven eight nine ten\n" * 12
        failed = self.crayon("chat", "tiny.crayon", "-c", 64, "-n", 8, input=lines, code=BAD_FILE)
        self.assertIn("--distill", failed.err)
        done = self.crayon("chat", "tiny.crayon", "-c", 64, "-n", 8, "--json", "--distill",
                           "streaming", input=lines)
        self.assertEqual(len(done.out.splitlines()), 12)


class Serve(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()

    def test_a_conversation_outgrows_the_context(self):
        with Server(self.dir, "tiny.crayon", "-c", 128, "--parallel", 1, "--distill",
                    "streaming") as server:
            def ask(prompt):
                body = json.dumps({"prompt": prompt, "max_tokens": 4, "temperature": 0}).encode()
                with urllib.request.urlopen(urllib.request.Request(
                        server.url + "/v1/completions", body,
                        {"Content-Type": "application/json"}), timeout=120) as reply:
                    return json.load(reply)

            first = ask(log(60))
            self.assertGreater(first["usage"]["prompt_tokens"], 600)
            self.assertEqual(ask(log(60))["choices"], first["choices"])

    def test_memory_stays_what_it_is(self):
        if not HEAVY:
            self.skipTest("an emulator's memory grows with the code that it has translated")
        with Server(self.dir, "tiny.crayon", "-c", 256, "--parallel", 2, "--distill",
                    "infinipot") as server:
            def memory():
                with open(f"/proc/{server.process.pid}/statm") as file:
                    return int(file.read().split()[1]) * 4096

            def ask(seed):
                body = json.dumps({"prompt": log(100, seed), "max_tokens": 4}).encode()
                with urllib.request.urlopen(urllib.request.Request(
                        server.url + "/v1/completions", body,
                        {"Content-Type": "application/json"}), timeout=120) as reply:
                    return json.load(reply)["usage"]["prompt_tokens"]

            for seed in range(20):
                ask(seed)
            before = memory()
            tokens = sum(ask(seed) for seed in range(100, 160))
            self.assertGreater(tokens, 80_000)
            self.assertLessEqual(memory() - before, 1 << 20)


if __name__ == "__main__":
    support.main()
