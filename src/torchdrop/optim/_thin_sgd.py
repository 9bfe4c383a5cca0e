"""Stochastic gradient descent that moves the weights a step used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..kernels import Rule, SgdRule
from ._thin_optimizer import Params, ThinOptimizer, check_at_least_0


class ThinSGD(ThinOptimizer):
    """`torch.optim.SGD` for thinned networks: weights that a step cut are left as they are.

    A weight of a thinned layer moves, and its momentum fades, only in steps that keep it, as if it
    were trained in these steps alone; weight decay shrinks it in these steps only. Where nothing is
    thinned, this is `torch.optim.SGD`. `ThinOptimizer` says what has to be known about gradients.

    Args:
        model: Its thinned layers leave their gradients to this optimizer.
        lr: Learning rate, at least 0.
        momentum: In `[0, 1)`.
        weight_decay: L2 penalty, at least 0.
        nesterov: Whether to look ahead; needs a momentum.
        params: Parameters, or groups of them with settings of their own; `None` takes all.

    Raises:
        SettingError: If a setting is out of range.

    Example:
        >>> import torchdrop
        >>> model = torchdrop.thin(torchdrop.networks.mlp(4, 8, 2, p=0.5), always=True)
        >>> optimizer = ThinSGD(model, lr=0.1, momentum=0.9)
        >>> model(torch.ones(3, 4)).sum().backward()
        >>> optimizer.step()

    Source:
        Srivastava et al., JMLR 15 (2014), section 5.1, train the thinned network of each case;
        that momentum and decay of cut weights rest is ours.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        *,
        nesterov: bool = False,
        params: Params | None = None,
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(model, params, {**settings, "nesterov": nesterov})

    def _check(self, group: dict[str, Any]) -> None:
        check_at_least_0(group, "lr", "weight_decay")
        if not 0 <= group["momentum"] < 1:
            raise SettingError(f"momentum is in [0, 1); got {group['momentum']}.")
        if group["nesterov"] and not group["momentum"]:
            raise SettingError("nesterov looks ahead by the momentum; got momentum=0.")

    def _rule(self, group: dict[str, Any], weight: Tensor, share: float) -> Rule:
        names = ("lr", "weight_decay", "momentum", "nesterov")
        return SgdRule(**{name: group[name] for name in names})

    def _memories(self, group: dict[str, Any], weight: Tensor) -> list[Tensor]:
        if not group["momentum"]:
            return []
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        return [state["momentum_buffer"]]
