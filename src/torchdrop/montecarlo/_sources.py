"""The generators that a model draws from, seeded for each sample."""

from __future__ import annotations

from torch import Tensor, nn

from ..modes import generators
from ._seeds import sample_seed


class Sources:
    """All generators of a model: torch's own, those of its devices, and those of its layers.

    Args:
        model: Any module.
    """

    def __init__(self, model: nn.Module) -> None:
        self._sources = list(generators(model).values())

    def seed(self, seed: int) -> None:
        """Let them draw from a seed; different ones draw differently."""
        for number, source in enumerate(self._sources):
            source.manual_seed(sample_seed(seed, number, None) if number else seed)

    def states(self) -> list[Tensor]:
        """What tells whether any of them has moved."""
        return [source.get_state() for source in self._sources]
