"""Whether doubt tells rows of another kind from those the model was made for."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ._measures import Measure, measured
from ._prediction import Prediction
from ._probabilities import Of

_SENSITIVITY = 0.95


@dataclass(frozen=True, slots=True)
class Detection:
    """How well doubt finds rows from outside. Outside is positive, in all three numbers.

    Attributes:
        measure: Of doubt.
        of: Whose probabilities: `mean` or `weight_scaling`.
        inside: Rows from inside.
        outside: Rows from outside.
        auroc: Probability that a row from outside is more doubtful than one from inside, ties
            counted half; 0.5 for a measure that says nothing.
        aupr: Average precision; `outside / (inside + outside)` for a measure that says nothing.
        fpr95: Share of the rows from inside that are flagged by the highest threshold that flags
            at least 95 % of those from outside.
    """

    measure: Measure
    of: Of
    inside: int
    outside: int
    auroc: float
    aupr: float
    fpr95: float

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the record as plain JSON types."""
        return asdict(self)


def out_of_distribution(
    inside: Prediction,
    outside: Prediction,
    *,
    measure: Measure = "predictive_entropy",
    of: Of = "mean",
) -> Detection:
    """Judge a measure of doubt as a detector of rows from outside.

    Args:
        inside: Prediction of data like those of training.
        outside: Prediction of other data by the same model, with as many samples: the mutual
            information and the variation ratio depend on their number.
        measure: `predictive_entropy`, `mutual_information`, `variation_ratio` or
            `least_confidence`.
        of: Whose probabilities: the samples' `mean`, or `weight_scaling`, which has only the
            first and the last measure.

    Returns:
        Area under the ROC curve, average precision, and the false positive rate at a true
        positive rate of 95 %, all by scikit-learn.

    Raises:
        SettingError: If the measure is unknown or needs samples, or for a regression.
        DataError: If probabilities are none, such as NaN.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
        >>> result = predict(model, torch.randn(10, 4), samples=20, task="classification")
        >>> round(out_of_distribution(result, result).auroc, 9)  # the same cannot be told apart
        0.5

    Source:
        Hendrycks, Mazeika, Dietterich, ICLR (2019), arXiv 1812.04606, whose positives are outside
        too; papers that take inside as positive have another AUPR and another FPR.
    """
    doubts = [measured(prediction, measure, of).numpy() for prediction in (inside, outside)]
    scores = np.concatenate(doubts)
    labels = np.repeat([0, 1], [len(inside), len(outside)])
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    return Detection(
        measure=measure,
        of=of,
        inside=len(inside),
        outside=len(outside),
        auroc=float(roc_auc_score(labels, scores)),
        aupr=float(average_precision_score(labels, scores)),
        fpr95=float(false[true >= _SENSITIVITY].min()),
    )
