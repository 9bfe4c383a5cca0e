"""A model to watch, and the loop that trains it."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import optimizer as optimizers

from torchdrop.modes import Guard


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))


class Loop:
    """Steps and validations of one model with one optimizer."""

    def __init__(self, model: nn.Module, *inputs: int) -> None:
        self.model = model
        self.inputs = inputs or (4, 8)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.optimizer.zero_grad()
            self.model(torch.randn(self.inputs)).sum().backward()
            self.optimizer.step()

    def validate(self, times: int = 1) -> None:
        with torch.no_grad():
            for _ in range(times):
                self.model(torch.randn(self.inputs))


def causes(guard: Guard) -> list[str]:
    return [finding.cause for finding in guard.findings]


def hooks(model: nn.Module) -> int:
    own = sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model.modules())
    return own + len(optimizers._global_optimizer_post_hooks)
