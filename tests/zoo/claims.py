"""What torchdrop claims about every model, one function each; a claim that fails raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from torchdrop.modes import evaluating
from torchdrop.surgery import convert_

from .entry import Entry
from .state import differences, evaluated, everything, modes, outputs, same, statistics


def evaluating_gives_what_eval_gives(entry: Entry) -> None:
    """`evaluating` gives evaluation's bits, and leaves the model as it was."""
    model, inputs = entry.model(), entry.example()
    _mix_modes(model)
    expected = evaluated(model, inputs)
    before = everything(model)
    with evaluating(model) as same_model:
        inside = outputs(same_model, inputs)
        assert not any(modes(model).values()), "a module kept training mode"

    assert same(inside, expected), "the output is another one"
    assert not (changed := differences(model, before)), changed
    assert same(evaluated(model, inputs), expected), "the output is another one afterwards"


def convert_keeps_evaluation(entry: Entry) -> None:
    """`convert_` changes no bit of evaluation, no key, no mode and no buffer."""
    _keeps_evaluation(entry, lambda model, _inputs: convert_(model))


def _keeps_evaluation(entry: Entry, change: Callable[[nn.Module, dict[str, Any]], object]) -> None:
    model, inputs = entry.model(), entry.example()
    expected = evaluated(model, inputs)
    keys = list(model.state_dict())
    modes_before, buffers = modes(model), statistics(model)
    change(model, inputs)

    assert list(model.state_dict()) == keys, "state_dict has other keys"
    assert _kept(modes_before, modes(model)), "a mode was left changed"
    assert all(same([b], [statistics(model)[name]]) for name, b in buffers.items()), "a buffer"
    assert same(evaluated(model, inputs), expected), "the output is another one"


def _kept(before: dict[str, bool], after: dict[str, bool]) -> bool:
    """Whether modules that are still there have their mode; the new ones are in training mode."""
    return all(after[name] == before.get(name, True) for name in after)


def _mix_modes(model: nn.Module) -> None:
    """Freeze a part, so that a careless `train()` afterwards would show."""
    for index, module in enumerate(model.modules()):
        module.training = index % 3 != 1
