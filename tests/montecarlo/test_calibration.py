"""Calibration against other ways to compute it, and where bins end."""

import json
import math
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import binned_statistic
from sklearn.metrics import brier_score_loss, log_loss

from torchdrop.errors import DataError, SettingError
from torchdrop.montecarlo import Of, calibration, predict

from .networks import build
from .predictions import prediction, random_prediction, random_samples, regression


def _netcal(confidence: np.ndarray, right: np.ndarray, bins: int) -> tuple[float, float]:
    """ECE and MCE as netcal 1.4 has them: means by `binned_statistic`, weighted by counts."""
    edges = np.linspace(0, 1, bins + 1)
    counts, _ = np.histogram(confidence, bins=edges)
    means = [binned_statistic(confidence, x, "mean", edges)[0] for x in (confidence, right)]
    gaps = np.nan_to_num(np.abs(means[1] - means[0]))
    return float(np.average(gaps, weights=counts)), float(gaps.max())


@pytest.mark.parametrize("bins", [1, 7, 15])
@pytest.mark.parametrize("of", ["mean", "weight_scaling"])
def test_ece_and_mce_are_netcals(bins: int, of: Of) -> None:
    made = random_prediction()
    values = (made.mean if of == "mean" else made.weight_scaling).numpy()
    assert made.targets is not None
    right = (values.argmax(1) == made.targets.numpy()).astype(float)
    ece, mce = _netcal(values.max(1), right, bins)
    result = calibration(made, bins=bins, of=of)

    assert result.ece == pytest.approx(ece, rel=1e-12)
    assert result.mce == pytest.approx(mce, rel=1e-12)
    assert result.of == of
    assert result.accuracy == pytest.approx(right.mean())
    assert result.confidence == pytest.approx(values.max(1).mean())


def test_bins_on_their_edges_are_numpys() -> None:
    """Confidences k/15 and 1: to the bit where `numpy.histogram` has them."""
    top = torch.from_numpy(np.linspace(0, 1, 16))[8:]
    values = torch.stack([top, 1 - top], dim=1)
    result = calibration(values, torch.zeros(8, dtype=torch.int64))
    counts, edges = np.histogram(top.numpy(), bins=15, range=(0, 1))

    assert [part.count for part in result.bins] == counts.tolist()
    assert [part.low for part in result.bins] == edges[:-1].tolist()


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    values = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.95, 0.05], [0.95, 0.05]])
    result = calibration(values, torch.tensor([0, 1, 1, 0]), bins=10)

    assert [part.count for part in result.bins] == [0] * 9 + [4]
    assert result.ece == pytest.approx(0.975 - 0.5)
    assert math.isnan(result.bins[0].accuracy)


def test_brier_score_and_log_likelihood_are_scikit_learns() -> None:
    made = random_prediction()
    assert made.targets is not None
    result, labels = calibration(made), list(range(4))
    truth, values = made.targets.numpy(), made.mean.numpy()
    brier = brier_score_loss(truth, values, labels=labels, scale_by_half=False)

    assert result.brier == pytest.approx(brier)
    assert result.log_likelihood == pytest.approx(-log_loss(truth, values, labels=labels))


def test_of_two_classes_the_brier_score_is_twice_that_of_one() -> None:
    values = torch.tensor([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]])
    one = brier_score_loss([0, 1, 1], values[:, 1].numpy())

    assert calibration(values, torch.tensor([0, 1, 1])).brier == pytest.approx(2 * one)


def test_likelihoods_are_those_of_the_curve() -> None:
    """Also where a true class has the probability 0."""
    x, y = torch.randn(20, 6, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 3
    data = torch.utils.data.TensorDataset(1e5 * x, y)
    result = predict(build("late"), data, 10)
    first, last = result.curve[0], result.curve[-1]

    assert (result.weight_scaling.gather(1, y[:, None]) == 0).any()
    assert calibration(result).log_likelihood == pytest.approx(last.log_likelihood)
    weighed = calibration(result, of="weight_scaling")
    assert weighed.log_likelihood == pytest.approx(first.log_likelihood)


def test_bins_of_equal_counts_differ_by_one_row_at_most() -> None:
    made = random_prediction(100)
    result = calibration(made, adaptive=True, bins=15)
    assert made.targets is not None
    confidence, order = made.confidence.sort()
    right = (made.classes == made.targets).double()[order]
    parts = zip(np.array_split(confidence, 15), np.array_split(right, 15), strict=True)
    ece = sum(abs(float(c.mean() - r.mean())) * len(c) for c, r in parts) / 100

    assert {part.count for part in result.bins} == {6, 7}
    assert result.ece == result.adaptive_ece == pytest.approx(ece)
    assert calibration(made, bins=15).adaptive_ece == result.adaptive_ece
    assert len(calibration(made, adaptive=True, bins=1000).bins) == 100


def test_rows_of_equal_confidence_count_as_their_mean_whatever_their_order() -> None:
    values = torch.tensor([[0.6, 0.4]] * 3 + [[0.9, 0.1]])
    targets = torch.tensor([0, 1, 1, 0])
    orders = [list(order) for order in permutations(range(4))]
    results = [calibration(values[o], targets[o], adaptive=True, bins=2) for o in orders]

    assert {result.bins for result in results} == {results[0].bins}
    assert results[0].bins[0].accuracy == pytest.approx(1 / 3)
    assert results[0].bins[1].accuracy == pytest.approx((1 / 3 + 1) / 2)


def test_well_calibrated_probabilities_have_a_small_error_and_sharper_ones_a_large_one() -> None:
    values = random_samples(1, 20_000, 3)[0]
    targets = torch.multinomial(values, 1, generator=torch.Generator().manual_seed(0)).squeeze(1)
    sharp = values**3 / (values**3).sum(1, keepdim=True)
    bound = 5 * math.sqrt(15 * 0.25 / 20_000)  # mean |gap| over 15 bins, by Cauchy and Schwarz

    assert calibration(values, targets).ece < bound
    assert calibration(sharp, targets).ece > bound


def test_the_record_is_json_and_says_none_of_empty_bins() -> None:
    result = calibration(random_prediction(), bins=10)
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))

    assert read["ece"] == result.ece
    assert read["bins"][0]["accuracy"] is None
    assert sum(part["count"] for part in read["bins"]) == read["rows"] == 300


def test_what_cannot_be_compared_is_refused() -> None:
    made = random_prediction(10)
    with pytest.raises(SettingError, match="bins are at least 1"):
        calibration(made, bins=0)
    with pytest.raises(SettingError, match="'mean' or 'weight_scaling'"):
        calibration(made, of="median")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="for a classification"):
        calibration(regression())
    with pytest.raises(DataError, match="no targets"):
        calibration(made.mean)
    with pytest.raises(DataError, match="3 targets for 10 rows"):
        calibration(made, torch.zeros(3, dtype=torch.int64))
    with pytest.raises(DataError, match="classes are from 0 to 3"):
        calibration(made, torch.full((10,), 4))
    with pytest.raises(DataError, match="need a softmax"):
        calibration(made.mean.log(), made.targets)
    samples = random_samples(3, 5, 2)
    samples[:, 2] = torch.nan
    with pytest.raises(DataError, match="row 2 is"):
        calibration(prediction(samples, torch.zeros(5).long()))
    with pytest.raises(DataError, match="a row of classes"):
        calibration(made.mean[:0], torch.zeros(0).long())
