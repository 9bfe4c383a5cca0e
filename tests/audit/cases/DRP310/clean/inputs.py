"""On the input, or behind weights."""

from torch import nn

net = nn.Sequential(nn.AlphaDropout(0.05), nn.Linear(8, 8), nn.AlphaDropout(0.1), nn.SELU())
