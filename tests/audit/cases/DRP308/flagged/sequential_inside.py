"""The sequence ends in one, and the forward adds another."""

from torch import nn


class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout2d(0.1))
        self.drop = nn.Dropout2d(0.1)

    def forward(self, x):
        return self.drop(self.body(x))  # <- DRP308
