"""The second layer of two, where a copied line still names the first."""

from timm.layers import DropPath
from torch import nn


class Layer(nn.Module):
    def __init__(self, width, rate=0.1):
        super().__init__()
        self.attention = nn.Linear(width, width)
        self.mlp = nn.Linear(width, width)
        self.drop_path1 = DropPath(rate) if rate > 0.0 else nn.Identity()
        self.drop_path2 = DropPath(rate) if rate > 0.0 else nn.Identity()  # <- DRP302

    def forward(self, x):
        x = x + self.drop_path1(self.attention(x))
        return x + self.drop_path1(self.mlp(x))
