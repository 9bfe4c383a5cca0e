"""Layers that compute only the units that are kept: rows of weights, and columns of kept inputs.

What a whole mini-batch drops need not be computed. Kept units are given by their numbers; the
output holds just these, in order, and the next layer takes them as its columns.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError
from ..kernels import Seed, keep_probability, masked_scale, uniform
from ._written_part import GradientMemory, copy_part, spread, writes, written_part

Count = Literal["binomial", "exact"]


def kept_units(
    units: int, p: float, seed: Seed, device: torch.device, *, count: Count = "binomial"
) -> tuple[Tensor, float]:
    """Draw which units of a layer are kept, for a whole mini-batch.

    Args:
        units: How many there are, at least 1.
        p: Probability of dropping a unit, in `[0, 1]`.
        seed: Of the mask.
        device: Where the numbers shall be.
        count: `binomial` keeps each unit by itself, as `dropout(..., dims=...)` does with the same
            seed. `exact` keeps `round((1 - p) * units)` of them, at least 1: shapes stay the same
            from step to step; units are then slightly less often kept together than alone.

    Returns:
        Numbers of the kept units, ascending, int64; and what their outputs are multiplied by, so
        that the expectation stays.

    Raises:
        SettingError: If `count` is unknown.
    """
    if count == "binomial":
        keep = masked_scale(torch.ones(units, device=device), seed, p, 1.0)
        share = float(keep_probability(p))
        return keep.nonzero().flatten(), 1 / share if share > 0 else 1.0
    if count != "exact":
        raise SettingError(f"count is 'binomial' or 'exact'; got {count!r}.")
    kept = max(1, round((1 - p) * units)) if p < 1 else 0
    order = uniform((units,), seed, device).argsort()
    return order[:kept].sort().values, units / kept if kept else 1.0


def thinned_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rows: Tensor | None,
    columns: Tensor | None,
    *,
    memory: GradientMemory | None = None,
) -> Tensor:
    """Apply the part of a linear layer that is left when units before and after it are dropped.

    Gradients of `weight` and `bias` have their full shape and are exactly 0 where the part does
    not reach.

    Args:
        x: Shape `(N, kept inputs)`.
        weight: Shape `(outputs, inputs)`.
        bias: Shape `(outputs,)`, or none.
        rows: Numbers of the kept outputs; `None` for all.
        columns: Numbers of the kept inputs, as many as `x` has columns; `None` for all.
        memory: As in `take_part`, for `weight`.

    Returns:
        Shape `(N, kept outputs)`.

    Source:
        Graham, Reizenstein, Robinson, "Efficient batchwise dropout training using submatrices",
        arXiv 1502.02478 (2015). Ours draws from the mask stream and also thins groups of a batch.
    """
    part = take_part(weight, rows, columns, memory=memory)
    return F.linear(x, part, None if bias is None else take_part(bias, rows))


def thinned_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rows: Tensor | None,
    columns: Tensor | None,
    **settings: Any,
) -> Tensor:
    """Apply the part of a 2-dimensional convolution that is left when channels are dropped.

    Args:
        x: Shape `(N, kept inputs, H, W)`.
        weight: Shape `(outputs, inputs, h, w)`, of a convolution without groups.
        bias: Shape `(outputs,)`, or none.
        rows: Numbers of the kept output channels; `None` for all.
        columns: Numbers of the kept input channels; `None` for all.
        **settings: `stride`, `padding` and `dilation`, as in `torch.nn.functional.conv2d`.

    Returns:
        Shape `(N, kept outputs, H', W')`.
    """
    part = take_part(weight, rows, columns)
    return F.conv2d(x, part, None if bias is None else take_part(bias, rows), **settings)


def take_part(
    weight: Tensor,
    rows: Tensor | None,
    columns: Tensor | None = None,
    *,
    memory: GradientMemory | None = None,
) -> Tensor:
    """Copy rows, and columns of them; the gradient goes back to their places.

    Args:
        weight: Of one axis or more.
        rows: Along the first axis; `None` for all.
        columns: Along the second axis; `None` for all.
        memory: If given, backward writes the gradient into `weight.grad` itself, in memory that is
            used again in the next step; see `GradientMemory` for what that rules out.

    Returns:
        The part; `weight` itself where it is all.
    """
    if rows is None and columns is None:
        return weight
    if memory is not None and writes(weight):
        return written_part(weight, rows, columns, memory)
    return _Part.apply(weight, rows, columns)  # type: ignore[no-any-return, no-untyped-call]


class _Part(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
        ctx.shape, ctx.rows, ctx.columns = weight.shape, rows, columns
        return copy_part(weight, rows, columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        if ctx.columns is not None:
            gradient = spread(gradient, ctx.columns, ctx.shape[1])
        if ctx.rows is None:
            return gradient, None, None
        whole = gradient.new_zeros(ctx.shape).index_copy_(0, ctx.rows, gradient)
        return whole, None, None
