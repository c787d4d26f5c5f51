#!/usr/bin/env python3
"""Words that weigh more or less in a language model's attention: run, ask, chat and serve."""
import subprocess

import support
from test_hybrid import Server
from test_serve import request

CONTEXT = "the red one is in the box and the blue one is on the shelf, said the old man"


class Emphasis(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()

    def run_ids(self, prompt, *arguments):
        return self.crayon("run", "tiny.crayon", "-p", prompt, "-n", 12, "--ignore-end", *arguments,
                           "--json").json["ids"]

    def test_a_weight_of_one_changes_nothing_and_others_do(self):
        plain = self.run_ids(CONTEXT)
        self.assertEqual(self.run_ids(CONTEXT.replace("red", "(red:1)"), "--emphasis"), plain)
        self.assertEqual(self.run_ids(CONTEXT, "--weight", "red=1"), plain)
        self.assertNotEqual(self.run_ids(CONTEXT, "--weight", "red=300"), plain)
        self.assertNotEqual(self.run_ids(CONTEXT, "--weight", "old man=0"), plain)

    def test_syntax_and_option_are_the_same(self):
        self.assertEqual(self.run_ids(CONTEXT.replace("old man", "(old man:40)"), "--emphasis"),
                         self.run_ids(CONTEXT, "--weight", "old man=40"))

    def test_brackets_are_text_unless_they_are_asked_for(self):
        shown = self.crayon("run", "tiny.crayon", "-p", "a (red:2) car", "-n", 1).out
        self.assertTrue(shown.startswith("a (red:2) car"))
        shown = self.crayon("run", "tiny.crayon", "--emphasis", "-p", "a (red:2) car", "-n", 1).out
        self.assertTrue(shown.startswith("a red car"))

    def test_layers_from_which_words_weigh(self):
        last = self.run_ids(CONTEXT, "--weight", "red=300", "--emphasis-layer", 3)
        self.assertNotEqual(last, self.run_ids(CONTEXT, "--weight", "red=300"))
        self.assertEqual(self.run_ids(CONTEXT, "--weight", "red=300", "--emphasis-layer", 4),
                         self.run_ids(CONTEXT))  # behind the last layer

    def test_a_distilled_context_keeps_them(self):
        text = " ".join(CONTEXT for _ in range(12))
        pot = ("-c", 96, "--distill", "streaming")
        self.assertNotEqual(self.run_ids(text, *pot, "--weight", "old man=300"),
                            self.run_ids(text, *pot))

    def test_a_chat_goes_on_with_what_was_stressed(self):
        lines = f"{CONTEXT}\nwhere is the (blue:200) one\nand the red one\n"
        done = subprocess.run([*support.COMMAND, "chat", "tiny.crayon", "-n", "6", "--json",
                               "--emphasis"], input=lines.replace("(blue:200)", "blue"), text=True,
                              capture_output=True, cwd=self.dir, env=support.environment(),
                              timeout=600)
        stressed = subprocess.run([*support.COMMAND, "chat", "tiny.crayon", "-n", "6", "--json",
                                   "--emphasis"], input=lines, text=True, capture_output=True,
                                  cwd=self.dir, env=support.environment(), timeout=600)
        self.assertEqual(stressed.returncode, support.OK, stressed.stderr)
        plain, weighed = done.stdout.splitlines(), stressed.stdout.splitlines()
        self.assertEqual(len(weighed), 3)
        self.assertEqual(plain[0], weighed[0])
        self.assertNotEqual(plain[1:], weighed[1:])

    def test_what_cannot_be(self):
        for arguments in (("--weight", "green=2"), ("--weight", "red=-1"), ("--weight", "red=x"),
                          ("--weight", "red=1001")):
            self.crayon("run", "tiny.crayon", "-p", CONTEXT, *arguments, code=support.USAGE)
        err = self.crayon("ask", "tiny.crayon", "a (red", "--emphasis", code=support.USAGE).err
        self.assertIn("column 3", err)
        self.write("text.txt", "some words to read\n")
        self.crayon("read", "tiny.crayon", "-f", "text.txt", "-o", "s.crayon")
        err = self.crayon("ask", "tiny.crayon", "--state", "s.crayon", "which words", "--weight",
                          "words=2", code=support.BAD_FILE).err
        self.assertIn("stressed", err)


class OverHttp(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny()

    def ask(self, url, emphasis=None, **extension):
        body = {"messages": [{"role": "system", "content": "be brief"},
                             {"role": "user", "content": CONTEXT}], "max_tokens": 12}
        if emphasis is not None:
            body["x_crayon"] = {"emphasis": emphasis, **extension}
        return request(url + "/v1/chat/completions", body)

    def test_words_are_stressed_by_name(self):
        with Server(self.dir, "tiny.crayon", "--parallel", 2) as server:
            def answer(*arguments, **extension):
                reply, status = self.ask(server.url, *arguments, **extension)
                self.assertEqual(status, 200, reply)
                return reply["choices"][0]["message"]["content"]
            plain = answer()
            stressed = answer([{"text": "old man", "weight": 300}])
            self.assertNotEqual(stressed, plain)
            self.assertEqual(answer([{"text": "old man", "weight": 1}]), plain)
            self.assertEqual(answer([]), plain)
            self.assertEqual(answer([{"text": "old man", "weight": 300}]), stressed)
            self.assertEqual(answer([{"text": "old man", "weight": 300}],
                                    emphasis_first_layer=4), plain)
            by_option = self.crayon("ask", "tiny.crayon", CONTEXT, "--system", "be brief", "-n", 12,
                                    "--weight", "old man=300", "--json").json["answer"]
            self.assertEqual(stressed, by_option)

    def test_errors_name_the_field(self):
        with Server(self.dir, "tiny.crayon") as server:
            for emphasis, words in (([{"text": "green", "weight": 2}], "green"),
                                    ([{"text": "red", "weight": -1}], "emphasis[0].weight"),
                                    ([{"text": "red"}], "emphasis[0].weight"),
                                    ([{"weight": 2}], "emphasis[0].text"),
                                    ("red", "x_crayon.emphasis"),
                                    ([7], "emphasis[0]")):
                reply, status = self.ask(server.url, emphasis)
                self.assertEqual(status, 400, emphasis)
                self.assertIn(words, reply["error"]["message"])
            reply, status = request(server.url + "/v1/completions",
                                    {"prompt": "red", "max_tokens": 2, "x_crayon":
                                     {"emphasis": [{"text": "red", "weight": 2}]}})
            self.assertEqual(status, 400)
            self.assertIn("x_crayon.emphasis", reply["error"]["message"])


if __name__ == "__main__":
    support.main()
