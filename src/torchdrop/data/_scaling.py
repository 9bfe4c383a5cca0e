"""Standardization: mean 0 and standard deviation 1 on the training part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from torch import Tensor


def standardization(values: NDArray[Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each column of an (N, D) array; 1 where it is constant."""
    # sklearn also sees that a column is constant when rounding makes its deviation 1e-17.
    scaler = StandardScaler().fit(values.astype(np.float64))
    return tuple(scaler.mean_.tolist()), tuple(scaler.scale_.tolist())


@dataclass(frozen=True, slots=True)
class TargetScaling:
    """How a regression target is scaled for training, and put back for people.

    A target of mean 30 000 is not reached in a sensible time by steps of 0.001. So a model learns
    `(y - shift) / scale`, and its outputs go through `decode`. With the defaults nothing changes,
    which is also what classification uses.

    Attributes:
        shift: Mean of the training part's target, in the user's units.
        scale: Standard deviation of the training part's target, in the user's units.

    Example:
        >>> scaling = TargetScaling(shift=20.0, scale=5.0)
        >>> scaling.decode(torch.tensor([0.0, 1.0]))
        tensor([20., 25.])
    """

    shift: float = 0.0
    scale: float = 1.0

    @classmethod
    def fitted(cls, values: NDArray[Any]) -> TargetScaling:
        """The scaling that standardizes these (N,) values."""
        (shift,), (scale,) = standardization(values.reshape(-1, 1))
        return cls(shift, scale)

    def encode(self, values: NDArray[Any]) -> Tensor:
        """Scale (N,) targets in the user's units to a float32 tensor to train on."""
        scaled = (values.astype(np.float64) - self.shift) / self.scale
        return torch.from_numpy(scaled.astype(np.float32))

    def decode(self, outputs: Tensor) -> Tensor:
        """Put model outputs, of any shape, back into the user's units."""
        return outputs * self.scale + self.shift

    def to_dict(self) -> dict[str, float]:
        """The scaling as plain JSON types."""
        return {"shift": self.shift, "scale": self.scale}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> TargetScaling:
        """The scaling that `to_dict` wrote."""
        return cls(float(record["shift"]), float(record["scale"]))
