"""Data ready to train on: three parts, and what their numbers mean."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from torch import Tensor

from ..errors import DataError
from ._encoder import Encoder
from ._targets import Task


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows and their targets.

    Attributes:
        x: Inputs (N, *), float32.
        y: Targets (N,): class numbers (int64) in classification, else float32.
    """

    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise DataError(
                f"A part needs one target per row; got {len(self.x)} rows and {len(self.y)} "
                "targets, so look for rows that were lost."
            )

    def __len__(self) -> int:
        return len(self.y)

    def flattened(self) -> Part:
        """The part with each row flattened, so x is (N, D)."""
        return replace(self, x=self.x.reshape(len(self), math.prod(self.x.shape[1:])))


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Data ready to train on: three parts that share no row, and what their numbers mean.

    Attributes:
        name: What to call it in reports.
        task: What is learned: a class, or a number.
        train: The part that is learned from. All scaling was fitted on it alone.
        validation: The part by which settings are chosen.
        test: The part that is looked at once, at the end.
        classes: Names of the classes, by class number; empty in regression.
        encoder: Turns raw inputs to `x`, and puts predicted numbers back into the user's units.
        notes: What was done to the data that its owner should know, one sentence each.

    Example:
        >>> from torchdrop.data import load
        >>> digits = load("digits")
        >>> digits.shape, digits.outputs, digits.flattened().shape
        ((8, 8), 10, (64,))
    """

    name: str
    task: Task
    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    encoder: Encoder
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one row of inputs."""
        return tuple(self.train.x.shape[1:])

    @property
    def outputs(self) -> int:
        """How many numbers a model must put out: one per class, or 1 in regression."""
        return len(self.classes) if self.task == "classification" else 1

    def flattened(self) -> Dataset:
        """The same data with rows flattened to (N, D), by its encoder too."""
        return replace(
            self,
            train=self.train.flattened(),
            validation=self.validation.flattened(),
            test=self.test.flattened(),
            encoder=self.encoder.flattened(),
        )
