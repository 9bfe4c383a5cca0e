"""Entropy of the classes of several rows at once, under samples of a network."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ._moments import entropy

_NUMBERS = 2**22  # at a time: 32 MB


class JointEntropy:
    """The classes of some chosen rows, and of one more.

    A configuration is one class for each chosen row. While there are few of them, all are held;
    beyond, some are drawn, each from the classes of a sample, as many from every sample.

    Args:
        samples: Probabilities, float64, shape `(T, N, C)`; one network for all rows of a sample.
        most: Configurations up to which all are held.
        draws: How many are drawn beyond, rounded up to a multiple of T.
        generator: Source of the draws; `None` takes torch's own.
    """

    def __init__(
        self, samples: Tensor, most: int, draws: int, generator: torch.Generator | None
    ) -> None:
        self.samples, self.most, self.draws = samples, most, draws
        self.generator = generator
        self.chosen: list[int] = []
        self.owners: Tensor | None = None  # samples from which configurations were drawn
        self._logs = torch.zeros(1, dtype=torch.float64)  # of configurations' probabilities
        self._ratios = torch.ones(len(samples), 1, dtype=torch.float64)  # a sample's to the mean

    def add(self, row: int) -> None:
        """Choose a row."""
        self.chosen.append(row)
        if self.owners is not None:
            self._draw(row)
        elif len(self._logs) * self.samples.shape[2] <= self.most:
            self._extend(row)
        else:
            count = len(self.samples)
            self.owners = torch.arange(count).repeat(math.ceil(self.draws / count))
            self._logs = torch.zeros(len(self.owners), dtype=torch.float64)
            self._ratios = torch.ones(count, len(self.owners), dtype=torch.float64)
            for chosen in self.chosen:
                self._draw(chosen)

    def entropies(self) -> Tensor:
        """Joint entropy of the chosen rows and each row in turn, in nats, shape `(N,)`."""
        count, rows, classes = self.samples.shape
        shares = self._logs.exp() if self.owners is None else 1 / len(self._logs)
        result = torch.empty(rows, dtype=torch.float64)
        size = max(1, _NUMBERS // (len(self._logs) * classes))
        for first in range(0, rows, size):
            part = self.samples[:, first : first + size].reshape(count, -1)
            given = (self._ratios.T @ part / count).view(len(self._logs), -1, classes)
            surprises = entropy(given) - self._logs[:, None]
            result[first : first + size] = (
                shares @ surprises if isinstance(shares, Tensor) else surprises.mean(0)
            )
        return result

    def _extend(self, row: int) -> None:
        """Hold each configuration with each class of the row; not those that cannot be."""
        classes = self.samples.shape[2]
        ratios = (self._ratios[:, :, None] * self.samples[:, None, row]).flatten(1)
        self._update(self._logs.repeat_interleave(classes), ratios)

    def _draw(self, row: int) -> None:
        """Draw the row's class in each configuration, from the sample that owns it."""
        own = self.samples[self.owners, row]
        classes = torch.multinomial(own, 1, generator=self.generator).squeeze(1)
        self._update(self._logs, self._ratios * self.samples[:, row, classes])

    def _update(self, logs: Tensor, ratios: Tensor) -> None:
        """Bring ratios back to a mean of one, so that long products do not underflow."""
        means = ratios.mean(0)
        possible = means > 0
        self._logs = logs[possible] + means[possible].log()
        self._ratios = ratios[:, possible] / means[possible]
