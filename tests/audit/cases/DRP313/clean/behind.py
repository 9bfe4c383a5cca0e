"""The activation comes first."""

from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 2), nn.Tanh())
pool = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Dropout(0.1))
