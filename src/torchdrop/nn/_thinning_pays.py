"""From how many rows on it pays to compute only the units that are kept.

Thinning saves multiplications, and costs copies and calls: parts of weights are gathered, and
gradients of full shape are filled. What is saved grows with the rows of the batch, the rest does
not. The constants were taken from `torchdrop bench thin` on one machine (2 cores, AMD Zen 4),
where "thinned always" crosses a chain that steps aside; docs/thin.md has the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

PER_ELEMENT = 4
"""Multiplications done in the time of copying one element."""

PER_LAYER = 12_000_000
"""Multiplications done in the time of a layer's further calls."""

PER_LAYER_OF_A_GROUP = 55_000_000
"""The same where a batch is done in groups: products of few rows are slower too."""

SLOWER = 1.23
"""Time of a multiplication in a product that is left, against one of the whole: odd shapes."""

_PRODUCTS = 3  # forward, and the gradients of the weights and of the input


def least_rows(widths: Sequence[int], rates: Sequence[float], groups: int = 1) -> int:
    """Find the number of rows from which a chain of linear layers is faster thinned.

    Args:
        widths: Units before the chain's first layer and after each of its layers.
        rates: Probability of dropping each of those units, in `[0, 1]`, as many as `widths`.
        groups: Parts of the batch that are done one after the other.

    Returns:
        Rows of a mini-batch, or of each group, at least 1; more than any machine holds where it
        never pays, as for p = 0.1.

    Example:
        >>> least_rows((784, 1024, 1024, 10), (0, 0.5, 0.5, 0)) < 32
        True
        >>> least_rows((8, 16, 8), (0, 0.5, 0)) > 1000
        True
    """
    saved = moved = 0.0
    for (n, drop_n), (m, drop_m) in pairwise(zip(widths, rates, strict=True)):
        part = (1 - drop_n) * (1 - drop_m)
        saved += _PRODUCTS * n * m * max(0.0, 1 - SLOWER * part)
        moved += n * m * (1 + 2 * part)  # gradients filled; parts gathered, and scattered
    each = PER_LAYER if groups == 1 else PER_LAYER_OF_A_GROUP
    cost = PER_ELEMENT * moved + each * (len(widths) - 1)
    return max(1, math.ceil(cost / saved)) if saved > 0 else _NEVER


_NEVER = 2**62
