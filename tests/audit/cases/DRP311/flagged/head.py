"""The number of the last layer depends on the rate."""

from torch import nn


def head(width, p):
    layers = [nn.Dropout(p)] if p else []  # <- DRP311
    layers += [nn.Linear(width, 1)]
    return nn.Sequential(*layers)
