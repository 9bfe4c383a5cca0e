"""Risk by coverage: its area, ties, and each measure of doubt."""

import json
import math
from dataclasses import replace
from itertools import permutations
from typing import get_args

import pytest
import torch

from torchdrop.errors import DataError, SettingError
from torchdrop.montecarlo import Measure, Prediction, measured, risk_coverage

from .predictions import prediction, random_prediction, random_samples, regression

MEASURES: tuple[Measure, ...] = get_args(Measure)


@pytest.mark.parametrize("measure", MEASURES)
def test_without_ties_it_is_the_error_of_the_rows_that_are_answered(measure: Measure) -> None:
    """Of the variation ratio, which is a count, one row for each value is taken."""
    made = random_prediction()
    assert made.targets is not None
    assert made.kept is not None
    doubt = measured(made, measure)
    rows = [int((doubt == value).nonzero()[0]) for value in torch.unique(doubt)]
    part = prediction(made.kept[:, rows], made.targets[rows])
    wrong = (part.classes != made.targets[rows]).tolist()
    order = doubt[rows].argsort().tolist()
    expected = [sum(wrong[i] for i in order[:k]) / k for k in range(1, len(rows) + 1)]
    result = risk_coverage(part, measure=measure)

    assert result.risk.tolist() == pytest.approx(expected)
    assert result.coverage.tolist() == [k / len(rows) for k in range(1, len(rows) + 1)]
    assert result.aurc == pytest.approx(sum(expected) / len(rows))


def test_measures_are_those_of_the_prediction() -> None:
    made = random_prediction()

    assert torch.equal(measured(made, "predictive_entropy"), made.predictive_entropy)
    assert torch.equal(measured(made, "mutual_information"), made.mutual_information)
    assert torch.equal(measured(made, "variation_ratio"), made.variation_ratio)
    assert torch.equal(measured(made, "least_confidence"), 1 - made.confidence)
    weighed = measured(made, "least_confidence", "weight_scaling")
    assert torch.equal(weighed, 1 - made.weight_scaling.max(1).values)
    weighed = measured(made, "predictive_entropy", "weight_scaling")
    assert torch.allclose(weighed, torch.special.entr(made.weight_scaling).sum(1))


@pytest.mark.parametrize("mistakes", [0, 3, 7, 10])
def test_a_constant_risk_is_its_own_area(mistakes: int) -> None:
    """All rows alike: any order is as good, and the risk is the same at every coverage."""
    samples = random_samples(5, 1, 3).expand(5, 10, 3)
    sure = int(samples.mean(0)[0].argmax())
    targets = torch.full((10,), sure)
    targets[:mistakes] = (sure + 1) % 3
    result = risk_coverage(prediction(samples, targets))

    assert result.aurc == mistakes / 10
    assert result.risk.tolist() == [mistakes / 10] * 10


def test_ties_count_as_the_mean_over_all_orders() -> None:
    doubts = [1, 1, 0, 1, 2, 2]
    wrong = [1, 0, 0, 1, 0, 1]
    orders = [o for o in permutations(range(6)) if [doubts[i] for i in o] == sorted(doubts)]
    curves = [[sum(wrong[i] for i in o[:k]) / k for k in range(1, 7)] for o in orders]
    expected = torch.tensor(curves, dtype=torch.float64).mean(0)
    top = torch.tensor([[0.9, 0.8, 0.6][doubt] for doubt in doubts], dtype=torch.float64)
    samples = torch.stack([top, 1 - top], dim=1).expand(3, 6, 2)
    result = risk_coverage(prediction(samples, torch.tensor(wrong)), measure="least_confidence")

    assert len(orders) == 12
    assert torch.allclose(result.risk, expected)


def test_no_order_is_better_than_that_with_all_mistakes_last() -> None:
    """Found by trying all orders of six rows, two of them wrong."""
    wrong = [1, 0, 0, 1, 0, 0]
    areas = [
        sum(sum(wrong[i] for i in order[:k]) / k for k in range(1, 7)) / 6
        for order in permutations(range(6))
    ]
    samples = random_samples(4, 6, 2)
    targets = (samples.mean(0).argmax(1) + torch.tensor(wrong)) % 2
    result = risk_coverage(prediction(samples, targets))

    assert result.best_aurc == pytest.approx(min(areas))
    assert result.best_aurc <= result.aurc <= max(areas)


def test_classes_and_doubt_are_of_the_same_probabilities() -> None:
    made = random_prediction()
    assert made.targets is not None
    result = risk_coverage(made, measure="least_confidence", of="weight_scaling")
    share = (made.weight_scaling.argmax(1) != made.targets).double().mean()

    assert float(result.risk[-1]) == pytest.approx(float(share))
    assert result.of == "weight_scaling"


def test_given_targets_go_before_those_of_the_prediction() -> None:
    made = random_prediction()

    assert risk_coverage(made).aurc > 0
    assert risk_coverage(made, made.classes).aurc == 0


def test_the_record_is_json() -> None:
    result = risk_coverage(random_prediction(10))
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))

    assert (read["aurc"], read["risk"]) == (result.aurc, result.risk.tolist())


def test_what_cannot_be_measured_is_refused() -> None:
    made = random_prediction(10)
    with pytest.raises(SettingError, match="measure is one of predictive_entropy"):
        risk_coverage(made, measure="doubt")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="weight scaling is one pass"):
        risk_coverage(made, measure="mutual_information", of="weight_scaling")
    with pytest.raises(SettingError, match="variance is for a regression"):
        risk_coverage(made, measure="variance")
    with pytest.raises(DataError, match="no targets"):
        risk_coverage(prediction(random_samples(3, 4, 2)))


def _with(mean: list[float], variance: list[float], targets: list[float]) -> Prediction:
    """A regression of one value with these moments."""
    columns = [torch.tensor(x, dtype=torch.float64)[:, None] for x in (mean, variance, targets)]
    samples = torch.zeros(2, len(mean), 1, dtype=torch.float64)
    given = {"mean": columns[0], "variance": columns[1], "votes": None}
    return prediction(samples, columns[2], task="regression", **given)


def test_the_risk_of_a_regression_is_the_squared_error_of_the_rows_that_vary_least() -> None:
    """Errors are 1, 2, 0 and 4; by variance they come as 2, 1, 4, 0."""
    made = _with([1.0, 2.0, 3.0, 4.0], [0.2, 0.1, 0.4, 0.3], [0.0, 0.0, 3.0, 0.0])
    result = risk_coverage(made)

    assert result.measure == "variance"
    assert result.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert result.risk.tolist() == pytest.approx([4, 5 / 2, 21 / 3, 21 / 4])
    assert result.best_risk.tolist() == pytest.approx([0, 1 / 2, 5 / 3, 21 / 4])
    assert result.aurc == pytest.approx((4 + 5 / 2 + 7 + 21 / 4) / 4)


def test_errors_and_variances_of_several_values_are_summed() -> None:
    generator = torch.Generator().manual_seed(0)
    samples, targets = torch.randn(6, 8, 3, generator=generator).double(), torch.zeros(8, 3)
    made = prediction(samples, targets, task="regression", votes=None)
    order = samples.var(0).sum(1).argsort()
    squares = samples.mean(0).square().sum(1)[order]
    result = risk_coverage(made, measure="variance")

    assert torch.allclose(result.risk, squares.cumsum(0) / torch.arange(1, 9))


def test_a_variance_that_knows_the_noise_has_the_area_of_that_noise() -> None:
    """Given the variances s, errors are s chi-squared, so the area has a mean and a deviation."""
    rows = 4_000
    generator = torch.Generator().manual_seed(0)
    s = torch.rand(rows, generator=generator, dtype=torch.float64).sort().values
    errors = torch.randn(rows, generator=generator, dtype=torch.float64) * s.sqrt()
    made = _with(errors.tolist(), s.tolist(), [0.0] * rows)
    weights = (1 / torch.arange(rows, 0, -1).double()).cumsum(0).flip(0) / rows
    expected, deviation = float(weights @ s), math.sqrt(2 * float(weights**2 @ s**2))
    result = risk_coverage(made)

    assert abs(expected - 1 / 4) < 0.01  # of s uniform in (0, 1)
    assert abs(result.aurc - expected) <= 5 * deviation
    assert result.best_aurc < result.aurc < float(result.risk[-1])


def test_the_same_error_everywhere_is_its_own_area() -> None:
    made = _with([0.1] * 7, [0.3, 0.1, 0.2, 0.2, 0.5, 0.4, 0.6], [0.0] * 7)
    result = risk_coverage(made)

    assert result.risk.tolist() == [0.1 * 0.1] * 7
    assert result.aurc == 0.1 * 0.1
    assert result.best_aurc == pytest.approx(0.1 * 0.1)


def test_no_order_of_errors_is_better_than_the_largest_last() -> None:
    made = _with([3.0, 0.5, 1.0, 2.0, 0.1], [0.1, 0.2, 0.3, 0.4, 0.5], [0.0] * 5)
    squares = [9.0, 0.25, 1.0, 4.0, 0.01]
    areas = [sum(sum(order[:k]) / k for k in range(1, 6)) / 5 for order in permutations(squares)]

    assert risk_coverage(made).best_aurc == pytest.approx(min(areas))


def test_what_cannot_be_measured_of_a_regression_is_refused() -> None:
    made = regression()
    with pytest.raises(SettingError, match="least_confidence is for a classification"):
        risk_coverage(made, measure="least_confidence")
    with pytest.raises(SettingError, match="weight scaling is one pass"):
        risk_coverage(made, of="weight_scaling")
    with pytest.raises(SettingError, match="at least 2 of each row"):
        risk_coverage(replace(made, variance=made.variance * math.nan))
    with pytest.raises(DataError, match="no targets"):
        risk_coverage(replace(made, targets=None))
