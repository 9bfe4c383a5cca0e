"""Filled on either way of a condition: the weights stay out of the optimizer."""

from torch import nn


class Decoder(nn.Module):
    def __init__(self, width, hidden, levels):
        super().__init__()
        self.projections = []
        for _ in range(levels):
            if width != hidden:
                self.projections.append(nn.Conv2d(width, hidden, kernel_size=1))  # <- DRP301
            else:
                self.projections.append(nn.Sequential())

    def forward(self, features):
        return [self.projections[i](x) for i, x in enumerate(features)]
