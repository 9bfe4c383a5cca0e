"""A dropout of our own, whose second argument is the mode."""

from torch import nn


def dropout(x, training):
    return x if not training else x * 0.5


class Net(nn.Module):
    def forward(self, x):
        return self.last(dropout(x, self.training))
