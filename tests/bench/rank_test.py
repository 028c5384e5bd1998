"""Can two samples be told apart? The rank test of Mann and Whitney; asked by credential_timing.py. Pure."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class Ranked(NamedTuple):
    """What the test says.

    Attributes:
        auc: how often a value of the second sample is the larger one, of all pairs; 0.5 where nothing tells them apart.
        p: how likely samples of one kind are to differ as much; small where they are of two.
    """

    auc: float
    p: float


def compared(first: Sequence[float], second: Sequence[float]) -> Ranked:
    """Compare two samples, none of which is empty, by ranks (normal approximation, ties counted half).

    H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18 (1947), 50-60.
    """
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total, ranks, ties, begin = len(ordered), 0.0, 0, 0
    while begin < total:
        end = begin
        while end < total and ordered[end][0] == ordered[begin][0]:
            end += 1
        ranks += (begin + 1 + end) / 2 * sum(sample for _value, sample in ordered[begin:end])
        ties += (end - begin) ** 3 - (end - begin)
        begin = end
    larger = ranks - len(second) * (len(second) + 1) / 2
    pairs = len(first) * len(second)
    spread = sqrt(pairs / 12 * (total + 1 - ties / (total * (total - 1))))
    z = (larger - pairs / 2) / spread if spread else 0.0
    return Ranked(larger / pairs, 2 * (1 - NormalDist().cdf(abs(z))))
