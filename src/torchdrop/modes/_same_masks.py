"""The same masks in every forward."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ._block import Block, check_model
from ._generators import generators
from ._ranks import mixed_seed

M = TypeVar("M", bound=nn.Module)


def same_masks(model: M, seed: int) -> Block[M]:
    """Let every forward of `model` inside the block drop the same nodes.

    For what compares forwards: line search (LBFGS), log-probabilities of a pair, finite
    differences, ablations. Before each forward all generators that the model draws from (see
    `rng_state`) get `seed`, and after it the state they had: what is drawn between and after
    forwards is what it would have been without. Layers of torch, of torchdrop and written by hand
    alike. Masks belong to the order of the draws and to shapes: inputs of one shape get one set
    of masks. It changes no mode, so a model in evaluation mode drops nothing.

    A forward is a call of `model` itself, so calls of its parts from outside are not reached, and
    within `generate` each step has the same masks. Threads take turns, as they share torch's
    generator. Works as a decorator, and blocks nest: the innermost decides.

    Args:
        model: Any module.
        seed: In `[0, 2**62)`.

    Returns:
        A context manager and decorator, which gives `model` itself.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.
        SettingError: If `seed` is out of range.

    Example:
        >>> import torch
        >>> model, x = torch.nn.Dropout(), torch.ones(100)
        >>> with same_masks(model, seed=0):
        ...     torch.equal(model(x), model(x))
        True
        >>> torch.equal(model(x), model(x))
        False
    """
    check_model(model)
    if not 0 <= seed < 2**62:
        raise SettingError(f"seed is in [0, 2**62); got seed={seed}.")
    return Block(partial(_same_masks, model, seed))


@contextmanager
def _same_masks(model: M, seed: int) -> Iterator[M]:
    forwards = _Forwards(model, seed)

    # Functions, since a copy of the model made inside would copy the object of a method.
    def before(module: nn.Module, arguments: object) -> None:
        forwards.begin()

    def after(module: nn.Module, arguments: object, output: object) -> None:
        forwards.end()

    begin = model.register_forward_pre_hook(before)
    # Before those of the blocks around, which put back what was before this one.
    end = model.register_forward_hook(after, prepend=True, always_call=True)
    try:
        yield model
    finally:
        forwards.open = False
        begin.remove()
        end.remove()


class _Forwards:
    """Seeds at the begin of a forward, and puts back what was; a forward within is part of it."""

    def __init__(self, model: nn.Module, seed: int) -> None:
        self.model = model
        self.seed = seed
        self.here = _Here()
        # Copies have the hooks too, and keep them.
        self.open = True

    def begin(self) -> None:
        if not self.open:
            return
        _one_at_a_time.acquire()
        self.here.depth += 1
        if self.here.depth > 1:
            return
        sources = list(generators(self.model).values())
        self.here.before = [(source, source.get_state()) for source in sources]
        for number, source in enumerate(sources):
            # Generators of one seed would draw the same.
            source.manual_seed(mixed_seed(self.seed, number) if number else self.seed)

    def end(self) -> None:
        # Torch calls it too where a hook before `begin` failed.
        if not self.here.depth:
            return
        self.here.depth -= 1
        if not self.here.depth:
            for source, state in self.here.before:
                source.set_state(state)
            self.here.before = []
        _one_at_a_time.release()


class _Here(threading.local):
    """What each thread has of its own."""

    def __init__(self) -> None:
        self.depth = 0
        self.before: list[tuple[torch.Generator, Tensor]] = []


_one_at_a_time = threading.RLock()
