"""Parts of weights, with the way back for their gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..kernels import copy_part, put_part_


def take_part(weight: Tensor, rows: Tensor | None, columns: Tensor | None = None) -> Tensor:
    """Copy rows, and columns of them; the gradient goes back to their places.

    Args:
        weight: Of one axis or more.
        rows: Along the first axis; `None` for all.
        columns: Along the second axis; `None` for all.

    Returns:
        The part; `weight` itself where it is all.
    """
    if rows is None and columns is None:
        return weight
    return _Part.apply(weight, rows, columns)  # type: ignore[no-any-return, no-untyped-call]


def place_part(
    part: Tensor, shape: torch.Size, rows: Tensor | None, columns: Tensor | None = None
) -> Tensor:
    """Put a part to its places among zeros: the other way round.

    Args:
        part: As `take_part` returns it.
        shape: Of the result.
        rows: As in `take_part`, different from each other.
        columns: As in `take_part`, different from each other.

    Returns:
        The whole; `part` itself where it is all.
    """
    if rows is None and columns is None:
        return part
    return _Placed.apply(part, shape, rows, columns)  # type: ignore[no-any-return, no-untyped-call]


class _Part(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
        ctx.shape, ctx.rows, ctx.columns = weight.shape, rows, columns
        return copy_part(weight, rows, columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return place_part(gradients[0], ctx.shape, ctx.rows, ctx.columns), None, None


class _Placed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, part: Tensor, shape: torch.Size, rows: Tensor | None, columns: Tensor | None
    ) -> Tensor:
        ctx.rows, ctx.columns = rows, columns
        return put_part_(part.new_empty(shape), part, rows, columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return take_part(gradients[0], ctx.rows, ctx.columns), None, None, None
