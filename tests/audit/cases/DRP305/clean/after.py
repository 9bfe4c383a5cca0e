"""The norm comes first."""

from torch import nn

net = nn.Sequential(
    nn.Linear(8, 8),
    nn.BatchNorm1d(8),
    nn.ReLU(),
    nn.Dropout(0.5),
    nn.Linear(8, 2),
)
