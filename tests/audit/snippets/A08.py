"""Dropouts in a plain list."""

import torch
from torch import nn


class Tower(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(8, 8) for _ in range(n))
        self.drops = [nn.Dropout(0.2) for _ in range(n)]  # <- DRP301

    def forward(self, x):
        for layer, drop in zip(self.fcs, self.drops):
            x = drop(torch.relu(layer(x)))
        return x


def build():
    return Tower(2)


def example():
    return torch.randn(4, 8)
