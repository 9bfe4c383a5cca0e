"""In a forward, by names and with a function."""

import torch.nn.functional as F
from torch.nn import BatchNorm1d, Dropout, Linear, Module


class Head(Module):
    def __init__(self, width):
        super().__init__()
        self.first = Linear(width, width)
        self.noise = Dropout(0.3)
        self.norm = BatchNorm1d(width)
        self.last = Linear(width, 2)
        self.last_norm = BatchNorm1d(2)

    def forward(self, x):
        h = F.relu(self.first(x))
        h = self.noise(h)  # <- DRP305
        h = self.norm(h)
        h = F.dropout(h, 0.2, self.training)  # <- DRP305
        return self.last_norm(self.last(h))
