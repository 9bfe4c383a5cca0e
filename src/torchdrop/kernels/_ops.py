"""Masked scaling as an operation of torch: eager, compiled, vmapped and differentiable.

The operation `torchdrop::masked_scale` is pure: the same seed gives the same mask. Randomness
comes in by the seed, which is drawn by torch's own generator; an operation that drew it itself
would be merged with its like by the compiler, and two layers would share a mask. The autograd
function lies outside the operation; its backward is the operation once more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._members import masked_scale_members
from ._seeds import Seed, is_plain, seed_tensor
from ._stream import keep_mask, keep_threshold

_WIDENED = (torch.float16, torch.bfloat16)


def masked_scale(x: Tensor, seed: Seed, p: float | Tensor, factor: float | Tensor) -> Tensor:
    """Zero the elements that the seed drops and multiply the others by `factor`.

    A dropped NaN or infinity is 0: elements are selected, not multiplied by a mask. Float16 and
    bfloat16 are scaled in float32 and rounded once. Backward draws the same mask again.

    Args:
        x: Floating point or complex, any shape; its row-major index decides.
        seed: A number, or int64 of shape `(1,)` on the device of `x`.
        p: Probability of dropping, in `[0, 1]`; as a tensor of one element it may change under a
            compiler without a new graph, and differ from member to member under `vmap`.
        factor: What kept elements are multiplied by.

    Returns:
        A tensor with the shape, dtype and device of `x`.
    """
    if isinstance(p, Tensor):
        threshold, factors = torch.as_tensor(keep_threshold(p)), torch.as_tensor(factor)
        one = seed_tensor(seed, x.device).reshape(1)
        factors = factors.to(x.device, torch.float64).reshape(1)
        y = masked_scale_members(x.unsqueeze(0), one, threshold.reshape(1), factors)
        return y.squeeze(0)
    factor = float(factor)
    if not is_plain(x):
        seed = seed_tensor(seed, x.device)
        return _TransformedMaskedScale.apply(x, seed, p, factor)  # type: ignore[no-any-return, no-untyped-call]
    if torch.is_grad_enabled() and x.requires_grad:
        return _MaskedScale.apply(x, (seed, p, factor))  # type: ignore[no-any-return, no-untyped-call]
    return _run(x, seed, p, factor)


def masked_scale_(x: Tensor, seed: Seed, p: float | Tensor, factor: float | Tensor) -> Tensor:
    """Do what `masked_scale` does and write the result into `x`.

    Args:
        x: As in `masked_scale`; changed in place, without other memory if it is contiguous.
        seed: As in `masked_scale`.
        p: As in `masked_scale`.
        factor: As in `masked_scale`.

    Returns:
        `x` itself.

    Raises:
        RuntimeError: If `x` is a leaf that requires a gradient, as for any change in place.
    """
    if isinstance(p, Tensor) or not is_plain(x):
        return x.copy_(masked_scale(x, seed, p, factor))
    factor = float(factor)
    if not (torch.is_grad_enabled() and x.requires_grad):
        _run_into(x, seed, p, factor)
        torch.autograd.graph.increment_version(x)
        return x
    if x.is_leaf:
        raise RuntimeError(
            "in-place dropout would overwrite a leaf tensor that requires a gradient; give it the "
            "result of an operation, or use inplace=False."
        )
    return _MaskedScaleInPlace.apply(x, (seed, p, factor))  # type: ignore[no-any-return, no-untyped-call]


def masked_scale_out(
    x: Tensor, out: Tensor, seed: Seed, p: float, factor: float, *, start: int = 0
) -> Tensor:
    """Do what `masked_scale` does, into a given tensor and without autograd.

    Args:
        x: Contiguous.
        out: Contiguous, with the shape and dtype of `x`; may be `x` itself.
        seed: A number, or int64 of shape `(1,)`.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.
        start: Logical index of the first element.

    Returns:
        `out`.
    """
    build = kernel().build
    if build is None or not x.is_cpu or x.dtype not in _native.DTYPES:
        return out.copy_(_reference(x, seed_tensor(seed, x.device), p, factor, start))
    _native.masked_scale_into(build, x, out, int(seed), p, factor, start)
    return out


def draw_mask(shape: tuple[int, ...], seed: Seed, p: float | Tensor, like: Tensor) -> Tensor:
    """Draw a mask: for each of its elements, whether it is kept.

    Args:
        shape: Of the mask; the row-major index in it decides.
        seed: As in `masked_scale`.
        p: Probability of dropping, as in `masked_scale`.
        like: A tensor on the device where the mask shall be, and under the same transforms.

    Returns:
        bool, of shape `shape`: true where an element is kept.
    """
    with torch.no_grad():
        return masked_scale(like.new_ones(shape, dtype=torch.float32), seed, p, 1.0) != 0


def _reference(x: Tensor, seed: Tensor, p: float, factor: float, start: int = 0) -> Tensor:
    keep = keep_mask(seed, x.numel(), p, start=start).reshape(x.shape)
    wide = x.float() if x.dtype in _WIDENED else x
    return torch.where(keep, wide * factor, 0.0).to(x.dtype)


def _run(x: Tensor, seed: Seed, p: float, factor: float) -> Tensor:
    """Run the kernel in use; the result has the memory format of `x`."""
    y = torch.empty_like(x)
    if x.is_contiguous():
        return masked_scale_out(x, y, seed, p, factor)
    # The kernel follows the logical order; other formats are copied there and back.
    x = x.contiguous()
    return y.copy_(masked_scale_out(x, torch.empty_like(x), seed, p, factor))


def _run_into(x: Tensor, seed: Seed, p: float, factor: float) -> None:
    if x.is_contiguous():
        masked_scale_out(x, x, seed, p, factor)
    else:
        x.copy_(_run(x, seed, p, factor))


class _MaskedScale(torch.autograd.Function):
    """The eager path: the kernel is called without the dispatcher.

    `forward` takes the context, since torch binds the signature of one that does not at every
    call, which costs ten times as much as the kernel on a small tensor. What is not to be
    differentiated comes as one tuple, for the same reason.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, arguments: tuple[Seed, float, float]) -> Tensor:
        ctx.arguments = arguments
        return _run(x, *arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return masked_scale(gradients[0], *ctx.arguments), None


class _MaskedScaleInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, arguments: tuple[Seed, float, float]) -> Tensor:
        ctx.arguments = arguments
        ctx.mark_dirty(x)
        _run_into(x, *arguments)
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return masked_scale(gradients[0], *ctx.arguments), None


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
    return torch.empty_like(x)


def _vmap(
    info: Any, dims: tuple[int | None, ...], x: Tensor, seed: Tensor, p: float, factor: float
) -> tuple[Tensor, int]:
    """Each member of the batch is masked as it would be alone."""
    x_dim, seed_dim, *_ = dims
    size = info.batch_size
    x = x.expand(size, *x.shape) if x_dim is None else x.movedim(x_dim, 0)
    seeds = seed.expand(size, 1) if seed_dim is None else seed.movedim(seed_dim, 0)
    thresholds = seeds.new_full((size,), keep_threshold(p))
    factors = torch.full((size,), factor, dtype=torch.float64, device=x.device)
    return torch.ops.torchdrop.masked_scale_members(x, seeds.flatten(), thresholds, factors), 0


_LIBRARY: Any = torch.library.Library("torchdrop", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    "masked_scale(Tensor x, Tensor seed, float p, float factor) -> Tensor",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_LIBRARY.impl("masked_scale", _run, "CompositeExplicitAutograd")
torch.library.register_fake("torchdrop::masked_scale", _fake, lib=_LIBRARY)
torch.library.register_vmap("torchdrop::masked_scale", _vmap, lib=_LIBRARY)
