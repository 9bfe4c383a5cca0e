"""Gradients of parts of weights that stay parts, for an optimizer that moves nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

from ..errors import TorchdropError
from ..kernels import put_part_

MOST = 1024
"""Parts of one weight's gradient that may wait for a step: more are a step that was forgotten."""


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


class GradientParts:
    """Where the gradients of certain weights wait for the step of an optimizer.

    Copies and pickles want no weights: a copied model has weights, and an optimizer, of its own.

    Args:
        weights: Whose gradients are taken.
    """

    def __init__(self, weights: Iterable[Tensor] = ()) -> None:
        self._weights = {id(weight): weight for weight in weights}
        self._waiting: dict[int, list[Part]] = {}

    def __reduce__(self) -> tuple[type[GradientParts], tuple[()]]:
        """Copy and pickle as one that wants none."""
        return GradientParts, ()

    def wants(self, weight: Tensor) -> bool:
        """Whether the gradients of a weight are taken."""
        return id(weight) in self._weights

    def want(self, weight: Tensor) -> None:
        """Take the gradients of one more weight."""
        self._weights[id(weight)] = weight

    def add(self, weight: Tensor, part: Part) -> None:
        """Take a gradient.

        Args:
            weight: A wanted one.
            part: Of its gradient.

        Raises:
            TorchdropError: If very many wait already.
        """
        waiting = self._waiting.setdefault(id(weight), [])
        if len(waiting) >= MOST:
            raise TorchdropError(
                f"{MOST} gradients of one weight wait for a step of the optimizer that they were "
                "left to; call its step(), or zero_grad() to forget them."
            )
        waiting.append(part)

    def waiting(self, weight: Tensor) -> tuple[Part, ...]:
        """Say what waits, in the order in which it came.

        Args:
            weight: Any.

        Returns:
            Parts whose sum is the gradient.
        """
        return tuple(self._waiting.get(id(weight), ()))

    def forget(self) -> None:
        """Let go of all gradients."""
        self._waiting.clear()


def whole_gradient(weight: Tensor, parts: Iterable[Part]) -> Tensor:
    """Add parts up.

    Args:
        weight: Whose gradient it is.
        parts: Of it.

    Returns:
        Like `weight`.
    """
    whole = weight.new_zeros(weight.shape)
    for part in parts:
        put_part_(whole, part.gradient, part.rows, part.columns, add=True)
    return whole
