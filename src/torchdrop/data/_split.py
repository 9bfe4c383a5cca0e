"""Rows -> a training, a validation and a test part that share no row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ..errors import DataError, SettingError
from ._targets import Target

Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shares:
    """How rows are divided.

    Attributes:
        seed: Seed of the shuffling; the same seed gives the same parts.
        validation: Share for validation of the rows that are not for the test, between 0 and 1.
        test: Share of the rows for the test, between 0 and 1; not used by data with a test part of
            their own.
    """

    seed: int = 0
    validation: float = 0.2
    test: float = 0.2

    def __post_init__(self) -> None:
        for name, share in (("validation", self.validation), ("test", self.test)):
            if not 0 < share < 1:
                raise SettingError(
                    f"{name} is a share of the rows, between 0 and 1; got {share}, "
                    "so give one such as 0.2."
                )
        if not 0 <= self.seed < 2**32:
            raise SettingError(
                f"seed is an integer from 0 to 2**32 - 1; got {self.seed}, so choose one."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Row numbers of the three parts.

    Attributes:
        train: Rows to learn from.
        validation: Rows to choose settings by.
        test: Rows for the test; none if the data have a test part of their own.
    """

    train: Rows
    validation: Rows
    test: Rows


def divide(target: Target, shares: Shares, *, own_test: bool) -> Division:
    """Divide rows at random, keeping the classes in proportion.

    Args:
        target: The rows' targets; classes decide where a row may go, numbers do not.
        shares: The seed and the size of each part.
        own_test: Whether the data have a test part of their own, so that none is split off.

    Returns:
        The row numbers of the three parts. Every class is in the training part.

    Raises:
        DataError: There are too few rows, or too few of a class.
    """
    _check_enough(target, 2 if own_test else 3)
    rows = np.arange(len(target.values))
    try:
        rest, test = (rows, rows[:0]) if own_test else _cut(rows, target, shares.test, shares.seed)
        train, validation = _cut(rest, target, shares.validation, shares.seed)
    except ValueError as error:
        raise DataError(_too_small(target)) from error
    if len(np.unique(target.values[train])) < len(target.classes):
        raise DataError(_too_small(target))
    return Division(train, validation, test)


def missing_classes(target: Target, rows: Rows, part: str) -> tuple[str, ...]:
    """A note about the classes that a part has no row of; no note if it has all."""
    absent = np.setdiff1d(np.arange(len(target.classes)), target.values[rows])
    names = ", ".join(repr(target.classes[number]) for number in absent[:10])
    return (f"The {part} part has no row of these classes: {names}.",) if names else ()


def _cut(rows: Rows, target: Target, share: float, seed: int) -> tuple[Rows, Rows]:
    # One row per class at least, or sklearn refuses to stratify.
    size = max(round(share * len(rows)), len(target.classes), 1)
    strata: Any = target.values[rows] if target.classes else None
    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=strata)
    return kept, taken


def _check_enough(target: Target, needed: int) -> None:
    if len(target.values) < needed:
        raise DataError(f"There are {len(target.values)} rows; give at least {needed}.")
    if not target.classes:
        return
    counts = np.bincount(target.values, minlength=len(target.classes))
    if counts.min() < needed:
        name = target.classes[int(counts.argmin())]
        raise DataError(
            f"Each of the {len(counts)} classes needs at least {needed} rows, one for each part; "
            f"{name!r} has {counts.min()}, so leave out or join rare classes, "
            "or give task='regression' if the target is a number."
        )


def _too_small(target: Target) -> str:
    return (
        f"{len(target.values)} rows of {max(len(target.classes), 1)} classes cannot be divided "
        "with these shares; give more rows, or smaller shares for validation and test."
    )
