"""What a pass draws from: generators, and the seeds of the layers that draw by the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._seeds import call_seed
from ._sources import Sources


class Draws:
    """The random numbers of one pass, in which one sample or several are drawn.

    Layers that draw by the kernel have seeds of each sample, so that its masks are the same
    whatever travels with it. All else draws from generators, which know of no samples.

    Args:
        model: Any module.
    """

    def __init__(self, model: nn.Module) -> None:
        self._sources = Sources(model)
        self._samples: Sequence[int] = ()
        self._calls = 0
        self._generators: list[Tensor] = []

    def begin(self, samples: Sequence[int]) -> None:
        """Begin a pass.

        Args:
            samples: The seed of each sample in it, at least one.
        """
        self._samples, self._calls = samples, 0
        self._sources.seed(samples[0])
        self._generators = self._sources.states()

    def seeds(self) -> list[int]:
        """Draw the next mask's seed of each sample."""
        self._calls += 1
        return [call_seed(seed, self._calls - 1) for seed in self._samples]

    def states(self) -> list[Tensor]:
        """What tells whether anything was drawn."""
        return [*self._sources.states(), torch.tensor(self._calls)]

    @property
    def others_drew(self) -> bool:
        """Whether a generator has moved in this pass."""
        states = zip(self._generators, self._sources.states(), strict=True)
        return not all(torch.equal(before, after) for before, after in states)
