"""Whole tokens are dropped, not channels of their embedding."""

import torch.nn.functional as F
from torch import nn


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(100, 32)
        self.noise = nn.Dropout2d(0.2)

    def forward(self, ids):
        return self.noise(self.table(ids))  # <- DRP309


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(32, 32)

    def forward(self, x):
        x = F.relu(self.mix(x))
        return F.dropout2d(x, 0.1, self.training)  # <- DRP309
