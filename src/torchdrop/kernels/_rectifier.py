"""ReLU or LeakyReLU and dropout in one pass, where the native kernel can."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._ops import is_plain, masked_scale

_FUSED = (torch.float32, torch.float64)


def can_fuse(x: Tensor) -> bool:
    """Whether `masked_rectifier` has one pass for this tensor, here and now."""
    return (
        x.dtype in _FUSED and x.device.type == "cpu" and kernel().build is not None and is_plain(x)
    )


def masked_rectifier(
    x: Tensor, seed: Tensor, p: float, factor: float, slope: float | None
) -> Tensor:
    """Apply ReLU or LeakyReLU, then do what `masked_scale` does, reading `x` once.

    Equal bit for bit to the two apart, forward and backward. Keeps `x` and the seed for backward.

    Args:
        x: For which `can_fuse` holds; any shape.
        seed: int64, shape `(1,)`.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.
        slope: Of LeakyReLU; `None` for ReLU.

    Returns:
        A tensor with the shape and dtype of `x`.
    """
    if torch.is_grad_enabled() and x.requires_grad:
        return _MaskedRectifier.apply(x, seed, p, factor, slope)  # type: ignore[no-any-return, no-untyped-call]
    return _run(x.contiguous(), None, seed, p, factor, slope)


def _run(
    x: Tensor, gradient: Tensor | None, seed: Tensor, p: float, factor: float, slope: float | None
) -> Tensor:
    build = kernel().build
    if build is None:
        raise RuntimeError("the native kernel was taken away between forward and backward")
    y = torch.empty_like(x)
    _native.rectifier_into(build, x, gradient, y, seed, p, factor, slope)
    return y


class _MaskedRectifier(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, seed: Tensor, p: float, factor: float, slope: float | None
    ) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, seed)
        ctx.p, ctx.factor, ctx.slope = p, factor, slope
        return _run(x, None, seed, p, factor, slope)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, seed = ctx.saved_tensors
        (gradient,) = gradients
        if torch.is_grad_enabled() or kernel().build is None:
            return _backward_apart(x, gradient, seed, ctx), None, None, None, None
        gradient = gradient.contiguous()
        return _run(x, gradient, seed, ctx.p, ctx.factor, ctx.slope), None, None, None, None


def _backward_apart(x: Tensor, gradient: Tensor, seed: Tensor, ctx: Any) -> Tensor:
    """The backward pass in differentiable steps, for double backward."""
    gradient = masked_scale(gradient, seed, ctx.p, ctx.factor)
    if ctx.slope is None:
        return torch.where(x <= 0, 0.0, gradient)
    return torch.where(x > 0, gradient, gradient * ctx.slope)
