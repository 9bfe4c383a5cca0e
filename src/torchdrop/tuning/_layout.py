"""The shape of a chain of linear layers, for drawing it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

_NORMS = (nn.BatchNorm1d, nn.LayerNorm)


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths of a chain-shaped network and where it drops, enough to draw it.

    Attributes:
        widths: Units of each layer, input first.
        dropped: Whether dropout follows each of these layers.
    """

    widths: tuple[int, ...]
    dropped: tuple[bool, ...]


def layout_of(model: nn.Module) -> Layout | None:
    """Read the layout of a chain of linear layers, or return `None` for any other model."""
    if not isinstance(model, nn.Sequential):
        return None
    widths: list[int] = []
    dropped: list[bool] = []
    for layer in model:
        if isinstance(layer, nn.Linear):
            widths += [layer.out_features] if widths else [layer.in_features, layer.out_features]
            dropped += [False] * (len(widths) - len(dropped))
        elif isinstance(layer, nn.Dropout) and dropped:
            dropped[-1] = True
        elif next(layer.parameters(), None) is not None and not isinstance(layer, _NORMS):
            return None
    return Layout(tuple(widths), tuple(dropped)) if widths else None
