"""Checks on arrays, and the words that errors are made of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

# A float64 rather than a Python float: next to float16 values the latter would become infinite.
_LARGEST = np.float64(np.finfo(np.float32).max)


def check_numbers(values: NDArray[Any], name: str) -> None:
    """Raise `DataError` unless all values are finite numbers that fit into float32."""
    kind = values.dtype.kind
    if kind not in "biuf":
        what = "text" if kind in "USOT" else "values"
        raise DataError(
            f"{name} holds {what} (dtype {values.dtype}) where numbers are needed; "
            "turn it into numbers first."
        )
    # `<=` is false for NaN, so this finds NaN, infinities and values too large at once.
    bad = ~(np.abs(values) <= _LARGEST) if kind == "f" else np.zeros(0, dtype=bool)
    if bad.any():
        place = [int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape)]
        raise DataError(
            f"{name} holds {int(bad.sum())} of {bad.size} values that are NaN, infinite or too "
            f"large for float32, the first at {place}; fill them in or leave out their rows."
        )


def listed(names: Iterable[Any], limit: int = 20) -> str:
    """The names in quotes, cut after `limit` of them."""
    quoted = [repr(str(name)) for name in names]
    rest = len(quoted) - limit
    return ", ".join(quoted[:limit]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(word: str, names: Iterable[Any]) -> str:
    """` (did you mean 'x'?)` for the names nearest to `word`, or nothing."""
    by_lower = {str(name).lower(): name for name in names}
    close = get_close_matches(word.lower(), by_lower)
    return f" (did you mean {listed(by_lower[match] for match in close)}?)" if close else ""


def counted(count: int, noun: str) -> str:
    """`1 row` or `2 rows`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
