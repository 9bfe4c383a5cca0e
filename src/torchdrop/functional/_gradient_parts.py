"""Gradients of parts of weights that stay parts, for an optimizer that moves nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import TorchdropError
from ..kernels import put_part_

FOLDED = 4
"""Parts of a weight's gradient that wait as they are; more are added up."""

MOST = 10_000
"""Gradients of one weight that may wait for a step: more are a step that was forgotten."""


@dataclass(frozen=True, slots=True)
class Part:
    """The gradient of some rows and columns of a weight; it is 0 everywhere else.

    Attributes:
        gradient: As `kernels.copy_part` gives it.
        rows: Numbers along the first axis, int64; `None` for all.
        columns: Numbers along the second axis, int64; `None` for all.
    """

    gradient: Tensor
    rows: Tensor | None
    columns: Tensor | None


@dataclass
class WaitingGradient:
    """What has come of one weight's gradient since the last step.

    Attributes:
        parts: As they came, a few.
        whole: The sum of those that came before; `None` if there were none.
        used: Which weights were in one of these.
        count: How many came.
    """

    parts: list[Part] = field(default_factory=list)
    whole: Tensor | None = None
    used: Tensor | None = None
    count: int = 0

    def add(self, weight: Tensor, part: Part) -> None:
        """Take a part in; add parts up where there are many."""
        self.count += 1
        self.parts.append(part)
        if len(self.parts) > FOLDED:
            self.whole, self.used = self.summed(weight)
            self.parts.clear()

    def summed(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Add everything up.

        Args:
            weight: Whose gradient it is.

        Returns:
            The gradient, and which weights have been in a part of it.
        """
        whole = torch.zeros_like(weight) if self.whole is None else self.whole.clone()
        touched = torch.zeros_like(weight)
        for part in self.parts:
            put_part_(whole, part.gradient, part.rows, part.columns, add=True)
            ones = torch.ones_like(part.gradient)
            put_part_(touched, ones, part.rows, part.columns, add=True)
        used = touched != 0
        return whole, used if self.used is None else used | self.used

    def scale_(self, factor: Tensor) -> None:
        """Multiply all of it."""
        for part in self.parts:
            part.gradient.mul_(factor)
        if self.whole is not None:
            self.whole.mul_(factor)


class GradientParts:
    """Where the gradients of certain weights wait for the step of an optimizer.

    Copies and pickles want no weights: a copied model has weights, and an optimizer, of its own.

    Args:
        weights: Whose gradients are taken.
    """

    def __init__(self, weights: Iterable[Tensor] = ()) -> None:
        self._weights = {id(weight): weight for weight in weights}
        self._waiting: dict[int, WaitingGradient] = {}
        self.lost = 0

    def __reduce__(self) -> tuple[type[GradientParts], tuple[()]]:
        """Copy and pickle as one that wants none."""
        return GradientParts, ()

    def wants(self, weight: Tensor) -> bool:
        """Whether the gradients of a weight are taken."""
        return id(weight) in self._weights

    def want(self, weight: Tensor) -> None:
        """Take the gradients of one more weight."""
        self._weights[id(weight)] = weight

    def release(self) -> None:
        """Take no gradients any more."""
        self._weights.clear()
        self._waiting.clear()

    def lose_to(self, newer: GradientParts) -> None:
        """Take no gradients any more that another one wants, and count them in `lost`."""
        for key in set(self._weights) & set(newer._weights):
            del self._weights[key]
            self._waiting.pop(key, None)
            self.lost += 1

    def add(self, weight: Tensor, part: Part) -> None:
        """Take a gradient.

        Args:
            weight: A wanted one.
            part: Of its gradient.

        Raises:
            TorchdropError: If very many wait already.
        """
        waiting = self._waiting.setdefault(id(weight), WaitingGradient())
        if waiting.count >= MOST:
            raise TorchdropError(
                f"{MOST} gradients of one weight wait for a step of the optimizer that they are "
                "left to. Call its step(), its zero_grad() to forget them, or its release() if "
                "another optimizer trains the model now."
            )
        waiting.add(weight, part)

    def waiting(self, weight: Tensor) -> WaitingGradient | None:
        """Say what waits.

        Args:
            weight: Any.

        Returns:
            Its gradient; `None` if nothing came.
        """
        return self._waiting.get(id(weight))

    def forget(self) -> None:
        """Let go of all gradients."""
        self._waiting.clear()
