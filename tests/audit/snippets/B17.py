"""One instance on both branches, where a second one was made."""

import torch
from torch import nn

from torchdrop.nn import DropPath


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn, self.mlp = nn.Linear(d, d), nn.Linear(d, d)
        self.drop_path1 = DropPath(0.1)
        self.drop_path2 = DropPath(0.1)  # <- DRP302

    def forward(self, x):
        x = x + self.drop_path1(self.attn(self.n1(x)))
        x = x + self.drop_path1(self.mlp(self.n2(x)))
        return x


def build():
    return Block(8)


def example():
    return torch.randn(4, 8)
