"""A rate is asked for and forgotten."""

import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, width, dropout=0.1):  # <- DRP303
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))
