"""Tell dropout layers from others."""

from __future__ import annotations

from torch import Tensor
from torch import nn as torch_nn
from torch.nn.modules.dropout import _DropoutNd

from .. import nn

INVERTED = frozenset(
    {
        torch_nn.Dropout,
        torch_nn.Dropout1d,
        torch_nn.Dropout2d,
        torch_nn.Dropout3d,
        torch_nn.AlphaDropout,
        torch_nn.FeatureAlphaDropout,
        nn.Dropout,
        nn.Dropout1d,
        nn.Dropout2d,
        nn.Dropout3d,
        nn.AlphaDropout,
        nn.FeatureAlphaDropout,
        nn.GaussianDropout,
        nn.LockedDropout,
        nn.DropPath,
        nn.StochasticDepth,
        nn.DropBlock1d,
        nn.DropBlock2d,
        nn.DropBlock3d,
    }
)
"""Layers that give back their input in evaluation; with `scale="eval"` a share of it."""


def is_ours(layer: torch_nn.Module) -> bool:
    """Whether a layer is one of torchdrop's, or of a class that is built on one."""
    return any(f"{kind.__module__}.".startswith(f"{nn.__name__}.") for kind in type(layer).__mro__)


def holds_rate(layer: torch_nn.Module) -> bool:
    """Whether a layer is dropout, torch's or torchdrop's, and holds its p as a number.

    A p that is learned, or computed from something else, is none.
    """
    p = vars(layer).get("p", layer._buffers.get("p"))
    known = isinstance(layer, _DropoutNd) or is_ours(layer)
    return known and isinstance(p, (int, float, Tensor))
