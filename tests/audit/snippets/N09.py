"""Dropout before a norm that has no running statistics."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.Linear(8, 8)
        self.drop = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(8)
        self.tail = nn.Sequential(nn.Dropout(0.1), nn.LayerNorm(8))

    def forward(self, x):
        x = self.norm(x + self.drop(self.attn(x)))
        return self.tail(x)


def build():
    return Block()


def example():
    return torch.randn(2, 8)
