"""One color per dropout rate, the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.colors import LinearSegmentedColormap, to_hex

NO_DROPOUT = "#868c95"

# Blue to orange by way of violet and pink, lightness rising: the order survives all common kinds
# of color blindness, and each has a contrast of about 3 to 1 on white and on near-black.
_ANCHORS = ("#3a78d8", "#7a68dc", "#ad59c6", "#d3539a", "#e25f63", "#de7a2c")


def rate_colors(rates: Sequence[float]) -> dict[float, str]:
    """Give each rate its color: gray for 0, a sequence from low to high for the others.

    Args:
        rates: The grid, ascending.

    Returns:
        A color such as `#3a78d8` for each rate.
    """
    dropping = [p for p in rates if p > 0]
    sequence = LinearSegmentedColormap.from_list("rates", _ANCHORS)
    last = max(len(dropping) - 1, 1)
    colors = {p: to_hex(sequence(place / last)) for place, p in enumerate(dropping)}
    return {p: colors.get(p, NO_DROPOUT) for p in rates}
