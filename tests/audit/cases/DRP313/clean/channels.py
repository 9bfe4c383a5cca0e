"""Whole channels go through the maximum as they are: all of it is zero, or none."""

from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout2d(0.1), nn.MaxPool2d(2))
