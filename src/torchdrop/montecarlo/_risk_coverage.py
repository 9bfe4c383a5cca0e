"""How wrong it still is when the most doubtful rows are not answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from ..errors import SettingError
from ._measures import Measure, measured
from ._numbers import check_spread, numbers_of
from ._prediction import Prediction
from ._probabilities import Of, probabilities_of, targets_of
from ._ties import in_order

Doubt: TypeAlias = Measure | Literal["variance"]


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Risk by coverage, from the least doubtful row alone to all N rows.

    Attributes:
        measure: Of doubt, by which rows were ordered.
        of: Whose probabilities or numbers: `mean` or `weight_scaling`.
        coverage: Share of rows that are answered: 1/N, 2/N, ..., 1; float64, shape `(N,)`.
        risk: Share of wrong classes among them, or their mean squared error, in the square of the
            target's unit and summed over values; where rows are equally doubtful, its expectation
            over their orders; float64, shape `(N,)`.
        best_risk: The same if the worst rows came last: what no measure can beat with these
            predictions; float64, shape `(N,)`.
    """

    measure: Doubt
    of: Of
    coverage: Tensor
    risk: Tensor
    best_risk: Tensor

    @property
    def aurc(self) -> float:
        """Area under the curve: the mean risk over all coverages; lower is better.

        A measure that says nothing has the risk of all rows, `risk[-1]`.
        """
        return float(self.risk[0] + (self.risk - self.risk[0]).mean())  # a constant to the last bit

    @property
    def best_aurc(self) -> float:
        """The area if the worst rows came last: what no measure can beat with these predictions."""
        return float(self.best_risk.mean())

    def to_dict(self) -> dict[str, Any]:
        """Return the record, and what follows from it, as plain JSON types."""
        return {
            "measure": self.measure,
            "of": self.of,
            "coverage": self.coverage.tolist(),
            "risk": self.risk.tolist(),
            "best_risk": self.best_risk.tolist(),
            "aurc": self.aurc,
            "best_aurc": self.best_aurc,
        }


def risk_coverage(
    prediction: Prediction,
    targets: Tensor | None = None,
    *,
    measure: Doubt | None = None,
    of: Of = "mean",
) -> RiskCoverage:
    """Order rows by doubt, and give the risk of the first 1, 2, ..., N.

    Risk is the share of mistakes of a classification, and the mean squared error of a regression.
    The area is the mean over these N coverages, so that a risk that is the same at all of them is
    its own area. Rows of equal doubt share their losses evenly, whatever their order.

    Args:
        prediction: Any; a regression of at least two samples of each row.
        targets: True classes, shape `(N,)`, or numbers, `(N,)` or `(N, C)`; `None` takes the
            prediction's own.
        measure: Of a classification `predictive_entropy` (the default), `mutual_information`,
            `variation_ratio` or `least_confidence`; of a regression `variance` of the samples,
            summed over values: the noise's, `1 / tau`, is the same for all rows and changes no
            order.
        of: Whose classes and doubt: the samples' `mean`, or `weight_scaling`, which has only the
            first and the last measure of a classification.

    Returns:
        The curve.

    Raises:
        SettingError: If the measure is unknown, of another task, or needs samples.
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
        Geifman, Uziel, El-Yaniv, ICLR (2019), arXiv 1805.08206; with squared errors: Zaoui, Denis,
        Hebiri, NeurIPS (2020), arXiv 2006.16597. Ties by expectation are ours.
    """
    if prediction.task == "regression":
        losses = (prediction.mean - numbers_of(prediction, targets)).square().sum(1)
        return _in_doubt(losses, _variance(prediction, measure, of), "variance", of)
    if measure == "variance":
        raise SettingError("variance is for a regression; the prediction is a classification.")
    measure = measure or "predictive_entropy"
    doubt = measured(prediction, measure, of)
    values = probabilities_of(prediction, of)
    classes = targets_of(prediction, targets, values)
    return _in_doubt((values.argmax(1) != classes).to(torch.float64), doubt, measure, of)


def _variance(prediction: Prediction, measure: Doubt | None, of: Of) -> Tensor:
    if measure not in (None, "variance"):
        raise SettingError(f"{measure} is for a classification; the prediction is a regression.")
    if of != "mean":
        raise SettingError(
            "variance is about how samples differ, and weight scaling is one pass; take of='mean'."
        )
    check_spread(prediction)
    return prediction.uncertainty


def _in_doubt(losses: Tensor, doubt: Tensor, measure: Doubt, of: Of) -> RiskCoverage:
    expected, _ = in_order(losses, doubt)
    coverage = torch.arange(1, len(losses) + 1, dtype=torch.float64) / len(losses)
    return RiskCoverage(measure, of, coverage, _running(expected), _running(losses.sort().values))


def _running(losses: Tensor) -> Tensor:
    """Mean of the first 1, 2, ..., N; of equal losses a constant to the last bit."""
    answered = torch.arange(1, len(losses) + 1, dtype=torch.float64)
    return losses[0] + (losses - losses[0]).cumsum(0) / answered
