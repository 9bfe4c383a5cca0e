"""What a single check returns: one number against its bound, or why it could not be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isnan


@dataclass(frozen=True, slots=True)
class Measured:
    """One number, what it should be, and how far off it may be.

    Attributes:
        quantity: What the number is.
        measured: The number.
        expected: What a sound dropout gives.
        bound: How far `measured` may lie from `expected`; 0 where it must agree exactly.
        advice: The likely cause, and what to do, if it lies farther.
    """

    quantity: str
    measured: float
    expected: float
    bound: float
    advice: str

    @property
    def excess(self) -> float:
        """Distance from what is expected, in units of the bound; a NaN is infinitely far."""
        distance = abs(self.measured - self.expected)
        if distance == 0:
            return 0.0
        return distance / self.bound if self.bound > 0 and not isnan(distance) else inf


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a check does not apply."""

    reason: str


Result = Measured | Skipped


def worst(results: Iterable[Measured]) -> Measured:
    """The one that is farthest off, in units of its bound."""
    return max(results, key=lambda result: result.excess)
