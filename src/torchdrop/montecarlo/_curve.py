"""How good the mean is after 1, 2, 5, 10, ... samples, row by row."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ._prediction import Point, Task

_STEPS = (1, 2, 5)
_LEAST = torch.finfo(torch.float32).tiny  # of a probability, before its logarithm


def stations(samples: int) -> list[int]:
    """Numbers of samples at which a curve is drawn: 1, 2, 5, 10, ..., and the last."""
    powers = range(len(str(samples)))
    found = [step * 10**power for power in powers for step in _STEPS]
    return sorted({*(x for x in found if x <= samples), samples})


class Curve:
    """Losses of each row at each station.

    Args:
        task: What the targets are.
        tau: Precision of the noise of a regression.
    """

    def __init__(self, task: Task, tau: float | None) -> None:
        self.task, self.tau = task, tau
        self._errors: dict[int, list[Tensor]] = {}
        self._likelihoods: dict[int, list[Tensor]] = {}

    def add(
        self, samples: int, mean: Tensor, targets: Tensor, exponents: Tensor | None = None
    ) -> None:
        """Take some rows in.

        Args:
            samples: How many `mean` is of; 0 for weight scaling.
            mean: Shape `(N, C)`.
            targets: Classes, shape `(N,)`, or values of shape `(N, C)`.
            exponents: For a regression with tau: logarithm of the sum over samples of
                `exp(-tau / 2 * distance**2)`, shape `(N,)`.
        """
        errors, likelihoods = self._losses(samples, mean, targets, exponents)
        self._errors.setdefault(samples, []).append(errors)
        self._likelihoods.setdefault(samples, []).append(likelihoods)

    def _losses(
        self, samples: int, mean: Tensor, targets: Tensor, exponents: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if self.task == "classification":
            own = mean.gather(1, targets[:, None]).squeeze(1)
            wrong = (mean.argmax(1) != targets).to(torch.float64)
            return wrong, own.clamp(min=_LEAST).log()
        squares = (mean - targets).square().sum(1)
        if self.tau is None:
            return squares, torch.full_like(squares, math.nan)
        if exponents is None:
            exponents = -self.tau / 2 * squares
        constant = targets.shape[1] / 2 * math.log(self.tau / (2 * math.pi))
        return squares, exponents - math.log(max(1, samples)) + constant

    def points(self) -> tuple[Point, ...]:
        """The curve over all rows that were taken in."""
        return tuple(self._point(samples) for samples in sorted(self._errors))

    def _point(self, samples: int) -> Point:
        errors = torch.cat(self._errors[samples])
        likelihoods = torch.cat(self._likelihoods[samples])
        error, deviation = float(errors.mean()), _deviation(errors)
        if self.task == "regression":
            root = math.sqrt(error)
            error, deviation = root, deviation / (2 * root) if root else 0.0  # by the delta method
        return Point(samples, error, float(likelihoods.mean()), deviation, _deviation(likelihoods))


def _deviation(values: Tensor) -> float:
    return float(values.std() / math.sqrt(len(values))) if len(values) > 1 else math.nan
