"""A layer lies between."""

from torch import nn

net = nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4, 2))
