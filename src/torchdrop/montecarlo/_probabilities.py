"""Probabilities of classes and the classes they are compared with, whoever hands them in."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ..errors import DataError, SettingError
from ._prediction import Prediction
from ._reading import fitting

Of: TypeAlias = Literal["mean", "weight_scaling"]

_TABLE = 2
_TOLERANCE = 1e-3  # of a row's sum; half precision keeps three digits


def probabilities_of(source: Prediction | Tensor, of: Of) -> Tensor:
    """Take the probabilities out of a prediction, or check those that were given.

    Args:
        source: A classification, or probabilities of shape `(N, C)`.
        of: Which ones of a prediction: the samples' `mean`, or `weight_scaling`.

    Returns:
        float64 on the CPU, shape `(N, C)`.

    Raises:
        SettingError: If `of` is neither, or the prediction is a regression.
        DataError: If there are no rows, or a row is no probabilities; NaN is none.
    """
    if of not in ("mean", "weight_scaling"):
        raise SettingError(f"of is 'mean' or 'weight_scaling'; got {of!r}.")
    if isinstance(source, Prediction):
        if source.task != "classification":
            raise SettingError(f"this is for a classification; the prediction is a {source.task}.")
        values = source.mean if of == "mean" else source.weight_scaling
    else:
        values = source.detach().to("cpu", torch.float64)
    if values.ndim != _TABLE or not values.numel():
        raise DataError(
            "probabilities are a row of classes for each row of data; "
            f"got the shape {tuple(values.shape)}."
        )
    fit = (values >= 0).all(1) & ((values.sum(1) - 1).abs() <= _TOLERANCE)
    if not fit.all():
        row = int((~fit).nonzero()[0])
        raise DataError(
            f"each row of probabilities is at least 0 and sums to 1; row {row} is "
            f"{values[row].tolist()}; logits need a softmax first."
        )
    return values


def targets_of(source: Prediction | Tensor, targets: Tensor | None, values: Tensor) -> Tensor:
    """Find the true classes.

    Args:
        source: A prediction may know them.
        targets: They go before the prediction's own.
        values: What they are compared with, shape `(N, C)`.

    Returns:
        int64 on the CPU, shape `(N,)`.

    Raises:
        DataError: If there are none, or they do not fit.
    """
    if targets is None and isinstance(source, Prediction):
        targets = source.targets
    if targets is None:
        raise DataError("there are no targets to compare with; give targets=.")
    classes = fitting(targets, values, "classification")
    if len(classes) != len(values):
        raise DataError(f"there are {len(classes)} targets for {len(values)} rows.")
    return classes
