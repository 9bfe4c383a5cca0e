"""A new layer that is given the mode."""

from torch import nn


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return nn.Dropout(self.p).train(self.training)(x)
