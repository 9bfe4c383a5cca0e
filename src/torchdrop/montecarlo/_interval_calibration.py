"""Whether the intervals of a regression hold as many targets as they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import SettingError
from ._numbers import check_spread, numbers_of
from ._prediction import Prediction

LEVELS = tuple(step / 20 for step in range(1, 20))
"""0.05, 0.1, ..., 0.95."""


@dataclass(frozen=True, slots=True, eq=False)
class IntervalCalibration:
    """The level of intervals beside the share of targets inside. L levels, C values of each row.

    Attributes:
        rows: How many there are.
        levels: Probabilities with which a target should lie inside.
        inside: Share of rows whose target does, float64, shape `(L, C)`.
        width: Mean width of the intervals, in the target's unit, float64, shape `(L, C)`.
        crps: Continuous ranked probability score of the normal distribution that the intervals
            are of, mean over rows, in the target's unit, float64, shape `(C,)`; lower is better.
    """

    rows: int
    levels: tuple[float, ...]
    inside: Tensor
    width: Tensor
    crps: Tensor

    @property
    def share(self) -> Tensor:
        """Share of targets inside, of all values together, shape `(L,)`."""
        return self.inside.mean(1)

    @property
    def error(self) -> float:
        """Mean distance of shares and levels, over levels and values.

        Each value has its own distance, so one with too wide intervals does not make up for
        another with too narrow ones. Perfect intervals have about `0.33 / sqrt(rows)`, by chance.
        """
        return float(self._differences().abs().mean())

    @property
    def surplus(self) -> float:
        """Mean of share minus level; above 0, intervals are too wide, below 0 too narrow."""
        return float(self._differences().mean())

    @property
    def sharpness(self) -> float:
        """Mean width over levels and values; of two that hold alike, the lower one says more."""
        return float(self.width.mean())

    def _differences(self) -> Tensor:
        return self.inside - torch.tensor(self.levels, dtype=torch.float64)[:, None]

    def to_dict(self) -> dict[str, Any]:
        """Return the record, and what follows from it, as plain JSON types."""
        return {
            "rows": self.rows,
            "levels": list(self.levels),
            "inside": self.inside.tolist(),
            "width": self.width.tolist(),
            "crps": self.crps.tolist(),
            "share": self.share.tolist(),
            "error": self.error,
            "surplus": self.surplus,
            "sharpness": self.sharpness,
        }


def interval_calibration(
    prediction: Prediction, targets: Tensor | None = None, *, levels: Sequence[float] = LEVELS
) -> IntervalCalibration:
    """Count how many targets lie inside `prediction.interval(level)`, for many levels.

    Args:
        prediction: A regression with tau, of at least two samples of each row.
        targets: True numbers, in the unit of the prediction, shape `(N,)` or `(N, C)`; `None`
            takes the prediction's own.
        levels: Each inside `(0, 1)`.

    Returns:
        The shares, with the widths of the intervals and the CRPS. Values of a row are counted
        each by themselves: they may have units of their own.

    Raises:
        SettingError: If a level is out of range, tau is not known, there are fewer than two
            samples of a row, or for a classification.
        DataError: If there are no targets, they do not fit, or one is no finite number.

    Example:
        >>> from torch import nn
        >>> from torch.utils.data import TensorDataset
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 1))
        >>> x = torch.randn(10, 4)
        >>> result = predict(model, TensorDataset(x, x.sum(1)), samples=20, tau=1e-6)
        >>> interval_calibration(result).share.min().item()  # as wide as this, all are inside
        1.0

    Source:
        Kuleshov, Fenner, Ermon, ICML (2018), arXiv 1807.00263, who count targets below quantiles
        and sum squared distances; these are central intervals and mean distances, as in Chung et
        al., arXiv 2109.10254 (Uncertainty Toolbox). CRPS: Gneiting, Raftery, JASA 102 (2007),
        section 4.2.
    """
    truth = numbers_of(prediction, targets)
    check_spread(prediction)
    if not levels:
        raise SettingError("levels are one or more probabilities; got none.")
    inside, width = [], []
    for level in levels:
        low, high = prediction.interval(level)
        inside.append(((low <= truth) & (truth <= high)).double().mean(0))
        width.append((high - low).mean(0))
    return IntervalCalibration(
        rows=len(truth),
        levels=tuple(levels),
        inside=torch.stack(inside),
        width=torch.stack(width),
        crps=_crps(prediction, truth).mean(0),
    )


def _crps(prediction: Prediction, truth: Tensor) -> Tensor:
    """Of normal distributions: `s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))`."""
    deviation = (prediction.variance + prediction.aleatoric).sqrt()
    z = (truth - prediction.mean) / deviation
    density = (-z.square() / 2).exp() / math.sqrt(2 * math.pi)
    below = torch.special.ndtr(z)
    score: Tensor = deviation * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return score
