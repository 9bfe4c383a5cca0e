"""The part of a linear layer that is left, as one step of autograd."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError
from ..kernels import TORCH, Routes, copy_part, is_plain, product
from ._gradient_memory import GradientMemory
from ._part import place_part, take_part


def thinned_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rows: Tensor | None,
    columns: Tensor | None,
    *,
    factor: float = 1.0,
    memory: GradientMemory | None = None,
    routes: Routes = TORCH,
) -> Tensor:
    """Apply the part of a linear layer that is left when units before and after it are dropped.

    Gradients of `weight` and `bias` have their full shape and are exactly 0 where the part does
    not reach.

    Args:
        x: Shape `(..., kept inputs)`.
        weight: Shape `(outputs, inputs)`.
        bias: Shape `(outputs,)`, or none.
        rows: Numbers of the kept outputs; `None` for all.
        columns: Numbers of the kept inputs, as many as `x` has columns; `None` for all.
        factor: What `x` is multiplied by; it costs nothing here.
        memory: For the gradient of `weight`; `None` takes new memory in every step.
        routes: Which library does which product; see `kernels.linear_product`.

    Returns:
        Shape `(..., kept outputs)`.

    Raises:
        SettingError: In backward, if a graph of it is to be built and `memory` writes into `.grad`.

    Source:
        Graham, Reizenstein, Robinson, "Efficient batchwise dropout training using submatrices",
        arXiv 1502.02478 (2015). Ours draws from the mask stream and also thins groups of a batch.
    """
    if not is_plain(x) or torch.is_autocast_enabled(x.device.type):
        left = None if bias is None else take_part(bias, rows)
        return F.linear(x * factor, take_part(weight, rows, columns), left)
    flat = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    y: Tensor = _ThinnedLinear.apply(flat, weight, bias, (rows, columns), factor, memory, routes)  # type: ignore[no-untyped-call]
    return y.reshape(*x.shape[:-1], y.shape[-1])


class _ThinnedLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        numbers: tuple[Tensor | None, Tensor | None],
        factor: float,
        memory: GradientMemory | None,
        routes: Routes,
    ) -> Tensor:
        part = copy_part(weight, *numbers)
        ctx.save_for_backward(x, weight, part, bias)
        ctx.numbers, ctx.factor, ctx.memory, ctx.routes = numbers, factor, memory, routes
        # Saved tensors may come back as others (checkpoints); memory is kept for the weights.
        ctx.owners = weight, bias
        left = None if bias is None else copy_part(bias, numbers[0], None)
        return product(routes.forward, x, part, left, factor=factor)

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None, None, None]:
        (dy,) = gradients
        x, weight, part, _ = ctx.saved_tensors
        owner, bias = ctx.owners
        rows, columns = ctx.numbers
        of_x, of_weight, of_bias, *_ = ctx.needs_input_grad
        routes, factor = ctx.routes, ctx.factor
        if torch.is_grad_enabled():  # a graph of this is built: then from what has a gradient
            part, routes = take_part(weight, rows, columns), TORCH
        dx = product(routes.input_gradient, dy, part.t(), factor=factor) if of_x else None
        dw = None
        if of_weight:
            dw = product(routes.weight_gradient, dy.t(), x.t(), factor=factor)
        db = _whole(dy.sum(0), bias, rows, None, ctx.memory) if of_bias else None
        if dw is not None:
            dw = _whole(dw, owner, rows, columns, ctx.memory)
        return dx, dw, db, None, None, None, None


def _whole(
    part: Tensor,
    weight: Tensor,
    rows: Tensor | None,
    columns: Tensor | None,
    memory: GradientMemory | None,
) -> Tensor | None:
    """The gradient of the whole; `None` where autograd has nothing more to do with it."""
    graph = torch.is_grad_enabled()
    if memory is None or (graph and not memory.writes) or (rows is None and columns is None):
        return place_part(part, weight.shape, rows, columns)
    if graph:
        raise SettingError(
            "A gradient that is written into .grad has no gradient of its own; "
            "use write_gradients=False, or backward without create_graph."
        )
    return memory.place(weight, part, rows, columns)
