"""Doubt as a detector: each number by its definition."""

from typing import get_args

import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.montecarlo import Measure, Prediction, measured, out_of_distribution

from .predictions import prediction, random_prediction, random_samples, regression


def _other(rows: int) -> Prediction:
    """Rows of which the samples are less sure."""
    roots = random_samples(10, rows, 4, seed=9).sqrt()
    return prediction(roots / roots.sum(-1, keepdim=True))


@pytest.mark.parametrize("measure", get_args(Measure))
def test_numbers_are_those_of_their_definitions(measure: Measure) -> None:
    inside, outside = random_prediction(120), _other(80)
    a, b = measured(inside, measure), measured(outside, measure)
    result = out_of_distribution(inside, outside, measure=measure)

    pairs = (b[:, None] > a).double() + (b[:, None] == a).double() / 2
    assert result.auroc == pytest.approx(float(pairs.mean()))
    flagged = [t for t in torch.cat([a, b]).tolist() if float((b >= t).double().mean()) >= 0.95]
    assert result.fpr95 == pytest.approx(float((a >= max(flagged)).double().mean()))
    both, found, area = torch.cat([a, b]), 0.0, 0.0
    for threshold in torch.unique(both).flip(0):
        true = float((b >= threshold).sum())
        area += (true - found) / len(b) * true / float((both >= threshold).sum())
        found = true
    assert result.aupr == pytest.approx(area)
    assert (result.inside, result.outside) == (120, 80)


def test_what_is_told_apart_perfectly_has_the_best_numbers_and_nothing_the_worst() -> None:
    sure = prediction(torch.tensor([[0.99, 0.01]]).double().expand(5, 30, 2))
    unsure = prediction(torch.tensor([[0.6, 0.4]]).double().expand(5, 10, 2))
    perfect = out_of_distribution(sure, unsure)
    nothing = out_of_distribution(sure, prediction(sure.kept[:, :10]))  # type: ignore[index]
    wrong = out_of_distribution(unsure, sure)

    assert (perfect.auroc, perfect.aupr, perfect.fpr95) == pytest.approx((1, 1, 0))
    assert (nothing.auroc, nothing.aupr, nothing.fpr95) == pytest.approx((0.5, 0.25, 1))
    assert (wrong.auroc, wrong.fpr95) == pytest.approx((0, 1))


def test_exactly_95_percent_are_enough() -> None:
    """Of 20 rows from outside, one looks like inside."""
    top = torch.tensor([0.6] * 19 + [0.999], dtype=torch.float64)
    outside = prediction(torch.stack([top, 1 - top], dim=1).expand(3, 20, 2))
    inside = prediction(torch.tensor([[0.9, 0.1]]).double().expand(3, 5, 2))

    assert out_of_distribution(inside, outside).fpr95 == 0
    assert out_of_distribution(inside, outside).auroc == pytest.approx(0.95)


def test_the_record_says_what_was_measured() -> None:
    made = random_prediction(20)
    result = out_of_distribution(made, made, measure="least_confidence", of="weight_scaling")
    same = pytest.approx(0.5)

    assert result.to_dict() == {
        **{"measure": "least_confidence", "of": "weight_scaling", "inside": 20, "outside": 20},
        **{"auroc": same, "aupr": same, "fpr95": result.fpr95},
    }


def test_what_is_no_classification_is_refused() -> None:
    made = random_prediction(20)
    with pytest.raises(SettingError, match="for a classification"):
        out_of_distribution(made, regression())
    with pytest.raises(SettingError, match="weight scaling is one pass"):
        out_of_distribution(made, made, measure="variation_ratio", of="weight_scaling")
