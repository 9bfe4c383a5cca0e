"""A list that grows, with the norm of the next round behind the dropout of this one."""

from torch import nn


def mlp(widths, p):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers.append(nn.Linear(a, b))
        layers.append(nn.BatchNorm1d(b))
        layers += [nn.ReLU(), nn.Dropout(p)]  # <- DRP305
    return nn.Sequential(*layers)
