"""What cases of the benchmarks of steps have in common: contestants, compared with one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._timing import Timing

BASE = "none"


class Compared:
    """A case whose contestants are compared with the network without dropout.

    Attributes:
        timings: Seconds per step of each contestant, `none` among them.
    """

    __slots__ = ()

    timings: Mapping[str, Timing]

    def milliseconds(self, contestant: str) -> float:
        """Milliseconds per step at the median."""
        return 1e3 * self.timings[contestant].median

    def ratio(self, contestant: str, to: str = BASE) -> float:
        """The quotient of two medians."""
        return self.timings[contestant].median / self.timings[to].median

    def figures(self) -> dict[str, Any]:
        """Return the timings and what follows from them as plain JSON types."""
        return {
            "timings": {name: timing.to_dict() for name, timing in self.timings.items()},
            "milliseconds": {name: self.milliseconds(name) for name in self.timings},
            "ratios": {f"{name} / {BASE}": self.ratio(name) for name in self.timings},
        }
