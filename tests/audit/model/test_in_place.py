"""Dropout in place: what it breaks, and what it does not."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .found import found


def _x() -> Tensor:
    return torch.randn(5, 8)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(-1)])
def test_writing_over_what_backward_needs_is_an_error(activation: nn.Module) -> None:
    layers = nn.Linear(8, 8), activation, nn.Dropout(0.5, inplace=True), nn.Linear(8, 1)

    assert found(nn.Sequential(*layers), _x()) == {("DRP111", "error", "2")}


@pytest.mark.parametrize("activation", [nn.Identity(), nn.GELU(), nn.LeakyReLU()])
def test_writing_over_what_nobody_needs_is_silent(activation: nn.Module) -> None:
    """GELU keeps its input; LeakyReLU too, as long as it does not work in place itself."""
    layers = nn.Linear(8, 8), activation, nn.Dropout(0.5, inplace=True), nn.Linear(8, 1)
    alarms = {x for x in found(nn.Sequential(*layers), _x()) if x[1] != "advice"}

    assert alarms == set()


class _Net(nn.Module):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(8), nn.Linear(8, 8)
        self.drop, self.form = nn.Dropout(0.5, inplace=True), form

    def forward(self, x: Tensor) -> Any:
        h = self.norm(x)
        if self.form == "function":
            return h + self.fc(F.dropout(h, 0.5, self.training, inplace=True))
        if self.form == "layer":
            return h + self.fc(self.drop(h))
        if self.form == "view":
            y = self.drop(h.view(-1))
            return h + self.fc(y.view(5, 8))
        if self.form == "collected":
            return [h, self.drop(h) + 1]
        return self._right(h)

    def _right(self, h: Tensor) -> Any:
        if self.form == "discarded":
            self.drop(h)
            return h + self.fc(h)
        if self.form == "size":
            y = self.drop(h)
            return self.fc(y).view(h.size(0), -1)
        h = self.drop(h)
        return h + self.fc(h)


@pytest.mark.parametrize("form", ["function", "layer", "view", "collected"])
def test_a_residual_that_is_dropped_too_is_an_error(form: str) -> None:
    assert "DRP111" in {
        rule for rule, severity, _ in found(_Net(form), _x()) if severity == "error"
    }


@pytest.mark.parametrize("form", ["rebound", "discarded", "size"])
def test_one_name_for_the_tensor_is_silent(form: str) -> None:
    assert "DRP111" not in {rule for rule, _, _ in found(_Net(form), _x())}
