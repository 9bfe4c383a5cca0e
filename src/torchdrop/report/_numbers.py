"""Numbers as text: as many digits as a reader needs, the same for all numbers of a column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ..tuning import Interval

MISSING = "n/a"


def decimals(values: Iterable[float]) -> int:
    """How many decimals give the largest of `values` four significant digits, from 0 to 9."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0:
        return 4
    return min(max(3 - math.floor(math.log10(largest)), 0), 9)


def number(value: float | None, digits: int, *, sign: bool = False) -> str:
    """Write one number.

    Args:
        value: The number; `None` is written as `n/a`.
        digits: Decimals, as from `decimals`.
        sign: Whether a positive number gets a plus sign.

    Returns:
        Plain ASCII text.
    """
    if value is None:
        return MISSING
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def ends(interval: Interval | None, digits: int, *, sign: bool = False) -> str:
    """Write the ends of an interval as `[low, high]`; empty where there is none."""
    if interval is None or interval.low is None or interval.high is None:
        return ""
    low = number(interval.low, digits, sign=sign)
    return f"[{low}, {number(interval.high, digits, sign=sign)}]"


def epochs(value: float | None) -> str:
    """Write the number of epochs to reach a loss, which may be a median of two."""
    return "not reached" if value is None else f"{value:g}"


def duration(seconds: float) -> str:
    """Write a wall time in the unit a person would use."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def plural(count: int, noun: str) -> str:
    """Write a count and its noun, such as `1 seed` or `5 seeds`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def typographic(text: str) -> str:
    """Set text for the page: minus signs for hyphens, and no line break inside `p = 0.3`."""
    return re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", text).replace("p = ", "p\xa0=\xa0")
