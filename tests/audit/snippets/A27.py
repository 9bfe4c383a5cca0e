"""The number of a layer depends on the rate."""

from torch import nn


def head(d, p):
    layers = [nn.Dropout(p)] if p else []  # <- DRP311
    layers += [nn.Linear(d, 1)]
    return nn.Sequential(*layers)
