"""Something stands in its place."""

from torch import nn


def head(width, p):
    layers = [nn.Dropout(p) if p else nn.Identity()]
    layers.append(nn.Linear(width, 1))
    return nn.Sequential(*layers)
