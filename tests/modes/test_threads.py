"""Overlapping blocks of several threads on one model."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from torch import nn

from torchdrop.errors import ModeError
from torchdrop.modes import disabled, evaluating, sampling, training


def _model() -> nn.Sequential:
    return nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3).eval())


def _modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


class _Elsewhere:
    """A block that another thread is in, until it is told to leave."""

    def __init__(self, block: Any) -> None:
        self.block = block
        self.entered, self.leave = threading.Event(), threading.Event()
        self.pool = ThreadPoolExecutor(1)
        self.done = self.pool.submit(self._stay)
        assert self.entered.wait(10)

    def _stay(self) -> None:
        with self.block:
            self.entered.set()
            assert self.leave.wait(10)

    def end(self) -> None:
        self.leave.set()
        self.done.result(10)
        self.pool.shutdown()


def test_the_last_to_leave_restores_when_the_first_leaves_first() -> None:
    model = _model()
    before = _modes(model)
    other = _Elsewhere(evaluating(model))
    with evaluating(model):
        other.end()
        assert not any(_modes(model))

    assert _modes(model) == before


def test_the_last_to_leave_restores_when_the_first_leaves_last() -> None:
    model = _model()
    before = _modes(model)
    other = _Elsewhere(evaluating(model))
    with evaluating(model):
        pass
    assert not any(_modes(model))
    other.end()

    assert _modes(model) == before


@pytest.mark.parametrize("mode", [training, sampling, disabled])
def test_another_mode_is_refused_and_changes_nothing(mode: Callable[[nn.Module], Any]) -> None:
    model = _model()
    before = _modes(model)
    other = _Elsewhere(evaluating(model))
    with pytest.raises(ModeError, match="another thread holds"), mode(model):
        pass
    assert not any(_modes(model))
    other.end()

    assert _modes(model) == before


def test_a_part_of_the_model_is_held_too() -> None:
    model = _model()
    other = _Elsewhere(evaluating(model[0]))
    with pytest.raises(ModeError, match="holds Dropout in evaluation mode"), training(model):
        pass
    other.end()

    with training(model):
        assert model[0].training


def test_disabled_dropout_is_for_one_thread_alone() -> None:
    model = _model()
    other = _Elsewhere(disabled(model))
    with pytest.raises(ModeError, match="alone"), disabled(model):
        pass
    with pytest.raises(ModeError), training(model):
        pass
    other.end()

    assert model[0].training


def test_one_thread_may_nest_what_another_may_not() -> None:
    model = _model()
    before = _modes(model)
    with evaluating(model), training(model), sampling(model), evaluating(model):
        assert not any(_modes(model))

    assert _modes(model) == before


def test_many_threads_leave_the_model_as_it_was() -> None:
    model = nn.Sequential(*(nn.Dropout() for _ in range(20)))
    block = evaluating(model)
    seen: list[bool] = []

    def enter_often(_: int) -> None:
        for _ in range(50):
            with block:
                seen.append(any(_modes(model)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter_often, range(8)))

    assert not any(seen)
    assert all(_modes(model))


def test_a_train_that_raises_leaves_nothing_held() -> None:
    class Refuses(nn.Dropout):
        def train(self, mode: bool = True) -> "Refuses":
            raise NotImplementedError

    model = nn.Sequential(nn.Dropout(), Refuses())
    with pytest.raises(NotImplementedError), evaluating(model):
        pass
    assert all(_modes(model))
    other = _Elsewhere(training(model[0]))
    other.end()
