"""The name is another tensor when it is read again, or read on another branch."""

from torch import nn


class Block(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.drop = nn.Dropout(p, inplace=True)
        self.norm, self.last = nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x):
        h = self.norm(x)
        y = self.drop(h)
        h = self.last(y)
        if self.deep:
            z = self.drop(h)
            return self.last(z)
        return h + y
