"""One step of an optimizer over a part of a weight: in C where it can, else by torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._parts import copy_part, is_list
from ._seeds import is_plain


@dataclass(frozen=True, slots=True)
class SgdRule:
    """Stochastic gradient descent, with weight decay in the gradient, as in `torch.optim.SGD`.

    Attributes:
        lr: Learning rate.
        weight_decay: L2 penalty.
        momentum: Share of the last step that is kept; 0 remembers nothing.
        nesterov: Whether the step looks ahead by the momentum.
    """

    lr: float
    weight_decay: float
    momentum: float
    nesterov: bool

    @property
    def name(self) -> str:
        """In the native kernel."""
        if not self.momentum:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"

    @property
    def remembers(self) -> int:
        """How many tensors it keeps of a weight."""
        return 1 if self.momentum else 0

    @property
    def settings(self) -> tuple[float, ...]:
        """In the native kernel's order."""
        return self.lr, self.weight_decay, self.momentum

    def move(self, weight: Tensor, memories: Sequence[Tensor], gradient: Tensor) -> None:
        """Move all of a weight: the specification.

        Args:
            weight: Written to.
            memories: The momentum, where there is one; written to.
            gradient: Of its shape.
        """
        slope = gradient + self.weight_decay * weight
        for memory in memories:
            memory.copy_(self.momentum * memory + slope)
            slope = slope + self.momentum * memory if self.nesterov else memory
        weight.sub_(self.lr * slope)


@dataclass(frozen=True, slots=True)
class AdamWRule:
    """Adam with decoupled weight decay, as in `torch.optim.AdamW`.

    Attributes:
        lr: Learning rate.
        betas: Shares of the running means that are kept, of gradients and of their squares.
        eps: Added to the root of the mean square.
        weight_decay: Share of the weight that is taken away, times `lr`.
        steps: How often the weight was moved, with this time; need not be whole.
    """

    lr: float
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    steps: float

    @property
    def name(self) -> str:
        """In the native kernel."""
        return "adamw"

    @property
    def remembers(self) -> int:
        """How many tensors it keeps of a weight."""
        return 2

    @property
    def settings(self) -> tuple[float, ...]:
        """In the native kernel's order."""
        one, two = self.betas
        rate = self.lr / (1 - one**self.steps)
        root = (1 - two**self.steps) ** 0.5
        shrink = 1 - self.lr * self.weight_decay
        return rate, shrink, self.eps, one, 1 - one, two, 1 - two, root

    def move(self, weight: Tensor, memories: Sequence[Tensor], gradient: Tensor) -> None:
        """Move all of a weight: the specification.

        Args:
            weight: Written to.
            memories: Running means of gradients and of their squares; written to.
            gradient: Of its shape.
        """
        rate, shrink, epsilon, beta1, rest1, beta2, rest2, root = self.settings
        mean, square = memories
        mean.copy_(beta1 * mean + rest1 * gradient)
        square.copy_(beta2 * square + rest2 * gradient.square())
        weight.copy_(shrink * weight - rate * (mean / (square.sqrt() / root + epsilon)))


Rule = SgdRule | AdamWRule


def step_part_(
    rule: Rule,
    weight: Tensor,
    memories: Sequence[Tensor],
    gradient: Tensor,
    rows: Tensor | None,
    columns: Tensor | None,
) -> None:
    """Move the rows and columns of a weight that have gradients, and leave all else as it is.

    Args:
        rule: Of the optimizer.
        weight: Of one axis or more; of two or more, if columns are given; real. Written to.
        memories: What the rule remembers of it, like it; written to in the same places.
        gradient: Of the part, as `copy_part` gives it.
        rows: As in `copy_part`, different from each other.
        columns: As in `copy_part`, different from each other.

    Raises:
        ValueError: If what is remembered is not as the rule and the weight want it.
    """
    shapes = [tuple(memory.shape) for memory in memories]
    if shapes != [tuple(weight.shape)] * rule.remembers:
        raise ValueError(
            f"{rule.name} remembers {rule.remembers} tensors of a weight of {tuple(weight.shape)}, "
            f"of its shape; got {shapes}."
        )
    build = kernel().build
    if build is not None and _suits_native(weight, memories, gradient, rows, columns):
        places = rows, columns
        if _native.step_part_into(
            build, rule.name, weight, memories, gradient.contiguous(), places, rule.settings
        ):
            for written in (weight, *memories):
                torch.autograd.graph.increment_version(written)
            return
    parts = [copy_part(whole, rows, columns) for whole in (weight, *memories)]
    rule.move(parts[0], parts[1:], gradient)
    for whole, part in zip((weight, *memories), parts, strict=True):
        if part is not whole:
            _put_back(whole, part, rows, columns)


def _suits_native(
    weight: Tensor,
    memories: Sequence[Tensor],
    gradient: Tensor,
    rows: Tensor | None,
    columns: Tensor | None,
) -> bool:
    for written in (weight, *memories):
        if written.dtype is not torch.float32 or not written.is_cpu or not written.is_contiguous():
            return False
    return (
        weight.ndim in (1, 2)
        and gradient.dtype is torch.float32
        and gradient.layout is torch.strided
        and is_plain(weight)
        and is_plain(gradient)
        and is_list(rows)
        and is_list(columns)
    )


def _put_back(whole: Tensor, part: Tensor, rows: Tensor | None, columns: Tensor | None) -> None:
    if columns is None:
        whole.index_copy_(0, torch.arange(len(whole)) if rows is None else rows, part)
        return
    every = torch.arange(len(whole), device=whole.device) if rows is None else rows
    whole[every[:, None], columns] = part
