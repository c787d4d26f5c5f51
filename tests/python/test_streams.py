#!/usr/bin/env python3
"""Streams of the bindings: whole ones, those that are left early, and callbacks that raise."""
import gc
import threading

import bindings
from bindings import QUESTION

import crayon
from crayon import Finish, Route

# So long that only a cancelled one ends before the context does.
LONG = {"max_tokens": 900, "ignore_end": True}


class Streams(bindings.BindingsCase):
    def setUp(self):
        self.session = self.model.open_session()
        self.addCleanup(self.session.close)
        self.addCleanup(self.assert_no_thread)

    def assert_no_thread(self):
        gc.collect()
        self.assertEqual([each.name for each in threading.enumerate()
                          if each.name == "crayon stream"], [])

    def test_pieces_are_the_text(self):
        stream = self.session.stream("The river", max_tokens=12)
        pieces = list(stream)
        self.assertGreater(len(pieces), 1)
        self.assertEqual("".join(pieces), stream.result.text)
        self.assertEqual(stream.result.tokens, 12)
        self.assertEqual(list(stream), [])
        self.session.clear()
        self.assertEqual(self.session.generate("The river", max_tokens=12).text, "".join(pieces))

    def test_leaving_the_loop_cancels(self):
        for piece in self.session.stream("The river", **LONG):
            break
        counters = self.session.counters  # nobody else is at work with it any more
        self.assertGreater(counters.tokens_generated, 0)
        self.assertLess(counters.tokens_generated, LONG["max_tokens"])
        self.assertEqual(self.session.generate(" and", max_tokens=2).tokens, 2)

    def test_close_cancels(self):
        with self.session.stream("The river", **LONG) as stream:
            first = next(stream)
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.result.finish, Finish.CANCELLED)
        self.assertTrue(stream.result.text.startswith(first))

    def test_an_exception_in_the_loop_cancels(self):
        with self.assertRaises(ZeroDivisionError):
            for piece in self.session.stream("The river", **LONG):
                raise ZeroDivisionError
        self.assertEqual(self.session.generate(" and", max_tokens=2).tokens, 2)

    def test_a_stream_that_nobody_reads(self):
        self.session.stream("The river", **LONG)
        self.assertEqual(self.session.generate(" and", max_tokens=2).tokens, 2)

    def test_failures_are_raised_where_it_is_read(self):
        with self.model.open_session(context=8) as session:
            stream = session.stream("one two three four five six seven eight nine ten eleven")
            self.assert_fails(crayon.Code.CONTEXT_FULL, list, stream)
            self.assertIsNone(stream.result)

    def test_answers(self):
        with self.model.open_assistant() as assistant:
            with assistant.stream(QUESTION) as stream:
                pieces = list(stream)
            self.assertEqual("".join(piece.text for piece in pieces), stream.result.text)
            self.assertEqual({piece.route for piece in pieces}, {Route.LOCAL})
            for piece in assistant.stream("Tell me.", **LONG):
                break
            self.assertEqual(assistant.ask(QUESTION).text, stream.result.text)


class Callbacks(bindings.BindingsCase):
    def setUp(self):
        self.session = self.model.open_session()
        self.addCleanup(self.session.close)

    def test_get_all_pieces(self):
        pieces = []
        result = self.session.generate("The river", pieces.append, max_tokens=8)
        self.assertEqual("".join(pieces), result.text)

    def test_true_stops(self):
        result = self.session.generate("The river", lambda piece: True, **LONG)
        self.assertEqual(result.finish, Finish.CANCELLED)
        self.assertLess(result.tokens, LONG["max_tokens"])

    def test_exceptions_come_out(self):
        def fail(piece):
            raise KeyError(piece)

        with self.assertRaises(KeyError):
            self.session.generate("The river", fail, **LONG)
        self.assertLess(self.session.counters.tokens_generated, LONG["max_tokens"])
        with self.model.open_assistant() as assistant, self.assertRaises(KeyError):
            assistant.ask(QUESTION, fail)

    def test_a_cancel_stops_from_another_thread(self):
        cancel, begun = crayon.Cancel(self.runtime), threading.Event()
        thread = threading.Thread(target=lambda: (begun.wait(60), cancel.set()))
        thread.start()
        result = self.session.generate("The river", lambda piece: begun.set(), cancel, **LONG)
        thread.join()
        self.assertEqual(result.finish, Finish.CANCELLED)
        self.session.clear()
        self.assertEqual(self.session.generate("The river", cancel=cancel, max_tokens=4).finish,
                         Finish.CANCELLED)
        cancel.set(False)
        self.assertEqual(self.session.generate("The river", cancel=cancel, max_tokens=4).tokens, 4)


if __name__ == "__main__":
    bindings.main()
