"""How many mistakes are left when the most doubtful rows are not answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ._measures import Measure, measured
from ._prediction import Prediction
from ._probabilities import Of, probabilities_of, targets_of
from ._ties import in_order


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Risk by coverage, from the least doubtful row alone to all N rows.

    Attributes:
        measure: Of doubt, by which rows were ordered.
        of: Whose probabilities: `mean` or `weight_scaling`.
        coverage: Share of rows that are answered: 1/N, 2/N, ..., 1; float64, shape `(N,)`.
        risk: Share of wrong classes among them; where rows are equally doubtful, its expectation
            over their orders; float64, shape `(N,)`.
    """

    measure: Measure
    of: Of
    coverage: Tensor
    risk: Tensor

    @property
    def aurc(self) -> float:
        """Area under the curve: the mean risk over all coverages; lower is better.

        A measure that says nothing has the share of all mistakes, `risk[-1]`.
        """
        return float(self.risk[0] + (self.risk - self.risk[0]).mean())  # a constant to the last bit

    @property
    def best_aurc(self) -> float:
        """The area if all mistakes came last: what no measure can beat with these classes."""
        rows = len(self.risk)
        right = rows - round(float(self.risk[-1]) * rows)
        answered = torch.arange(1, rows + 1, dtype=torch.float64)
        return float(((answered - right).clamp(min=0) / answered).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return the record, and what follows from it, as plain JSON types."""
        return {
            "measure": self.measure,
            "of": self.of,
            "coverage": self.coverage.tolist(),
            "risk": self.risk.tolist(),
            "aurc": self.aurc,
            "best_aurc": self.best_aurc,
        }


def risk_coverage(
    prediction: Prediction,
    targets: Tensor | None = None,
    *,
    measure: Measure = "predictive_entropy",
    of: Of = "mean",
) -> RiskCoverage:
    """Order rows by doubt, and give the share of mistakes among the first 1, 2, ..., N.

    The area is the mean over these N coverages, so that a risk that is the same at all of them is
    its own area. Rows of equal doubt share their mistakes evenly, whatever their order.

    Args:
        prediction: A classification.
        targets: True classes, shape `(N,)`; `None` takes the prediction's own.
        measure: `predictive_entropy`, `mutual_information`, `variation_ratio` or
            `least_confidence`.
        of: Whose classes and doubt: the samples' `mean`, or `weight_scaling`, which has only the
            first and the last measure.

    Returns:
        The curve.

    Raises:
        SettingError: If the measure is unknown or needs samples, or for a regression.
        DataError: If there are no targets, they do not fit, or probabilities are none.

    Example:
        >>> from torch import nn
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
        >>> result = predict(model, torch.randn(10, 4), samples=20, task="classification")
        >>> curve = risk_coverage(result, result.classes)  # all are right
        >>> curve.aurc, curve.best_aurc
        (0.0, 0.0)

    Source:
        Geifman, Uziel, El-Yaniv, ICLR (2019), arXiv 1805.08206. Ties by expectation are ours.
    """
    doubt = measured(prediction, measure, of)
    values = probabilities_of(prediction, of)
    classes = targets_of(prediction, targets, values)
    wrong = (values.argmax(1) != classes).to(torch.float64)
    expected, _ = in_order(wrong, doubt)
    answered = torch.arange(1, len(wrong) + 1, dtype=torch.float64)
    first = expected[0]
    risk = first + (expected - first).cumsum(0) / answered  # a constant to the last bit
    return RiskCoverage(measure, of, answered / len(wrong), risk)
