"""Graphs that were made in training mode."""

import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from .found import found


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.drop = nn.Linear(4, 4), nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Any:
        return F.dropout(self.drop(self.fc(x)), 0.2, self.training) + 1


def _traced(model: nn.Module) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(model, torch.ones(2, 4), check_trace=False)  # type: ignore[no-untyped-call]


def _scripted(model: nn.Module) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(model)


def _exported(model: nn.Module) -> Any:
    return torch.export.export(model, (torch.ones(2, 4),))


@pytest.mark.parametrize("make", [_traced, _exported, fx.symbolic_trace])
def test_a_graph_of_training_mode_is_an_error(make: Any) -> None:
    assert found(make(_Net().train())) == {("DRP207", "error", "")}


@pytest.mark.parametrize("make", [_traced, _exported, fx.symbolic_trace, _scripted])
def test_a_graph_of_evaluation_mode_is_silent(make: Any) -> None:
    assert found(make(_Net().eval())) == set()


def test_a_script_that_asks_for_the_mode_is_silent() -> None:
    assert found(_scripted(_Net().train()), torch.ones(2, 4)) == set()


def test_a_traced_part_is_named_and_explains_the_randomness() -> None:
    model = nn.Sequential(nn.Linear(4, 4), _traced(_Net().train()))

    assert found(model, torch.ones(2, 4)) == {("DRP207", "error", "1")}


def test_an_exported_module_is_not_run() -> None:
    assert found(_exported(_Net().train()).module(), torch.ones(2, 4)) == {("DRP207", "error", "")}
