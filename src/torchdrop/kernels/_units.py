"""Units of a layer that a whole mini-batch keeps: which, and all others set to 0."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._ops import draw_mask
from ._seeds import Seed, is_plain
from ._uniform import uniform

_SELECTED = (torch.float32, torch.float64)


def kept_numbers(units: int, p: float, seed: Seed, device: torch.device) -> Tensor:
    """Draw each unit by itself.

    Args:
        units: How many there are.
        p: Probability of dropping a unit, in `[0, 1]`.
        seed: Of the mask, as `masked_scale` draws it for `units` elements.
        device: Where the numbers shall be.

    Returns:
        Numbers of the kept units, ascending, int64.
    """
    like = torch.empty(0, device=device)
    return draw_mask((units,), seed, p, like).nonzero().flatten()


def least_numbers(units: int, kept: int, seed: Seed, device: torch.device) -> Tensor:
    """Draw a number of units, each set of them as likely as any other.

    Args:
        units: How many there are, below 2**20.
        kept: How many are drawn, at most `units`.
        seed: Of the numbers, as `uniform` draws them.
        device: Where the numbers shall be.

    Returns:
        Those with the least uniform numbers, ascending, int64; of equals, the first.
    """
    order = uniform((units,), seed, device)
    if kernel().build is not None and order.is_cpu and is_plain(order):
        numbers = torch.empty(kept, dtype=torch.int64)
        _native.least_units_into(order, numbers)
        return numbers
    order += torch.arange(units, device=device) * 2.0**-53  # numbers in steps of 2**-32: no ties
    return order.topk(kept, largest=False, sorted=False).indices.sort().values


def select_columns(x: Tensor, numbers: Tensor, factor: float) -> Tensor:
    """Scale some columns, and set all others to 0, whatever stands there.

    Args:
        x: Of one axis or more; columns lie along the last.
        numbers: Of the columns, int64, different from each other.
        factor: What they are multiplied by.

    Returns:
        Of the shape of `x`.

    Raises:
        IndexError: If a number is not a column.
    """
    if torch.is_grad_enabled() and x.requires_grad:
        return _Selected.apply(x, numbers, factor)  # type: ignore[no-any-return, no-untyped-call]
    return _run(x, numbers, factor)


class _Selected(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, numbers: Tensor, factor: float) -> Tensor:
        ctx.numbers, ctx.factor = numbers, factor
        return _run(x, numbers, factor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return select_columns(gradients[0], ctx.numbers, ctx.factor), None, None


def _run(x: Tensor, numbers: Tensor, factor: float) -> Tensor:
    if _suits_native(x, numbers):
        x = x.contiguous()
        y = torch.empty_like(x)
        if _native.select_columns_into(x, y, numbers, factor):
            return y
    dropped = torch.ones(x.shape[-1], dtype=torch.bool, device=x.device)
    dropped.index_fill_(0, numbers, False)
    return (x * factor).masked_fill_(dropped, 0.0)


def _suits_native(x: Tensor, numbers: Tensor) -> bool:
    return (
        kernel().build is not None
        and x.is_cpu
        and x.dtype in _SELECTED
        and is_plain(x)
        and numbers.is_cpu
        and numbers.is_contiguous()
        and not (x.is_conj() or x.is_neg())
    )
