"""Means, variances and entropies of samples, one sample after the other."""

from __future__ import annotations

import torch
from torch import Tensor


class Moments:
    """Running mean and variance of samples of some rows, by Welford's method, in float64.

    A row can be stopped: later samples do not change it any more.

    Args:
        shape: Of a sample: rows, and values of each.
    """

    def __init__(self, shape: torch.Size) -> None:
        self.count = torch.zeros(shape[0], dtype=torch.int64)
        self.mean = torch.zeros(shape, dtype=torch.float64)
        self._squares = torch.zeros(shape, dtype=torch.float64)

    def add(self, sample: Tensor, going: Tensor) -> None:
        """Take another sample in.

        Args:
            sample: float64, of the shape.
            going: bool, which rows are not stopped.
        """
        self.count += going
        weight = (going / self.count.clamp(min=1).double())[:, None]
        difference = sample - self.mean
        self.mean += difference * weight
        self._squares += difference * (sample - self.mean) * going[:, None]

    @property
    def variance(self) -> Tensor:
        """Of the samples, unbiased; NaN where there are fewer than two."""
        return self._squares / (self.count - 1).clamp(min=0)[:, None]

    @property
    def standard_error(self) -> Tensor:
        """Of the mean."""
        return (self.variance / self.count[:, None]).sqrt()


class ClassMoments(Moments):
    """The same of probabilities of classes, with the samples' entropies and votes.

    Args:
        shape: Rows and classes.
    """

    def __init__(self, shape: torch.Size) -> None:
        super().__init__(shape)
        self._entropies = torch.zeros(shape[0], dtype=torch.float64)
        self.votes = torch.zeros(shape, dtype=torch.int64)

    def add(self, sample: Tensor, going: Tensor) -> None:
        """Take another sample in."""
        super().add(sample, going)
        self._entropies += entropy(sample) * going
        self.votes[torch.arange(len(sample)), sample.argmax(1)] += going.to(torch.int64)

    @property
    def expected_entropy(self) -> Tensor:
        """Mean entropy of the samples, in nats."""
        return self._entropies / self.count


def entropy(probabilities: Tensor) -> Tensor:
    """Entropy of each row's classes, in nats; 0 log 0 is 0."""
    result: Tensor = torch.special.entr(probabilities).sum(-1)
    return result
