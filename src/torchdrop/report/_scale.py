"""Where things stand on an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from matplotlib.axes import Axes

_MARGIN = 0.08
_REACH = 1.5


def positions(rates: Sequence[float]) -> tuple[float, ...]:
    """Place ascending rates on an axis, one unit apart on average.

    Distances are true to the rates, unless two would come to stand closer than half a unit: then
    all rates are spaced evenly.
    """
    if len(rates) < 2:
        return tuple(0.0 for _ in rates)
    step = (rates[-1] - rates[0]) / (len(rates) - 1)
    places = [(p - rates[0]) / step for p in rates]
    narrowest = min(b - a for a, b in pairwise(places))
    return tuple(places) if narrowest >= 0.5 else tuple(map(float, range(len(rates))))


def spread(count: int, width: float = 0.24) -> tuple[float, ...]:
    """Offsets that set `count` dots side by side, centered on 0."""
    if count < 2:
        return (0.0,) * count
    return tuple(width * (place / (count - 1) - 0.5) for place in range(count))


def finite(values: Iterable[float | None]) -> list[float]:
    """The values that can be drawn."""
    return [value for value in values if value is not None and math.isfinite(value)]


def limits(dots: Iterable[float | None], ends: Iterable[float | None] = ()) -> tuple[float, float]:
    """Choose the limits of an axis so that dots fill it and intervals fit if they can.

    Args:
        dots: Values that must be inside.
        ends: Ends of intervals; from two seeds they can be so far out that they would press the
            dots into a line, and are then cut off.

    Returns:
        Lower and upper limit, never equal.
    """
    inside = finite(dots) or [0.0, 1.0]
    low, high = min(inside), max(inside)
    room = _REACH * (high - low)
    outer = [min(max(end, low - room), high + room) for end in finite(ends)]
    low, high = min([low, *outer]), max([high, *outer])
    margin = _MARGIN * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def mark_rates(axes: Axes, rates: Sequence[float]) -> None:
    """Label the horizontal axis with the rates at their positions."""
    places = positions(rates)
    axes.set_xticks(places, [f"{p:g}" for p in rates])
    axes.set_xlim(places[0] - 0.6, places[-1] + 0.6)
    even = len({round(b - a, 6) for a, b in pairwise(rates)}) < 2
    to_scale = even or places != tuple(map(float, range(len(rates))))
    axes.set_xlabel("p, the probability of dropping" + ("" if to_scale else " (not to scale)"))
