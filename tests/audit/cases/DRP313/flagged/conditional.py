"""Whether there is dropout depends, but where it stands does not."""

from torch import nn


class Block(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.drop = nn.Dropout(p) if p > 0 else nn.Identity()
        self.act = nn.SiLU()

    def forward(self, x):
        x = self.first(x)
        x = self.drop(x)  # <- DRP313
        return self.act(x)
