"""A boolean is a rate of 1: every value becomes 0."""

from torch import nn


def block(inputs, outputs, dropout=True):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.Dropout(dropout))  # <- DRP109


def head(width, thin: bool = False):
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(p=thin), nn.Linear(width, 1))  # <- DRP109
