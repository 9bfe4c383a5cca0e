"""Whole tokens are dropped instead of channels of their embedding."""

import torch
from torch import nn


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(100, 32)
        self.d = nn.Dropout2d(0.2)

    def forward(self, ids):
        return self.d(self.e(ids))  # <- DRP309


def build():
    return Embedded()


def example():
    return torch.randint(100, (4, 7))
