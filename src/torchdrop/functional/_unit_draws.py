"""Kept units of all layers of a network, drawn together for a mini-batch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from ..kernels import draw_units_of_layers, keep_threshold
from ._thinned import Count, factor_of, kept_units, number_kept


@dataclass(frozen=True)
class KeptUnits:
    """Units of a layer that a mini-batch keeps.

    Attributes:
        numbers: Of them, ascending, int64.
        factor: What their outputs are still to be multiplied by; 0 where none is kept.
        usual: How many are kept on average.
    """

    numbers: Tensor
    factor: float
    usual: int


class UnitLayers:
    """Layers whose kept units are drawn together: in one call where the native kernel runs.

    Args:
        units: Of each layer, at least 1.
        rates: Probability of dropping a unit of each layer, in `[0, 1]`.
        count: As in `kept_units`.
        groups: How many mini-batches' units are drawn at once.

    Source:
        Each layer's units are those of `kept_units` with its seed, which is the specification.
    """

    def __init__(
        self, units: Sequence[int], rates: Sequence[float], *, count: Count, groups: int = 1
    ) -> None:
        self.units, self.rates, self.count, self.groups = list(units), list(rates), count, groups
        self.factors = [factor_of(n, p, count) for n, p in zip(units, rates, strict=True)]
        self.usual = [max(1, round((1 - p) * n)) for n, p in zip(units, rates, strict=True)]
        self.starts = list(accumulate(self.units * groups, initial=0))
        rules = [
            number_kept(n, p) if count == "exact" else -1 - keep_threshold(p)
            for n, p in zip(units, rates, strict=True)
        ]
        self._rules = (
            array("q", self.units * groups),
            array("q", rules * groups),
            array("d", self.factors * groups),
        )

    def __len__(self) -> int:
        """How many draws there are: layers times groups."""
        return len(self.units) * self.groups

    def draw(self, seeds: Tensor, dtype: torch.dtype) -> UnitDraws:
        """Draw units.

        Args:
            seeds: int64, shape `(groups * layers,)`, those of a group side by side.
            dtype: Of what the units will be.

        Returns:
            Units for all layers and groups, on the device of `seeds`.
        """
        total = self.starts[-1]
        drawn = draw_units_of_layers(seeds, self._rules, total, dtype)
        if drawn is not None:
            return UnitDraws(self, *drawn)
        numbers, counts = seeds.new_empty(total), list[int]()
        for i, seed in enumerate(torch.split(seeds, 1)):
            layer = i % len(self.units)
            units, p = self.units[layer], self.rates[layer]
            kept, _ = kept_units(units, p, seed, seeds.device, count=self.count)
            counts.append(len(kept))
            numbers[self.starts[i] : self.starts[i] + counts[i]] = kept
        return UnitDraws(self, numbers, counts, None)


@dataclass
class UnitDraws:
    """What was drawn for a mini-batch.

    Attributes:
        layers: For which.
        numbers: Of kept units, those of a draw from `layers.starts` on.
        counts: How many each draw keeps.
        filled: For each unit its factor, 0 where it is dropped, if there already.
    """

    layers: UnitLayers
    numbers: Tensor
    counts: list[int]
    filled: Tensor | None

    def kept(self, layer: int, group: int = 0, *, least: int = 0) -> KeptUnits:
        """The kept units of a layer.

        Args:
            layer: Its place among the layers.
            group: Of the mini-batch.
            least: 1 names a unit where none is kept, for operations that refuse none.

        Returns:
            Their numbers and factor.
        """
        draw, usual = group * len(self.layers.units) + layer, self.layers.usual[layer]
        if not self.counts[draw]:
            return KeptUnits(self.numbers.new_zeros(least), 0.0, usual)
        start = self.layers.starts[draw]
        numbers = self.numbers[start : start + self.counts[draw]]
        return KeptUnits(numbers, self.layers.factors[layer], usual)

    def factors(self, layer: int, dtype: torch.dtype) -> Tensor:
        """What the units of a layer are multiplied by where all of them were computed.

        Args:
            layer: Its place among the layers.
            dtype: Of the units.

        Returns:
            Shape `(groups, units)`; 0 for dropped units.
        """
        if self.filled is None or self.filled.dtype != dtype:
            self.filled = self.numbers.new_zeros(self.layers.starts[-1], dtype=dtype)
            for draw, count in enumerate(self.counts):
                start = self.layers.starts[draw]
                places = start + self.numbers[start : start + count]
                factor = self.layers.factors[draw % len(self.layers.units)]
                self.filled.index_fill_(0, places, factor)
        start = self.layers.starts[layer]
        width = self.layers.units[layer]
        return self.filled.view(self.layers.groups, -1)[:, start : start + width]
