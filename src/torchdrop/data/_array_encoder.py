"""Raw arrays -> the tensors a model was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ._checks import check_numbers
from ._scaling import TargetScaling, standardization


@dataclass(frozen=True, slots=True)
class ArrayEncoder:
    """Turns raw arrays to model inputs: `(raw - shift) / scale`.

    Attributes:
        shift: What is subtracted: one number for all, or one per value of a row, in row-major
            order.
        scale: What is divided by, after the shift; as long as `shift`.
        shape: Shape of one raw row, so (8, 8) for arrays of shape (N, 8, 8).
        flat: Whether rows come out flattened to (N, D).
        target_scaling: How a regression target was scaled.

    Example:
        >>> encoder = ArrayEncoder(shift=(0.0,), scale=(16.0,), shape=(8, 8))
        >>> encoder.encode(np.full((1, 8, 8), 8)).unique()
        tensor([0.5000])
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]
    shape: tuple[int, ...]
    flat: bool = False
    target_scaling: TargetScaling = field(default_factory=TargetScaling)

    @classmethod
    def identity(cls, shape: tuple[int, ...]) -> ArrayEncoder:
        """The encoder that changes no value."""
        return cls((0.0,), (1.0,), shape)

    @classmethod
    def fitted(cls, x: NDArray[Any]) -> ArrayEncoder:
        """The encoder for a training part: uint8 is divided by its maximum, others standardized."""
        if x.dtype == np.uint8:
            return cls((0.0,), (float(x.max()) or 1.0,), x.shape[1:])
        return cls(*standardization(x.reshape(len(x), -1)), x.shape[1:])

    def flattened(self) -> ArrayEncoder:
        """The same encoder, with rows flattened."""
        return replace(self, flat=True)

    def encode(self, raw: NDArray[Any] | Tensor) -> Tensor:
        """Turn raw rows to model inputs.

        Args:
            raw: Numbers of shape (N, *shape), as they were before any scaling.

        Returns:
            A float32 tensor (N, *shape), or (N, D) if `flat`.

        Raises:
            DataError: The rows have another shape than those trained on, or hold anything other
                than finite numbers.
        """
        raw = raw.detach().cpu().numpy() if isinstance(raw, Tensor) else raw
        if raw.shape[1:] != self.shape or raw.ndim == 0:
            raise DataError(
                f"Each row must have the shape {self.shape} of the rows trained on; "
                f"got an array of shape {raw.shape}, so reshape it."
            )
        check_numbers(raw, "x")
        # uint8 is exact in float32, and images in float64 would fill the memory.
        values = raw.astype(np.float32 if raw.dtype == np.uint8 else np.float64)
        values -= self._spread(self.shift, values)
        values /= self._spread(self.scale, values)
        x = torch.from_numpy(values.astype(np.float32, copy=False))
        return x.reshape(len(x), math.prod(self.shape)) if self.flat else x

    def _spread(self, numbers: tuple[float, ...], like: NDArray[Any]) -> NDArray[Any]:
        array = np.asarray(numbers, dtype=like.dtype)
        return array[0] if len(numbers) == 1 else array.reshape(self.shape)

    def decode_target(self, outputs: Tensor) -> Tensor:
        """Put the outputs of a regression model back into the user's units."""
        return self.target_scaling.decode(outputs)

    def to_dict(self) -> dict[str, Any]:
        """The encoder as plain JSON types."""
        return {
            "kind": "array",
            "shift": list(self.shift),
            "scale": list(self.scale),
            "shape": list(self.shape),
            "flat": self.flat,
            "target_scaling": self.target_scaling.to_dict(),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> ArrayEncoder:
        """The encoder that `to_dict` wrote."""
        return cls(
            shift=tuple(float(number) for number in record["shift"]),
            scale=tuple(float(number) for number in record["scale"]),
            shape=tuple(int(size) for size in record["shape"]),
            flat=bool(record["flat"]),
            target_scaling=TargetScaling.from_dict(record["target_scaling"]),
        )
