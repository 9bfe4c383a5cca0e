"""Targets that came later, and rows that have none."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from torchdrop.errors import DataError
from torchdrop.montecarlo import (
    Prediction,
    calibration,
    labeled,
    predict,
    risk_coverage,
    with_targets,
)

ROWS, SAMPLES = 30, 12
KINDS: dict[str, dict[str, Any]] = {
    "classes": {"task": "classification"},
    "numbers": {"task": "regression"},
    "numbers and noise": {"task": "regression", "tau": 0.5},
}


def _data(task: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 4, generator=generator)
    if task == "classification":
        return x, torch.randint(3, (ROWS,), generator=generator)
    return x, torch.randn(ROWS, 3, generator=generator, dtype=torch.float64)


def _predict(data: Any, **settings: Any) -> Prediction:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    generator = torch.Generator().manual_seed(0)
    return predict(model, data, SAMPLES, generator=generator, **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_targets_that_come_later_give_the_curve_that_predict_gives(kind: str) -> None:
    settings = KINDS[kind]
    x, y = _data(settings["task"])
    expected = _predict(TensorDataset(x, y), **settings)
    later = with_targets(_predict(x, keep_samples=True, **settings), y)
    assert later.targets is not None
    assert expected.targets is not None

    assert torch.equal(later.targets, expected.targets)
    assert [point.samples for point in later.curve] == [0, 1, 2, 5, 10, 12]
    for one, other in zip(later.curve, expected.curve, strict=True):
        for name in ("error", "log_likelihood", "error_deviation", "log_likelihood_deviation"):
            found, known = getattr(one, name), getattr(other, name)
            assert found == pytest.approx(known, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_without_a_target_count_for_nothing(kind: str) -> None:
    """The curve is that of the other rows alone, whatever the prediction says of these."""
    settings = KINDS[kind]
    x, y = _data(settings["task"])
    missing = torch.arange(ROWS) % 3 == 0
    holed = y.clone()
    holed[missing] = -1 if y.dtype == torch.int64 else torch.nan
    whole = _predict(x, keep_samples=True, **settings)
    marked = with_targets(whole, holed)
    part = labeled(marked)

    assert len(marked) == ROWS
    assert len(part) == int((~missing).sum())
    assert torch.equal(part.mean, whole.mean[~missing])
    assert torch.equal(part.variance, whole.variance[~missing])
    assert part.targets is not None
    assert torch.equal(part.targets, y[~missing])
    alone = with_targets(part, y[~missing]).curve
    assert [x.to_dict() for x in marked.curve] == [x.to_dict() for x in alone]
    assert part.curve is marked.curve
    last = part.curve[-1]
    if settings["task"] == "classification":
        wrong = whole.classes[~missing] != y[~missing]
        assert last.error == pytest.approx(float(wrong.double().mean()))
        assert torch.equal(part.mutual_information, whole.mutual_information[~missing])
    else:
        squares = (whole.mean - y)[~missing].square().sum(1)
        assert last.error == pytest.approx(float(squares.mean().sqrt()))


def test_one_unknown_number_of_a_row_makes_it_a_row_without_target() -> None:
    x, y = _data("regression")
    y[4, 1] = torch.nan
    part = labeled(with_targets(_predict(x, task="regression"), y))

    assert len(part) == ROWS - 1
    assert part.curve == ()  # there are no samples to make one of


def test_if_all_rows_have_a_target_nothing_is_copied() -> None:
    made = _predict(TensorDataset(*_data("classification")))

    assert labeled(made) is made


def test_measures_refuse_rows_without_a_target_rather_than_count_them() -> None:
    x, y = _data("classification")
    y[0] = -1
    marked = with_targets(_predict(x, task="classification"), y)
    numbers = torch.zeros(ROWS, 3)
    numbers[2] = torch.nan
    others = with_targets(_predict(x, task="regression"), numbers)

    assert calibration(labeled(marked)).rows == ROWS - 1
    with pytest.raises(DataError, match="classes are from 0"):
        calibration(marked)
    with pytest.raises(DataError, match=r"row 2 .* `labeled`"):
        risk_coverage(others)


def test_targets_that_do_not_fit_are_refused() -> None:
    made = _predict(_data("classification")[0], task="classification")
    with pytest.raises(DataError, match="2 targets for 30 rows"):
        with_targets(made, torch.tensor([0, 1]))
    with pytest.raises(DataError, match="no row has a target"):
        with_targets(made, torch.full((ROWS,), -1))
    with pytest.raises(DataError, match="got 3 to 3"):
        with_targets(made, torch.full((ROWS,), 3))
    with pytest.raises(DataError, match="whole numbers"):
        with_targets(made, torch.zeros(ROWS))
    with pytest.raises(DataError, match="has no targets"):
        labeled(made)
