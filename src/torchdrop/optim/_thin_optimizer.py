"""What thin optimizers have in common: whose gradients they take, and what they move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from ..errors import SettingError, TorchdropError
from ..functional import GradientParts
from ..kernels import Rule, step_part_
from ..nn import gradient_memories

Params: TypeAlias = "Iterable[Tensor] | Iterable[dict[str, Any]]"
Closure: TypeAlias = Callable[[], Any]

_TINY = 1e-6  # as in torch.nn.utils.clip_grad_norm_
_OTHERS = ("maximize", "amsgrad", "dampening", "differentiable")


class ThinOptimizer(torch.optim.Optimizer):
    """An optimizer that moves the weights which a step used, and leaves all others alone.

    Thinned layers leave it the gradients of the rows and columns that they kept. These weights are
    moved, with their momentum and decay; weights that were cut keep both, as if the step had not
    been. All other parameters, and thinned ones where a layer steps aside, have a gradient of
    their full shape, and move as with torch's optimizer.

    The gradients of thinned weights are not in `.grad`: use `clip_grad_norm_` of the optimizer, and
    `zero_grad` of the optimizer to forget gradients without a step. `torch.amp.GradScaler` cannot
    see them, and is refused. Where several processes train together, all gradients are left to
    autograd, which exchanges them.

    Args:
        model: Its thinned layers leave their gradients to this optimizer, until `release`, for as
            long as it lives, or until another one takes them.
        params: Parameters of the model, or groups of them; `None` takes all.
        defaults: Settings.
    """

    _step_supports_amp_scaling: ClassVar[bool] = True  # so that a scaler tells `step` of itself

    def __init__(self, model: nn.Module, params: Params | None, defaults: dict[str, Any]) -> None:
        self._parts = GradientParts()
        super().__init__(model.parameters() if params is None else params, defaults)
        for memory in gradient_memories(model):
            memory.leave_to(self._parts)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read a state; a copy takes gradients from its parameters alone, as it has no model.

        Args:
            state: Of an optimizer.

        Raises:
            SettingError: If it is the state of an optimizer with settings that this one has not.
        """
        super().__setstate__(state)
        vars(self).setdefault("_parts", GradientParts())
        for group in self.param_groups:
            if unknown := [name for name in _OTHERS if group.get(name)]:
                raise SettingError(
                    f"{type(self).__name__} has no {unknown[0]}; the state has "
                    f"{unknown[0]}={group[unknown[0]]}."
                )
            self._check(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take more parameters in, as torch's optimizers do.

        Args:
            param_group: Parameters, and settings of their own.

        Raises:
            SettingError: If a setting is out of range.
        """
        super().add_param_group(param_group)
        self._check(self.param_groups[-1])
        for weight in self.param_groups[-1]["params"]:
            self._parts.want(weight)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients.

        Args:
            set_to_none: As in torch's optimizers.
        """
        self._parts.forget()
        super().zero_grad(set_to_none)

    def release(self) -> None:
        """Leave all gradients to autograd from now on, for another optimizer."""
        self._parts.release()

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Move what has a gradient, and forget the gradients that were left here.

        Args:
            closure: Computes the loss anew, with gradients.

        Returns:
            What `closure` returned.

        Raises:
            TorchdropError: If a newer optimizer has taken the gradients, or a `GradScaler` is used.
        """
        self._check_owner()
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.numel():
                    self._move(group, weight)
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

        Raises:
            SettingError: If `max_norm` is not above 0.
        """
        if not max_norm > 0:
            raise SettingError(f"max_norm is above 0; got {max_norm}.")
        norm = get_total_norm(list(self._gradients()), norm_type)
        factor = (max_norm / (norm + _TINY)).clamp(max=1.0)
        for weight in self._weights():
            if (waiting := self._parts.waiting(weight)) is not None:
                waiting.scale_(factor)
            if weight.grad is not None:
                weight.grad.mul_(factor)
        return norm

    @abstractmethod
    def _check(self, group: dict[str, Any]) -> None:
        """Refuse settings out of range."""

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

    def _check_owner(self) -> None:
        if self._parts.lost:
            raise TorchdropError(
                f"A newer optimizer takes the gradients of {self._parts.lost} of these parameters; "
                "step that one, or make this one again."
            )
        if getattr(self, "found_inf", None) is not None:
            raise TorchdropError(
                f"torch.amp.GradScaler does not see the gradients of thinned layers, so "
                f"{type(self).__name__} refuses it; train in bfloat16, which needs no scaler, or "
                "with torch's optimizer."
            )

    def _weights(self) -> Iterator[Tensor]:
        for group in self.param_groups:
            yield from group["params"]

    def _gradients(self) -> Iterator[Tensor]:
        """The gradient of each weight, or what of it is not 0."""
        for weight in self._weights():
            waiting = self._parts.waiting(weight)
            if waiting is None:
                if weight.grad is not None:
                    yield weight.grad
            elif waiting.count == 1 and weight.grad is None:
                yield waiting.parts[0].gradient
            else:
                whole, _ = waiting.summed(weight)
                yield whole if weight.grad is None else whole + weight.grad

    def _move(self, group: dict[str, Any], weight: Tensor) -> None:
        waiting, dense = self._parts.waiting(weight), weight.grad
        if weight.is_complex() or (dense is not None and dense.is_sparse):
            what = "complex" if weight.is_complex() else "sparse"
            raise TorchdropError(
                f"{type(self).__name__} moves real weights with dense gradients; the gradient of a "
                f"weight of {tuple(weight.shape)} is {what}. Give it to torch's optimizer."
            )
        if dense is not None:
            whole = dense if waiting is None else waiting.summed(weight)[0] + dense
            self._step(group, weight, whole, None, None)
        elif waiting is None:
            return
        elif waiting.count == 1:
            (part,) = waiting.parts
            self._step(group, weight, part.gradient, part.rows, part.columns)
        else:
            self._move_used(group, weight, *waiting.summed(weight))

    def _step(
        self,
        group: dict[str, Any],
        weight: Tensor,
        gradient: Tensor,
        rows: Tensor | None,
        columns: Tensor | None,
    ) -> None:
        rule = self._rule(group, weight, gradient.numel() / weight.numel())
        step_part_(rule, weight, self._memories(group, weight), gradient, rows, columns)

    def _move_used(
        self, group: dict[str, Any], weight: Tensor, whole: Tensor, used: Tensor
    ) -> None:
        """Move all of a weight, and put back what was not used."""
        rule = self._rule(group, weight, int(used.sum()) / weight.numel())
        memories = self._memories(group, weight)
        before = [x.clone() for x in (weight, *memories)]
        step_part_(rule, weight, memories, whole, None, None)
        for moved, old in zip((weight, *memories), before, strict=True):
            moved.copy_(torch.where(used, moved, old))


def check_at_least_0(group: dict[str, Any], *names: str) -> None:
    """Refuse negative settings.

    Args:
        group: Settings.
        *names: Which of them.

    Raises:
        SettingError: If one is negative.
    """
    for name in names:
        if not group[name] >= 0:
            raise SettingError(f"{name} is at least 0; got {group[name]}.")
