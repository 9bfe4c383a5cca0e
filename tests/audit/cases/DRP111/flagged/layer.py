"""The layer is in place, and stands in a base class; the sum is in one expression."""

from torch import nn
from torch.nn import Dropout2d as Thin


class Base(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.thin = Thin(p, inplace=True)


class Block(Base):
    def forward(self, x):
        x = self.convolution(x)
        return x + self.thin(x)  # <- DRP111
