"""Whether probabilities can be taken at their word."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError
from ._curve import Curve
from ._prediction import Prediction
from ._probabilities import Of, probabilities_of, targets_of
from ._ties import in_order


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows of about the same confidence.

    Attributes:
        low: Confidence where it begins.
        high: Where it ends.
        confidence: Mean of its rows; NaN if there are none.
        accuracy: Share of its rows whose likeliest class is true; NaN if there are none.
        count: Of its rows.
    """

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence beside accuracy, and proper scores.

    Attributes:
        of: Which probabilities: `mean`, `weight_scaling`, or `probabilities` if they were given.
        adaptive: Whether bins have equal counts instead of equal widths.
        bins: By rising confidence.
        adaptive_ece: The expected calibration error over as many bins of equal counts.
        brier: Mean over rows of the squared distance to the true class's unit vector, summed over
            classes: in `[0, 2]`, and of two classes twice the score of one of them.
        log_likelihood: Mean over rows of the true class's log probability, in nats.
    """

    of: str
    adaptive: bool
    bins: tuple[CalibrationBin, ...]
    adaptive_ece: float
    brier: float
    log_likelihood: float

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(part.count for part in self.bins)

    @property
    def accuracy(self) -> float:
        """Share of rows whose likeliest class is true."""
        return sum(x.accuracy * x.count for x in self.bins if x.count) / self.rows

    @property
    def confidence(self) -> float:
        """Mean probability of the likeliest class; above the accuracy, it is too sure."""
        return sum(x.confidence * x.count for x in self.bins if x.count) / self.rows

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of the bins, weighted by their counts."""
        return _ece(self.bins)

    @property
    def mce(self) -> float:
        """Maximum calibration error: the distance of the worst bin that has rows."""
        return max(abs(x.accuracy - x.confidence) for x in self.bins if x.count)

    def to_dict(self) -> dict[str, Any]:
        """Return the record, and what follows from it, as plain JSON types."""
        parts = [
            {name: None if math.isnan(x) else x for name, x in asdict(part).items()}
            for part in self.bins
        ]
        follows = ("rows", "accuracy", "confidence", "ece", "mce")
        return {**asdict(self), **{name: getattr(self, name) for name in follows}, "bins": parts}


def calibration(
    prediction: Prediction | Tensor,
    targets: Tensor | None = None,
    *,
    bins: int = 15,
    adaptive: bool = False,
    of: Of = "mean",
) -> Calibration:
    """Compare how sure a classification is with how often it is right.

    Rows are put into bins by the probability of their likeliest class. Bins of equal width hold
    their lower edge, and the last one 1 too, as in `numpy.histogram`. Bins of equal counts differ
    by one row at most; rows of the same confidence count as right by their mean, so that their
    order does not matter.

    Args:
        prediction: A classification, or probabilities of shape `(N, C)`.
        targets: True classes, shape `(N,)`; `None` takes the prediction's own.
        bins: How many, at least 1; there are no more of equal counts than rows.
        adaptive: Whether the record's bins are of equal counts.
        of: Probabilities of a prediction: the samples' `mean`, or `weight_scaling`.

    Returns:
        The bins with what follows from them, the Brier score and the log-likelihood. A
        probability below 1.2e-38 counts as that in the log-likelihood, which is so never infinite.

    Raises:
        SettingError: If a setting is out of range, or the prediction is a regression.
        DataError: If there are no targets, they do not fit, or probabilities are none.

    Example:
        >>> sure = torch.tensor([[0.75, 0.25]]).expand(4, 2)  # and right three times out of four
        >>> result = calibration(sure, torch.tensor([0, 0, 1, 0]))
        >>> result.ece, result.brier
        (0.0, 0.375)

    Source:
        Naeini, Cooper, Hauskrecht, AAAI (2015); Guo et al., ICML (2017), arXiv 1706.04599, whose
        bins hold the upper edge; equal counts: Nguyen, O'Connor, EMNLP (2015), arXiv 1508.05154;
        Brier, Monthly Weather Review 78 (1950).
    """
    if bins < 1:
        raise SettingError(f"bins are at least 1; got {bins}.")
    values = probabilities_of(prediction, of)
    classes = targets_of(prediction, targets, values)
    confidence, likeliest = values.max(1)
    right = (likeliest == classes).to(torch.float64)
    even = _equal_counts(confidence, right, bins)
    point = Curve("classification", None)
    point.add(0, values, classes)
    truth = F.one_hot(classes, values.shape[1])
    return Calibration(
        of=of if isinstance(prediction, Prediction) else "probabilities",
        adaptive=adaptive,
        bins=even if adaptive else _equal_widths(confidence, right, bins),
        adaptive_ece=_ece(even),
        brier=float((values - truth).square().sum(1).mean()),
        log_likelihood=point.points()[0].log_likelihood,
    )


def _ece(bins: tuple[CalibrationBin, ...]) -> float:
    rows = sum(part.count for part in bins)
    return sum(abs(x.accuracy - x.confidence) * x.count for x in bins if x.count) / rows


def _equal_widths(confidence: Tensor, right: Tensor, bins: int) -> tuple[CalibrationBin, ...]:
    edges = torch.from_numpy(np.linspace(0, 1, bins + 1))  # to the bit those of numpy.histogram
    number = torch.bucketize(confidence, edges[1:-1], right=True)  # 1 is behind the last edge
    counts = torch.bincount(number, minlength=bins)
    sums = [torch.bincount(number, weights=x, minlength=bins) for x in (confidence, right)]
    means = [(x / counts).tolist() for x in sums]
    parts = zip(edges[:-1].tolist(), edges[1:].tolist(), *means, counts.tolist(), strict=True)
    return tuple(CalibrationBin(*part) for part in parts)


def _equal_counts(confidence: Tensor, right: Tensor, bins: int) -> tuple[CalibrationBin, ...]:
    right, confidence = in_order(right, confidence)
    parts = min(bins, len(right))
    pairs = zip(confidence.tensor_split(parts), right.tensor_split(parts), strict=True)
    return tuple(
        CalibrationBin(float(x[0]), float(x[-1]), float(x.mean()), float(y.mean()), len(x))
        for x, y in pairs
    )
