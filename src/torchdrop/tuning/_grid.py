"""The grid of dropout rates and seeds, checked before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError

DEFAULT_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
MOST_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Grid:
    """All members of a sweep, as pairs of a rate and a seed.

    Attributes:
        rates: Probabilities of dropping, ascending, 0 first.
        seeds: How many seeds, numbered from 0.
    """

    rates: tuple[float, ...]
    seeds: int

    @classmethod
    def of(cls, p: Sequence[float], seeds: int) -> Grid:
        """Check and sort the rates; p = 0 is added, since all others are compared to it.

        Args:
            p: Probabilities of dropping, each in `[0, 1)`, at least one above 0.
            seeds: How many seeds, from 1 to 1,000.

        Returns:
            The grid.

        Raises:
            SettingError: If a rate or the number of seeds is out of range.
        """
        for rate in p:
            if not 0 <= rate < 1:
                raise SettingError(
                    f"p is the probability of dropping, in [0, 1) in a grid; got p={rate:g}. "
                    "At p = 1 nothing would be left to learn from."
                )
        if not any(rate > 0 for rate in p):
            raise SettingError("The grid needs at least one p above 0 to compare with p = 0.")
        if not 1 <= seeds <= MOST_SEEDS:
            raise SettingError(f"seeds is from 1 to {MOST_SEEDS:,}; got {seeds}.")
        return cls(tuple(sorted({0.0, *map(float, p)})), seeds)

    @property
    def cells(self) -> list[tuple[float, int]]:
        """Every (p, seed), one seed after the other, so that what is finished can be compared."""
        return [(p, seed) for seed in range(self.seeds) for p in self.rates]


@dataclass(frozen=True, slots=True)
class SeedStreams:
    """The three independent random numbers that a seed of the grid stands for.

    They do not depend on p: members of one seed start from the same weights, see the same batches
    and draw nested masks, so that their differences are due to p.

    Attributes:
        weights: Seeds the initial weights.
        order: Seeds the batch order.
        masks: Seeds torch's global generator during training.
    """

    weights: int
    order: int
    masks: int

    @classmethod
    def of(cls, seed: int) -> SeedStreams:
        """Spread the seed's number over the three streams."""
        words = np.random.SeedSequence(seed).generate_state(3, np.uint64)
        return cls(*(int(word >> np.uint64(2)) for word in words))
