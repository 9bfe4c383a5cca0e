"""Nothing that has weights comes behind it."""

from torch import nn


def block(width, p):
    layers = [nn.Linear(width, width), nn.ReLU()]
    if p > 0:
        layers.append(nn.Dropout(p))
    return nn.Sequential(*layers)
