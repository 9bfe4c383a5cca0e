"""Created in the constructor, absent from the forward."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, d, p):
        super().__init__()
        self.fc = nn.Linear(d, d)
        self.drop = nn.Dropout(p)  # <- DRP302

    def forward(self, x):
        return x + torch.relu(self.fc(x))


def build():
    return Block(8, 0.1)


def example():
    return torch.randn(4, 8)
