"""Switch a model's mode for a block of code, and put every submodule back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import nn

M = TypeVar("M", bound=nn.Module)


@contextmanager
def evaluating(model: M) -> Iterator[M]:
    """Put `model` into evaluation mode inside the block: no node is dropped.

    Every submodule gets back the mode it had, also if the block raises and when blocks are
    nested. Submodules that were frozen on purpose stay so afterwards, unlike with a plain
    `model.train()`.

    Args:
        model: Any module; its `eval()` is called, so an override of `train` is respected.

    Yields:
        `model` itself.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3).eval())
        >>> with evaluating(model):
        ...     model.training
        False
        >>> model[0].training, model[1].training
        (True, False)
    """
    with _mode(model, training=False):
        yield model


@contextmanager
def training(model: M) -> Iterator[M]:
    """Put `model` into training mode inside the block: nodes are dropped.

    Every submodule gets back the mode it had, also if the block raises and when blocks are
    nested.

    Args:
        model: Any module; its `train()` is called, so an override that keeps parts frozen is
            respected.

    Yields:
        `model` itself.

    Example:
        >>> from torch import nn
        >>> model = nn.Dropout().eval()
        >>> with training(model):
        ...     model.training
        True
        >>> model.training
        False
    """
    with _mode(model, training=True):
        yield model


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    before = [(module, module.training) for module in model.modules()]
    try:
        model.train(training)
        yield
    finally:
        for module, mode in before:
            module.training = mode
