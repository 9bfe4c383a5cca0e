"""In a list that grows."""

from torch import nn


def build(widths, p):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers.extend([nn.Linear(a, b), nn.LeakyReLU(0.1)])
        layers.append(nn.AlphaDropout(p))  # <- DRP310
    return nn.Sequential(*layers)
