"""SELU and its dropout, by the textbook, but the functional form sleeps unless it is told."""

import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.p = p

    def forward(self, x):
        x = F.selu(self.first(x))
        return F.alpha_dropout(x, self.p)  # <- DRP102
