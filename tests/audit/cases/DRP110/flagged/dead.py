"""The dropped tensor has a name, and nobody reads it."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.first, self.last = nn.Linear(width, width), nn.Linear(width, 1)
        self.drop = nn.Dropout(p) if p else nn.Identity()

    def forward(self, x):
        h0 = torch.relu(self.first(x))
        h = self.drop(h0)  # <- DRP110
        return self.last(h0)
