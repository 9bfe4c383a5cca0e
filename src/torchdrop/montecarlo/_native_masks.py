"""Plain dropout layers, with masks by torchdrop's kernel for as long as a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .. import functional
from ..kernels import given_seeds, keep_probability, keep_threshold, masked_scale_members
from ..nn import ActivationDropout, Dropout, ThinnedDropout, ThinnedSequential
from ._aside import aside
from ._draws import Draws

_DIMS = {
    nn.Dropout: None,
    nn.Dropout1d: 1,
    nn.Dropout2d: 2,
    nn.Dropout3d: 3,
    Dropout: None,
    ActivationDropout: None,
    ThinnedDropout: None,
}
"""Layers that are answered for, and how many axes behind the channels they drop together."""

_WIDENED = (torch.float16, torch.bfloat16)


@contextmanager
def native_masks(model: nn.Module, draws: Draws, *, shared: bool) -> Iterator[frozenset[nn.Module]]:
    """Let plain dropout layers of `model` draw their masks by the kernel.

    Where several samples are in a pass, the copies of the rows that they are of come one behind
    the other; each copy gets the mask that it would get alone. Thinned chains and pairs, which drop
    the same units of all rows in training, are the plain ones meanwhile.

    Args:
        model: Any module.
        draws: Gives the seeds.
        shared: Whether all rows get the same mask.

    Yields:
        The layers that do so; the others draw as ever.
    """
    layers = [m for m in model.modules() if _is_plain(m)]
    chains = [m for m in model.modules() if type(m) is ThinnedSequential and _is_untouched(m)]
    try:
        for layer in layers:
            layer.forward = partial(_forward, layer, draws, shared)
        for chain in chains:
            chain.forward = partial(nn.Sequential.forward, chain)  # type: ignore[method-assign]
        yield frozenset(layers)
    finally:
        for module in (*layers, *chains):
            vars(module).pop("forward", None)


def _is_plain(layer: Any) -> bool:
    """Whether a layer drops single elements or channels and has no ways of its own."""
    own = type(layer) in (Dropout, ActivationDropout)
    plain = not own or (layer.dims is None and layer.scale == "train")
    return type(layer) in _DIMS and plain and _is_untouched(layer)


def _is_untouched(module: nn.Module) -> bool:
    """Whether nobody else has given this very module another forward."""
    return "forward" not in vars(module)


def _forward(layer: Any, draws: Draws, shared: bool, x: Tensor) -> Tensor:
    if isinstance(layer, ActivationDropout):
        x = layer.activate(x)
    if not layer.training or not layer.p:
        return x
    dims, seeds = _dims(layer, shared, x.ndim), draws.seeds()
    with aside():
        if len(seeds) > 1:
            return _masked_copies(x, float(layer.p), dims, torch.tensor(seeds, device=x.device))
        with given_seeds([torch.tensor(seeds, device=x.device)]):
            return functional.dropout(x, layer.p, training=True, dims=dims)


def _dims(layer: Any, shared: bool, axes: int) -> tuple[int, ...] | None:
    """Axes along which the draws of a layer are independent; `None` for all."""
    behind = _DIMS[type(layer)]
    if behind is None:
        return tuple(range(1, axes)) if shared else None
    channels = (1 if axes == behind + 2 else 0,)
    return channels if shared or channels == (0,) else (0, *channels)


def _masked_copies(x: Tensor, p: float, dims: tuple[int, ...] | None, seeds: Tensor) -> Tensor:
    """Do to each copy what `functional.dropout` does with its seed."""
    copies = x.reshape(len(seeds), len(x) // len(seeds), *x.shape[1:])
    thresholds = torch.full_like(seeds, keep_threshold(p))
    factor = 1 / keep_probability(p) if keep_probability(p) else 1.0
    if dims is None:
        factors = torch.full_like(seeds, factor, dtype=torch.float64)
        return masked_scale_members(copies, seeds, thresholds, factors).flatten(0, 1)
    shape = (size if axis in dims else 1 for axis, size in enumerate(copies.shape[1:]))
    ones = x.new_ones((len(seeds), *shape), dtype=torch.float32)
    factors = torch.ones_like(seeds, dtype=torch.float64)
    keep = masked_scale_members(ones, seeds, thresholds, factors) != 0
    wide = copies.float() if copies.dtype in _WIDENED else copies
    return torch.where(keep, wide * factor, 0.0).to(copies.dtype).flatten(0, 1)
