"""Straight into the norm."""

from torch import nn

net = nn.Sequential(
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Dropout(0.5),  # <- DRP305
    nn.BatchNorm1d(64),
    nn.Linear(64, 10),
)
