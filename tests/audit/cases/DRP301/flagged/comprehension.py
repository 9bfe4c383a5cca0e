"""One dropout for each layer, in a list that torch does not look into."""

import torch
from torch import nn


class Tower(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(depth))
        self.drops = [nn.Dropout(0.2) for _ in range(depth)]  # <- DRP301

    def forward(self, x):
        for layer, drop in zip(self.layers, self.drops):
            x = drop(torch.relu(layer(x)))
        return x
