"""Targets that came later, or not for all rows."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..errors import DataError
from ._curve import Curve, stations
from ._prediction import Point, Prediction
from ._reading import fitting


def with_targets(prediction: Prediction, targets: Tensor) -> Prediction:
    """Give a prediction targets that were not in the data, for all of its rows or some.

    Args:
        prediction: Any. With its samples (`keep_samples=True`), it gets the curve too, over the
            rows that have a target.
        targets: Classes, int64, shape `(N,)`, -1 where it is not known; or numbers, shape `(N,)`
            or `(N, C)`, NaN where they are not known.

    Returns:
        A prediction with these targets, marked as they came; `labeled` gives the rows that have
        one, which is what measures ask for.

    Raises:
        DataError: If they do not fit, or no row has one.

    Example:
        >>> from torch import nn
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
        >>> result = predict(model, torch.randn(3, 4), samples=20, task="classification")
        >>> len(labeled(with_targets(result, torch.tensor([2, -1, 0]))))
        2
    """
    if len(targets) != len(prediction):
        raise DataError(f"there are {len(targets)} targets for {len(prediction)} rows.")
    targets = targets.detach().cpu()
    if prediction.task == "regression":
        targets = fitting(targets, prediction.mean, "regression")
    known = _known(targets)
    if not known.any():
        raise DataError("no row has a target; predictions need none.")
    fitting(targets[known], prediction.mean[known], prediction.task)
    marked = replace(prediction, targets=targets, curve=())
    return replace(marked, curve=_curve(labeled(marked)))


def labeled(prediction: Prediction) -> Prediction:
    """Take the rows whose target is known: not -1, and not NaN.

    Args:
        prediction: With targets.

    Returns:
        The prediction of these rows; the same object if all have one.

    Raises:
        DataError: If the prediction has no targets.
    """
    if prediction.targets is None:
        raise DataError("the prediction has no targets; give it some by `with_targets`.")
    rows = _known(prediction.targets)
    if rows.all():
        return prediction
    votes, entropies, kept = prediction.votes, prediction.expected_entropy, prediction.kept
    return replace(
        prediction,
        mean=prediction.mean[rows],
        variance=prediction.variance[rows],
        weight_scaling=prediction.weight_scaling[rows],
        samples=prediction.samples[rows],
        expected_entropy=None if entropies is None else entropies[rows],
        votes=None if votes is None else votes[rows],
        targets=prediction.targets[rows],
        kept=None if kept is None else kept[:, rows],
    )


def _known(targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        return ~targets.reshape(len(targets), -1).isnan().any(1)
    return targets != -1


def _curve(prediction: Prediction) -> tuple[Point, ...]:
    """What `predict` would have found, from the samples that it kept."""
    kept, targets = prediction.kept, prediction.targets
    if kept is None or targets is None or (prediction.samples < len(kept)).any():
        return ()
    curve = Curve(prediction.task, prediction.tau)
    curve.add(0, prediction.weight_scaling, targets)
    exponents: Tensor | None = None
    if prediction.task == "regression" and prediction.tau is not None:
        exponents = -prediction.tau / 2 * (kept - targets).square().sum(2)
    for number in stations(len(kept)):
        together = None if exponents is None else torch.logsumexp(exponents[:number], 0)
        curve.add(number, kept[:number].mean(0), targets, together)
    return curve.points()
