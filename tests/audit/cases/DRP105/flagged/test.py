"""Asked for in an `if`, it is always true."""

from torch import nn


class Block(nn.Module):
    def forward(self, x):
        if self.train:  # <- DRP105
            x = x + self.noise(x)
        return x


class Other(nn.Module):
    def forward(self, x):
        scale = 1.0 if not self.train else self.scale  # <- DRP105
        return x * scale if self.deep and self.train else x  # <- DRP105
