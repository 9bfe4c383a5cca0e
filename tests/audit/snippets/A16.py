"""no_grad is taken for eval()."""

import torch
import torch.nn.functional as F
from torch import nn


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 16)
        self.drop = nn.Dropout(0.25)
        self.outer = nn.Linear(16, 1)

    def forward(self, x):
        return self.outer(self.drop(F.relu(self.inner(x))))


def validate(model, loader):
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += F.mse_loss(model(x), y).item()  # <- DRP201
    return total / len(loader)
