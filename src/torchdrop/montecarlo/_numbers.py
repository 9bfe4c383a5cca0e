"""Numbers of a regression and the ones they are compared with."""

from __future__ import annotations

from torch import Tensor

from ..errors import DataError, SettingError
from ._prediction import Prediction
from ._reading import fitting


def numbers_of(prediction: Prediction, targets: Tensor | None) -> Tensor:
    """Find the true numbers of a regression.

    Args:
        prediction: It may know them.
        targets: They go before the prediction's own; shape `(N,)` or `(N, C)`.

    Returns:
        float64 on the CPU, shape `(N, C)`, all finite.

    Raises:
        SettingError: If the prediction is a classification.
        DataError: If there are none, they do not fit, or one is NaN or infinite.
    """
    if prediction.task != "regression":
        raise SettingError(f"this is for a regression; the prediction is a {prediction.task}.")
    targets = prediction.targets if targets is None else targets
    if targets is None:
        raise DataError("there are no targets to compare with; give targets=.")
    numbers = fitting(targets, prediction.mean, "regression")
    known = numbers.isfinite().all(1)
    if not known.all():
        row = int((~known).nonzero()[0])
        raise DataError(
            f"targets are finite numbers; that of row {row} is {numbers[row].tolist()}; "
            "leave out the rows without a target by `labeled`."
        )
    return numbers


def check_spread(prediction: Prediction) -> None:
    """Raise `SettingError` if a row has one sample only, which has no variance."""
    if prediction.variance.isnan().any():
        raise SettingError(
            "the variance of the samples needs at least 2 of each row; predict with more samples."
        )
