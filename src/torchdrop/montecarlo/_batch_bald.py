"""Which rows to ask for the classes of, several at a time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import DataError, SettingError
from ._joint_entropy import JointEntropy
from ._moments import entropy
from ._prediction import Prediction
from ._probabilities import probabilities_of


class Acquisition(NamedTuple):
    """Rows in the order in which they were chosen.

    Attributes:
        indices: Of the rows, int64.
        scores: What the rows up to this one say together about the network, in nats, float64.
    """

    indices: Tensor
    scores: Tensor


def batch_bald(
    prediction: Prediction,
    size: int,
    *,
    configurations: int = 10_000,
    generator: torch.Generator | None = None,
) -> Acquisition:
    """Choose rows whose classes together would say most about the network.

    One after the other, the row is taken with which the mutual information between all chosen
    classes and the network is highest: `H[y_1, ..., y_b] - sum_i E H[y_i | network]`. Rows that
    say the same are so not taken twice, as they are by the best mutual informations one by one.

    The joint entropy is exact over the samples while the chosen rows have few configurations of
    classes; beyond, it is a mean over configurations that are drawn, and scores are estimates.

    Args:
        prediction: A classification, by `predict(..., masks="shared", keep_samples=True)`: a
            sample has to be one network for all rows.
        size: Rows to choose, from 1 to N.
        configurations: Up to how many the entropy is exact, and how many are drawn beyond,
            rounded up to a multiple of the samples; at least 1.
        generator: Source of the draws, on the CPU; `None` takes torch's own. Not used while
            entropies are exact.

    Returns:
        Indices and scores, of shape `(size,)` each.

    Raises:
        SettingError: If `size` or `configurations` is out of range, samples were not kept or have
            masks for each row, or the prediction is a regression.
        DataError: If probabilities are none, such as NaN.

    Example:
        >>> from torch import nn
        >>> from . import predict
        >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
        >>> settings = {"task": "classification", "masks": "shared", "keep_samples": True}
        >>> result = predict(model, torch.randn(10, 4), samples=20, **settings)
        >>> indices, scores = batch_bald(result, 3)
        >>> len(set(indices.tolist())), bool((scores.diff() > -1e-9).all())
        (3, True)

    Source:
        Kirsch, van Amersfoort, Gal, NeurIPS (2019), arXiv 1906.08158. Draws are the same for
        all rows that are compared.
    """
    samples = _samples(prediction)
    if not 1 <= size <= len(prediction):
        raise SettingError(f"size is from 1 to the {len(prediction)} rows; got {size}.")
    if configurations < 1:
        raise SettingError(f"configurations are at least 1; got {configurations}.")
    noise = entropy(samples).mean(0)
    joint = JointEntropy(samples, configurations, configurations, generator)
    indices, scores = list[int](), list[float]()
    for _ in range(size):
        if indices:
            joint.add(indices[-1])
        gains = joint.entropies() - noise - noise[indices].sum()
        gains[indices] = -torch.inf
        indices.append(int(gains.argmax()))
        scores.append(float(gains[indices[-1]]))
    return Acquisition(torch.tensor(indices), torch.tensor(scores, dtype=torch.float64))


def _samples(prediction: Prediction) -> Tensor:
    probabilities_of(prediction, "mean")
    if prediction.masks != "shared":
        raise SettingError(
            "rows have masks of their own here, so that no sample is one network for all of them; "
            "predict with masks='shared'."
        )
    if prediction.kept is None:
        raise DataError("the samples were not kept; predict with keep_samples=True, without until.")
    return prediction.kept
