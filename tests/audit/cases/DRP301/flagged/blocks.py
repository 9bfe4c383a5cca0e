"""Blocks that hold dropout inside, and layers whose weights an optimizer will not see."""

from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.1))

    def forward(self, x):
        return x + self.inner(x)


class Model(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.blocks = [Block(width) for _ in range(depth)]  # <- DRP301
        self.heads = [nn.Linear(width, 2), nn.Linear(width, 3)]  # <- DRP301

    def forward(self, x):
        for i in range(len(self.blocks)):
            x = self.blocks[i](x)
        return [head(x) for head in self.heads]
