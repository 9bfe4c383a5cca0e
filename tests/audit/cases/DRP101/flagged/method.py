"""A layer's forward, as in most tutorials."""

import torch
import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def __init__(self, width: int, p: float) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.last = nn.Linear(width, 10)
        self.p = p

    def forward(self, x):
        h = torch.relu(self.first(x))
        h = F.dropout(h, p=self.p)  # <- DRP101
        return self.last(h)
