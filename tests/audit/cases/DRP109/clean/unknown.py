"""Rates that only a run can tell, and calls that are not torch's."""

from torch import nn

from .layers import Dropout


class Net(nn.Module):
    def __init__(self, settings, p=0.1, *rest):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(settings.p), nn.Linear(4, 4), nn.Dropout(*rest))
        self.other = Dropout(50)
        self.third = nn.Dropout(p if p < 1 else p / 100)

    def forward(self, x):
        return self.third(self.other(self.layers(x)))
