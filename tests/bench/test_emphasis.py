#!/usr/bin/env python3
"""The parts of bench/emphasis that choose and count; the programs that they run have tests of their own."""
import pathlib
import random
import sys
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH / "emphasis"))
import long_qa  # noqa: E402
import scenes  # noqa: E402

ITEM = {"context": "06:08 all quiet. 06:25 The code of the old hall is 8615. 06:51 The code of the "
                   "white ship is 7340. 07:47 no change.",
        "question": "Which code belongs to the old hall?", "choices": ["7340", "8615", "0126"],
        "answer": 1}


class LongQa(unittest.TestCase):
    def test_the_relevant_sentence_has_the_answer_and_the_questions_words(self):
        relevant, other = long_qa.spans_of(ITEM, random.Random(1))
        self.assertEqual(relevant, "06:25 The code of the old hall is 8615.")
        self.assertEqual(other, "06:51 The code of the white ship is 7340.")

    def test_a_question_without_either_has_none(self):
        self.assertEqual(long_qa.spans_of({**ITEM, "context": "06:08 all quiet."},
                                          random.Random(1)), (None, None))

    def test_an_answer_within_a_longer_word_is_none(self):
        self.assertFalse(long_qa.has("unit 17 stopped.", "unit 1"))
        self.assertTrue(long_qa.has("then unit 1 stopped.", "unit 1"))

    def test_answers_are_compared_without_their_dress(self):
        self.assertEqual(long_qa.normal("  Clean the  Filter.\n"), "clean the filter")

    def test_sums_are_over_all_tasks(self):
        one = {"relevant": {1: (3, 4)}, "other": {1: (1, 4)}}
        sums = long_qa.with_sums({"a": one, "b": one}, [1])["all"]
        self.assertEqual(sums, {"relevant": {1: (6, 8)}, "other": {1: (2, 8)}})


class Scenes(unittest.TestCase):
    def test_how_much_a_shapes_word_outweighs_the_others(self):
        learned = [{"classes": {
            "circle": {"words": [{"word": "a", "weight": 0.5}, {"word": "circle", "weight": 4}]},
            "star": {"words": [{"word": "star", "weight": 1}, {"word": "red", "weight": 2}]}}}]
        self.assertAlmostEqual(scenes.shape_to_others(learned), 2)  # of 8 and 0.5


if __name__ == "__main__":
    unittest.main()
