"""AdamW that moves the weights a step used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..kernels import AdamWRule, Rule
from ._thin_optimizer import Params, ThinOptimizer, check_at_least_0


class ThinAdamW(ThinOptimizer):
    """`torch.optim.AdamW` for thinned networks: weights that a step cut are left as they are.

    A weight of a thinned layer moves, and its running means, only in steps that keep it; weight
    decay shrinks it in these steps only. The means start from 0, which Adam corrects by the number
    of steps; here it is one, for this step, and the mean number of steps before that the weights of
    a layer took part in: a step that keeps a quarter of them counts a quarter. Where nothing is
    thinned, this is `torch.optim.AdamW`. `ThinOptimizer` says what has to be known about gradients.

    Args:
        model: Its thinned layers leave their gradients to this optimizer.
        lr: Learning rate, at least 0.
        betas: Shares of the running means that are kept, each in `[0, 1)`.
        eps: Added to the root of the mean square, at least 0.
        weight_decay: Share of a weight that is taken away in a step, times `lr`; at least 0.
        params: Parameters, or groups of them with settings of their own; `None` takes all.

    Raises:
        SettingError: If a setting is out of range.

    Example:
        >>> import torchdrop
        >>> model = torchdrop.thin(torchdrop.networks.mlp(4, 8, 2, p=0.5), always=True)
        >>> optimizer = ThinAdamW(model, lr=0.01)
        >>> model(torch.ones(3, 4)).sum().backward()
        >>> optimizer.step()

    Source:
        Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR (2019), arXiv 1711.05101.
        That cut weights rest is as in `torch.optim.SparseAdam`, which counts all steps.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        params: Params | None = None,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(model, params, settings)

    def _check(self, group: dict[str, Any]) -> None:
        check_at_least_0(group, "lr", "eps", "weight_decay")
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise SettingError(f"betas are in [0, 1); got {group['betas']}.")

    def _rule(self, group: dict[str, Any], weight: Tensor, share: float) -> Rule:
        state = self.state[weight]
        before = float(state.get("step", 0.0))
        state["step"] = before + share
        names = ("lr", "betas", "eps", "weight_decay")
        return AdamWRule(**{name: group[name] for name in names}, steps=before + 1)

    def _memories(self, group: dict[str, Any], weight: Tensor) -> list[Tensor]:
        state = self.state[weight]
        for name in ("exp_avg", "exp_avg_sq"):
            if name not in state:
                state[name] = torch.zeros_like(weight)
        return [state["exp_avg"], state["exp_avg_sq"]]
