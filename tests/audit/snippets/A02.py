"""Dropout that is told to train forever."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features, self.head = nn.Conv2d(3, 8, 3), nn.LazyLinear(10)

    def forward(self, x):
        f = self.features(x)
        f = F.dropout2d(f, 0.1, training=True)  # <- DRP103
        return self.head(f.flatten(1))
