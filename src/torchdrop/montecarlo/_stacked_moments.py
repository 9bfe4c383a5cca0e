"""Means, variances and entropies of many samples at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from ._moments import ClassMoments, Moments, entropy


class StackedMoments(Moments):
    """The same running mean and variance, which also takes several samples in at once."""

    def add_all(self, samples: Tensor) -> None:
        """Take samples of all rows in.

        Args:
            samples: float64, shape `(T, N, C)`, at least one.

        Source:
            Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
            variances", Stanford STAN-CS-79-773 (1979), equation 2.1.
        """
        mean, total = samples.mean(0), self.count + len(samples)
        squares = (samples - mean).square().sum(0)
        difference, share = mean - self.mean, (len(samples) / total.double())[:, None]
        self._squares += squares + difference.square() * self.count[:, None] * share
        self.mean += difference * share
        self.count = total


class StackedClassMoments(StackedMoments, ClassMoments):
    """The same of probabilities of classes."""

    def add_all(self, samples: Tensor) -> None:
        """Take samples of all rows in."""
        super().add_all(samples)
        self._entropies += entropy(samples).sum(0)
        classes = torch.arange(samples.shape[2])
        self.votes += (samples.argmax(2)[:, :, None] == classes).sum(0)
