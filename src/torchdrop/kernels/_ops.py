"""Masked scaling as a differentiable operation that keeps only its seed for backward."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._stream import keep_mask


def masked_scale(x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
    """Zero the elements that the seed drops and multiply the others by `factor`.

    A dropped NaN or infinity is 0: elements are selected, not multiplied by a mask. Float16 and
    bfloat16 are scaled in float32 and rounded once. Backward draws the same mask again.

    Args:
        x: Floating point or complex, any shape; its row-major index decides.
        seed: int64, shape `(1,)`, on the device of `x`.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.

    Returns:
        A tensor with the shape, dtype and device of `x`.
    """
    result: Tensor = _MaskedScale.apply(x, seed, p, factor)  # type: ignore[no-untyped-call]
    return result


class _MaskedScale(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
        keep = keep_mask(seed, x.numel(), p).reshape(x.shape)
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        return torch.where(keep, wide * factor, 0.0).to(x.dtype)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, float, float], output: Tensor
    ) -> None:
        _, seed, ctx.p, ctx.factor = inputs
        ctx.save_for_backward(seed)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (seed,) = ctx.saved_tensors
        return masked_scale(gradients[0], seed, ctx.p, ctx.factor), None, None, None
