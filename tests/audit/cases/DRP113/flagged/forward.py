"""In forward: every call draws the same mask."""

import torch
from torch import nn, random as chance


class Base(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p)


class Net(Base):
    def forward(self, x):
        torch.manual_seed(self.seed)  # <- DRP113
        return self.drop(x)


class Other(Base):
    def forward(self, x):
        chance.manual_seed(0)  # <- DRP113
        return self.drop(x)
