from typing import Any

import pytest
import torch
from torch import nn

from torchdrop.modes import evaluating, training
from torchdrop.nn import Dropout


def _model() -> nn.Sequential:
    """A model with a part that was frozen on purpose, two levels deep."""
    norm = nn.BatchNorm1d(3).eval()
    return nn.Sequential(nn.Linear(3, 3), nn.Sequential(Dropout(), norm))


def _modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def test_evaluating_reaches_every_submodule_and_restores_each() -> None:
    """Chapter point 12."""
    model = _model()
    before = _modes(model)
    with evaluating(model) as same:
        assert same is model
        assert not any(_modes(model))

    assert _modes(model) == before


def test_training_reaches_every_submodule_and_restores_each() -> None:
    model = _model().eval()
    with training(model):
        assert all(_modes(model))

    assert not any(_modes(model))


@pytest.mark.parametrize("switch", [evaluating, training])
def test_modes_are_restored_after_an_exception(switch: Any) -> None:
    model = _model()
    before = _modes(model)
    with pytest.raises(RuntimeError, match="boom"), switch(model):
        raise RuntimeError("boom")

    assert _modes(model) == before


def test_nested_blocks_restore_in_turn() -> None:
    model = _model()
    before = _modes(model)
    with evaluating(model):
        with training(model):
            assert all(_modes(model))
        assert not any(_modes(model))

    assert _modes(model) == before


def test_an_overridden_train_is_respected() -> None:
    class Frozen(nn.BatchNorm1d):
        def train(self, mode: bool = True) -> "Frozen":
            return super().train(False)

    model = nn.Sequential(Dropout(), Frozen(3))
    with training(model):
        assert [m.training for m in model] == [True, False]


def test_no_node_is_dropped_while_evaluating() -> None:
    """Chapter point 5."""
    model, x = Dropout(0.5), torch.ones(100)
    with evaluating(model):
        assert model(x) is x

    assert (model(x) == 0).any()


def test_it_works_as_a_decorator() -> None:
    model = _model()

    @evaluating(model)
    def modes_inside() -> list[bool]:
        return _modes(model)

    assert not any(modes_inside())
    assert model.training
