"""A schedule that runs in training."""

from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.3)
        self.steps = 0

    def forward(self, x):
        if self.training:
            self.steps += 1
            self.drop.p = min(0.3, self.steps / 1000)
        if not self.training:
            return x
        return self.drop(x)
