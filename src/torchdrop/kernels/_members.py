"""Masked scaling of many tensors at once, each with a seed, a rate and a factor of its own.

This is what `vmap` makes of `masked_scale`, and what a stack of models trains with. A member's
mask is the one it would draw alone, whatever else is in the stack.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._stream import uniform_bits

_WIDENED = (torch.float16, torch.bfloat16)


def masked_scale_members(x: Tensor, seeds: Tensor, thresholds: Tensor, factors: Tensor) -> Tensor:
    """Do to each member what `masked_scale` does to a tensor.

    Args:
        x: Floating point or complex, shape `(M, ...)`: members along the first axis.
        seeds: int64, shape `(M,)`, each in `[0, 2**62)`.
        thresholds: int64, shape `(M,)`: `keep_threshold` of each member's p.
        factors: float64, shape `(M,)`: what each member's kept elements are multiplied by.

    Returns:
        A contiguous tensor with the shape, dtype and device of `x`.
    """
    if x.requires_grad or torch._C._are_functorch_transforms_active():
        return _Members.apply(x, seeds, thresholds, factors)  # type: ignore[no-any-return, no-untyped-call]
    result: Tensor = torch.ops.torchdrop.masked_scale_members(x, seeds, thresholds, factors)
    return result


def _run(x: Tensor, seeds: Tensor, thresholds: Tensor, factors: Tensor) -> Tensor:
    build = kernel().build
    if build is None or not x.is_cpu or x.dtype not in _native.DTYPES:
        members = zip(x, seeds, thresholds, factors, strict=True)
        return torch.stack([_reference(*member) for member in members])
    x = x.contiguous()
    y = torch.empty_like(x)
    if x.numel() > 0:
        settings = (seeds.contiguous(), thresholds.contiguous(), factors.contiguous())
        _native.masked_members_into(build, None, x, None, y, *settings)
    return y


def _reference(x: Tensor, seed: Tensor, threshold: Tensor, factor: Tensor) -> Tensor:
    keep = (uniform_bits(seed, x.numel()) < threshold).reshape(x.shape)
    wide = x.float() if x.dtype in _WIDENED else x
    return torch.where(keep, wide * factor.to(wide.dtype), 0.0).to(x.dtype)


class _Members(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, seeds: Tensor, thresholds: Tensor, factors: Tensor) -> Tensor:
        result: Tensor = torch.ops.torchdrop.masked_scale_members(x, seeds, thresholds, factors)
        return result

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return masked_scale_members(gradients[0], *ctx.saved_tensors), None, None, None


def _fake(x: Tensor, seeds: Tensor, thresholds: Tensor, factors: Tensor) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _vmap(info: Any, dims: tuple[int | None, ...], *arguments: Tensor) -> tuple[Tensor, int]:
    """A batch of stacks is a longer stack."""
    x, *settings = (
        argument.expand(info.batch_size, *argument.shape)
        if dim is None
        else argument.movedim(dim, 0)
        for argument, dim in zip(arguments, dims, strict=True)
    )
    flat = (setting.flatten(0, 1) for setting in settings)
    y = torch.ops.torchdrop.masked_scale_members(x.flatten(0, 1), *flat)
    return y.unflatten(0, x.shape[:2]), 0


_LIBRARY: Any = torch.library.Library("torchdrop", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    "masked_scale_members(Tensor x, Tensor seeds, Tensor thresholds, Tensor factors) -> Tensor",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_LIBRARY.impl("masked_scale_members", _run, "CompositeExplicitAutograd")
torch.library.register_fake("torchdrop::masked_scale_members", _fake, lib=_LIBRARY)
torch.library.register_vmap("torchdrop::masked_scale_members", _vmap, lib=_LIBRARY)
