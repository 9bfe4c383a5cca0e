"""Dropout of units takes any shape."""

from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Dropout(0.5), nn.LazyLinear(10))
mlp = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4, 1, bias=False))
