"""Torch's dropout layers, with masks by torchdrop's kernel for as long as a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from .. import functional

_DIMS = {
    nn.Dropout: None,
    nn.Dropout1d: 1,
    nn.Dropout2d: 2,
    nn.Dropout3d: 3,
}
"""Layers that are answered for, and how many axes behind the channels they drop together."""


@contextmanager
def native_masks(model: nn.Module, *, shared: bool) -> Iterator[frozenset[nn.Module]]:
    """Let plain dropout layers of `model` draw their masks by the kernel.

    Args:
        model: Any module.
        shared: Whether all rows get the same mask.

    Yields:
        The layers that do so; the others draw as ever.
    """
    layers = [m for m in model.modules() if type(m) in _DIMS and "forward" not in vars(m)]
    try:
        for layer in layers:
            layer.forward = partial(_forward, layer, shared)
        yield frozenset(layers)
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _forward(layer: Any, shared: bool, x: Tensor) -> Tensor:
    behind = _DIMS[type(layer)]
    if not layer.training or (behind is None and not shared):
        return functional.dropout(x, layer.p, training=layer.training)
    axes = range(1 if shared else 0, x.ndim)
    if behind is not None:
        batched = x.ndim == behind + 2
        channels = (1 if batched else 0,)
        axes = channels if shared or not batched else (0, *channels)  # type: ignore[assignment]
    return functional.dropout(x, layer.p, training=True, dims=tuple(axes))
