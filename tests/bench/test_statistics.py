#!/usr/bin/env python3
"""Tests bench/customization/stats.py on values known from elsewhere."""
import unittest

import support  # noqa: F401
import stats


class Wilson(unittest.TestCase):
    def test_gives_the_known_intervals(self):
        # R: prop.test(81, 263, correct = FALSE) (Newcombe 1998, table I).
        low, high = stats.wilson(81, 263)
        self.assertAlmostEqual(low, 0.2553, places=4)
        self.assertAlmostEqual(high, 0.3662, places=4)
        low, high = stats.wilson(0, 20)
        self.assertEqual(low, 0)
        self.assertAlmostEqual(high, 0.1611, places=4)
        low, high = stats.wilson(1, 29)
        self.assertAlmostEqual(low, 0.0061, places=4)
        self.assertAlmostEqual(high, 0.1718, places=4)

    def test_knows_nothing_of_nothing(self):
        self.assertEqual(stats.wilson(0, 0), (0, 1))


class Means(unittest.TestCase):
    def test_have_the_interval_of_their_items(self):
        mean, low, high = stats.mean_interval([(5000, 10000), (2000, 10000)])
        self.assertEqual(mean, 0.35)
        # Variances 0.25 / 10000 and 0.16 / 10000: sqrt(0.000041) / 2 = 0.0032.
        self.assertAlmostEqual(high - mean, 1.96 * 0.0032, places=3)
        self.assertAlmostEqual(mean - low, 1.96 * 0.0032, places=3)

    def test_of_one_task_have_about_wilsons_interval(self):
        for right in (0, 7, 50, 93, 100):
            _, low, high = stats.mean_interval([(right, 100)])
            for got, other in zip((low, high), stats.wilson(right, 100)):
                self.assertAlmostEqual(got, other, delta=0.02)

    def test_a_median_is_of_those_that_are_there(self):
        self.assertEqual(stats.median([3, None, 1, 2]), 2)
        self.assertIsNone(stats.median([None]))


class Gains(unittest.TestCase):
    def test_are_shares_of_the_oracles(self):
        self.assertAlmostEqual(stats.share_of_gain(0.5, 0.25, 0.75), 0.5)
        self.assertLess(stats.share_of_gain(0.1, 0.25, 0.75), 0)

    def test_of_naught_there_is_no_share(self):
        self.assertIsNone(stats.share_of_gain(0.5, 0.5, 0.5))


if __name__ == "__main__":
    support.main()
