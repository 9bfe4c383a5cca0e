"""What one training run leaves behind: a record per epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Epoch:
    """Losses of one epoch; all but the first are taken in evaluation mode.

    Attributes:
        number: Which epoch, counted from 1.
        noisy_training_loss: Mean loss of the mini-batches as they were trained on: dropout on,
            weights still moving.
        training_loss: Loss on the training part in evaluation mode, at the end of the epoch.
        validation_loss: Loss on the validation part in evaluation mode.
        validation_accuracy: Share of validation rows classified correctly, in [0, 1]; `None` in
            regression.
        seconds: Wall time of the epoch, both halves.
    """

    number: int
    noisy_training_loss: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float | None
    seconds: float

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Epoch:
        """Rebuild an epoch from its fields, where NaN and infinity may be given as text."""
        number = content["number"]
        values = {k: None if v is None else float(v) for k, v in content.items() if k != "number"}
        return cls(number=number, **values)  # type: ignore[arg-type]

    @property
    def gap(self) -> float:
        """Generalization gap: validation minus training loss, both in evaluation mode."""
        return self.validation_loss - self.training_loss

    @property
    def is_finite(self) -> bool:
        """Whether no loss is NaN or infinite."""
        losses = (self.noisy_training_loss, self.training_loss, self.validation_loss)
        return all(math.isfinite(loss) for loss in losses)


@dataclass(frozen=True, slots=True)
class History:
    """The epochs of one training run, in order.

    Attributes:
        epochs: At least one epoch.
    """

    epochs: tuple[Epoch, ...]

    @property
    def diverged(self) -> bool:
        """Whether a loss became NaN or infinite."""
        return not all(epoch.is_finite for epoch in self.epochs)

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss; the earliest of equals."""
        finite = [epoch for epoch in self.epochs if math.isfinite(epoch.validation_loss)]
        return min(finite or self.epochs, key=lambda epoch: epoch.validation_loss)

    @property
    def seconds(self) -> float:
        """Wall time of all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)

    def epochs_to_reach(self, loss: float) -> int | None:
        """Number of the first epoch whose training loss is at most `loss`, or `None`."""
        return next((e.number for e in self.epochs if e.training_loss <= loss), None)
