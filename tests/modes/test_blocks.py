"""What all modes are as context managers and decorators."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.modes import disabled, evaluating, same_masks, sampling, training

MODES: dict[str, Callable[[nn.Module], Any]] = {
    "evaluating": evaluating,
    "training": training,
    "sampling": sampling,
    "disabled": disabled,
    "same_masks": lambda model: same_masks(model, 0),
}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Callable[[nn.Module], Any]:
    return MODES[request.param]


def _model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.BatchNorm1d(3).eval())


def _state(model: nn.Module) -> list[Any]:
    return [
        (set(vars(m)), m.training, len(m._forward_hooks), len(m._forward_pre_hooks))
        for m in model.modules()
    ]


def test_nothing_is_left_behind(mode: Callable[[nn.Module], Any]) -> None:
    model = _model()
    before = _state(model)
    with mode(model):
        model(torch.zeros(2, 3))

    assert _state(model) == before


def test_nothing_is_left_behind_by_an_error(mode: Callable[[nn.Module], Any]) -> None:
    model = _model()
    before = _state(model)
    with pytest.raises(RuntimeError), mode(model):
        model(torch.zeros(2, 4))

    assert _state(model) == before


def test_one_block_decorates_a_recursive_function(mode: Callable[[nn.Module], Any]) -> None:
    model = _model()
    before = _state(model)

    def count(n: int) -> int:
        return n if n == 0 else 1 + decorated(n - 1)

    decorated: Callable[[int], int] = mode(model)(count)

    assert decorated(5) == 5
    assert _state(model) == before


def test_one_block_can_be_entered_again_and_within_itself(
    mode: Callable[[nn.Module], Any],
) -> None:
    model = _model()
    before = _state(model)
    block = mode(model)
    with block, block:
        inside = _state(model)
    with block:
        pass

    assert inside != before
    assert _state(model) == before


def test_what_runs_after_the_call_cannot_be_decorated(mode: Callable[[nn.Module], Any]) -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def coroutine() -> None:
        pass

    async def both() -> AsyncIterator[int]:
        yield 1

    for function in (generator, coroutine, both):
        with pytest.raises(SettingError, match="generator or coroutine"):
            mode(_model())(function)


def test_a_model_is_a_module(mode: Callable[[nn.Module], Any]) -> None:
    with pytest.raises(ModelError, match=r"torch\.nn\.Module; got int"):
        mode(3)  # type: ignore[arg-type]
