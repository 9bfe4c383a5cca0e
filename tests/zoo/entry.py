"""One architecture of the zoo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Entry:
    """How to build an architecture, small and with random weights, and what to feed it.

    Attributes:
        name: Its name in its package, with the package.
        build: Makes the model, in training mode.
        inputs: Makes its inputs, by name; the model is called as `model(**inputs)`.
    """

    name: str
    build: Callable[[], nn.Module]
    inputs: Callable[[], dict[str, Tensor]]

    def __str__(self) -> str:
        return self.name

    def model(self) -> nn.Module:
        """Build the model in training mode, the same weights at every call."""
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            model = self.build().train()
            for parameter in model.parameters():
                if parameter.ndim > 1 and not parameter.any():
                    parameter.normal_(std=0.02)  # a head of zeros would hide all that is before
            _settle(model, self.example())
            return model

    def example(self) -> dict[str, Tensor]:
        """Make the inputs, the same ones at every call."""
        with torch.random.fork_rng():
            torch.manual_seed(1)
            return self.inputs()


def _settle(model: nn.Module, inputs: dict[str, Tensor]) -> None:
    """Give batch normalization the statistics of the inputs: with none, signals fade to nothing."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    model(**inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def tokens(*names: str, length: int = 12, vocabulary: int = 60) -> Callable[[], dict[str, Tensor]]:
    """Make inputs of two rows of token numbers under each name."""
    return lambda: {name: torch.randint(4, vocabulary, (2, length)) for name in names}


def floats(name: str, *shape: int) -> Callable[[], dict[str, Tensor]]:
    """Make inputs of standard normal numbers."""
    return lambda: {name: torch.randn(*shape)}


def both(*makers: Callable[[], dict[str, Tensor]]) -> Callable[[], dict[str, Tensor]]:
    """Join inputs."""

    def join() -> dict[str, Any]:
        return {name: value for make in makers for name, value in make().items()}

    return join
