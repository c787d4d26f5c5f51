#!/usr/bin/env python3
"""examples/cpp/adapt.cpp: its blend is the one of `crayon blend`, and it answers lines at both doors."""
import json
import socket

import example
import support
from example import MODEL, POOL

EXAMPLES = support.SOURCE / "examples/pool/sensor_panel.jsonl"
LINES = EXAMPLES.read_text().splitlines()[:4]

class Adapt(example.ExampleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.build_example("cpp") / "adapt"

    def adapt(self, *arguments, **options):
        return self.run_example(self.program, MODEL, POOL, EXAMPLES, self.dir / "mine.crayon",
                                *arguments, **options)

    def expected(self, line):
        item = json.loads(line)
        return self.crayon("ask", MODEL, "--adapter", "mine.crayon", "--json",
                           f"{item['context']}\n{item['question']}").json

    def test_blends_and_answers(self):
        out, err = self.adapt(stdin="".join(line + "\n" for line in LINES))
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(answers), len(LINES))
        for line, answer in zip(LINES, answers):
            expected = self.expected(line)
            self.assertEqual(answer["answer"], expected["answer"])
            self.assertEqual(answer["route"], "local")
            self.assertAlmostEqual(answer["score"], expected["score"], places=9)
            item = json.loads(line)
            self.assertEqual(answer["answer"], item["choices"][item["answer"]])
        weights = [float(line.split()[1]) for line in err.splitlines()]
        self.crayon("blend", POOL, "--base", MODEL, "--examples", EXAMPLES, "-o", "theirs.crayon")
        told = self.crayon("blend", POOL, "--base", MODEL, "--examples", EXAMPLES, "-o",
                           "theirs.crayon", "--json").json["weights"]
        self.assertEqual(weights, [round(each, 3) for each in told])
        self.assertTrue(self.crayon("verify", "mine.crayon").out)

    def test_a_bad_line_is_answered_and_the_next_one_too(self):
        out, _ = self.adapt(stdin='{"question": 7}\nnonsense\n' + LINES[0] + "\n")
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([answer.get("code") for answer in answers], ["malformed", "malformed", None])
        self.assertEqual(answers[2]["answer"], self.expected(LINES[0])["answer"])

    def test_serves_one_client_after_the_other(self):
        path = self.dir / "socket"
        server = self.start(self.program, MODEL, POOL, EXAMPLES, self.dir / "mine.crayon", path)
        try:
            while (line := server.stderr.readline()) and "listening" not in line:
                pass
            for line in LINES[:2]:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(path))
                    with client.makefile("rw") as lines:
                        lines.write(line + "\n")
                        lines.flush()
                        answer = json.loads(lines.readline())
                self.assertEqual(answer["answer"], self.expected(line)["answer"])
            self.assertIsNone(server.poll())
        finally:
            server.kill()
            server.communicate()

    def test_says_what_is_wrong(self):
        (self.dir / "none.jsonl").write_text("")
        for arguments, text in (((MODEL, POOL, "missing.jsonl"), "missing.jsonl"),
                                ((MODEL, MODEL, EXAMPLES), "device.crayon"),
                                ((MODEL, POOL, self.dir / "none.jsonl"), "example")):
            _, err = self.run_example(self.program, *arguments, self.dir / "not.crayon", code=1)
            self.assertIn(text, err)
            self.assertTrue(err.startswith("adapt: "), err)
        self.assertFalse((self.dir / "not.crayon").exists())

if __name__ == "__main__":
    example.main()
