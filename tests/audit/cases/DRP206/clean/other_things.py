"""What is set in evaluation is no rate."""

from torch import nn


class Net(nn.Module):
    def forward(self, x):
        if not self.training:
            self.calls = 0
            self.loss = 0.0
        return x


class Stats:
    def __init__(self):
        self.p = 0.5

    def reset(self, training):
        if not training:
            self.p = 0.0
