"""What a count of right answers says, and how far a method gets between no adapter and its own."""
import math
import statistics

Z95 = 1.959964  # standard deviations on each side that hold 95 % of a normal distribution


def wilson(right, n, z=Z95):
    """The interval of a share that was found as `right` of `n` (Wilson 1927): (low, high)."""
    if n == 0:
        return 0.0, 1.0
    share = right / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def mean_interval(counts, z=Z95):
    """The mean share of several tasks, each (right, n), with its interval: (mean, low, high).

    The tasks are the tasks: the interval is that of drawing other items of them. Each share's
    variance is that of Agresti and Coull (1998), who add z * z / 2 right and as many
    wrong answers, so that a task without a right answer does not look certain.
    """
    mean = statistics.fmean(right / n for right, n in counts)
    centres = [(right + z * z / 2) / (n + z * z) for right, n in counts]
    variance = sum(centre * (1 - centre) / (n + z * z)
                   for centre, (_, n) in zip(centres, counts))
    half = z * math.sqrt(variance) / len(counts)
    return mean, max(0.0, mean - half), min(1.0, mean + half)


def share_of_gain(value, base, oracle):
    """Which share of what the oracle gains over the base a method gains; None if that is naught."""
    return (value - base) / (oracle - base) if oracle > base else None


def median(values):
    """Of those that are there; None of none."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None
