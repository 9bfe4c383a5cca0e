"""Raw arrays, checked, before they become a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError, SettingError
from ._checks import check_numbers


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Raw inputs and targets, with or without a test part of their own.

    Attributes:
        x: Inputs (N, *).
        y: Targets (N,).
        x_test: Inputs of the data's own test part, if there is one.
        y_test: Targets of the data's own test part, if there is one.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    x_test: NDArray[Any] | None = None
    y_test: NDArray[Any] | None = None

    @classmethod
    def checked(cls, x: object, y: object, x_test: object = None, y_test: object = None) -> Arrays:
        """The arrays, once they are known to fit together and `x` to be finite numbers."""
        if (x_test is None) != (y_test is None):
            raise SettingError("x_test and y_test go together; got only one, so give both or none.")
        x, y = _pair(x, y, "")
        if x_test is None:
            return cls(x, y)
        x_test, y_test = _pair(x_test, y_test, "_test")
        if x.shape[1:] != x_test.shape[1:]:
            raise DataError(
                f"Rows of x and x_test must have the same shape; got {x.shape[1:]} and "
                f"{x_test.shape[1:]}, so reshape one."
            )
        return cls(x, y, x_test, y_test)


def _pair(x: object, y: object, suffix: str) -> tuple[NDArray[Any], NDArray[Any]]:
    rows, targets = _as_numpy(x), _as_numpy(y)
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        raise DataError(
            f"y{suffix} must hold one target per row, shape (N,); got shape {targets.shape}, "
            "so give one column (class numbers rather than one-hot rows)."
        )
    if rows.ndim == 0 or len(rows) != len(targets):
        raise DataError(
            f"x{suffix} and y{suffix} must have as many rows; got shapes {rows.shape} and "
            f"{targets.shape}, so look for rows that were lost."
        )
    if rows.size == 0:
        raise DataError(f"x{suffix} is empty, shape {rows.shape}; give data that has rows.")
    check_numbers(rows, f"x{suffix}")
    return rows, targets


def _as_numpy(values: object) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # NumPy has no bfloat16.
        values = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    return np.asarray(values)
