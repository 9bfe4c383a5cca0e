"""What the functions of the family have in common: p, the scale, and masks shared along axes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import Seed, draw_mask, is_plain, keep_probability

Scale = Literal["train", "eval"]

_WIDENED = (torch.float16, torch.bfloat16)


def training_factor(p: float | Tensor, scale: Scale) -> float | Tensor:
    """What kept elements are multiplied by in training."""
    if isinstance(p, Tensor):
        shares = keep_probability(p)
        return 1 / shares.where(shares > 0, 1.0) if scale == "train" else torch.ones_like(shares)
    kept = keep_probability(p)
    return 1 / kept if scale == "train" and kept > 0 else 1.0


def known_rate(p: float | Tensor, x: Tensor) -> float | Tensor:
    """Read a rate that is held in a tensor, where nothing traces or batches it.

    Args:
        p: Probability of dropping, in `[0, 1]`; a number, or a tensor of one element.
        x: What it is for.

    Returns:
        A number; the tensor itself under a compiler or a transform.

    Raises:
        SettingError: If it is a number outside `[0, 1]`, or read to be one.
    """
    if isinstance(p, Tensor):
        if p.numel() != 1:
            raise SettingError(
                "p is one number, or a tensor of one element (under vmap, one for each member); "
                f"got a tensor of shape {tuple(p.shape)}."
            )
        if not (is_plain(p) and is_plain(x)):
            return p
        p = float(p)
    check_probability(p)
    return p


def mask_shape(x: Tensor, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of a mask that has a draw for each index of `dims` and is shared along the rest.

    Args:
        x: What the mask is for.
        dims: Axes along which draws are independent; negative ones count from the end.

    Returns:
        As many axes as `x` has: its sizes along `dims`, 1 along the others.

    Raises:
        SettingError: If an axis is not there or named twice.
    """
    axes = [dim + x.ndim if dim < 0 else dim for dim in dims]
    if not all(0 <= axis < x.ndim for axis in axes) or len(set(axes)) != len(axes):
        raise SettingError(
            f"dims names axes of the input, each once; got dims={dims} for an input with "
            f"{x.ndim} axes, of shape {tuple(x.shape)}."
        )
    return tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape))


def shared_mask_scale(
    x: Tensor, shape: tuple[int, ...], seed: Seed, p: float | Tensor, factor: float | Tensor
) -> Tensor:
    """Do what `kernels.masked_scale` does, with a mask that is broadcast to `x`.

    For backward the mask is kept, in its own small shape.

    Args:
        x: Floating point or complex.
        shape: Of the mask, broadcastable to that of `x`.
        seed: Of the mask.
        p: Probability of dropping, in `[0, 1]`.
        factor: What kept elements are multiplied by.

    Returns:
        A tensor with the shape, dtype and device of `x`.
    """
    return select_scaled(x, draw_mask(shape, seed, p, x), factor)


def select_scaled(x: Tensor, keep: Tensor, factor: float | Tensor) -> Tensor:
    """Multiply the kept elements by `factor` in float32 or wider; the others become 0.

    Args:
        x: Floating point or complex.
        keep: bool, broadcastable to the shape of `x`.
        factor: A number or a tensor, broadcastable to the shape of `x`.

    Returns:
        A tensor with the shape, dtype and device of `x`; it was rounded once.
    """
    wide = x.float() if x.dtype in _WIDENED else x
    if isinstance(factor, Tensor):
        factor = factor.to(wide.dtype)
    return torch.where(keep, wide * factor, 0.0).to(x.dtype)


def check_probability(p: float) -> None:
    """Refuse anything that is not a probability of dropping.

    Args:
        p: Probability of dropping, in `[0, 1]`.

    Raises:
        SettingError: If `p` is a boolean, NaN, or outside `[0, 1]`.
    """
    if isinstance(p, bool):
        raise SettingError(
            f"p is the probability of dropping, in [0, 1]; got p={p}, which looks like a mode "
            "flag: pass it as training=."
        )
    if not 0.0 <= p <= 1.0:
        raise SettingError(
            f"p is the probability of dropping, in [0, 1]; got p={p}. To give a keep probability, "
            "use Dropout.from_keep_probability."
        )


def check_scale(scale: str) -> None:
    """Refuse a scale that is neither `train` nor `eval`."""
    if scale not in ("train", "eval"):
        raise SettingError(
            f"scale says when outputs are rescaled, 'train' or 'eval'; got {scale!r}."
        )


def check_dtype(x: Tensor) -> None:
    """Refuse a tensor that cannot be scaled: of integers or booleans."""
    if not (x.is_floating_point() or x.is_complex()):
        raise TypeError(
            f"dropout works on floating point or complex tensors; got {x.dtype}. Convert it with "
            ".float() first."
        )
