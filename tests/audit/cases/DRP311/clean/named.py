"""Layers have names, not numbers."""

from collections import OrderedDict

from torch import nn


def head(width, p):
    layers = OrderedDict()
    if p:
        layers["drop"] = nn.Dropout(p)
    layers["last"] = nn.Linear(width, 1)
    return nn.Sequential(layers)
