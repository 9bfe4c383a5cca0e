"""The layer knows its mode."""

from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.SELU(), nn.AlphaDropout(0.1), nn.Linear(8, 2))
