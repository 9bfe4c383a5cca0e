"""A prediction in a few numbers, and as JSON."""

import json

import pytest
import torch
from torch.utils.data import TensorDataset

from torchdrop.montecarlo import predict, summary

from .networks import build


def test_means_are_over_rows_and_the_curve_comes_along() -> None:
    data = TensorDataset(torch.randn(10, 6), torch.arange(10) % 3)
    result = predict(build("late"), data, 20, masks="shared")
    read = json.loads(json.dumps(summary(result).to_dict(), allow_nan=False))

    assert read["samples"] == {"least": 20, "mean": 20, "most": 20}
    assert (read["rows"], read["values"], read["masks"]) == (10, 3, "shared")
    for name in ("confidence", "predictive_entropy", "mutual_information", "variation_ratio"):
        assert read["means"][name] == pytest.approx(float(getattr(result, name).mean()))
    means = read["means"]
    assert means["predictive_entropy"] == pytest.approx(
        means["expected_entropy"] + means["mutual_information"]
    )
    assert [point["samples"] for point in read["curve"]] == [0, 1, 2, 5, 10, 20]


def test_rows_that_stopped_early_show_in_the_numbers_of_samples() -> None:
    result = predict(build("late"), torch.randn(10, 6), 500, task="classification", until=0.03)
    least, mean, most = summary(result).samples

    assert (least, most) == (int(result.samples.min()), int(result.samples.max()))
    assert least <= mean <= most
    assert summary(result).standard_error <= 0.03 or most == 500


def test_a_regression_of_one_sample_has_no_spread_and_says_none() -> None:
    result = predict(build("late"), torch.randn(4, 6), 1, task="regression")
    read = json.loads(json.dumps(summary(result).to_dict(), allow_nan=False))

    assert (read["means"], read["standard_error"]) == ({"variance": None}, None)
