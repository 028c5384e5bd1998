"""Does the rank test tell samples apart that differ, and no others?"""

import random

import pytest

from tests.bench.rank_test import compared

pytestmark = pytest.mark.once


def test_samples_of_one_kind_are_not_told_apart() -> None:
    drawn = random.Random(1)
    first, second = ([drawn.lognormvariate(0, 1) for _ in range(3_000)] for _ in range(2))

    found = compared(first, second)

    assert found.auc == pytest.approx(0.5, abs=0.015) and found.p > 0.05


def test_small_shift_is_found() -> None:
    drawn = random.Random(1)
    first = [drawn.gauss(5, 1) for _ in range(3_000)]
    second = [drawn.gauss(5.2, 1) for _ in range(3_000)]

    found = compared(first, second)

    assert found.auc == pytest.approx(0.556, abs=0.015) and found.p < 1e-6


def test_values_that_are_equal_count_half() -> None:
    assert compared([1, 1, 2], [1, 2, 2]).auc == pytest.approx((0.5 + 1 + 1 + 0.5 + 1 + 1 + 0 + 0.5 + 0.5) / 9)
    assert compared([1, 1], [1, 1]) == (0.5, 1.0)


def test_second_sample_that_is_always_larger_has_the_auc_1() -> None:
    assert compared([1, 2, 3], [4, 5]).auc == 1.0
