"""Means over seeds and how far they can be trusted, from Student's t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

CONFIDENCE = 0.95
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds with its confidence interval.

    Attributes:
        mean: Mean over seeds.
        low: Lower end; `None` where one seed gives no interval.
        high: Upper end; `None` where one seed gives no interval.
    """

    mean: float
    low: float | None
    high: float | None

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high is not None and self.high < 0


def mean_interval(values: Sequence[float] | FloatArray, *, comparisons: int = 1) -> Interval:
    """Mean of `values` with Student's t interval.

    Args:
        values: One figure per seed, at least one.
        comparisons: How many intervals must hold together with 95 % confidence; each is widened
            after Bonferroni.

    Returns:
        The mean, and an interval around it if there are two values or more.
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, None, None)
    error = standard_error(values)
    if error == 0:
        return Interval(mean, mean, mean)
    confidence = 1 - (1 - CONFIDENCE) / comparisons
    low, high = stats.t.interval(confidence, df=len(values) - 1, loc=mean, scale=error)
    return Interval(mean, float(low), float(high))


def standard_error(values: Sequence[float] | FloatArray) -> float:
    """Standard error of the mean of `values`, at least two."""
    return float(stats.sem(values))
