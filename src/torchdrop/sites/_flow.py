"""Who made a tensor, and who takes it: the data flow between layers in one forward."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ._tensors import tensors

VIEWS = frozenset(
    (
        *("view", "view_as", "reshape", "reshape_as", "flatten", "unflatten", "squeeze"),
        *("unsqueeze", "transpose", "permute", "swapaxes", "movedim", "t", "contiguous", "clone"),
        *("detach", "to", "type", "type_as", "float", "double", "half", "bfloat16", "cpu"),
        *("cuda", "expand", "expand_as", "__get__", "requires_grad_", "alias"),
    )
)
"""Functions that show all of a tensor another way: who made it stays who made it."""

_PARTS = ("chunk", "split", "tensor_split", "unbind", "narrow", "select", "__getitem__")
_TRANSPARENT = VIEWS.union(_PARTS)


class Flow:
    """The maker of each living tensor, and what stands before and after each place asked for.

    Attributes:
        before: By place, what made its input.
        after: By place, what first takes its output.
    """

    before: dict[Hashable, str]
    after: dict[Hashable, str]

    def __init__(self) -> None:
        self._maker: Any = WeakTensorKeyDictionary()
        self._source: Any = WeakTensorKeyDictionary()
        self.before = {}
        self.after = {}

    def made(self, values: Any, maker: str) -> None:
        """Note who made tensors; what place they came out of stays."""
        for tensor in tensors(values):
            self._maker[tensor] = maker

    def take(self, values: Any, taker: str) -> None:
        """Note who takes tensors, for the places that they came out of."""
        for tensor in tensors(values):
            if tensor in self._source:
                self.after.setdefault(self._source[tensor], taker)

    def enter(self, place: Hashable, values: Any) -> None:
        """Note what feeds a place."""
        first = next(tensors(values), None)
        if first is not None and first in self._maker:
            self.before.setdefault(place, self._maker[first])

    def leave(self, place: Hashable, values: Any) -> None:
        """Note that tensors come out of a place."""
        for tensor in tensors(values):
            self._source[tensor] = place

    def ran(self, name: str, inputs: Any, result: Any) -> None:
        """Note a function that was called on tensors.

        Args:
            name: Of the function.
            inputs: Its arguments.
            result: What it gave.
        """
        if name in _TRANSPARENT:
            first = next(tensors(inputs), None)
            if first is not None:
                self._inherit(first, result)
            return
        if next(tensors(result), None) is None or name.startswith(("empty", "new_empty")):
            return
        label = f"{name.strip('_')}()"
        self.take(inputs, label)
        for tensor in tensors(result):
            self._maker[tensor] = label
            self._source.pop(tensor, None)

    def _inherit(self, first: Tensor, result: Any) -> None:
        for tensor in tensors(result):
            for known in (self._maker, self._source):
                if first in known:
                    known[tensor] = known[first]
