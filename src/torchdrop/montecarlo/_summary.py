"""A prediction in a few numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ._prediction import Point, Prediction, Task


@dataclass(frozen=True, slots=True)
class Summary:
    """What a prediction says on average over its rows.

    Attributes:
        task: `classification` or `regression`.
        rows: How many there are.
        values: Of each row: classes, or numbers.
        samples: Of each row, the least, the mean and the most.
        means: Mean over rows, by name. Of a classification: `confidence`, `predictive_entropy`,
            `expected_entropy`, `mutual_information` (the last three in nats) and
            `variation_ratio`; of a regression: `variance`, over values too.
        standard_error: The largest of the mean, over rows and values; NaN after one sample.
        masks: `shared` if a sample is one network for all rows.
        seed: From which all samples were drawn.
        strategy: How they were computed, in words.
        curve: Quality by number of samples, with weight scaling first; may be empty.
    """

    task: Task
    rows: int
    values: int
    samples: tuple[int, float, int]
    means: dict[str, float]
    standard_error: float
    masks: str
    seed: int
    strategy: str
    curve: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON types; what is NaN is `None`."""
        values = {name: getattr(self, name) for name in self.__slots__}
        least, mean, most = self.samples
        return {
            **values,
            "samples": {"least": least, "mean": mean, "most": most},
            "means": {name: _plain(x) for name, x in self.means.items()},
            "standard_error": _plain(self.standard_error),
            "curve": [point.to_dict() for point in self.curve],
        }


_CLASSIFICATION = (
    *("confidence", "predictive_entropy", "expected_entropy"),
    *("mutual_information", "variation_ratio"),
)


def summary(prediction: Prediction) -> Summary:
    """Sum a prediction up, for a table or a JSON file.

    Args:
        prediction: Any.

    Returns:
        Means over rows, and the curve.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
        >>> result = predict(model, torch.randn(10, 4), samples=20, task="classification")
        >>> summary(result).to_dict()["samples"]
        {'least': 20, 'mean': 20.0, 'most': 20}
    """
    counts = prediction.samples
    names = _CLASSIFICATION if prediction.task == "classification" else ("variance",)
    return Summary(
        task=prediction.task,
        rows=len(prediction),
        values=prediction.mean.shape[1],
        samples=(int(counts.min()), float(counts.double().mean()), int(counts.max())),
        means={name: float(getattr(prediction, name).mean()) for name in names},
        standard_error=float(prediction.standard_error.max()),
        masks=prediction.masks,
        seed=prediction.seed,
        strategy=prediction.strategy,
        curve=prediction.curve,
    )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
