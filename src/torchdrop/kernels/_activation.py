"""An activation and dropout in one pass, where the native kernel can."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._ops import masked_scale
from ._seeds import is_plain

_RECTIFIERS = ("relu", "leaky_relu")


def can_fuse(x: Tensor, activation: str) -> bool:
    """Whether `masked_activation` has one pass for this tensor and activation, here and now."""
    return (
        x.is_cpu
        and x.dtype in _native.DTYPES
        and (x.dtype != torch.float64 or activation in _RECTIFIERS)
        and activation in _native.ACTIVATIONS
        and kernel().build is not None
        and is_plain(x)
    )


def masked_activation(
    x: Tensor, seed: int, p: float, factor: float, activation: str, slope: float = 0.01
) -> Tensor:
    """Apply an activation, then do what `masked_scale` does, reading `x` once.

    ReLU and LeakyReLU of float32 and float64 are equal bit for bit to the two apart, forward and
    backward. GELU and SiLU are within 4e-7 times |x| of the exact value. 16-bit floats are
    computed in float32 and rounded once, where the two apart round twice. Keeps `x` and the seed
    for backward.

    Args:
        x: For which `can_fuse` holds; any shape.
        seed: In `[0, 2**62)`.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.
        activation: `relu`, `leaky_relu`, `gelu`, `gelu_tanh` or `silu`.
        slope: Of `leaky_relu`; the others ignore it.

    Returns:
        A tensor with the shape and dtype of `x`.
    """
    arguments = (seed, p, factor, slope)
    if torch.is_grad_enabled() and x.requires_grad:
        return _MaskedActivation.apply(x, activation, arguments)  # type: ignore[no-any-return, no-untyped-call]
    return _run(x, None, activation, *arguments)


def _run(
    x: Tensor,
    gradient: Tensor | None,
    activation: str,
    seed: int,
    p: float,
    factor: float,
    slope: float,
) -> Tensor:
    build = kernel().build
    if build is None:
        raise RuntimeError("the native kernel was taken away between forward and backward")
    y = torch.empty_like(x)
    inner, out = x.contiguous(), y if y.is_contiguous() else torch.empty(x.shape, dtype=x.dtype)
    gradient = None if gradient is None else gradient.contiguous()
    _native.masked_activation_into(build, activation, inner, gradient, out, seed, p, factor, slope)
    return y if out is y else y.copy_(out)


class _MaskedActivation(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, activation: str, arguments: tuple[int, float, float, float]
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.activation, ctx.arguments = activation, arguments
        return _run(x, None, activation, *arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        if torch.is_grad_enabled() or kernel().build is None or not is_plain(gradient):
            return _backward_apart(x, gradient, ctx.activation, *ctx.arguments), None, None
        return _run(x, gradient, ctx.activation, *ctx.arguments), None, None


def _backward_apart(
    x: Tensor, gradient: Tensor, activation: str, seed: int, p: float, factor: float, slope: float
) -> Tensor:
    """The backward pass in differentiable steps, for double backward."""
    return activation_gradient(x, masked_scale(gradient, seed, p, factor), activation, slope)


def activation_gradient(x: Tensor, gradient: Tensor, activation: str, slope: float) -> Tensor:
    """Backward pass of an activation, in steps that can be differentiated again.

    Args:
        x: What went into the activation.
        gradient: Of what came out, like `x`.
        activation: As in `masked_activation`.
        slope: As in `masked_activation`.

    Returns:
        The gradient of `x`.
    """
    if activation == "relu":
        return torch.where(x <= 0, 0.0, gradient)
    if activation == "leaky_relu":
        return torch.where(x > 0, gradient, gradient * slope)
    if activation == "silu":
        share = torch.sigmoid(x)  # torch's own formula for SiLU cannot be differentiated
        return gradient * (share * (1 + x * (1 - share)))
    approximate = "tanh" if activation == "gelu_tanh" else "none"
    return torch.ops.aten.gelu_backward(gradient, x, approximate=approximate)  # type: ignore[no-any-return]
