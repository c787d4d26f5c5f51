#!/usr/bin/env python3
"""The bindings of models: handles, misuse, texts, adapters, states, questions, measuring, threads."""
import array
import gc
import json
import math
import subprocess
import sys
import threading
from unittest import mock

import bindings
import support
from bindings import MODEL, POOL, QUESTION

import crayon
from crayon import Code, Finish, Route, _vectors


class Handles(bindings.BindingsCase):
    def test_with_closes(self):
        with crayon.Runtime() as runtime:
            with runtime.open_model(MODEL) as model:
                with model.open_session() as session:
                    session.read("One")
                self.assertTrue(session.closed)
            self.assertTrue(model.closed)
        self.assertTrue(runtime.closed)
        runtime.close()  # a second time is nothing

    def test_a_runtime_closes_what_was_made_in_it(self):
        runtime = crayon.Runtime()
        model = runtime.open_model(MODEL)
        session = model.open_session()
        runtime.close()
        self.assertTrue(model.closed and session.closed)

    def test_what_is_forgotten_is_closed(self):
        runtime = crayon.Runtime()
        session = runtime.open_model(MODEL).open_session()
        gc.collect()
        self.assertEqual(session.generate("One", max_tokens=1).tokens, 1)  # the model is forgotten
        del session
        gc.collect()
        super(crayon.Runtime, runtime).close()  # which the library refuses while others are open

    def test_closed_handles_are_refused(self):
        session = self.model.open_session()
        session.close()
        self.assertIn("Session", self.assert_fails(Code.CLOSED, session.read, "One"))
        adapter = self.model.open_pool(POOL).blend(["What does it read?"]).adapter
        adapter.close()
        self.assert_fails(Code.CLOSED, self.model.open_session, adapters=[adapter])

    def test_versions_agree(self):
        self.assertIn(f'version = "{crayon.version()}"',
                      (support.SOURCE / "bindings/python/pyproject.toml").read_text())


class Failures(bindings.BindingsCase):
    def test_tell_what_where_and_what_to_do(self):
        with self.assertRaises(crayon.CrayonError) as caught:
            self.runtime.open_model("missing.crayon")
        error = caught.exception
        self.assertEqual((error.code, error.name), (Code.NOT_FOUND, "not_found"))
        self.assertIn("missing.crayon", error.message)
        self.assertIn(error.message, str(error))
        self.assertIn(error.hint, str(error))

    def test_wrong_files(self):
        (self.dir / "text.crayon").write_text("no bundle")
        for function in (self.runtime.open_model, self.model.open_adapter, self.model.open_pool):
            with self.assertRaises(crayon.CrayonError):
                function(self.dir / "text.crayon")
        reader = self.runtime.open_model(support.SOURCE / "examples/models/reader.crayon")
        self.assert_fails(Code.WRONG_BASE, reader.open_pool, POOL)

    def test_arguments_that_are_none(self):
        self.assert_fails(Code.UNSUPPORTED_KERNELS, self.runtime.open_model, MODEL, kernels="abacus")
        with self.assertRaises(TypeError):
            self.model.open_session(contxt=7)
        with self.assertRaises(TypeError):
            self.model.open_session(adapter_count=7)
        with self.assertRaises(ValueError):
            self.model.tokenize("a\0b")
        with self.assertRaises(ValueError):
            self.runtime.open_model("a\0b")
        adapter = self.model.open_pool(POOL).blend(["What does it read?"]).adapter
        with self.assertRaises(ValueError):
            self.model.open_session(adapters=[(adapter, 0)])
        self.assert_fails(Code.BAD_ARGUMENT, self.model.open_assistant().ask,
                          [crayon.Turn("nobody", "What?")])

    def test_a_full_context(self):
        session = self.model.open_session(context=16)
        self.assert_fails(Code.CONTEXT_FULL, session.read, "one two three four five six " * 8)


class Texts(bindings.BindingsCase):
    def test_tokens_there_and_back(self):
        text = "The tank reads 38."
        tokens = self.model.tokenize(text, bos=False)
        told = self.crayon("tokenize", MODEL, "-p", text, "--no-bos", "--json").json["ids"]
        self.assertEqual(tokens, told)
        self.assertEqual(self.model.detokenize(tokens), text)
        self.assertEqual(self.model.tokenize("", bos=False), [])

    def test_info_and_memory(self):
        info = self.model.info
        self.assertEqual((info.layers, info.dim, info.vocabulary, info.max_context, info.threads),
                         (6, 192, 4096, 1024, 2))
        self.assertEqual(len(info.id), 64)
        small = self.runtime.estimate_memory(MODEL, context=128)
        large = self.runtime.estimate_memory(MODEL, context=256, kv=crayon.Kv.F32)
        self.assertEqual(large.weights, small.weights)
        self.assertEqual(large.kv_cache, 4 * small.kv_cache)

    def test_vectors_with_numpy_and_without(self):
        vector = self.model.embed(QUESTION)
        self.assertEqual(len(vector), self.model.info.embedding_dim)
        self.assertAlmostEqual(math.hypot(*vector), 1, places=5)
        with mock.patch.object(_vectors, "_numpy", None):
            plain = self.model.embed(QUESTION)
        self.assertIsInstance(plain, array.array)
        self.assertEqual(list(plain), list(map(float, vector)))

    def test_generation_is_the_programs(self):
        with self.model.open_session() as session:
            result = session.generate("The river", max_tokens=8)
            self.assertEqual("The river" + result.text,
                             self.crayon("run", MODEL, "-p", "The river", "-n", 8).out.rstrip("\n"))
            self.assertEqual((result.tokens, result.finish), (8, Finish.LENGTH))
            counters = session.counters
            self.assertEqual(counters.tokens_generated, 8)
            self.assertEqual(counters.tokens_read, result.prompt_tokens)
            session.clear()
            self.assertEqual(session.counters.position, 0)
            self.assertEqual(session.generate("The river", max_tokens=8).text, result.text)

    def test_options_of_generation(self):
        session = self.model.open_session()
        whole = session.generate("The river", max_tokens=12).text
        word = whole.split()[2]
        session.clear()
        cut = session.generate("The river", max_tokens=12, stop=[word, "never"])
        self.assertEqual((cut.text, cut.finish), (whole[:whole.index(word)], Finish.STOP))
        session.clear()
        drawn = [session.generate("The river", max_tokens=12, temperature=2.0, seed=seed).text
                 for seed in (1, 2) if session.clear() is None]
        self.assertNotEqual(*drawn)

    def test_a_saved_text_goes_on(self):
        with self.model.open_session() as session:
            session.read("The river was")
            session.save(self.dir / "text.state")
            told = session.generate(" wide", max_tokens=6).text
        with self.model.open_session() as session:
            session.restore(self.dir / "text.state")
            self.assertEqual(session.generate(" wide", max_tokens=6).text, told)
        (self.dir / "broken.state").write_bytes((self.dir / "text.state").read_bytes()[:100])
        with self.model.open_session() as session, self.assertRaises(crayon.CrayonError):
            session.restore(self.dir / "broken.state")


class Customization(bindings.BindingsCase):
    EXAMPLES = support.SOURCE / "examples/pool/sensor_panel.jsonl"

    def blend(self):
        items = [json.loads(line) for line in self.EXAMPLES.read_text().splitlines()]
        return self.model.open_pool(POOL).blend(
            [f"{item['context']}\n{item['question']}" for item in items])

    def test_blend_is_the_programs(self):
        blend = self.blend()
        told = self.crayon("blend", POOL, "--base", MODEL, "--examples", self.EXAMPLES, "-o",
                           "theirs.crayon", "--json").json
        self.assertEqual([round(float(each), 6) for each in blend.weights],
                         [round(each, 6) for each in told["weights"]])
        blend.adapter.save(self.dir / "mine.crayon")
        asked = self.crayon("ask", MODEL, "--adapter", "mine.crayon", QUESTION, "--json").json
        with self.model.open_assistant(adapters=[blend.adapter]) as assistant:
            answer = assistant.ask(QUESTION)
        self.assertEqual((answer.text, answer.route), (asked["answer"], Route.LOCAL))
        self.assertAlmostEqual(answer.score, asked["score"])
        self.assertEqual(answer.text, "83")
        again = self.model.open_adapter(self.dir / "mine.crayon")
        self.assertEqual(self.model.open_assistant(adapters=[(again, 1.0)]).ask(QUESTION).text, "83")

    def test_pool(self):
        pool = self.model.open_pool(POOL)
        self.assertEqual((len(pool), len(pool.names)), (8, 8))
        blend = pool.blend([crayon.Example("What does it read?")], rule="uniform")
        self.assertEqual({round(float(each), 6) for each in blend.weights}, {1 / 8})
        self.assert_fails(Code.BAD_ARGUMENT, pool.blend, ["What?"], rule="guess")
        self.assert_fails(Code.BAD_ARGUMENT, pool.blend, [])

    def test_a_pool_for_each_question(self):
        with self.model.open_assistant(pool=self.model.open_pool(POOL)) as assistant:
            self.assertEqual(assistant.ask(QUESTION).text, "83")


class Questions(bindings.BindingsCase):
    def test_turns(self):
        with self.model.open_assistant() as assistant:
            one = assistant.ask(QUESTION, max_tokens=4)
            same = assistant.ask([crayon.Turn("user", QUESTION)], max_tokens=4)
        self.assertEqual((one.text, one.score), (same.text, same.score))
        self.assertEqual(one.text, self.crayon("ask", MODEL, QUESTION, "-n", 4).out.rstrip("\n"))

    def test_a_remote_that_is_not_there(self):
        with self.model.open_assistant(remote_url="http://127.0.0.1:1", attempts=1) as assistant:
            answer = assistant.ask(QUESTION, route=Route.REMOTE, deadline=20)
        self.assertEqual((answer.route, answer.asked_remote), (Route.LOCAL, True))
        self.assertNotEqual(answer.reason, "")

    def test_many_threads_ask(self):
        assistant = self.model.open_assistant(sequences=2)
        expected, answers = assistant.ask(QUESTION).text, []
        threads = [threading.Thread(target=lambda: answers.append(assistant.ask(QUESTION).text))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [expected] * 4)

    def test_a_second_thread_in_a_session_is_told_so(self):
        session = self.model.open_session()
        found = []

        def read_elsewhere(_):
            thread = threading.Thread(target=lambda: found.append(
                self.assert_fails(Code.BUSY, session.read, "more")))
            thread.start()
            thread.join()
            return True

        session.generate("The river", read_elsewhere, max_tokens=4)
        self.assertEqual(len(found), 1)

    def test_bench(self):
        result = self.model.bench(prompt=16, decode=4, repetitions=1)
        self.assertGreater(result.prefill_tokens_per_second, 0)
        self.assertGreaterEqual(result.token_ms_p99, result.token_ms_p50)
        self.assertGreater(result.bytes_per_token, 1_000_000)

    def test_log(self):
        lines = []
        with crayon.Runtime(log=lambda level, line: lines.append((level, line))) as runtime:
            runtime.open_model(MODEL)
        self.assertTrue(any("device.crayon" in line for _, line in lines), lines)
        self.assertEqual({type(level) for level, _ in lines}, {crayon.LogLevel})


class Example(bindings.BindingsCase):
    def test_answers(self):
        program = support.SOURCE / "bindings/python/examples/answer.py"
        done = subprocess.run([sys.executable, program, MODEL, QUESTION, POOL], text=True,
                              capture_output=True, timeout=60)
        self.assertRegex(done.stdout, r"^83\nlocal: no remote \(score 0\.\d+, threshold 0\.500\)\n$")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run([sys.executable, program, "missing.crayon", QUESTION], text=True,
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("hint:", done.stderr)


if __name__ == "__main__":
    bindings.main()
