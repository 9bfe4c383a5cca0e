"""Parts of weights whose gradients are written into `.grad`, in memory that stays."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..errors import SettingError

_ROWS = 128  # of a weight, copied at once: they stay in the cache


class GradientMemory:
    """Memory for the gradients of whole weights, used again in every step.

    Autograd makes a new matrix of zeros for the gradient of a part, one for each group of rows,
    and adds them up. Instead, backward writes into `.grad` by itself: where that is `None`, into
    the memory of the step before, cleared; else it adds. What optimizers find is the same.

    It rules out what needs autograd to own the gradient: a `.grad` kept from an earlier step
    (clone it), `torch.autograd.grad` for such a weight, gradients of gradients, and gradients
    exchanged as they come, as `DistributedDataParallel` does. A weight with hooks of its own is
    left to autograd. Copies and pickles of it are empty.
    """

    def __init__(self) -> None:
        self._owned: dict[int, tuple[Tensor, Tensor]] = {}

    def __reduce__(self) -> tuple[type[GradientMemory], tuple[()]]:
        """Copy and pickle as an empty one."""
        return GradientMemory, ()

    def zeros(self, weight: Tensor) -> Tensor:
        """Return zeros like `weight`, in the memory kept for it.

        Args:
            weight: A parameter, whose `.grad` is `None`.

        Returns:
            Shape, dtype and device of `weight`.
        """
        _, kept = self._owned.get(id(weight), (weight, None))
        if kept is not None and _alike(kept, weight):
            return kept.zero_()
        new = torch.zeros_like(weight, requires_grad=False)
        self._owned[id(weight)] = weight, new  # the weight too, so that its id stays its own
        return new


def writes(weight: Tensor) -> bool:
    """Whether the gradient of a weight can be written past autograd.

    Args:
        weight: Any.

    Returns:
        Whether it is a leaf that needs a gradient and has no hooks of its own.
    """
    hooks = weight._backward_hooks or getattr(weight, "_post_accumulate_grad_hooks", None)
    return weight.is_leaf and weight.requires_grad and not hooks


def written_part(
    weight: Tensor, rows: Tensor | None, columns: Tensor | None, memory: GradientMemory
) -> Tensor:
    """Copy a part; backward writes its gradient into `weight.grad`.

    Args:
        weight: A leaf, of one axis or more.
        rows: Along the first axis; `None` for all.
        columns: Along the second axis; `None` for all.
        memory: Where the gradient shall be.

    Returns:
        The part.
    """
    return _WrittenPart.apply(weight, rows, columns, memory)  # type: ignore[no-any-return, no-untyped-call]


def copy_part(weight: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
    """Copy rows, and columns of them, outside of autograd.

    Args:
        weight: Of one axis or more.
        rows: Along the first axis; `None` for all.
        columns: Along the second axis; `None` for all.

    Returns:
        The part.
    """
    if rows is None or columns is None:
        part = weight if rows is None else weight.index_select(0, rows)
        return part if columns is None else part.index_select(1, columns)
    # Whole rows, few enough to stay in the cache, then their columns: faster than by pairs.
    part = weight.new_empty(len(rows), len(columns), *weight.shape[2:])
    for at in range(0, len(rows), _ROWS):
        some = weight.index_select(0, rows[at : at + _ROWS])
        torch.index_select(some, 1, columns, out=part[at : at + _ROWS])
    return part


def spread(part: Tensor, columns: Tensor, width: int) -> Tensor:
    """Put columns back to their places, with 0 between them.

    Args:
        part: Shape `(rows, kept, ...)`.
        columns: Places of the kept columns, different from each other.
        width: Of the result.

    Returns:
        Shape `(rows, width, ...)`.
    """
    places = torch.full((width,), len(columns), device=columns.device)
    places[columns] = torch.arange(len(columns), device=columns.device)
    none = part.new_zeros(len(part), 1, *part.shape[2:])
    return torch.cat([part, none], dim=1).index_select(1, places)


class _WrittenPart(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        rows: Tensor | None,
        columns: Tensor | None,
        memory: GradientMemory,
    ) -> Tensor:
        ctx.weight, ctx.rows, ctx.columns, ctx.memory = weight, rows, columns, memory
        return copy_part(weight, rows, columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None, None]:
        if torch.is_grad_enabled():
            raise SettingError(
                "A gradient that is written into .grad has no gradient of its own; "
                "use write_gradients=False, or backward without create_graph."
            )
        _add_(ctx.weight, gradients[0], ctx.rows, ctx.columns, ctx.memory)
        return None, None, None, None


def _add_(
    weight: Tensor,
    gradient: Tensor,
    rows: Tensor | None,
    columns: Tensor | None,
    memory: GradientMemory,
) -> None:
    fresh = weight.grad is None
    whole = memory.zeros(weight) if weight.grad is None else weight.grad
    for at in range(0, len(gradient), _ROWS):
        some = gradient[at : at + _ROWS]
        some = some if columns is None else spread(some, columns, weight.shape[1])
        if rows is None:
            whole[at : at + _ROWS] += some
        elif fresh:
            whole.index_copy_(0, rows[at : at + _ROWS], some)
        else:
            whole.index_add_(0, rows[at : at + _ROWS], some)
    weight.grad = whole


def _alike(one: Tensor, other: Tensor) -> bool:
    return (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
