"""How good a signal is at choosing which questions a larger model gets.

Of every question it is known whether the device and whether the server answers it right. A signal
puts the questions in an order, the hardest first; a router sends the first k of n. PGR, APGR and
CPT are those of RouteLLM (Ong et al. 2024): with accuracy d of the device alone, s of the server
alone and a(x) at server share x,

    PGR(x)  = (a(x) - d) / (s - d)         performance gap recovered
    APGR    = integral of PGR over x from 0 to 1
    CPT(p)  = the least x with PGR(x) >= p call-performance threshold

Questions of the same signal are sent in random order, so the curve is straight between them; the
integral is exact. A random choice has APGR 0.5 and CPT(p) = p.
"""
import bisect
import itertools


def curve(hardness, device, server):
    """[(share, accuracy)] from (0, d) to (1, s), a point wherever the signal changes.

    hardness: [n], greater is sent earlier; device, server: [n], whether the answer is right.
    """
    n = len(hardness)
    order = sorted(range(n), key=lambda i: -hardness[i])
    right = sum(device)
    points = [(0.0, right / n)]
    sent = 0
    for _, tied in itertools.groupby(order, key=lambda i: hardness[i]):
        for i in tied:
            right += server[i] - device[i]
            sent += 1
        points.append((sent / n, right / n))
    return points


def oracle(device, server):
    """The best there is: what only the server can do goes first, what only the device can, last."""
    return curve([s - d for d, s in zip(device, server)], device, server)


def auroc(hardness, device):
    """The chance that a question the device gets right is less hard than one that it gets wrong,
    equal ones counting half: the area under the ROC curve. None without both kinds."""
    right = sorted(one for one, ok in zip(hardness, device, strict=True) if ok)
    wrong = sorted(one for one, ok in zip(hardness, device, strict=True) if not ok)
    if not right or not wrong:
        return None
    above = sum(2 * len(wrong) - bisect.bisect_left(wrong, one) - bisect.bisect_right(wrong, one)
                for one in right)
    return above / (2 * len(right) * len(wrong))


def at(points, share):
    """The accuracy of a curve at a server share."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if share <= x1:
            return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    return points[-1][1]


def recovered(points):
    """PGR along a curve: [(share, PGR)]; None where the server is no better than the device."""
    low, high = points[0][1], points[-1][1]
    if high <= low:
        return None
    return [(x, (y - low) / (high - low)) for x, y in points]


def apgr(points):
    gap = recovered(points)
    if gap is None:
        return None
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in itertools.pairwise(gap))


def cpt(points, wanted):
    """The least server share that recovers `wanted` of the gap; None where there is no gap."""
    gap = recovered(points)
    if gap is None:
        return None
    for (x0, y0), (x1, y1) in itertools.pairwise(gap):
        if y1 >= wanted:
            return x0 if y0 >= wanted else x0 + (x1 - x0) * (wanted - y0) / (y1 - y0)
    return 1.0
