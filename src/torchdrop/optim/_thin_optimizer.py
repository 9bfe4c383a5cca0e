"""What thin optimizers have in common: whose gradients they take, and what they move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from ..errors import SettingError
from ..functional import GradientParts, Part, whole_gradient
from ..kernels import Rule, put_part_, step_part_
from ..nn import gradient_memories

Params: TypeAlias = "Iterable[Tensor] | Iterable[dict[str, Any]]"
Closure: TypeAlias = Callable[[], Any]

_TINY = 1e-6  # as in torch.nn.utils.clip_grad_norm_


class ThinOptimizer(torch.optim.Optimizer):
    """An optimizer that moves the weights which a step used, and leaves all others alone.

    Thinned layers leave it the gradients of the rows and columns that they kept. These weights are
    moved, with their momentum and decay; weights that were cut keep both, as if the step had not
    been. All other parameters, and thinned ones where a layer steps aside, have a gradient of
    their full shape, and move as with torch's optimizer.

    The gradients of thinned weights are not in `.grad`: use `clip_grad_norm_` of the optimizer, and
    `zero_grad` of the optimizer to forget gradients without a step. `torch.amp.GradScaler` cannot
    see them.

    Args:
        model: Its thinned layers leave their gradients to this optimizer, for as long as it lives.
        params: Parameters of the model, or groups of them; `None` takes all.
        defaults: Settings.
    """

    def __init__(self, model: nn.Module, params: Params | None, defaults: dict[str, Any]) -> None:
        self._parts = GradientParts()
        super().__init__(model.parameters() if params is None else params, defaults)
        for memory in gradient_memories(model):
            memory.leave_to(self._parts)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read a state; a copy takes gradients from its parameters alone, as it has no model."""
        super().__setstate__(state)
        vars(self).setdefault("_parts", GradientParts())

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take more parameters in, as torch's optimizers do."""
        super().add_param_group(param_group)
        for weight in self.param_groups[-1]["params"]:
            self._parts.want(weight)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients.

        Args:
            set_to_none: As in torch's optimizers.
        """
        self._parts.forget()
        super().zero_grad(set_to_none)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Move what has a gradient, and forget the gradients that were left here.

        Args:
            closure: Computes the loss anew, with gradients.

        Returns:
            What `closure` returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                part = self._gradient(weight)
                if part is not None:
                    self._move(group, weight, *part)
        self._parts.forget()
        return loss

    @torch.no_grad()
    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0) -> Tensor:
        """Scale all gradients down, so that the norm of all together is at most `max_norm`.

        Args:
            max_norm: Above 0.
            norm_type: Which norm; infinity for the largest gradient.

        Returns:
            The norm before.
        """
        found = [self._gradient(weight) for weight in self._weights()]
        gradients = [part.gradient for part, _ in filter(None, found)]
        norm = get_total_norm(gradients, norm_type)
        factor = (max_norm / (norm + _TINY)).clamp(max=1.0)
        for weight in self._weights():
            for part in self._parts.waiting(weight):
                part.gradient.mul_(factor)
            if weight.grad is not None:
                weight.grad.mul_(factor)
        return norm

    @abstractmethod
    def _rule(self, group: dict[str, Any], weight: Tensor, share: float) -> Rule:
        """Say how a weight is to move now.

        Args:
            group: Settings.
            weight: Which one.
            share: Of the weight that moves.

        Returns:
            The rule.
        """

    @abstractmethod
    def _memories(self, group: dict[str, Any], weight: Tensor) -> list[Tensor]:
        """Give what the rule remembers of a weight; the same tensors in every step."""

    def _weights(self) -> Iterator[Tensor]:
        for group in self.param_groups:
            yield from group["params"]

    def _gradient(self, weight: Tensor) -> tuple[Part, Tensor | None] | None:
        """The gradient as one part, and which weights of it move, if not all."""
        parts = self._parts.waiting(weight)
        if len(parts) == 1 and weight.grad is None:
            return parts[0], None
        if not parts:
            return None if weight.grad is None else (Part(weight.grad, None, None), None)
        whole, used = whole_gradient(weight, parts), None
        if weight.grad is not None:
            whole += weight.grad
        else:
            used = _used(weight, parts)
        return Part(whole, None, None), used

    def _move(self, group: dict[str, Any], weight: Tensor, part: Part, used: Tensor | None) -> None:
        moving = part.gradient.numel() if used is None else int(used.sum())
        rule = self._rule(group, weight, moving / max(1, weight.numel()))
        memories = self._memories(group, weight)
        if used is None:
            step_part_(rule, weight, memories, part.gradient, part.rows, part.columns)
            return
        before = [x.clone() for x in (weight, *memories)]
        step_part_(rule, weight, memories, part.gradient, None, None)
        for moved, old in zip((weight, *memories), before, strict=True):
            moved.copy_(torch.where(used, moved, old))


def _used(weight: Tensor, parts: Iterable[Part]) -> Tensor:
    """Which of the weights are in one part or more."""
    used = torch.zeros_like(weight)
    for part in parts:
        put_part_(used, torch.ones_like(part.gradient), part.rows, part.columns, add=True)
    return used != 0


def check_settings(lr: float, weight_decay: float) -> None:
    """Refuse what no optimizer can use.

    Args:
        lr: Learning rate.
        weight_decay: Of any kind.

    Raises:
        SettingError: If one is negative.
    """
    for name, value in (("lr", lr), ("weight_decay", weight_decay)):
        if not value >= 0:
            raise SettingError(f"{name} is at least 0; got {value}.")
