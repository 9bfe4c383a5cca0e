"""From how many rows on it pays to compute only the units that are kept.

Thinning saves multiplications, and costs copies: parts of weights are gathered, and gradients of
full shape are zeroed and filled. What is saved grows with the rows of the batch, the copies do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

LEAST_ROWS = 16
"""Rows below which matrix products are bound by memory, whatever the widths."""

PER_ELEMENT = 32
"""Multiplications done in the time of copying one element. Provisional."""

PER_LAYER = 4_000_000
"""Multiplications done in the time of a layer's further calls. Provisional."""

_PRODUCTS = 3  # forward, and the gradients of the weights and of the input


def least_rows(widths: Sequence[int], rates: Sequence[float]) -> int:
    """Find the number of rows from which a chain of linear layers is faster thinned.

    Args:
        widths: Units before the chain's first layer and after each of its layers.
        rates: Probability of dropping each of those units, in `[0, 1]`, as many as `widths`.

    Returns:
        Rows of a mini-batch, at least `LEAST_ROWS`.

    Example:
        >>> least_rows((784, 1024, 1024, 10), (0, 0.5, 0.5, 0)) < 128
        True
        >>> least_rows((8, 16, 8), (0, 0.5, 0)) > 1000
        True
    """
    saved = moved = 0.0
    for (n, drop_n), (m, drop_m) in pairwise(zip(widths, rates, strict=True)):
        part = (1 - drop_n) * (1 - drop_m)
        saved += _PRODUCTS * n * m * (1 - part)
        moved += n * m * (1 + 2 * part)  # gradients zeroed; parts gathered, and scattered
    cost = PER_ELEMENT * moved + PER_LAYER * (len(widths) - 1)
    return max(LEAST_ROWS, math.ceil(cost / saved)) if saved > 0 else _NEVER


_NEVER = 2**62
