"""One number of doubt for each row of a classification, by name."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from torch import Tensor

from ..errors import SettingError
from ._moments import entropy
from ._prediction import Prediction
from ._probabilities import Of, probabilities_of

Measure: TypeAlias = Literal[
    "predictive_entropy", "mutual_information", "variation_ratio", "least_confidence"
]


def measured(prediction: Prediction, measure: Measure, of: Of = "mean") -> Tensor:
    """Say how doubtful each row is.

    Args:
        prediction: A classification.
        measure: `predictive_entropy` of the probabilities; `mutual_information` of class and
            network (BALD); `variation_ratio`, the share of samples that voted otherwise; or
            `least_confidence`, one minus the highest probability.
        of: Probabilities to look at. Weight scaling is one pass: it has only the first and the
            last measure.

    Returns:
        Higher for more doubt, float64, shape `(N,)`.

    Raises:
        SettingError: If the measure is unknown or needs samples, or for a regression.
        DataError: If probabilities are none, such as NaN.
    """
    if measure not in get_args(Measure):
        raise SettingError(f"measure is one of {', '.join(get_args(Measure))}; got {measure!r}.")
    probabilities = probabilities_of(prediction, of)
    if measure == "predictive_entropy":
        return entropy(probabilities)
    if measure == "least_confidence":
        return 1 - probabilities.max(1).values
    if of != "mean":
        raise SettingError(
            f"{measure} is about how samples differ, and weight scaling is one pass; "
            "take of='mean', or predictive_entropy or least_confidence."
        )
    if measure == "mutual_information":
        return prediction.mutual_information
    return prediction.variation_ratio
