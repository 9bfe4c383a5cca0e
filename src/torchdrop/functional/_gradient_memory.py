"""Gradients of parts of weights, in memory that is used again in every step."""

from __future__ import annotations

import weakref

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
    find is the same. It rules out gradients of gradients. Left to autograd are weights with hooks
    of their own, `torch.autograd.grad`, and the training of several processes together.

    An optimizer can have the gradients left to it as parts (`leave_to`); they are then in no
    `.grad`.

    Copies and pickles are empty.

    Args:
        writes: Whether backward writes into `.grad`.
    """

    def __init__(self, *, writes: bool = False) -> None:
        self.writes = writes
        self._owned: dict[int, _Owned] = {}
        self._takers: list[weakref.ref[GradientParts]] = []

    def leave_to(self, parts: GradientParts) -> None:
        """Leave the gradients of weights that it wants to an optimizer, for as long as it lives.

        Args:
            parts: The optimizer's. Others that want the same weights lose them.
        """
        self._takers = [taker for taker in self._takers if taker() not in (None, parts)]
        for older in self._takers:
            if (found := older()) is not None:
                found.lose_to(parts)
        self._takers.append(weakref.ref(parts))

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
        taker = self._taker_of(weight)
        if not ((taker is not None or self.writes) and _is_free(weight)):
            return put_part_(self._like(weight), gradient, rows, columns)
        if taker is not None:
            taker.add(weight, Part(gradient, rows, columns))
            return None
        added = weight.grad is not None
        whole = self._like(weight) if weight.grad is None else weight.grad
        weight.grad = put_part_(whole, gradient, rows, columns, add=added)
        return None

    def _taker_of(self, weight: Tensor) -> GradientParts | None:
        for taker in self._takers:
            parts = taker()
            if parts is not None and parts.wants(weight):
                return parts
        return None

    def _like(self, weight: Tensor) -> Tensor:
        if not weight.is_leaf:  # another one in every pass
            return torch.empty_like(weight, requires_grad=False)
        owned = self._owned.get(id(weight))
        if owned is None or not owned.suits(weight):
            alive = {key: one for key, one in self._owned.items() if one.weight() is not None}
            owned = alive[id(weight)] = _Owned(weight)
            self._owned = alive
        return owned.memory.detach()


class _Owned:
    """Memory like that of a weight, which it knows as long as it lives."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weakref.ref(weight)
        self.memory = torch.empty_like(weight, requires_grad=False)
        self._holders = self._count()

    def suits(self, weight: Tensor) -> bool:
        """Whether it is like `weight`, and nobody else holds it."""
        alike = (self.memory.shape, self.memory.dtype, self.memory.device) == (
            *(weight.shape, weight.dtype, weight.device),
        )
        return self.weight() is weight and alike and self._count() == self._holders

    def _count(self) -> int:
        storage = self.memory.untyped_storage()
        return int(torch._C._storage_Use_Count(storage._cdata))


def _empty(writes: bool) -> GradientMemory:
    return GradientMemory(writes=writes)


def _is_free(weight: Tensor) -> bool:
    """Whether its gradient can go past autograd now.

    That of a leaf can, without hooks of its own, whose gradient this backward pass accumulates;
    not that of one for which `torch.autograd.grad` was asked, or for none. Where several processes
    train together, autograd is what exchanges gradients.
    """
    hooks = weight._backward_hooks or getattr(weight, "_post_accumulate_grad_hooks", None)
    if hooks or not (weight.is_leaf and weight.requires_grad) or _is_distributed():
        return False
    node = torch.autograd.graph.get_gradient_edge(weight).node
    try:
        return bool(torch._C._will_engine_execute_node(node))
    except RuntimeError:  # it is asked for by torch.autograd.grad
        return False


def _is_distributed() -> bool:
    distributed = torch.distributed
    return (
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
    )
