"""Whether intervals hold: by hand, by scipy, and on data that are normal by construction."""

import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from torchdrop.errors import DataError, SettingError
from torchdrop.montecarlo import LEVELS, Prediction, interval_calibration

from .predictions import prediction, random_prediction, regression


def _numbers(mean: Tensor, variance: Tensor, targets: Tensor | None, tau: float) -> Prediction:
    """A regression with these moments."""
    samples = torch.zeros(2, *mean.shape, dtype=torch.float64)
    given = {"mean": mean.double(), "variance": variance.double(), "tau": tau, "votes": None}
    return prediction(samples, targets, task="regression", **given)


def _normal(rows: int, values: int = 1, stretch: float = 1.0, seed: int = 0) -> Prediction:
    """Targets drawn from the distribution that is predicted, but for a factor on its noise."""
    generator = torch.Generator().manual_seed(seed)
    mean, draws = torch.randn(2, rows, values, generator=generator, dtype=torch.float64)
    variance = torch.rand(rows, values, generator=generator, dtype=torch.float64)
    targets = mean + draws * (variance + 0.25).sqrt() / stretch
    return _numbers(mean, variance, targets, tau=4.0)


def test_of_four_rows_by_hand() -> None:
    """Deviations are 1; half of a normal distribution lies within 0.674, 95 % within 1.96."""
    targets = torch.tensor([[0.5], [-0.6], [1.5], [-3.0]])
    zero = torch.zeros(4, 1)
    result = interval_calibration(_numbers(zero, zero, targets, 1.0), levels=(0.5, 0.95))

    assert result.inside.tolist() == [[0.5], [0.75]]
    assert result.error == pytest.approx((0 + 0.2) / 2)
    assert result.surplus == pytest.approx((0 - 0.2) / 2)
    assert result.width[:, 0].tolist() == pytest.approx([2 * 0.67449, 2 * 1.95996], abs=1e-5)
    assert result.rows == 4


def test_shares_and_widths_are_those_of_scipys_intervals() -> None:
    made = _normal(50, 3)
    assert made.targets is not None
    result = interval_calibration(made)
    scale = (made.variance + 0.25).sqrt().numpy()
    for number, level in enumerate(LEVELS):
        low, high = map(np.asarray, norm.interval(level, loc=made.mean.numpy(), scale=scale))
        inside = (low <= made.targets.numpy()) & (made.targets.numpy() <= high)
        assert np.allclose(result.inside[number], np.mean(inside, 0))
        assert np.allclose(result.width[number], np.mean(high - low, 0))


def test_intervals_of_a_normal_target_hold_as_often_as_they_say() -> None:
    rows = 4_000
    result = interval_calibration(_normal(rows))

    for level, share in zip(result.levels, result.share.tolist(), strict=True):
        assert abs(share - level) <= 5 * (level * (1 - level) / rows) ** 0.5


def test_perfect_intervals_are_as_far_away_by_chance_as_the_record_says() -> None:
    rows, repeats = 400, 200
    expected = np.mean([math.sqrt(2 / math.pi * x * (1 - x)) for x in LEVELS])
    errors = [interval_calibration(_normal(rows, seed=seed)).error for seed in range(repeats)]
    far = abs(np.mean(errors) - 0.33 / math.sqrt(rows))

    assert abs(expected - 0.33) < 0.005
    assert far <= 5 * np.std(errors) / math.sqrt(repeats) + 0.005 / math.sqrt(rows)


@pytest.mark.parametrize(("stretch", "side"), [(1.5, 1), (0.67, -1)])
def test_the_surplus_says_to_which_side_they_fail(stretch: float, side: int) -> None:
    """Levels below 1 cannot hide a factor of 1.5: that moves the middle ones by over 0.1."""
    result = interval_calibration(_normal(4_000, stretch=stretch))

    assert side * result.surplus > 0.1
    assert result.error == pytest.approx(abs(result.surplus))


def test_a_value_with_wide_intervals_does_not_make_up_for_one_with_narrow_ones() -> None:
    wide, narrow = _normal(4_000, stretch=1.5), _normal(4_000, stretch=0.67)
    assert wide.targets is not None
    assert narrow.targets is not None
    mean, variance = (
        torch.cat([getattr(x, name) for x in (wide, narrow)], 1) for name in ("mean", "variance")
    )
    both = _numbers(mean, variance, torch.cat([wide.targets, narrow.targets], 1), 4.0)
    result = interval_calibration(both)
    alone = [interval_calibration(x) for x in (wide, narrow)]

    assert abs(result.surplus) < 0.05
    assert result.error == pytest.approx((alone[0].error + alone[1].error) / 2)
    assert result.error > 0.1
    assert torch.allclose(result.crps, torch.cat([x.crps for x in alone]), rtol=1e-12)


def test_the_crps_is_the_integral_that_defines_it() -> None:
    """Of `(F(x) - [x >= y])**2` over x, by the midpoints of a fine grid."""
    mean, deviation, target = 1.5, 0.7, 0.4
    edges = np.linspace(-10, 12, 400_001)
    x = (edges[:-1] + edges[1:]) / 2
    expected = ((norm.cdf(x, mean, deviation) - (x >= target)) ** 2).sum() * (edges[1] - edges[0])
    variance = torch.tensor([[deviation**2 - 0.25]])
    made = _numbers(torch.tensor([[mean]]), variance, torch.tensor([[target]]), 4.0)

    assert float(interval_calibration(made).crps) == pytest.approx(expected, abs=1e-4)


def test_the_crps_of_a_true_normal_is_its_deviation_by_the_root_of_pi() -> None:
    rows = 4_000
    targets = torch.randn(rows, 1, generator=torch.Generator().manual_seed(0)).double()
    zero = torch.zeros(rows, 1)
    scores = [
        float(interval_calibration(_numbers(zero[:1], zero[:1], y[None], 1.0)).crps)
        for y in targets[:50]
    ]
    result = float(interval_calibration(_numbers(zero, zero, targets, 1.0)).crps)

    assert abs(result - 1 / math.sqrt(math.pi)) <= 5 * np.std(scores) / math.sqrt(rows)


def test_given_targets_go_before_those_of_the_prediction() -> None:
    made = _normal(30)
    result = interval_calibration(made, made.mean.squeeze(1))  # nothing is off

    assert result.share.tolist() == [1.0] * len(LEVELS)
    assert interval_calibration(made).share.min() < 1


def test_the_record_is_json() -> None:
    result = interval_calibration(_normal(20, 2))
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))

    assert (read["error"], read["surplus"]) == (result.error, result.surplus)
    assert read["sharpness"] == pytest.approx(np.mean(read["width"]))
    assert read["inside"] == result.inside.tolist()


def test_what_cannot_be_measured_is_refused() -> None:
    made = _normal(10)
    bare = _numbers(made.mean, made.variance, None, 1.0)
    once = _numbers(made.mean, made.variance * math.nan, made.targets, 1.0)
    holed = torch.full((10,), math.nan)
    with pytest.raises(SettingError, match="for a regression; the prediction is a classification"):
        interval_calibration(random_prediction(10))
    with pytest.raises(SettingError, match="give tau="):
        interval_calibration(regression())
    with pytest.raises(SettingError, match="at least 2 of each row"):
        interval_calibration(once)
    with pytest.raises(SettingError, match=r"inside \(0, 1\); got 1"):
        interval_calibration(made, levels=(0.5, 1.0))
    with pytest.raises(SettingError, match="got none"):
        interval_calibration(made, levels=())
    with pytest.raises(DataError, match="no targets"):
        interval_calibration(bare)
    with pytest.raises(DataError, match="row 0"):
        interval_calibration(made, holed)
    with pytest.raises(DataError, match=r"shape \(3, 1\)"):
        interval_calibration(made, torch.zeros(3))
