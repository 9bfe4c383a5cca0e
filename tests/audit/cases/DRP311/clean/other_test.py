"""Whether it is there is said by something else, or always the same."""

from torch import nn


def head(width, p, position):
    layers = []
    if position == "first":
        layers.append(nn.Dropout(p))
    layers.append(nn.Linear(width, 1))
    return nn.Sequential(*layers)


def always(width, p):
    return nn.Sequential(nn.Dropout(p), nn.Linear(width, 1))
