"""Masked scaling as an operation of torch: eager, compiled, vmapped and differentiable.

The operation `torchdrop::masked_scale` is pure: the same seed gives the same mask. Randomness
comes in by the seed, which is drawn by torch's own `randint`; an operation that drew it itself
would be merged with its like by the compiler, and two layers would share a mask. The autograd
function lies outside the operation; its backward is the operation once more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._stream import keep_mask

_WIDENED = (torch.float16, torch.bfloat16)


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
    if not is_plain(x):
        return _TransformedMaskedScale.apply(x, seed, p, factor)  # type: ignore[no-any-return, no-untyped-call]
    if torch.is_grad_enabled() and x.requires_grad:
        return _MaskedScale.apply(x, seed, p, factor)  # type: ignore[no-any-return, no-untyped-call]
    return _run(x, seed, p, factor)


def is_plain(x: Tensor) -> bool:
    """Whether `x` has memory of its own and nothing watches what is done to it.

    If not (a compiler or a transform at work, a dispatch mode such as that of fake tensors, a
    subclass of tensor), the call must go through torch's dispatcher.
    """
    return not (
        type(x) not in (Tensor, torch.nn.Parameter)
        or torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
    )


def masked_scale_out(
    x: Tensor, out: Tensor, seed: Tensor, p: float, factor: float, *, start: int = 0
) -> Tensor:
    """Do what `masked_scale` does, into a given tensor and without autograd.

    Args:
        x: Contiguous.
        out: Contiguous, with the shape and dtype of `x`; may be `x` itself.
        seed: int64, shape `(1,)`.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.
        start: Logical index of the first element.

    Returns:
        `out`.
    """
    build = kernel().build
    if build is None or not _native.can_run(x, seed):
        return out.copy_(_reference(x, seed, p, factor, start))
    _native.masked_scale_into(build, x, out, seed, p, factor, start)
    return out


def _reference(x: Tensor, seed: Tensor, p: float, factor: float, start: int = 0) -> Tensor:
    keep = keep_mask(seed, x.numel(), p, start=start).reshape(x.shape)
    wide = x.float() if x.dtype in _WIDENED else x
    return torch.where(keep, wide * factor, 0.0).to(x.dtype)


def _run(x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
    """Run the kernel in use; the result is contiguous."""
    x = x.contiguous()
    return masked_scale_out(x, torch.empty_like(x), seed, p, factor)


class _MaskedScale(torch.autograd.Function):
    """The eager path: the kernel is called without the dispatcher.

    `forward` takes the context, since torch binds the signature of one that does not at every
    call, which costs ten times as much as the kernel on a small tensor.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
        ctx.save_for_backward(seed)
        ctx.p, ctx.factor = p, factor
        return _run(x, seed, p, factor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (seed,) = ctx.saved_tensors
        return masked_scale(gradients[0], seed, ctx.p, ctx.factor), None, None, None


class _TransformedMaskedScale(torch.autograd.Function):
    """The same where `is_plain` is false, through the dispatcher."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
        result: Tensor = torch.ops.torchdrop.masked_scale(x, seed, p, factor)
        return result

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


def _fake(x: Tensor, seed: Tensor, p: float, factor: float) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _vmap(
    info: Any, dims: tuple[int | None, ...], x: Tensor, seed: Tensor, p: float, factor: float
) -> tuple[Tensor, int]:
    """Each member of the batch is masked as it would be alone."""
    x_dim, seed_dim, *_ = dims
    size = info.batch_size
    xs = [x] * size if x_dim is None else x.unbind(x_dim)
    seeds = [seed] * size if seed_dim is None else seed.unbind(seed_dim)
    members = [
        torch.ops.torchdrop.masked_scale(member, own, p, factor)
        for member, own in zip(xs, seeds, strict=True)
    ]
    return torch.stack(members), 0


_LIBRARY: Any = torch.library.Library("torchdrop", "DEF")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    "masked_scale(Tensor x, Tensor seed, float p, float factor) -> Tensor",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_LIBRARY.impl("masked_scale", _run, "CompositeExplicitAutograd")
torch.library.register_fake("torchdrop::masked_scale", _fake, lib=_LIBRARY)
torch.library.register_vmap("torchdrop::masked_scale", _vmap, lib=_LIBRARY)
