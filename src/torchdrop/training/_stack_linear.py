"""Linear layers of a stack as one operation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..kernels import TORCH, Routes, linear_product


def stacked_linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, routes: Routes = TORCH
) -> Tensor:
    """Apply a linear layer of each member's own.

    The gradient of a weight comes out in the weight's own layout, so that autograd takes it as it
    is; torch's own derivative of the same product is transposed, and then copied.

    Args:
        x: Shape `(M, N, inputs)`.
        weight: Shape `(M, outputs, inputs)`.
        bias: Shape `(M, outputs)`, or none.
        routes: Which library multiplies for a member that is alone; batched products are torch's.

    Returns:
        Shape `(M, N, outputs)`.
    """
    if len(weight) == 1 and routes != TORCH:
        alone = linear_product(x[0], weight[0], None if bias is None else bias[0], routes)
        return alone.unsqueeze(0)
    if len(weight) == 1:
        # A product of one is not computed as one of many is; a second one makes it so.
        both = None if bias is None else bias.expand(2, -1)
        return stacked_linear(x.expand(2, -1, -1), weight.expand(2, -1, -1), both)[:1]
    return _StackedLinear.apply(x, weight, bias)  # type: ignore[no-any-return, no-untyped-call]


class _StackedLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        if bias is None:
            return torch.bmm(x, weight.mT)
        return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        (x, weight), (gradient,) = ctx.saved_tensors, gradients
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            torch.bmm(gradient, weight) if of_x else None,
            torch.bmm(gradient.mT, x) if of_weight else None,
            gradient.sum(1) if of_bias else None,
        )
