"""Switch a model's mode for a block of code, and put every submodule back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

from torch import nn

from ..errors import SettingError
from ..sites import arguments
from ._block import Block, check_model
from ._check import Arguments, checked, prove_evaluation
from ._claims import Claim

M = TypeVar("M", bound=nn.Module)


def evaluating(model: M, *, check: bool = False, example: Any = None) -> Block[M]:
    """Put `model` into evaluation mode inside the block: no node is dropped.

    Every submodule gets back the mode it had, also if the block raises and when blocks are
    nested. Submodules that were frozen on purpose stay so afterwards, unlike with a plain
    `model.train()`. Works on models wrapped by `torch.compile`, DistributedDataParallel or FSDP,
    and as a decorator.

    Several threads may be in blocks of the same model as long as they ask for the same mode; it
    is restored when the last one leaves.

    `model.eval()` does not reach dropout that does not ask for the mode: a functional call, a
    layer in a plain list, attention called with `dropout_p`. `check` proves that there is none:
    nothing may be seen to drop, and two forwards on the same input must agree bit for bit (or up
    to rounding, if nothing random was seen).

    Args:
        model: Any module; its `eval()` is called, so an override of `train` is respected.
        check: Whether to prove it, before the block on `example`, or else on the first input that
            `model` gets inside it. It costs two forwards, and draws nothing from torch's
            generators as seen from outside.
        example: An input for `check`: a tensor, a tuple of arguments or a dict of keyword
            arguments.

    Returns:
        A context manager and decorator, which gives `model` itself.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.
        SettingError: If an example is given without `check`, or is of another kind.
        ModeError: On entry, if another thread is in a block that holds part of the model in
            training mode. With `check`, on entry or at the first forward, if something is still
            random, naming the first place; or at the end, if there was no forward to check.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3).eval())
        >>> with evaluating(model):
        ...     model.training
        False
        >>> model[0].training, model[1].training
        (True, False)
    """
    check_model(model)
    if example is not None and not check:
        raise SettingError("An example is what check runs on; got one with check=False.")
    given = None if example is None else arguments(example)
    return Block(partial(_evaluating, model, check, given))


def training(model: M) -> Block[M]:
    """Put `model` into training mode inside the block: nodes are dropped.

    Every submodule gets back the mode it had, also if the block raises and when blocks are
    nested. Wrappers, decorators and threads as in `evaluating`.

    Args:
        model: Any module; its `train()` is called, so an override that keeps parts frozen is
            respected.

    Returns:
        A context manager and decorator, which gives `model` itself.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.
        ModeError: On entry, if another thread is in a block that holds part of the model in
            evaluation mode.

    Example:
        >>> from torch import nn
        >>> model = nn.Dropout().eval()
        >>> with training(model):
        ...     model.training
        True
        >>> model.training
        False
    """
    check_model(model)
    return Block(partial(_switched, model, True))


@contextmanager
def _evaluating(model: M, check: bool, given: Arguments | None) -> Iterator[M]:
    with ExitStack() as stack:
        stack.enter_context(_switched(model, False))
        if given is not None:
            prove_evaluation(model, given)
        elif check:
            stack.enter_context(checked(model))
        yield model


@contextmanager
def _switched(model: M, mode: bool) -> Iterator[M]:
    claim = Claim(dict.fromkeys(model.modules(), mode), partial(model.train, mode))
    try:
        yield model
    finally:
        claim.give_back()
