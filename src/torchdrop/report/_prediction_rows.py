"""The rows that are most and least in doubt, with their pictures if they have some."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from matplotlib.image import imsave
from torch import Tensor

from ..errors import DataError
from ..montecarlo import Prediction
from ._numbers import decimals

COUNT = 10
"""Rows of each kind."""

_PLANES, _CHANNELS_FIRST = 3, 4
_CHANNELS = (1, 3)
_NEARLY = 0.9995


@dataclass(frozen=True, slots=True)
class Shown:
    """One row, in words.

    Attributes:
        row: Its index, from 0.
        predicted: Its class, or its value.
        certainty: The class's probability, or the standard deviation of the samples.
        truth: The target; empty if it is not known.
        wrong: Whether the class is another than the truth.
        disagreement: Mutual information of a class, in nats; empty for a regression.
        weight_scaling: What the plain pass says.
    """

    row: int
    predicted: str
    certainty: str
    truth: str
    wrong: bool
    disagreement: str
    weight_scaling: str


def extremes(
    prediction: Prediction, classes: Sequence[str] = ()
) -> tuple[tuple[Shown, ...], tuple[Shown, ...]]:
    """Find the least and the most doubtful rows.

    Args:
        prediction: Any.
        classes: Names of the classes; numbers without it.

    Returns:
        The most certain rows, then the least certain ones, each beginning with the extreme; of the
        same doubt, earlier rows come first. No row is in both.
    """
    doubt = prediction.uncertainty
    order = torch.sort(doubt, stable=True).indices.tolist()
    count = min(COUNT, len(order) // 2) or len(order)
    falling = torch.sort(doubt, descending=True, stable=True).indices.tolist()
    sure = order[:count]
    unsure = [row for row in falling if row not in set(sure)][:count]
    names = classes or [str(i) for i in range(prediction.mean.shape[1])]
    tell = _class if prediction.task == "classification" else _value
    found = [tuple(tell(prediction, row, names) for row in rows) for rows in (sure, unsure)]
    return found[0], found[1]


def _class(prediction: Prediction, row: int, names: Sequence[str]) -> Shown:
    chosen = int(prediction.mean[row].argmax())
    plain = int(prediction.weight_scaling[row].argmax())
    truth = None if prediction.targets is None else int(prediction.targets[row])
    truth = None if truth is not None and truth < 0 else truth  # this row's is not known
    return Shown(
        row,
        predicted=names[chosen],
        certainty=_percent(prediction.mean[row, chosen]),
        truth="" if truth is None else names[truth],
        wrong=truth is not None and truth != chosen,
        disagreement=f"{float(prediction.mutual_information[row]):.3f}",
        weight_scaling=f"{names[plain]}, {_percent(prediction.weight_scaling[row, plain])}",
    )


def _value(prediction: Prediction, row: int, names: Sequence[str]) -> Shown:
    targets = prediction.targets
    return Shown(
        row,
        predicted=_numbers(prediction.mean[row]),
        certainty=f"± {_numbers(prediction.variance[row].sqrt())}",
        truth="" if targets is None or targets[row].isnan().any() else _numbers(targets[row]),
        wrong=False,
        disagreement="",
        weight_scaling=_numbers(prediction.weight_scaling[row]),
    )


def _percent(probability: Tensor) -> str:
    """Nearly certain is not written as certain."""
    return "> 99.9%" if _NEARLY < float(probability) < 1 else f"{float(probability):.1%}"


def _numbers(values: Tensor) -> str:
    return ", ".join(map(four_digits, values.tolist()))


def four_digits(value: float) -> str:
    """Write a number with at least four digits and no exponent."""
    return f"{value:,.{decimals([value])}f}"


def pictures(images: Tensor, rows: int, shown: Sequence[Shown]) -> Mapping[int, str]:
    """Draw rows as PNG pictures, as data addresses by row.

    Args:
        images: Shape `(N, H, W)`, or `(N, C, H, W)` of 1 or 3 channels.
        rows: Of the prediction, N.
        shown: Which to draw.

    Returns:
        An address for each row; dark to light is from the lowest to the highest value of `images`.

    Raises:
        DataError: If the images are of another form or number.
    """
    gray = images.ndim == _PLANES
    if not gray and not (images.ndim == _CHANNELS_FIRST and images.shape[1] in _CHANNELS):
        raise DataError(
            "images have the shape (N, H, W), or (N, C, H, W) with 1 or 3 channels; "
            f"got {tuple(images.shape)}."
        )
    if len(images) != rows:
        raise DataError(f"there are {len(images)} images for {rows} rows.")
    images = images.detach().cpu().to(torch.float64)
    low, high = float(images.min()), float(images.max())
    scaled = (images - low) / (high - low if high > low else 1.0)
    scaled = scaled[:, None] if gray else scaled
    return {one.row: _png(scaled[one.row]) for one in shown}


def _png(image: Tensor) -> str:
    pixels = image.expand(3, -1, -1).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    imsave(file, pixels, format="png", metadata={"Software": "torchdrop"})
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
