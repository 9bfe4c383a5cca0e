"""The list is only there to build something else from."""

from torch import nn


class Wrapped(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.parts = [nn.Linear(width, width), nn.Dropout(0.1)]
        self.body = nn.Sequential(*self.parts)

    def forward(self, x):
        return self.body(x)


class Replaced(nn.Module):
    def __init__(self, rates):
        super().__init__()
        self.drops = []
        for rate in rates:
            self.drops.append(nn.Dropout(rate))
        self.drops = nn.ModuleList(self.drops)


class Twice(nn.Module):
    def __init__(self, width):
        super().__init__()
        layers = [nn.Linear(width, width), nn.Dropout(0.1)]
        self.layers = layers
        self.net = nn.Sequential(*layers)
