"""What is to be predicted: a class or a number, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError, SettingError
from ._checks import check_numbers, counted, listed

Task: TypeAlias = Literal["classification", "regression"]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is to be predicted.

    Attributes:
        task: Whether it is a class or a number.
        labels: The distinct classes, sorted; empty in regression.
        values: Class numbers (int64), or numbers (float64) in the user's units; (N,).
    """

    task: Task
    labels: NDArray[Any]
    values: NDArray[Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by class number."""
        return tuple(str(label) for label in self.labels)


def read_target(y: NDArray[Any], task: Task | None) -> Target:
    """Read the rows' targets; without a task, only floats are numbers to predict."""
    check_task(task)
    if task is None:
        task = "regression" if y.dtype.kind == "f" else "classification"
    if task == "classification":
        target = _classes(_labels(y))
    else:
        check_numbers(y, "The target")
        target = Target("regression", np.array([]), y.astype(np.float64))
    _check_variety(target)
    return target


def read_test_target(y: NDArray[Any], like: Target) -> NDArray[Any]:
    """Read the targets of a test part as values of the training part's target."""
    if like.task == "regression":
        check_numbers(y, "The test target")
        return y.astype(np.float64)
    labels = _labels(y)
    codes: NDArray[np.int64] = pd.Index(like.labels).get_indexer(pd.Index(labels)).astype(np.int64)
    if (codes < 0).any():
        unknown = np.unique(labels[codes < 0])
        raise DataError(
            f"The test part holds the classes {listed(unknown)}, which the training part lacks; "
            "leave out these rows, or give training rows for them."
        )
    return codes


def check_task(task: str | None) -> None:
    """Raise `SettingError` unless the task is one of the two, or left open."""
    if task not in (None, *get_args(Task)):
        raise SettingError(
            f"task is 'classification' or 'regression'; got {task!r}, so choose one."
        )


def _labels(y: NDArray[Any]) -> NDArray[Any]:
    """Class labels as an array that sorts: integers, booleans or text."""
    if y.dtype.kind in "OS":
        if pd.isna(y).any():
            missing = counted(int(pd.isna(y).sum()), "missing value")
            raise DataError(f"The target has {missing}; leave out such rows.")
        return y.astype(np.str_)
    if y.dtype.kind == "f":
        check_numbers(y, "The target")
        # Beyond 2**53 floats are all whole, and do not fit into integers in the end.
        is_whole = np.abs(y).max(initial=0) < 2**53 and (np.trunc(y) == y).all()
        return y.astype(np.int64) if is_whole else y
    return y


def _classes(labels: NDArray[Any]) -> Target:
    distinct, codes = np.unique(labels, return_inverse=True)
    return Target("classification", distinct, codes.astype(np.int64))


def _check_variety(target: Target) -> None:
    if len(target.values) == 0:
        raise DataError("There are no rows; give data that has some.")
    if target.values.min() == target.values.max():
        value = target.classes[0] if target.classes else f"{target.values[0]:g}"
        raise DataError(
            f"The target has one value only, {value!r}; "
            "nothing can be learned from that, so choose another target."
        )
