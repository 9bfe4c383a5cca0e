"""How far chance alone may carry a count."""

from __future__ import annotations

from functools import cache

from scipy.stats import binom

TAIL = 2.866515719235352e-07
"""What a normal variable exceeds by five standard deviations with, on one side."""


@cache
def share_bound(n: int, p: float, *, above: bool) -> float:
    """How far the share of successes in `n` draws may lie from `p`, at five sigma on each side.

    The quantiles are those of the binomial distribution itself, not of the normal that resembles
    it: with small `p` the two differ. Where draws are means over groups that need not agree within,
    the bound is wider than need be.

    Args:
        n: Independent draws.
        p: Probability of a success, in `[0, 1]`.
        above: Whether the share lies above `p`; the distribution is not symmetric.

    Returns:
        A distance; half a count is added, for rounding.

    Example:
        >>> 0.004 < share_bound(250_000, 0.5, above=True) < 0.006
        True
    """
    far = binom.isf(TAIL, n, p) if above else binom.ppf(TAIL, n, p)
    return float(abs(far / n - p) + 0.5 / n)
