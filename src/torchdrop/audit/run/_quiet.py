"""Forwards without gradients, and what they were for."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ._call import Call, first_tensor

SAMPLES = 3
"""Forwards of one input in a row that are taken for samples."""

_KEPT = 16


@dataclass(eq=False, slots=True)
class Quiet:
    """The forwards so far, as far as they tell what those without gradients were for.

    Attributes:
        in_training: The mode of the model at the last one without gradients.
        longest: The most in a row that had one input, in training mode.
        trains: Whether there was any with gradients.
        feeds: Whether another model has learned from what one of them gave.
    """

    in_training: bool = True
    longest: int = 0
    trains: bool = False
    feeds: bool = False
    _last: Call | None = None
    _row: int = 0

    def note(self, call: Call) -> None:
        """Take in a call.

        Args:
            call: Any; those with gradients end a row.
        """
        self.trains = self.trains or call.grad
        if call.grad or call.backward:
            self._last, self._row = None, 0
            return
        self.in_training = call.training
        again = self._last is not None and call.training and call.same_inputs(self._last)
        self._last, self._row = call, self._row + 1 if again else 1
        self.longest = max(self.longest, self._row)

    @property
    def may_go_on(self) -> bool:
        """Whether the row of one input has begun and may become longer."""
        return 1 < self._row < SAMPLES


class Handed:
    """What models gave without gradients in training mode, until another model takes it.

    So a critic is known that learns from a generator.
    """

    def __init__(self) -> None:
        self._given: deque[tuple[weakref.ref[Tensor], Quiet]] = deque(maxlen=_KEPT)

    def give(self, quiet: Quiet, output: Any) -> None:
        """Take in what a model gave; the tensor is not kept alive.

        Args:
            quiet: Of that model.
            output: Of its forward.
        """
        tensor = first_tensor(output)
        if tensor is not None:
            self._given.append((weakref.ref(tensor), quiet))

    def take(self, quiet: Quiet, call: Call) -> None:
        """Look at what a model gets for a forward with gradients.

        Args:
            quiet: Of that model.
            call: Its forward.
        """
        if not self._given or not call.grad:
            return
        inputs = [tensor for reference, _ in call.inputs if (tensor := reference()) is not None]
        for reference, giver in self._given:
            if giver is not quiet and any(reference() is tensor for tensor in inputs):
                giver.feeds = True
