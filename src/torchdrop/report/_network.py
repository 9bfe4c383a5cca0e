"""The chosen network as a drawing, with the nodes that real masks drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..kernels import draw_seed, keep_mask
from ..tuning import Layout

DRAWS = 24
MOST_NODES = 14

_WIDTH, _ROW, _TOP, _LEFT = 620, 21, 22, 62


@dataclass(frozen=True, slots=True)
class Layer:
    """One column of the drawing.

    Attributes:
        name: Such as `hidden layer 1`.
        width: Its true number of nodes.
        dropped: Whether dropout follows it.
        shown: Indices of the nodes that are drawn.
        nodes: Their places, x and y.
        dots: Places of the dots that stand for the nodes left out.
    """

    name: str
    width: int
    dropped: bool
    shown: tuple[int, ...]
    nodes: tuple[tuple[int, int], ...]
    dots: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one mini-batch drops.

    Attributes:
        bits: For each layer, a character per node drawn: `1` kept, `0` dropped.
        counts: What was kept, in words.
    """

    bits: tuple[str, ...]
    counts: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The network, ready for the template.

    Attributes:
        p: Probability of dropping the masks are drawn with.
        layers: Input first.
        draws: One per mini-batch.
        width: Of the drawing.
        height: Of the drawing.
    """

    p: float
    layers: tuple[Layer, ...]
    draws: tuple[Draw, ...]
    width: int
    height: int

    @property
    def edges(self) -> str:
        """The edges of the first draw as an SVG path: none touches a dropped node."""
        first = self.draws[0].bits
        pairs = zip(self.layers, self.layers[1:], first, first[1:], strict=False)
        return "".join(_edges(*pair) for pair in pairs)

    @property
    def content(self) -> dict[str, Any]:
        """What the script needs, as plain JSON types."""
        return {
            "p": self.p,
            "nodes": [layer.nodes for layer in self.layers],
            "draws": [{"bits": draw.bits, "counts": draw.counts} for draw in self.draws],
            "evaluation": "Evaluation mode: every node takes part.",
        }


def drawing(layout: Layout, p: float) -> Drawing:
    """Lay out the network and draw the masks of some mini-batches.

    The masks are those that the dropout layers draw for the first row of a mini-batch, from a
    generator seeded with 0.

    Args:
        layout: Widths of the network and where it drops.
        p: Probability of dropping.

    Returns:
        The drawing.
    """
    layers = _layers(layout)
    generator = torch.Generator().manual_seed(0)
    draws = tuple(_draw(layers, p, number, generator) for number in range(1, DRAWS + 1))
    tallest = max(len(layer.nodes) + bool(layer.dots) for layer in layers)
    width = layers[0].nodes[0][0] + layers[-1].nodes[0][0]
    return Drawing(p, layers, draws, width, 2 * _TOP + _ROW * (tallest - 1) + 44)


def _layers(layout: Layout) -> tuple[Layer, ...]:
    last = len(layout.widths) - 1
    column = min(max(_WIDTH // last, 110), 210)
    slots = max(_slots(width) for width in layout.widths)
    return tuple(
        _layer(_name(place, last), width, dropped, _LEFT + column * place, slots)
        for place, (width, dropped) in enumerate(zip(layout.widths, layout.dropped, strict=True))
    )


def _name(place: int, last: int) -> str:
    if place == 0:
        return "input"
    return "output" if place == last else f"hidden layer {place}"


def _slots(width: int) -> int:
    return width if width <= MOST_NODES else MOST_NODES + 1


def _layer(name: str, width: int, dropped: bool, x: int, slots: int) -> Layer:
    rows = _slots(width)
    top = _TOP + _ROW * (slots - rows) // 2
    places = [(x, top + _ROW * row) for row in range(rows)]
    if rows == width:
        return Layer(name, width, dropped, tuple(range(width)), tuple(places), ())
    half = MOST_NODES // 2
    shown = (*range(half), *range(width - half, width))
    _, middle = places.pop(half)
    dots = tuple((x, middle + shift) for shift in (-5, 0, 5))
    return Layer(name, width, dropped, shown, tuple(places), dots)


def _draw(layers: Sequence[Layer], p: float, number: int, generator: torch.Generator) -> Draw:
    bits, counts = [], []
    for layer in layers:
        mask = _mask(layer.width, p, generator) if layer.dropped else [True] * layer.width
        kept = [mask[index] for index in layer.shown]
        bits.append("".join("1" if keep else "0" for keep in kept))
        if layer.dropped:
            counts.append(_count(layer, sum(kept), sum(mask)))
    return Draw(tuple(bits), f"Mini-batch {number} of {DRAWS}: {'; '.join(counts)}.")


def _mask(width: int, p: float, generator: torch.Generator) -> list[bool]:
    kept: list[bool] = keep_mask(draw_seed(torch.device("cpu"), generator), width, p).tolist()
    return kept


def _count(layer: Layer, shown: int, kept: int) -> str:
    if len(layer.shown) == layer.width:
        return f"{layer.name} kept {kept} of {layer.width}"
    whole = f" ({kept:,} of {layer.width:,} in all)"
    return f"{layer.name} kept {shown} of {len(layer.shown)} shown{whole}"


def _edges(left: Layer, right: Layer, kept_left: str, kept_right: str) -> str:
    return "".join(
        f"M{x1} {y1}L{x2} {y2}"
        for (x1, y1), one in zip(left.nodes, kept_left, strict=True)
        for (x2, y2), other in zip(right.nodes, kept_right, strict=True)
        if one == other == "1"
    )
