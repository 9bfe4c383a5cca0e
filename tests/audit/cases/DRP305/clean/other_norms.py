"""Norms without running statistics see the same in both modes."""

from torch import nn

first = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.LayerNorm(8))
second = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(8, 8, 3), nn.GroupNorm(2, 8))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.Linear(8, 8)
        self.drop = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(x + self.drop(self.attention(x)))
