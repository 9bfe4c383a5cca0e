"""A dropout argument that is accepted and ignored."""

import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, dim, dropout=0.1):  # <- DRP303
        super().__init__()
        self.up = nn.Linear(dim, 4 * dim)
        self.down = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))
