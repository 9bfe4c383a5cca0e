"""A boolean that is turned into a rate, or asked for before."""

from torch import nn


def block(width, dropout=True):
    rate = 0.5 if dropout else 0.0
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(rate), nn.Linear(width, 1))


def other(width, dropout=True):
    dropout = 0.2 if dropout else 0.0
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout), nn.Linear(width, 1))


def third(width, dropout=False):
    layers = [nn.Linear(width, width)]
    layers.append(nn.Dropout(dropout) if dropout else nn.Identity())
    return nn.Sequential(*layers, nn.Linear(width, 1))


def fourth(width, dropout=True):
    if isinstance(dropout, bool):
        return nn.Linear(width, 1)
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout), nn.Linear(width, 1))
