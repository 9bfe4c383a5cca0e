"""Orders of layers, on the data flow and on the order of a `Sequential`."""

import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.nn import DropPath

from .found import found, only

_ROWS = 512


def _x() -> Tensor:
    return torch.randn(_ROWS, 8, generator=torch.Generator().manual_seed(0))


_WRONG: dict[str, tuple[nn.Module, set[tuple[str, str, str | None]]]] = {
    "batch norm": (
        nn.Sequential(
            nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 1)
        ),
        {("DRP305", "warning", "2")},
    ),
    "output": (
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1), nn.Dropout(0.2)),
        {("DRP306", "warning", "3")},
    ),
    "branch": (
        nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8), nn.Dropout(0.2)),
        {("DRP306", "advice", "3")},
    ),
    "softmax": (
        nn.Sequential(nn.Linear(8, 5), nn.Softmax(-1), nn.Dropout(0.5)),
        {("DRP307", "error", "2")},
    ),
    "sigmoid": (
        nn.Sequential(nn.Linear(8, 5), nn.Sigmoid(), nn.Dropout(0.5)),
        {("DRP307", "warning", "2")},
    ),
    "twice": (
        nn.Sequential(
            nn.Dropout(0.6), nn.Sequential(nn.Identity()), nn.Dropout(0.6), nn.Linear(8, 1)
        ),
        {("DRP308", "warning", "2")},
    ),
    "alpha": (
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.AlphaDropout(0.3), nn.Linear(8, 1)),
        {("DRP310", "warning", "2")},
    ),
    "selu": (
        nn.Sequential(nn.Linear(8, 8), nn.SELU(), nn.Dropout(0.3), nn.Linear(8, 1)),
        {("DRP310", "advice", "2")},
    ),
    "activation": (
        nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.3), nn.GELU(), nn.Linear(8, 1)),
        {("DRP313", "advice", "1")},
    ),
}


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_order_is_found_with_an_example_and_without(name: str) -> None:
    model, expected = _WRONG[name]

    assert found(model, _x()) == expected
    assert found(model) == expected


_RIGHT = {
    "classifier": nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 5)),
    "relu": nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 5)),
    "layer norm": nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.2), nn.LayerNorm(8), nn.Linear(8, 5)),
    "selu": nn.Sequential(nn.Linear(8, 8), nn.SELU(), nn.AlphaDropout(0.2), nn.Linear(8, 5)),
    "alpha": nn.Sequential(
        nn.Linear(8, 8), nn.AlphaDropout(0.2), nn.BatchNorm1d(8), nn.Linear(8, 5)
    ),
    "path": nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.2), DropPath(0.2), nn.Linear(8, 5)),
    "off": nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.0), nn.BatchNorm1d(8), nn.Dropout(0.0)),
    "own statistics": nn.Sequential(
        nn.Dropout(0.5), nn.BatchNorm1d(8, track_running_stats=False), nn.Linear(8, 5)
    ),
    "frozen": nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(8).eval(), nn.Linear(8, 5)),
}


@pytest.mark.parametrize("name", _RIGHT)
def test_a_right_order_is_silent(name: str) -> None:
    example = None if name == "frozen" else _x()  # train() would wake it

    assert found(_RIGHT[name], example) == set()
    assert found(_RIGHT[name]) == set()


class _Calls(nn.Module):
    def __init__(self, last: str) -> None:
        super().__init__()
        self.fc, self.norm, self.last = nn.Linear(8, 8), nn.BatchNorm1d(8), last
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Any:
        if self.last == "attention":
            weights = F.dropout(torch.softmax(x @ x.t(), -1), 0.5, self.training)
            return weights @ self.fc(x), weights
        h = F.dropout(torch.relu(self.fc(x)), 0.5, self.training)
        if self.last == "norm":
            return self.fc(F.relu(self.norm(h.view(-1, 8))))
        if self.last == "residual":
            return self.norm(x + h)
        if self.last == "probabilities":
            return {"p": F.dropout(self.fc(h).softmax(-1), 0.5, self.training)}
        return self.drop(self.fc(h))[:, :3]


@pytest.mark.parametrize(
    ("last", "rules"),
    [
        ("norm", {"DRP305"}),
        ("residual", set()),
        ("attention", set()),
        ("probabilities", {"DRP307"}),
    ],
)
def test_functions_are_followed_like_layers(last: str, rules: set[str]) -> None:
    """`drop` is not called by most, which is another finding."""
    assert {rule for rule, _, _ in found(_Calls(last), _x())} - {"DRP302"} == rules


def test_the_ratio_of_variances_is_that_of_the_formula() -> None:
    """Normal numbers of mean 0: dropout divides by 1 - p what it keeps, so the ratio is 1 - p."""
    model = nn.Sequential(nn.Dropout(0.3), nn.BatchNorm1d(8), nn.Linear(8, 1))
    said = re.search(r"in evaluation is ([0-9.]+) of", only(model, _x()).message)

    # Eight channels of 512 numbers; five standard deviations of the ratio of two variances.
    assert said is not None
    assert float(said[1]) == pytest.approx(0.7, abs=5 * 0.7 * (2 / (8 * _ROWS)) ** 0.5 * 1.5)


def test_a_weight_between_is_a_warning_only_where_the_shift_is_measured() -> None:
    layers = nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 8), nn.BatchNorm1d(8)
    model = nn.Sequential(*layers, nn.ReLU(), nn.Linear(8, 1))

    assert found(model, _x()) == {("DRP305", "warning", "2")}
    assert found(model, _x()[:4]) == {("DRP305", "advice", "2")}
    assert found(model) == {("DRP305", "advice", "2")}


def test_convolutions_between_are_advice() -> None:
    """As in wide residual networks."""
    model = nn.Sequential(nn.ReLU(), nn.Dropout(0.5), nn.Conv1d(8, 8, 3), nn.BatchNorm1d(8))

    assert found(model, torch.randn(32, 8, 9)) == {("DRP305", "advice", "1")}
