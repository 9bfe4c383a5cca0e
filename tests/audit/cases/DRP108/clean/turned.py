"""Turned round before."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, keep_prob):
        super().__init__()
        self.first = nn.Dropout(1 - keep_prob)
        self.second = nn.Dropout(p=1.0 - keep_prob)
        drop = 1 - keep_prob
        self.third = nn.Dropout(drop)
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.third(self.two(self.second(self.one(self.first(x)))))
