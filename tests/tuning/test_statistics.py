import math

import numpy as np
import pytest

from torchdrop.tuning._statistics import mean_interval, standard_error


def test_the_interval_is_the_textbooks() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    margin = 2.776445 * math.sqrt(2.5 / 5)  # t(0.975, 4 degrees of freedom) from a printed table
    interval = mean_interval(values)

    assert interval.mean == 3.0
    assert interval.low == pytest.approx(3 - margin, abs=1e-5)
    assert interval.high == pytest.approx(3 + margin, abs=1e-5)


def test_several_comparisons_widen_the_interval() -> None:
    margin = 4.604095 * math.sqrt(2.5 / 5)  # t(0.995, 4): 5 % shared by five intervals
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0], comparisons=5)

    assert interval.high == pytest.approx(3 + margin, abs=1e-5)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    trials, generator = 2000, np.random.default_rng(0)
    samples = generator.normal(size=(trials, 5))
    intervals = [mean_interval(sample) for sample in samples]
    covered = sum(i.low <= 0 <= i.high for i in intervals if i.low is not None and i.high)

    assert abs(covered / trials - 0.95) < 5 * math.sqrt(0.95 * 0.05 / trials)


def test_one_value_has_no_interval() -> None:
    interval = mean_interval([2.0])

    assert (interval.mean, interval.low, interval.high) == (2.0, None, None)
    assert not interval.below_zero


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert mean_interval([-1.0, -1.0]).below_zero


def test_standard_error_divides_by_one_less_than_n() -> None:
    assert standard_error([1.0, 3.0]) == 1.0
