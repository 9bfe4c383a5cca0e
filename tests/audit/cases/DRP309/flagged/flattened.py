"""Channels are gone after flattening."""

from torch import nn

net = nn.Sequential(
    nn.Conv2d(3, 8, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Dropout2d(0.5),  # <- DRP309
    nn.LazyLinear(10),
)
