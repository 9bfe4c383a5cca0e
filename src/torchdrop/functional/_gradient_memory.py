"""Gradients of parts of weights, in memory that is used again in every step."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from ..kernels import put_part_
from ._gradient_parts import GradientParts, Part


class GradientMemory:
    """Memory for the gradients of whole weights, used again where nobody holds it any more.

    Autograd would take new memory for each of them in each step, which the system must find and
    clear. A gradient that somebody still holds (a `.grad` kept from an earlier step, or one in
    use) is left alone, and gets a successor.

    With `writes=True`, backward also puts the gradient into `.grad` by itself, and adds to what is
    there: parts of a batch that have units of their own then need no matrix each. What optimizers
    find is the same. It rules out what needs autograd to own the gradient: `torch.autograd.grad`
    for such a weight, gradients of gradients, and gradients exchanged as they come, as
    `DistributedDataParallel` does. A weight with hooks of its own is left to autograd.

    An optimizer can have the gradients left to it as parts (`leave_to`); they are then in no
    `.grad`.

    Copies and pickles are empty.

    Args:
        writes: Whether backward writes into `.grad`.
    """

    def __init__(self, *, writes: bool = False) -> None:
        self.writes = writes
        self._owned: dict[int, _Owned] = {}
        self._parts: Callable[[], GradientParts | None] = _nobody

    def leave_to(self, parts: GradientParts) -> None:
        """Leave the gradients of weights that it wants to an optimizer, for as long as it lives.

        Args:
            parts: The optimizer's.
        """
        self._parts = weakref.ref(parts)

    def __reduce__(self) -> tuple[object, tuple[bool]]:
        """Copy and pickle as an empty one."""
        return _empty, (self.writes,)

    def place(
        self, weight: Tensor, gradient: Tensor, rows: Tensor | None, columns: Tensor | None
    ) -> Tensor | None:
        """Put the gradient of a part to its places among zeros.

        Args:
            weight: The whole weight.
            gradient: Of the part, as `kernels.put_part_` takes it.
            rows: As there.
            columns: As there.

        Returns:
            The gradient of the weight; `None` where it was written into `.grad`, or left to an
            optimizer.
        """
        parts = self._parts()
        if parts is not None and parts.wants(weight) and _is_free(weight):
            parts.add(weight, Part(gradient, rows, columns))
            return None
        if not (self.writes and _is_free(weight)):
            return put_part_(self._like(weight), gradient, rows, columns)
        added = weight.grad is not None
        whole = self._like(weight) if weight.grad is None else weight.grad
        weight.grad = put_part_(whole, gradient, rows, columns, add=added)
        return None

    def _like(self, weight: Tensor) -> Tensor:
        owned = self._owned.get(id(weight))
        if owned is None or not owned.suits(weight):
            owned = self._owned[id(weight)] = _Owned(weight)
        return owned.memory.detach()


class _Owned:
    """Memory like that of a weight; keeps the weight too, so that its id stays its own."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight
        self.memory = torch.empty_like(weight, requires_grad=False)
        self._holders = self._count()

    def suits(self, weight: Tensor) -> bool:
        """Whether it is like `weight`, and nobody else holds it."""
        alike = (self.memory.shape, self.memory.dtype, self.memory.device) == (
            *(weight.shape, weight.dtype, weight.device),
        )
        return alike and self._count() == self._holders

    def _count(self) -> int:
        storage = self.memory.untyped_storage()
        return int(torch._C._storage_Use_Count(storage._cdata))


def _nobody() -> None:
    """Nobody has gradients left to him."""


def _empty(writes: bool) -> GradientMemory:
    return GradientMemory(writes=writes)


def _is_free(weight: Tensor) -> bool:
    """Whether the gradient can be written past autograd: of a leaf without hooks of its own."""
    hooks = weight._backward_hooks or getattr(weight, "_post_accumulate_grad_hooks", None)
    return weight.is_leaf and weight.requires_grad and not hooks
