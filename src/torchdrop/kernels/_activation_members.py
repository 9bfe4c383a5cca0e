"""An activation and dropout of many tensors at once, in one pass where the native kernel can."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor

from . import _native
from ._activation import activation_gradient, can_fuse
from ._choice import kernel
from ._members import masked_scale_members

Draws: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Seed, threshold and factor of each member, as `masked_scale_members` takes them."""


def masked_activation_members(
    x: Tensor, draws: Draws, activation: str, slope: float = 0.01
) -> Tensor:
    """Do to each member what `masked_activation` does to a tensor.

    Args:
        x: For which `can_fuse` holds, shape `(M, ...)`: members along the first axis.
        draws: Seeds (int64), thresholds (int64) and factors (float64), each of shape `(M,)`.
        activation: `relu`, `leaky_relu`, `gelu`, `gelu_tanh` or `silu`.
        slope: Of `leaky_relu`; the others ignore it.

    Returns:
        A contiguous tensor with the shape and dtype of `x`. Keeps `x` and the draws for backward.
    """
    if torch.is_grad_enabled() and x.requires_grad:
        return _MaskedActivationMembers.apply(x, draws, activation, slope)  # type: ignore[no-any-return, no-untyped-call]
    return _run(x, None, draws, activation, slope)


def _run(x: Tensor, gradient: Tensor | None, draws: Draws, activation: str, slope: float) -> Tensor:
    build = kernel().build
    if build is None:
        raise RuntimeError("the native kernel was taken away between forward and backward")
    x, y = x.contiguous(), torch.empty(x.shape, dtype=x.dtype)
    gradient = None if gradient is None else gradient.contiguous()
    if x.numel() > 0:
        seeds, thresholds, factors = (draw.contiguous() for draw in draws)
        _native.masked_members_into(
            *(build, activation, x, gradient, y), *(seeds, thresholds, factors), slope
        )
    return y


class _MaskedActivationMembers(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, draws: Draws, activation: str, slope: float) -> Tensor:
        ctx.save_for_backward(x, *draws)
        ctx.activation, ctx.slope = activation, slope
        return _run(x, None, draws, activation, slope)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (x, *draws), (gradient,) = ctx.saved_tensors, gradients
        if torch.is_grad_enabled() or not can_fuse(x, ctx.activation):
            masked = masked_scale_members(gradient, *draws)
            return activation_gradient(x, masked, ctx.activation, ctx.slope), None, None, None
        y = _run(x, gradient, (draws[0], draws[1], draws[2]), ctx.activation, ctx.slope)
        return y, None, None, None
