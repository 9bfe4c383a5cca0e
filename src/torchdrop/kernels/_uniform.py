"""Uniform and normal numbers from a seed, for noise that is not a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._seeds import Seed, seed_tensor
from ._stream import uniform_bits


def uniform(shape: Sequence[int], seed: Seed, device: torch.device) -> Tensor:
    """Draw the numbers that the mask stream compares with the rate: `(u + 1/2) / 2**32`.

    So `uniform(...) < 1 - p` is the mask of the same seed, up to the rounding of p.

    Args:
        shape: Of the result; the row-major index in it decides.
        seed: A number, or int64 of shape `(1,)` on `device`.
        device: Where the numbers shall be.

    Returns:
        float64, of shape `shape`, uniform over the open interval (0, 1) in steps of `2**-32`.
    """
    result: Tensor = torch.ops.torchdrop.uniform(seed_tensor(seed, device), list(shape))
    return result


def normal(shape: Sequence[int], seed: Seed, device: torch.device) -> Tensor:
    """Draw standard normal numbers: the inverse distribution function of `uniform`.

    Args:
        shape: Of the result; the row-major index in it decides.
        seed: A number, or int64 of shape `(1,)` on `device`.
        device: Where the numbers shall be.

    Returns:
        float64, of shape `shape`, up to 6.3 in size.
    """
    result: Tensor = torch.special.ndtri(uniform(shape, seed, device))
    return result


def _run(seed: Tensor, shape: Sequence[int]) -> Tensor:
    y = torch.empty(list(shape), dtype=torch.float64, device=seed.device)
    build = kernel().build
    if build is None or not seed.is_cpu:
        return ((uniform_bits(seed, y.numel()) + 0.5) * 2**-32).reshape(y.shape)
    _native.uniform_into(build, y, int(seed))
    return y


def _fake(seed: Tensor, shape: Sequence[int]) -> Tensor:
    return torch.empty(list(shape), dtype=torch.float64, device=seed.device)


def _vmap(
    info: Any, dims: tuple[int | None, Any], seed: Tensor, shape: Sequence[int]
) -> tuple[Tensor, int | None]:
    if dims[0] is None:
        return torch.ops.torchdrop.uniform(seed, shape), None
    members = seed.movedim(dims[0], 0).unbind()
    return torch.stack([torch.ops.torchdrop.uniform(member, shape) for member in members]), 0


_LIBRARY: Any = torch.library.Library("torchdrop", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    "uniform(Tensor seed, SymInt[] shape) -> Tensor", tags=(torch.Tag.pt2_compliant_tag,)
)
_LIBRARY.impl("uniform", _run, "CompositeExplicitAutograd")
torch.library.register_fake("torchdrop::uniform", _fake, lib=_LIBRARY)
torch.library.register_vmap("torchdrop::uniform", _vmap, lib=_LIBRARY)
