"""Watch a forward in evaluation mode: what drops, and what draws random numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from ...sites import DropoutCall, Forwards, calling_module, random_fingerprint, tensors
from ._draft import Line
from ._lines import line_of


@dataclass(frozen=True, slots=True)
class Leak:
    """A call that drops in evaluation mode.

    Attributes:
        call: What was called, and the innermost module that did, whether the model knows it or not.
        owner: The innermost module that the model knows; `None` outside of any.
        line: Where.
    """

    call: DropoutCall
    owner: nn.Module | None
    line: Line | None


@dataclass(frozen=True, slots=True)
class Draw:
    """A function that drew random numbers, or a module in which something unseen did.

    Attributes:
        what: The function's name; "" for something unseen.
        owner: The innermost module that the model knows; `None` outside of any.
        line: Where.
    """

    what: str
    owner: nn.Module | None
    line: Line | None


@dataclass(frozen=True, slots=True)
class HandMask:
    """A product with a mask of random zeros, or a filling by one.

    Attributes:
        owner: As in `Draw`.
        line: Where.
        share: Of what came in, how much the mask set to 0, in `[0, 1]`.
    """

    owner: nn.Module | None
    line: Line | None
    share: float


_MASKING = {
    **dict.fromkeys(("mul", "__mul__", "__rmul__", "mul_", "__imul__", "multiply"), 0),
    **dict.fromkeys(("masked_fill", "masked_fill_"), 1),
    "where": 1,
}
"""Functions that put a mask on a tensor."""


class Watch(Forwards):
    """What happens in the forwards inside `watching`.

    Args:
        names: The model's modules, with those it does not know of.
        quiet: Whether calls that drop are run without dropping.

    Attributes:
        leaks: Calls that drop.
        draws: What drew random numbers.
        masks: Masks made by hand.
    """

    leaks: list[Leak]
    draws: list[Draw]
    masks: list[HandMask]

    def __init__(self, names: Mapping[nn.Module, str], *, quiet: bool = False) -> None:
        super().__init__(names, _silence if quiet else None)
        self.leaks, self.draws, self.masks = [], [], []
        self._state = b""
        self._seen = 0
        self._random: Any = WeakTensorKeyDictionary()

    @contextmanager
    def watching(self, given: Any) -> Iterator[None]:
        """See every function inside the block, and random numbers of those that none calls."""
        self._state = random_fingerprint()
        with super().watching(given):
            yield
        self._note("", None, None)

    def ran(
        self, func: Any, args: Any, kwargs: dict[str, Any], result: Any, call: DropoutCall | None
    ) -> None:
        """See what a function did."""
        frame = sys._getframe(2)
        new = self.calls[self._seen :]
        self._seen = len(self.calls)
        for each in new:
            if each.active:
                owner = calling_module(frame, self.modules)
                self.leaks.append(Leak(each, owner, line_of(frame)))
        name = getattr(func, "__name__", "")
        fresh = self._note(name, frame, None, known=bool(new))
        self._follow(name, (args, kwargs), result, fresh and not new, frame)

    def leave(self, module: nn.Module, output: Any) -> None:
        """Look whether something unseen in a module drew."""
        self._note("", None, module)

    def _note(
        self, name: str, frame: FrameType | None, module: nn.Module | None, *, known: bool = False
    ) -> bool:
        """Look whether random numbers were drawn; a dropout that is known is not noted."""
        state = random_fingerprint()
        if state == self._state or known:
            self._state = state
            return False
        self._state = state
        owner = calling_module(frame, self.modules) if frame is not None else module
        self.draws.append(Draw(name, owner, line_of(frame)))
        return True

    def _follow(
        self, name: str, given: Any, result: Any, fresh: bool, frame: FrameType | None
    ) -> None:
        """Tell what is computed from random numbers alone from what they are put on."""
        masked = [x for x in tensors(given) if x in self._random]
        others = [x for x in tensors(given) if x not in self._random and x.dim() > 0]
        if fresh or (masked and not [x for x in others if x.is_floating_point()]):
            self._mark(result)
        elif masked and others and name in _MASKING and isinstance(result, Tensor):
            share = _dropped(masked[0], others[0], result)
            if share:
                owner = calling_module(frame, self.modules)
                self.masks.append(HandMask(owner, line_of(frame), share))

    def _mark(self, result: Any) -> None:
        for tensor in tensors(result):
            self._random[tensor] = True


def _silence(call: DropoutCall) -> float | None:
    return 0.0 if call.active else None


def _dropped(mask: Tensor, before: Tensor, after: Tensor) -> float:
    """Give the share that a mask of two values set to 0; 0 if it is no such mask."""
    if mask.is_meta or before.shape != after.shape or torch.unique(mask).numel() > 2:
        return 0.0
    alive = before != 0
    return float((alive & (after == 0)).sum()) / max(int(alive.sum()), 1)
